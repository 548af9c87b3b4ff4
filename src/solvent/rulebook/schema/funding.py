"""What longs owe shorts."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, decimal, flag, money, ms, ppm, table, text, whole
from solvent.units import PPM

YEARLY_MAX: Final = 100 * PPM
"""A hundred times the notional a year: above every rate published."""

FUNDING: Final[tuple[Parameter, ...]] = (
    table("funding", "What longs pay shorts.", default={}),
    choice(
        "funding.kind",
        "How the rate comes about: computed by the machine from the premiums it hears or the skew against the vault"
        " (where all it needs is given), or told to it. Either is held to the cap; with none it is zero.",
        "none",
        "clamped_premium",
        "damped_premium",
        "velocity",
        "imbalance_adaptive",
        "reported",
        default="reported",
    ),
    ppm("funding.cap_ppm", "Largest rate of one interval, either sign.", least=0, most=10 * PPM, default=10_000),
    ms("funding.interval_ms", "How often the rate is paid; 0 is continuously.", least=0),
    ms("funding.rate_period_ms", "The period the published rate is for."),
    ms(
        "funding.sample_ms",
        "How often the premium is sampled; the machine averages what it is told.",
        informational=True,
    ),
    ppm("funding.interest_ppm", "Interest part of the rate.", least=0),
    ppm("funding.clamp_ppm", "How far interest may pull the premium.", least=0),
    ppm("funding.damper_ppm", "Premium up to which nothing is paid.", least=0),
    ppm("funding.multiplier_ppm", "Multiplies the rate.", most=10 * PPM),
    flag("funding.continuous", "Whether it accrues without intervals."),
    text("funding.premium", "How the premium is measured.", informational=True),
    choice("funding.payment_price", "Price of the notional paid on.", "mark", "index", informational=True),
    table("funding.smoothing", "How the rate is averaged.", informational=True),
    text("funding.smoothing.kind", "The average.", informational=True),
    ms("funding.smoothing.half_life_ms", "Its half-life.", informational=True),
    table("funding.impact_notional", "Order size the premium is measured with.", informational=True),
    money("funding.impact_notional.*", "For one market, or `default`.", informational=True),
    ppm(
        "funding.max_velocity_ppm_per_day",
        "How fast the rate moves at full skew.",
        kinds=("velocity",),
        most=YEARLY_MAX,
        required=True,
    ),
    decimal(
        "funding.skew_scale",
        "Skew at which it moves fully.",
        "base",
        kinds=("velocity",),
        required=True,
    ),
    *(
        whole(f"funding.{name}", why, 0, YEARLY_MAX, kinds=("imbalance_adaptive",), required=True)
        for name, why in (
            ("increase_ppm_per_year_per_3h", "How fast the rate rises at full imbalance."),
            ("decrease_hours", "Hours in which it falls back."),
            ("max_ppm_per_year", "Largest rate."),
            ("threshold_stable_ppm", "Imbalance at which it stays."),
            ("threshold_decrease_ppm", "Imbalance below which it falls."),
        )
    ),
)
