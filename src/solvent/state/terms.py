"""The rules in force, as integers: every cell lives in one array, so a change of rules is a list of (cell, value).

The tables below are views into that array. A rulebook compiles into it, `StageTerm` writes into its staged twin
and `EnactTerms` copies the twin over. All fields are int64, which makes the address of a cell plain arithmetic.
"""

from typing import NamedTuple

import numpy as np

SOURCES_MAX = 16
CONDITIONS = 4
WINDOWS = 4
STRETCHES = 9
"""A window is kept in eighths: eight of them and the one that is filling reach back at least as far as it is long."""
ASSETS_MAX = 16
LEVELS = 3
STAGES_MAX = 8
ABSORBERS_MAX = 8
BREAKERS_MAX = 12
TRIGGERS_MAX = 4
METRICS_MAX = 4
FAMILIES_MAX = 16
SEATS_MAX = 16
POOLS_MAX = 4
SIDES = 2
INTEREST_MAX = 16
"""Prices a reopening auction keeps: a venue reports its book in steps, not order by order."""
SCENARIOS_MAX = 64
MOVE_MAX_PPM = 3_000_000


def _row(*names: str) -> np.dtype:
    return np.dtype([(name, np.int64) for name in names])


CONTRACT = _row(
    "quanta_per_lot_tick",
    "price_max_ticks",
    "lots_max",
    "open_interest_cap_lots",
    "open_interest_cap_quanta",
    "risk_unit",
    "kind",
    "price_min_ticks",
)
"""One per instrument. A cap of zero means no cap. An instrument with lots_max 0 only prices collateral. Instruments of
one `risk_unit` are shocked together where scenarios are judged by underlying. `kind` and the meaning of
`quanta_per_lot_tick` are those of solvent.state.values; a lowest price of zero is one tick."""

FEED = _row(
    "weight",
    "kind",
    "age_max_ns",
    "step_max_ppm",
    "committee",
    "interval_min_ns",
    "confidence_max_ppm",
    "floor_ticks",
    "ceiling_ticks",
    "delay_ns",
)
"""One per instrument and source. Weight zero: the source is not heard. Zero switches each guard off.

A price at or beyond `floor_ticks` or `ceiling_ticks`, where the feed itself is cut off, is not believed; with
`delay_ns` a report counts only so long after it was received.
"""

PRICING = _row(
    "estimator",
    "inner",
    "sources_min",
    "stale_ns",
    "deviation_ppm",
    "deviation_breach",
    "dispersion_ppm",
    "minute_ppm",
    "ten_minutes_ppm",
    "hour_ppm",
    "anchor_breach",
    "divergence_ppm",
    "own_band_ppm",
    "fallback_ns",
    "grace_ns",
    "step_ppm",
    "step_breach",
    "breaches_min",
)
"""How one instrument's reports become its mark. Zero switches each guard off; see solvent.risk.oracle.

`sources_min` zero means the venue's own. The mark may stand `own_band_ppm` from what others than the venue say, and
without them no further from the last they said, unless they have been silent for `fallback_ns`. A mark further than
`step_ppm` from the one in force is brought to that distance, or not taken until that one is `stale_ns` old. Where
`breaches_min` sources of a kind stand apart from their median none is dropped, and the median of all is taken.
"""

REMEDY = _row("open", "reduce", "liquidate", "withdraw", "mint")
"""One per Condition: what the oracle table answers to each action (solvent.codes.Answer)."""

SCHEDULE = _row(
    "kind",
    "first_bracket",
    "bracket_count",
    "denominator",
    "scale_ppm",
    "rate_max_ppm",
    "driver",
    "exponent",
    "base_ppb",
    "slope_num",
    "slope_den",
    "threshold",
    "step",
    "floor_ppb",
    "cap_ppb",
    "rate_step_ppb",
    "add_fixed_quanta",
    "add_ppm",
    "reward_ppm",
    "reward_min_quanta",
    "reward_max_quanta",
    "premium_num",
    "premium_den",
)
"""One per level and instrument. `scale_ppm` multiplies user leverage, curves and scenarios, bracket rates carry it
already; `rate_max_ppm` is the largest slope of all a position is asked for, additions included. From `driver` to
`rate_step_ppb` the curve, whose `base_ppb` is the worst move alone under scenarios; from `add_fixed_quanta` on what is
added: `premium_num / premium_den` is ppb of the notional for each lot. Of options `base_ppb` is the share of the
underlying less what the option is out of the money, `floor_ppb` the least share and `cap_ppb` a put's of its mark."""

BRACKET = _row("floor_quanta", "numerator", "deduction_whole", "deduction_rest")
"""Above `floor_quanta` the requirement is (notional x numerator - deduction) / denominator of the schedule. Brackets by
size have their floors in lots, tiers of collateral in quanta of the asset or of its value."""

LEVEL = _row(
    "used", "includes_orders", "open_loss", "blocks_open", "blocks_withdraw", "maintenance_weights", "scenario"
)
"""`scenario` 1: some schedule of the level is judged by scenarios."""

STAGE = _row(
    "used",
    "level",
    "or_equal",
    "scale_ppm",
    "executor",
    "sizing",
    "size_ppm",
    "size_min_quanta",
    "cooldown_ns",
    "price_limit",
    "timeout_ns",
    "fee_ppm",
    "fee_payee",
    "residual_payee",
    "taker",
    "accept",
    "spread_ppm",
    "adjustment_ppm",
    "tiers_down",
    "step_ppm",
    "full_below_ppm",
    "left_min_quanta",
    "price_ppm",
    "fee_base",
    "round_ns",
    "block_quanta",
    "one_market",
    "room_venue_quanta",
    "room_market_quanta",
)
"""One rung of the action ladder; see solvent.codes for the meaning of the small numbers.

`spread_ppm` of the position's requirement is the widest discount of a limit by health, and `adjustment_ppm` how much
faster than health it widens. `tiers_down` brackets are gone down at once (0 is one); positions shrink alike in steps of
`step_ppm`; a close factor closes everything below `full_below_ppm` of the requirement, and leaves nothing smaller than
`left_min_quanta`. `price_ppm` is how far from the mark the venue sends its orders, or the vault takes over.
Orders of one account are `round_ns` apart, and one `Advance` sends orders for at most `block_quanta`, with `one_market`
in one market of each account. What all accounts have ordered or on offer at once is at most `room_venue_quanta`, and
`room_market_quanta` in one market; zero is no bound.
"""

ABSORBER = _row("used", "tranche", "cap_ppm")
"""One layer of the loss waterfall; `cap_ppm` is the share of the layer's means one default may take."""

ASSET = _row(
    "used",
    "price_instrument",
    "value_num",
    "value_den",
    "initial_ppm",
    "maintenance_ppm",
    "weighting",
    "first_bracket",
    "bracket_count",
    "impact_num",
    "impact_den",
    "impact_floor_ppm",
    "impact_cap_ppm",
    "cap_amount",
    "ramp_start_ns",
    "ramp_ns",
    "borrow_limit_amount",
    "liability_initial_ppm",
    "liability_maintenance_ppm",
    "lend_max_ppm",
    "interest_floor_ppb",
    "interest_base_ppb",
    "interest_above_ppb",
    "interest_optimal_ppm",
    "interest_square",
    "interest_kept_ppm",
    "interest_ns",
)
"""Collateral; amount x mark x value_num / value_den is its value in quanta. Row 0 is the settlement currency. Tiers are
brackets over PPM; `impact_num / impact_den` is the discount in ppm for each quantum of the amount.

An account may owe up to `borrow_limit_amount` of it (zero: nobody may), all together `lend_max_ppm` of the deposits;
what is owed counts with its liability weight, not below one. The other fields are those of solvent.risk.lending.
"""

BREAKER = _row("used", "move_ppm", "window_ns", "mode", "release_ns", "metric", "exit_ppm", "by_command", "blocks")
"""Beyond `move_ppm` of its metric the breaker holds its mode for `release_ns`, and longer until the metric is below
`exit_ppm` (zero: below `move_ppm`); with `by_command` until an operator lets go. `blocks` are bits of Action: what
stops besides while it is engaged, whatever the mode allows."""

DYNAMIC = _row(
    "volatility_ppm",
    "depth_ppm",
    "concentration_ppm",
    "open_interest_ppm",
    "stressed_ppm",
    "stressed_weight_ppm",
    "floor_ppm",
    "buffer_ppm",
    "step_ppm",
)
"""One per instrument and side (2 x instrument, plus 1 for shorts): multipliers of the requirement; zero means one."""

MARKET = _row(
    "depth_lots",
    "supply_lots",
    "open_interest_depth_ppm",
    "open_interest_supply_ppm",
    "owner_lots",
    "order_band_ppm",
    "position_lots",
    "position_quanta",
    "position_depth_ppm",
    "owner_quanta",
    "owner_depth_ppm",
    "fill_skew_lots",
)
"""What a market can bear: its depth, the supply of its asset, and the caps of it, of one account and of one owner that
follow from them. A cap of zero means no cap. With `fill_skew_lots` a pool takes positions over at the price the skew
moves: by all of itself at a skew of so many lots."""

POLICY = _row(
    "mark_combiner",
    "mark_components",
    "sources_min",
    "future_max_ns",
    "funding_rate_max_ppb",
    "adl_price",
    "adl_score",
    "adl_policy",
    "withdraw_notional_ppm",
    "withdraw_gains",
    "advance_max",
    "adl_unit_quanta",
    "scenario_count",
    "scenario_by_unit",
    "scenario_unhedged_ppm",
    "scenario_hedged_ppm",
    "scenario_charge_least",
    "caution_initial_ppm",
    "grace_ns",
    "step_accounts_max",
    "step_ns",
    "outflow_ppm",
    "outflow_window",
    "outflow_least_quanta",
    "open_interest_quanta",
    "adl_metrics",
    "adl_spread_ppm",
    "withdraw_charge",
    "routes",
    "block_draw_quanta",
)
"""`mark_components` has bit SourceKind set for each component; `withdraw_gains` 1 lets unrealised gains leave;
pro-rata deleveraging deals contracts out in pieces of `adl_unit_quanta`. Of what is there a share of `outflow_ppm` may
leave in a window, and `outflow_least_quanta` always; `open_interest_quanta` caps all markets together. `adl_metrics`
holds up to four numbers of AdlMetric, the first in the lowest four bits; `adl_spread_ppm` is how far from the mark
winners close. With `withdraw_charge` 1 who leaves while a loss has no payer bears its share; with `routes` 1 stages of
one threshold go by what they cost. One `Advance` draws at most `block_draw_quanta` on the funds (zero: any amount)."""

TRIGGER = _row("used", "kind", "share_ppm", "stop_ppm", "window_ns", "floor_quanta")
"""One condition of deleveraging (solvent.codes.AdlTrigger): what reaches `share_ppm` sets it off, and what is back at
`stop_ppm` ends it; a fund of less than `floor_quanta` has no drawdown."""

FUNDING = _row(
    "kind",
    "interest_ppb",
    "clamp_ppb",
    "period_ns",
    "interval_ns",
    "multiplier_ppm",
    "cap_ppb",
    "velocity_ppb",
    "skew_scale_lots",
    "growth_ppb",
    "decay_ppb",
    "stable_ppm",
    "decrease_ppm",
)
"""One per instrument: how its funding rate is computed (solvent.procedures.funding); with kind 0 it is told.

A premium is for `period_ns` and paid in parts of `interval_ns`, or for the time passed where that is zero; `clamp_ppb`
is also the damper. `velocity_ppb` is per day at full skew; growth and decay are per second of a rate per year."""

CORRIDOR = _row("step_max_ppm", "notice_ns", "authority")
"""One per Family: how far one change may move a value (zero: any way), how long before it must be known, and which
bits of Authority may propose it."""

SEAT = _row("role")
"""What a seat may do (bits of Authority); a seat of zero is nobody's."""

GOVERNING = _row("enforced", "votes_needed", "harm_max")
"""With `enforced` terms are enacted by proposal only; `harm_max` accounts at most may become liquidatable by one."""


SHOCK = _row("move_ppb")
"""One per scenario and instrument: the price move times the weight of its loss."""


POOL = _row(
    "used",
    "notice_ns",
    "deposit_cap_quanta",
    "hour_cap_quanta",
    "concentration_ppm",
    "correlation_ppm",
    "unwind_ns",
    "unwind_depth_ppm",
    "unwind_limit_ppm",
    "unwind_whole_quanta",
)
"""One pool, the vault first; zero switches each bound off.

It takes over at most `hour_cap_quanta` of value in an hour, and only while its inventory, `correlation_ppm` of it
counted net over its markets and the rest gross, is at most `concentration_ppm` of its equity. Every `unwind_ns` it
orders at most `unwind_depth_ppm` of a market's depth towards the target (all of an inventory up to
`unwind_whole_quanta`), no worse than `unwind_limit_ppm` from the mark.
"""

BACKING = _row("pool", "cap_quanta", "hour_cap_quanta", "discount_ppm", "target_lots")
"""One per instrument: the pool that backs it, how much it may hold and take over in an hour, how far from the mark it
takes over, and the inventory it returns to. Zero caps are none."""

OFFER = _row(
    "price",
    "start_ppm",
    "first_ppm",
    "first_ns",
    "second_ppm",
    "second_ns",
    "cut_ppm",
    "step_ns",
    "reset_ns",
    "slope_ppm",
    "endorsed",
    "portfolio",
    "buffer_ppm",
    "reward_flat_quanta",
    "reward_ppm",
    "reward_min_quanta",
    "reward_max_quanta",
    "volatility_ppm",
    "depth_ppm",
    "reset_below_ppm",
    "start_fee_ppm",
    "start_fee_payee",
    "bonus_fee_ppm",
    "bonus_fee_payee",
)
"""One per stage: what a keeper or bidder is offered, and how the stage adapts to the market.

The price is a factor of the mark: `start_ppm` at first (or always); by time it goes to `first_ppm` in `first_ns` and on
to `second_ppm` in `second_ns`, or is multiplied by `cut_ppm` at every `step_ns`; by health it falls `slope_ppm` for
each missing share of the requirement, to `first_ppm` at least. It starts anew after `reset_ns`, or below
`reset_below_ppm` of its first price. `portfolio` 1 offers shares of all positions together, with a buffer of
`buffer_ppm`. Beginning an offer costs the account `start_fee_ppm` of what is offered; of a discount the keeper hands
`bonus_fee_ppm` on. The reward comes out of the penalty. `volatility_ppm`
of what the market's volatility multiplier has above one widens the discount and shortens the time; `depth_ppm` of what
its depth multiplier has above one raises the share closed, and the size up to which all is closed at once.
"""

OPTION = _row("underlying", "strike_ticks", "is_put", "expiry_ns", "unit_quanta", "in_coin")
"""One per instrument; read only where the contract is an option.

The underlying is the market whose mark the option is margined and settled by, the strike in its ticks. `unit_quanta` is
what one lot is of it: quanta for each tick of its price, or with `in_coin` 1 quanta of the coin the option is paid in.
"""


class TermsShape(NamedTuple):
    """How many instruments, margin brackets and scenarios the terms have room for."""

    instruments: int
    brackets: int
    scenarios: int = 0


class Terms(NamedTuple):
    """Views of one cells array, table by table."""

    cells: np.ndarray
    contracts: np.recarray
    feeds: np.recarray
    schedules: np.recarray
    brackets: np.recarray
    levels: np.recarray
    stages: np.recarray
    absorbers: np.recarray
    assets: np.recarray
    breakers: np.recarray
    pricing: np.recarray
    remedies: np.recarray
    dynamics: np.recarray
    markets: np.recarray
    policy: np.recarray
    shocks: np.recarray
    triggers: np.recarray
    funding: np.recarray
    corridors: np.recarray
    seats: np.recarray
    governing: np.recarray
    pools: np.recarray
    backings: np.recarray
    offers: np.recarray
    options: np.recarray


def layout(shape: TermsShape) -> dict[str, tuple[int, int, np.dtype]]:
    """Table name -> (first cell, rows, dtype), in the order of the cells."""
    tables: list[tuple[str, int, np.dtype]] = [
        ("contracts", shape.instruments, CONTRACT),
        ("feeds", shape.instruments * SOURCES_MAX, FEED),
        ("schedules", shape.instruments * LEVELS, SCHEDULE),
        ("brackets", shape.brackets, BRACKET),
        ("levels", LEVELS, LEVEL),
        ("stages", STAGES_MAX, STAGE),
        ("absorbers", ABSORBERS_MAX, ABSORBER),
        ("assets", ASSETS_MAX, ASSET),
        ("breakers", BREAKERS_MAX, BREAKER),
        ("pricing", shape.instruments, PRICING),
        ("remedies", CONDITIONS, REMEDY),
        ("dynamics", shape.instruments * SIDES, DYNAMIC),
        ("markets", shape.instruments, MARKET),
        ("policy", 1, POLICY),
        ("shocks", shape.instruments * max(shape.scenarios, 1), SHOCK),
        ("triggers", TRIGGERS_MAX, TRIGGER),
        ("funding", shape.instruments, FUNDING),
        ("corridors", FAMILIES_MAX, CORRIDOR),
        ("seats", SEATS_MAX, SEAT),
        ("governing", 1, GOVERNING),
        ("pools", POOLS_MAX, POOL),
        ("backings", shape.instruments, BACKING),
        ("offers", STAGES_MAX, OFFER),
        ("options", shape.instruments, OPTION),
    ]
    places: dict[str, tuple[int, int, np.dtype]] = {}
    first = 0
    for name, rows, dtype in tables:
        places[name] = (first, rows, dtype)
        first += rows * len(dtype.names or ())
    return places


def cell_count(shape: TermsShape) -> int:
    """Length of the cells array."""
    first, rows, dtype = list(layout(shape).values())[-1]
    return first + rows * len(dtype.names or ())


def view_terms(cells: np.ndarray, shape: TermsShape) -> Terms:
    """The tables of a cells array; writing to a table writes to the array."""
    views: list[np.recarray] = []
    for first, rows, dtype in layout(shape).values():
        width = len(dtype.names or ())
        views.append(cells[first : first + rows * width].view(dtype).view(np.recarray))
    return Terms(cells, *views)


def blank_terms(shape: TermsShape) -> Terms:
    """Terms in which nothing is allowed yet."""
    return view_terms(np.zeros(cell_count(shape), dtype=np.int64), shape)


def cell_address(shape: TermsShape, table: str, row: int, field: str) -> int:
    """Where a parameter lives in the cells array. Raises KeyError or ValueError for an unknown name."""
    first, rows, dtype = layout(shape)[table]
    names = list(dtype.names or ())
    if not 0 <= row < rows:
        raise ValueError(f"table {table} has rows 0 to {rows - 1}, not {row}")
    return first + row * len(names) + names.index(field)
