"""What slows or stops a market."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, ms, ppm, table, tables
from solvent.state.terms import BREAKERS_MAX
from solvent.units import PPM

METRICS: Final = (
    "mark_move",
    "price_band",
    "volatility",
    "dispersion",
    "staleness",
    "liquidations",
    "open_interest_over_depth",
    "fund_drawdown",
    "outflow",
    "time_jump",
    "insolvent_requirement_over_fund",
)
"""What the machine measures; the last four of the venue as a whole."""

BREAKERS: Final[tuple[Parameter, ...]] = (
    table("breakers", "What slows or stops a market.", default={}),
    tables("breakers.breaker", "One breaker each.", BREAKERS_MAX),
    table("breakers.breaker[].trigger", "When it acts.", required=True),
    choice(
        "breakers.breaker[].trigger.metric",
        "Distance of the mark from its anchor, from the extremes of a rolling window, or the sum of its moves; "
        "sources apart; age of the mark; value liquidated over open interest; open interest over depth; and of the "
        "venue: what its funds lost, what left, how far time jumped, and what accounts below zero would "
        "have to hold over the venue's fund.",
        *METRICS,
        later=(
            "open_interest",
            "delisting_vote",
            "funding_at_cap",
            "index_divergence",
            "pool_pnl_factor",
            "negative_equity_account_seen",
            "funding_data_gap_ms",
            "insurance_fund_balance",
            "stopped_level",
            "offchain_divergence",
        ),
        required=True,
    ),
    choice(
        "breakers.breaker[].trigger.cmp",
        "At it or beyond, or only beyond.",
        "ge",
        "gt",
        later=("le", "lt"),
        default="ge",
    ),
    ppm(
        "breakers.breaker[].trigger.value",
        "The move, or the figure the metric is held against.",
        least=0,
        most=10 * PPM,
        choices=("cap", "quorum"),
        required=True,
    ),
    ms(
        "breakers.breaker[].trigger.window_ms",
        "After this the anchor is set anew.",
        kinds=METRICS,
        default=60_000,
    ),
    ppm(
        "breakers.breaker[].trigger.exit",
        "Below this it lets go after its dwell time; the threshold itself where it is not said.",
        kinds=METRICS,
        most=10 * PPM,
    ),
    choice(
        "breakers.breaker[].action",
        "What the market still allows, or the one thing that stops.",
        "caution",
        "reduce_only",
        "reset_auction",
        "halt_market",
        "halt_liquidation",
        "halt_withdrawal",
        later=(
            "settle_market",
            "pause_funding",
            "shorten_funding_interval",
            "haircut_withdrawal",
        ),
        required=True,
    ),
    ms("breakers.breaker[].release_ms", "It lets go by itself after this."),
    choice(
        "breakers.breaker[].release",
        "Who lets go: time, the metric alone, or only an operator or governance by a command.",
        "after_ms",
        "auto",
        "command",
        "governance",
        later=("never",),
        default="after_ms",
    ),
)
