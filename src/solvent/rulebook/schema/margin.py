"""What an account must hold: schedules from size to rate, and the levels that use them."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, Type, choice, money, ppm, table, tables, text, texts, whole
from solvent.state.terms import LEVELS
from solvent.units import PPM

LEVERAGE_MAX: Final = 1_000
"""As `SetLeverage` of the machine."""

BRACKETS_MAX: Final = 64
"""Venues publish at most a few dozen; the machine walks them one by one."""

MARGIN: Final[tuple[Parameter, ...]] = (
    table("margin", "What an account must hold.", required=True),
    tables("margin.schedule", "From the size of a position to a rate.", 8, least=1, required=True),
    text("margin.schedule[].id", "What levels call it.", required=True),
    choice(
        "margin.schedule[].kind",
        "Rates by size, a rate the trader chose, or nothing (lending).",
        "brackets",
        "user_leverage",
        "zero",
        later=("curve", "option_standard", "scenario"),
        required=True,
    ),
    choice(
        "margin.schedule[].mode",
        "Marginal: each slice at its own rate. Whole: all of it at the rate it has reached.",
        "marginal",
        "whole",
        kinds=("brackets",),
        required=True,
    ),
    choice(
        "margin.schedule[].driver",
        "The size that selects the bracket.",
        "position_notional",
        later=("open_interest", "entry_cost", "size"),
        kinds=("brackets",),
        default="position_notional",
    ),
    ppm(
        "margin.schedule[].maintenance_share_ppm",
        "Maintenance as a share of 1 / max_leverage where a bracket gives no mmr_ppm.",
        kinds=("brackets",),
    ),
    table("margin.schedule[].brackets", "Brackets by base of the market.", kinds=("brackets",), required=True),
    tables(
        "margin.schedule[].brackets.*",
        "A market's brackets; `default` serves markets not named.",
        BRACKETS_MAX,
        least=1,
    ),
    money("margin.schedule[].brackets.*[].from", "Notional from which the bracket applies.", required=True),
    whole(
        "margin.schedule[].brackets.*[].max_leverage",
        "Initial rate as a leverage: 1/30 stays exact, which ppm would not.",
        1,
        LEVERAGE_MAX,
    ),
    ppm("margin.schedule[].brackets.*[].mmr_ppm", "Maintenance rate; alone it is the initial rate as well."),
    text(
        "margin.schedule[].bounded_by",
        "Brackets a chosen leverage may not undercut.",
        kinds=("user_leverage",),
        required=True,
    ),
    tables("margin.level", "The rungs an account is judged at.", LEVELS, least=1, required=True),
    choice(
        "margin.level[].name",
        "Initial gates opening and leaving, maintenance liquidation, close-out a later stage.",
        "initial",
        "maintenance",
        "close_out",
        later=("buffer", "liquidation"),
        required=True,
    ),
    text("margin.level[].of", "The schedule it takes its rates from.", required=True),
    ppm("margin.level[].scale_ppm", "Multiplies every rate of the schedule.", most=10 * PPM, default=PPM),
    Parameter("margin.level[].includes_orders", Type.FLAG, "Count open orders at their worst.", default=False),
    tables("margin.level[].add", "Amounts on top of the rates.", 1),
    choice(
        "margin.level[].add[].kind",
        "Loss an open order would make at once at the mark.",
        "open_loss",
        later=("fixed", "fee_provision", "liquidation_reward", "liquidation_fee", "funding_provision"),
        required=True,
    ),
    choice(
        "margin.level[].weights",
        "Which collateral weights apply; those of its own name.",
        "initial",
        "maintenance",
    ),
    texts("margin.level[].blocks", "What an account below this level may not do.", choices=("open", "withdraw")),
)
