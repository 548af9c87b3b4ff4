"""Margin: equity and requirements against Fractions, orders at their worst, and searches that find the least."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import blank_state, give, give_collateral, open_account, set_asset, write_brackets
from tests.plain import plain

from solvent.codes import Level, Schedule
from solvent.risk import margin
from solvent.state.positions import take_orders
from solvent.units import FUNDING_SCALE, PPM

judge = plain(margin.judge)


@st.composite
def bracket_tables(draw):
    """(floors, numerators, denominator): rising, never more than the whole."""
    denominator = draw(st.sampled_from([10, 20, 30, 50, 100, 1_000_000, 2**31 - 1]))
    count = draw(st.integers(1, 5))
    steps = draw(st.lists(st.integers(1, 10**6), min_size=count - 1, max_size=count - 1))
    floors = [0]
    for step in steps:
        floors.append(floors[-1] + step)
    numerators = sorted(draw(st.lists(st.integers(0, denominator), min_size=count, max_size=count)))
    return floors, numerators, denominator


def slice_by_slice(notional, floors, numerators, denominator) -> Fraction:
    """Each slice at its own rate."""
    tops = [*floors[1:], max(notional, floors[-1])]
    slices = [max(min(notional, top) - low, 0) for low, top in zip(floors, tops, strict=True)]
    return sum((Fraction(part * rate, denominator) for part, rate in zip(slices, numerators, strict=True)), Fraction(0))


@settings(max_examples=200)
@given(table=bracket_tables(), notional=st.integers(0, 2 * 10**6))
def test_marginal_brackets_are_the_rounded_up_sum_of_their_slices(table, notional) -> None:
    state = blank_state()
    write_brackets(state, Level.MAINTENANCE, 0, 2, *table)
    for near in {0, 1, notional, *table[0], *(low - 1 for low in table[0] if low)}:
        required = plain(margin.requirement_up)(state, Level.MAINTENANCE, 0, near, near, 0)
        assert required == ceil(slice_by_slice(near, *table))
        assert 0 <= required <= near


@settings(max_examples=100)
@given(table=bracket_tables(), notional=st.integers(0, 2 * 10**6))
def test_whole_brackets_ask_the_rate_reached_of_everything(table, notional) -> None:
    state = blank_state()
    write_brackets(state, Level.MAINTENANCE, 0, 0, *table, kind=Schedule.BRACKETS_WHOLE)
    floors, numerators, denominator = table
    for near in {0, notional, *floors, *(low - 1 for low in floors if low)}:
        rate = [numerator for low, numerator in zip(floors, numerators, strict=True) if low <= near][-1]
        assert plain(margin.requirement_up)(state, Level.MAINTENANCE, 0, near, near, 0) == ceil(
            Fraction(near * rate, denominator)
        )


@settings(max_examples=100)
@given(
    table=bracket_tables(),
    notional=st.integers(0, 2 * 10**6),
    leverage=st.integers(0, 1000),
    scale=st.integers(1, 2 * PPM),
)
def test_a_chosen_leverage_never_undercuts_its_brackets(table, notional, leverage, scale) -> None:
    state = blank_state()
    write_brackets(state, Level.INITIAL, 0, 0, *table, kind=Schedule.USER_LEVERAGE)
    state.schedules[Level.INITIAL].scale_ppm = scale
    bound = ceil(slice_by_slice(notional, *table))
    chosen = ceil(Fraction(notional * scale, PPM * leverage)) if leverage else 0
    assert plain(margin.requirement_up)(state, Level.INITIAL, 0, notional, notional, leverage) == max(bound, chosen)


@pytest.mark.parametrize(
    ("held", "bids", "asks", "exposed"),
    [
        (0, 0, 0, 0),
        (0, 5, 0, 5),
        (0, 5, 7, 7),
        (10, 5, 0, 15),
        (10, 0, 5, 10),
        (10, 0, 25, 15),
        (-10, 3, 2, 12),
        (-10, 25, 0, 15),
    ],
)
def test_open_orders_count_at_the_worst_of_all_bids_or_all_offers(held, bids, asks, exposed) -> None:
    state = blank_state()
    write_brackets(state, Level.INITIAL, 0, 0, [0], [1], 10)
    state.levels[Level.INITIAL].includes_orders = 1
    row = give(state, open_account(state), 0, held)
    orders = state.orders[plain(take_orders)(state, row)]
    orders.bid_lots, orders.bid_quanta, orders.ask_lots, orders.ask_quanta = bids, 1_000 * bids, asks, 1_000 * asks
    assert plain(margin.exposure_requirement_up)(state, Level.INITIAL, row, held) == 100 * exposed
    # liquidation does not look at them
    write_brackets(state, Level.MAINTENANCE, 0, 0, [0], [1], 10)
    assert plain(margin.exposure_requirement_up)(state, Level.MAINTENANCE, row, held) == 100 * abs(held)


@pytest.mark.parametrize(
    ("bid_at", "ask_at", "loss"), [(1_000, 1_000, 0), (1_010, 1_000, 50), (990, 1_010, 0), (1_010, 995, 85)]
)
def test_an_order_worse_than_the_mark_needs_its_loss_where_the_level_says_so(bid_at, ask_at, loss) -> None:
    state = blank_state()
    state.levels[Level.INITIAL].includes_orders = 1
    state.levels[Level.INITIAL].open_loss = 1
    row = give(state, open_account(state), 0, 0)
    orders = state.orders[plain(take_orders)(state, row)]
    orders.bid_lots, orders.bid_quanta, orders.ask_lots, orders.ask_quanta = 5, 5 * bid_at, 7, 7 * ask_at
    assert plain(margin.exposure_requirement_up)(state, Level.INITIAL, row, 0) == loss


@settings(max_examples=150)
@given(
    wallet=st.integers(-(10**9), 10**9),
    lots=st.lists(st.integers(-(10**4), 10**4), min_size=2, max_size=2),
    cost=st.lists(st.integers(-(10**7), 10**7), min_size=2, max_size=2),
    index=st.lists(st.integers(-(2**30), 2**30), min_size=2, max_size=2),
    amount=st.integers(0, 10**9),
    weights=st.tuples(st.integers(0, PPM), st.integers(0, PPM)),
    marks=st.lists(st.integers(1, 10**5), min_size=2, max_size=2),
)
def test_equity_counts_everything_once_and_rounds_against_the_account(
    wallet, lots, cost, index, amount, weights, marks
) -> None:
    state = blank_state(instruments=2)
    state.contracts.quanta_per_lot_tick[:] = (3, 7)
    state.instruments.mark_ticks[:] = marks
    state.levels[Level.MAINTENANCE].maintenance_weights = 1
    set_asset(state, 1, 1, 13, 1000, *weights)
    account = open_account(state, wallet)
    for market in range(2):
        give(state, account, market, lots[market], cost[market])
        state.instruments[market].funding_index = index[market]
    give_collateral(state, account, 1, amount)
    value = [lots[0] * marks[0] * 3, lots[1] * marks[1] * 7]
    due = [ceil(Fraction(lots[market] * index[market], FUNDING_SCALE)) if lots[market] else 0 for market in range(2)]
    gains = sum(value[market] - cost[market] for market in range(2) if lots[market])
    for level, weight in zip((Level.INITIAL, Level.MAINTENANCE), weights, strict=True):
        held = floor(Fraction(floor(Fraction(amount * marks[1] * 13, 1000)) * weight, PPM))
        expected = (wallet + gains - sum(due) + held, 0, gains, sum(map(abs, value)))
        assert tuple(int(number) for number in judge(state, account, level)) == expected


@settings(max_examples=60)
@given(
    table=bracket_tables(),
    held=st.integers(1, 400),
    short=st.booleans(),
    shortage=st.fractions(0, 1),
    target=st.sampled_from([PPM, 1_100_000, 1_250_000]),
    others=st.integers(0, 10**5),
    fee=st.sampled_from([0, 1_000]),
)
def test_lots_to_health_are_enough_and_one_less_is_not(table, held, short, shortage, target, others, fee) -> None:
    floors, numerators, denominator = table
    if Fraction(numerators[0], denominator) * Fraction(target, PPM) <= Fraction(fee, PPM):
        fee = 0  # the rulebook refuses a penalty that outgrows what closing frees
    state = blank_state()
    write_brackets(state, Level.MAINTENANCE, 0, 0, *table)
    row = give(state, open_account(state), 0, -held if short else held)
    own = ceil(slice_by_slice(1_000 * held, *table))
    equity = int((own + others) * shortage)

    def healthy(closed: int) -> bool:
        after = equity - ceil(Fraction(1_000 * closed * fee, PPM))
        left = ceil(slice_by_slice(1_000 * (held - closed), *table))
        return after >= ceil(Fraction((others + left) * target, PPM))

    found = plain(margin.lots_to_health)(state, row, equity, own + others, target, fee)
    enough = next((closed for closed in range(1, held + 1) if healthy(closed)), held)
    assert found == enough


@settings(max_examples=100)
@given(table=bracket_tables(), held=st.integers(1, 2_000), short=st.booleans())
def test_lots_to_lower_tier_leave_the_largest_position_below_the_floor(table, held, short) -> None:
    state = blank_state()
    write_brackets(state, Level.MAINTENANCE, 0, 0, *table)
    row = give(state, open_account(state), 0, -held if short else held)
    closed = plain(margin.lots_to_lower_tier)(state, row)
    bottom = [low for low in table[0] if low <= 1_000 * held][-1]
    below = [left for left in range(held) if 1_000 * left < bottom]
    assert closed == held - (below[-1] if below else 0)


def test_without_brackets_the_lower_tier_is_nothing_at_all() -> None:
    state = blank_state()
    row = give(state, open_account(state), 0, -5)
    assert plain(margin.lots_to_lower_tier)(state, row) == 5


def test_without_brackets_nothing_is_asked_and_nothing_is_worth_anything() -> None:
    state = blank_state()
    schedule = state.schedules[Level.MAINTENANCE]
    assert plain(margin.brackets.bracket_requirement_up)(state, schedule, 1_000, 1_000, True) == 0
    assert plain(margin.brackets.slices_down)(state, schedule, 1_000, PPM) == 0
    assert plain(margin.position.requirement_in_bracket_up)(state, Level.MAINTENANCE, 0, 1, 1_000, 1_000) == 0
    schedule.add_ppm = 10_000
    assert plain(margin.position.requirement_in_bracket_up)(state, Level.MAINTENANCE, 0, 1, 1_000, 1_000) == 10


def test_below_the_threshold_of_a_stepped_curve_there_is_no_lower_step() -> None:
    state = blank_state()
    schedule = state.schedules[Level.MAINTENANCE]
    schedule.kind, schedule.threshold, schedule.step = Schedule.CURVE, 5_000, 1_000
    account = open_account(state)
    low, high = give(state, account, 0, 5), give(state, open_account(state), 0, 9)
    assert plain(margin.closing.lots_to_lower_tier)(state, low) == 5
    assert plain(margin.closing.lots_to_lower_tier)(state, high) == 9 - 8


@pytest.mark.parametrize(("floor", "closed"), [(5_000, 4), (5_001, 3), (4_999, 4), (4_001, 4), (4_000, 5)])
def test_a_floor_that_is_a_whole_number_of_lots_is_left_by_one_lot_more(floor: int, closed: int) -> None:
    state = blank_state()
    write_brackets(state, Level.MAINTENANCE, 0, 0, (0, floor), (1, 2), 100)
    row = give(state, open_account(state), 0, 8)
    assert plain(margin.lots_to_lower_tier)(state, row) == closed


@given(
    equity=st.integers(-(10**15), 10**15),
    change=st.integers(-(10**15), 10**15),
    before=st.integers(0, 10**15),
    after=st.integers(0, 10**15),
)
def test_health_falls_when_the_ratio_does(equity, change, before, after) -> None:
    falls = plain(margin.lowers_health)(equity, change, before, after)
    if equity <= 0:
        assert falls == (change < 0)
    elif equity + change < 0:
        assert falls
    else:
        # equity / requirement, without a division: nothing to hold is the best health there is
        assert falls == (after > 0 and (equity + change) * before < equity * after)
