"""What longs owe shorts."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, money, ms, ppm, table, text

FUNDING: Final[tuple[Parameter, ...]] = (
    table("funding", "What longs pay shorts; the venue computes the rate.", default={}),
    choice(
        "funding.kind",
        "None refuses every rate but zero.",
        "none",
        "clamped_premium",
        "reported",
        later=("damped_premium", "velocity", "imbalance_adaptive"),
        default="reported",
    ),
    ppm("funding.cap_ppm", "Largest rate of one interval, either sign.", least=0, default=10_000),
    ms("funding.interval_ms", "How often the rate is paid.", informational=True),
    ms("funding.rate_period_ms", "The period the published rate is for.", informational=True),
    ms("funding.sample_ms", "How often the premium is sampled.", informational=True),
    ppm("funding.interest_ppm", "Interest part of the rate.", least=0, informational=True),
    ppm("funding.clamp_ppm", "How far interest may pull the premium.", least=0, informational=True),
    text("funding.premium", "How the premium is measured.", informational=True),
    choice("funding.payment_price", "Price of the notional paid on.", "mark", "index", informational=True),
    table("funding.impact_notional", "Order size the premium is measured with.", informational=True),
    money("funding.impact_notional.*", "For one market, or `default`.", informational=True),
)
