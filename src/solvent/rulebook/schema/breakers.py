"""What slows or stops a market."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, ms, ppm, table, tables
from solvent.state.terms import BREAKERS_MAX
from solvent.units import PPM

BREAKERS: Final[tuple[Parameter, ...]] = (
    table("breakers", "What slows or stops a market.", default={}),
    tables("breakers.breaker", "One breaker each.", BREAKERS_MAX),
    table("breakers.breaker[].trigger", "When it acts.", required=True),
    choice(
        "breakers.breaker[].trigger.metric",
        "Distance of the mark from its anchor.",
        "mark_move",
        later=("open_interest", "delisting_vote", "funding_at_cap", "fund_drawdown", "index_divergence"),
        required=True,
    ),
    choice("breakers.breaker[].trigger.cmp", "At it or beyond.", "ge", default="ge"),
    ppm("breakers.breaker[].trigger.value", "The move.", most=10 * PPM, required=True),
    ms("breakers.breaker[].trigger.window_ms", "After this the anchor is set anew.", required=True),
    choice(
        "breakers.breaker[].action",
        "What the market still allows.",
        "reduce_only",
        "halt_market",
        later=(
            "halt_liquidation",
            "halt_withdrawal",
            "settle_market",
            "pause_funding",
            "shorten_funding_interval",
        ),
        required=True,
    ),
    ms("breakers.breaker[].release_ms", "It lets go by itself after this.", required=True),
)
