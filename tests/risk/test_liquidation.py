"""Liquidation: which stage acts, for how much, at what limit, for what penalty."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import blank_state, column, contract_of
from tests.plain import plain

from solvent.codes import FeeBase, Level, Size
from solvent.risk import liquidation
from solvent.risk.skew import skew_fill_ticks_nearest
from solvent.state.terms import STAGES_MAX
from solvent.units import PPM

M = Level.MAINTENANCE


def ladder(*rows):
    """(level, scale ppm, or equal) of each stage."""
    state = blank_state()
    for row, (level, scale, or_equal) in enumerate(rows):
        stage = state.stages[row]
        stage.used, stage.level, stage.scale_ppm, stage.or_equal = 1, level, scale, or_equal
    return state


def acting(state, equity, requirement):
    """The stages in the order they act in."""
    order = column([-1] * STAGES_MAX)
    count = plain(liquidation.stage_order)(state, column(equity), column(requirement), order)
    return order[:count].tolist()


@pytest.mark.parametrize(
    ("scale", "requirement", "or_equal", "equity", "breached"),
    [
        (PPM, 100, 0, 101, False),
        (PPM, 100, 0, 100, False),
        (PPM, 100, 0, 99, True),
        (PPM, 100, 1, 101, False),
        (PPM, 100, 1, 100, True),
        (PPM, 100, 1, 99, True),
        # two thirds of 100 are 66.6667
        (666_667, 100, 0, 67, False),
        (666_667, 100, 0, 66, True),
        (666_667, 100, 1, 67, False),
        (666_667, 100, 1, 66, True),
        # bankruptcy
        (0, 100, 0, 0, False),
        (0, 100, 0, -1, True),
        (0, 100, 1, 0, True),
    ],
)
def test_a_stage_is_breached_below_its_threshold_or_at_it(scale, requirement, or_equal, equity, breached) -> None:
    stage = ladder((M, scale, or_equal)).stages[0]
    assert plain(liquidation.is_breached)(stage, equity, requirement) == breached


@settings(max_examples=300)
@given(scale=st.integers(0, PPM), requirement=st.integers(0, 2**50), off=st.integers(-2, 2), or_equal=st.integers(0, 1))
def test_a_breach_is_exact_to_the_quantum(scale, requirement, off, or_equal) -> None:
    stage = ladder((M, scale, or_equal)).stages[0]
    threshold = Fraction(requirement * scale, PPM)
    equity = ceil(threshold) + off
    assert plain(liquidation.is_breached)(stage, equity, requirement) == (
        equity <= threshold if or_equal else equity < threshold
    )


@pytest.mark.parametrize(
    ("rows", "equity", "order"),
    [
        # one after the other at the same threshold, in file order
        ([(M, PPM, 0), (M, PPM, 0), (M, PPM, 0)], 99, [0, 1, 2]),
        ([(M, PPM, 0), (M, PPM, 0), (M, PPM, 0)], 100, []),
        # the deepest breached first, the outer ones after it
        ([(M, PPM, 0), (M, 666_667, 0), (M, 0, 0)], 80, [0]),
        ([(M, PPM, 0), (M, 666_667, 0), (M, 0, 0)], 66, [1, 0]),
        ([(M, PPM, 0), (M, 666_667, 0), (M, 0, 0)], -1, [2, 1, 0]),
        # two at zero keep their order
        ([(M, PPM, 0), (M, 666_667, 0), (M, 0, 0), (M, 0, 0)], -1, [2, 3, 1, 0]),
        # an earlier row may be the deeper one
        ([(M, PPM, 0), (M, 0, 0), (M, 500_000, 0)], -1, [1, 2, 0]),
        ([(M, PPM, 0), (M, 0, 0), (M, 500_000, 0)], 49, [2, 0]),
    ],
)
def test_the_deepest_stage_acts_first_and_equals_in_file_order(rows, equity, order) -> None:
    assert acting(ladder(*rows), [equity] * 3, [200, 100, 50]) == order


def test_levels_are_compared_by_their_amounts() -> None:
    state = ladder((M, PPM, 0), (Level.CLOSE_OUT, PPM, 0))
    assert acting(state, [0, 30, 30], [0, 100, 50]) == [1, 0]
    assert acting(state, [0, 60, 60], [0, 100, 50]) == [0]
    # each level is judged by its own equity
    assert acting(state, [0, 60, 49], [0, 100, 50]) == [1, 0]


def test_an_unused_stage_never_acts() -> None:
    state = ladder((M, PPM, 0), (M, 0, 0))
    state.stages[0].used = 0
    assert acting(state, [-5] * 3, [1] * 3) == [1]


@pytest.mark.parametrize(
    ("sizing", "ppm", "least", "held", "notional", "pausing", "lots"),
    [
        (Size.FULL, 0, 0, 70, 7_000, False, 70),
        (Size.FRACTION, 200_000, 0, 70, 7_000, False, 14),
        (Size.FRACTION, 200_000, 0, 71, 7_100, False, 15),
        (Size.FRACTION, 1, 0, 70, 7_000, False, 1),
        (Size.FRACTION, 2_000_000, 0, 70, 7_000, False, 70),
        (Size.FRACTION, 200_000, 0, 70, 7_000, True, 70),
        (Size.FRACTION, 200_000, 7_000, 70, 7_000, False, 70),
        (Size.FRACTION, 200_000, 6_999, 70, 7_000, False, 14),
        (Size.TO_LOWER_TIER, 0, 0, 70, 7_000, False, 30),
        (Size.TO_LOWER_TIER, 0, 0, 20, 7_000, False, 20),
        (Size.TO_HEALTH, 0, 0, 70, 7_000, True, 40),
        (Size.TO_HEALTH, 0, 0, 20, 7_000, False, 20),
    ],
)
def test_what_a_stage_wants_to_close(sizing, ppm, least, held, notional, pausing, lots) -> None:
    stage = ladder((M, PPM, 0)).stages[0]
    stage.sizing, stage.size_ppm, stage.size_min_quanta = sizing, ppm, least
    assert plain(liquidation.lots_of_size)(stage, held, notional, pausing, 30, 40) == lots


@given(fill=st.integers(0, 2**54), ppm=st.integers(0, PPM), equity=st.integers(-(2**54), 2**54))
def test_a_penalty_is_rounded_up_and_never_more_than_is_left(fill, ppm, equity) -> None:
    penalty = plain(liquidation.penalty_of)(fill, ppm, equity)
    assert penalty == min(ceil(Fraction(fill * ppm, PPM)), max(equity, 0))


@pytest.mark.parametrize(
    ("tier", "lots"), [(1, 900), (2, 900), (3, 800), (4, 800)], ids=["first", "second", "third", "fourth"]
)
def test_from_the_third_tier_on_what_is_above_the_first_is_closed(tier: int, lots: int) -> None:
    assert plain(liquidation.lots_above_first_tier)(900, tier, 100) == lots
    assert plain(liquidation.lots_above_first_tier)(50, 3, 100) == 0


@settings(max_examples=300)
@given(
    mark=st.integers(1, 10**6),
    lots=st.integers(1, 10**5),
    short=st.booleans(),
    unit=st.integers(1, 50),
    share=st.integers(-(10**12), 10**12),
    spread=st.integers(0, PPM),
)
def test_a_transfer_never_crosses_the_bankruptcy_price_of_a_solvent_account(
    mark, lots, short, unit, share, spread
) -> None:
    signed, most = -lots if short else lots, 2**31
    price = int(plain(liquidation.transfer_ticks)(contract_of(unit), mark, signed, share, spread))
    cost = signed * unit * (mark - price)
    assert 0 <= cost <= max(share, 0), "it costs the account something it has, and never pays it"
    assert abs(mark - price) <= mark * spread // PPM, "and is never further away than the spread"
    farther = price + (1 if short else -1)
    if 1 <= farther <= most and abs(mark - farther) <= mark * spread // PPM:
        assert signed * unit * (mark - farther) > max(share, 0), "one tick more would be more than it has"


@settings(max_examples=200)
@given(
    mark=st.integers(1, 10**6),
    lots=st.integers(1, 10**5),
    short=st.booleans(),
    unit=st.integers(1, 50),
    share=st.integers(-(10**10), 10**10),
    skew=st.integers(-(10**7), 10**7),
    scale=st.integers(1, 10**7),
)
def test_a_pools_fill_follows_the_skew_and_never_crosses_the_bankruptcy_price_of_a_solvent_account(
    mark, lots, short, unit, share, skew, scale
) -> None:
    signed = -lots if short else lots
    fill = int(plain(skew_fill_ticks_nearest)(mark, skew, -signed, scale))
    price = int(plain(liquidation.pool_fill_ticks)(contract_of(unit), fill, mark, signed, share))
    assert signed * unit * (mark - price) <= max(share, 0), "it costs the account no more than it has"
    inside = min(max(fill, 1), 2**31)
    assert price == inside or (price > inside) == (not short), "and is the pool's price wherever that is bearable"
    deeper = int(plain(skew_fill_ticks_nearest)(mark, skew - signed, -signed, scale))
    assert (deeper - fill) * signed <= 0, "closing more moves the price against whoever closes"


@settings(max_examples=200)
@given(
    mark=st.integers(1, 10**6),
    lots=st.integers(1, 10**5),
    short=st.booleans(),
    unit=st.integers(1, 50),
    share=st.integers(-(10**10), 10**10),
)
def test_a_zero_price_moves_whole_ticks_and_never_beyond_the_share(mark, lots, short, unit, share) -> None:
    signed, most = -lots if short else lots, 2**31
    price = int(plain(liquidation.zero_price_ticks)(contract_of(unit), mark, signed, share))
    moved = signed * unit * (mark - price)
    assert abs(moved) <= abs(share)
    assert moved * share >= 0
    if 1 < price < most:
        assert abs(moved) + lots * unit > abs(share)


@given(
    held=st.integers(1, 10**6),
    unit=st.integers(1, 10**4),
    part=st.integers(0, PPM),
    equity=st.integers(-(10**9), 10**9),
    requirement=st.integers(0, 10**9),
    full=st.integers(0, PPM),
    small=st.integers(0, 10**8),
    dust=st.integers(0, 10**8),
)
def test_a_close_factor_leaves_no_dust(held, unit, part, equity, requirement, full, small, dust) -> None:
    stage = ladder((M, PPM, 0)).stages[0]
    stage.size_ppm, stage.full_below_ppm, stage.size_min_quanta, stage.left_min_quanta = part, full, small, dust
    lots = plain(liquidation.lots_by_close_factor)(stage, held, held * unit, equity, requirement)
    assert 1 <= lots <= held
    if lots < held:
        assert lots == max(ceil(Fraction(held * part, PPM)), 1)
        assert equity >= Fraction(requirement * full, PPM)
        assert held * unit >= small
        assert (held - lots) * unit >= dust


@given(
    order=st.permutations(range(STAGES_MAX)), count=st.integers(0, STAGES_MAX), tried=st.integers(0, 2**STAGES_MAX - 1)
)
def test_stages_that_had_their_turn_wait_for_the_others(order, count, tried) -> None:
    places = column(order)
    left = int(plain(liquidation.untried_first)(places, count, tried))
    waiting = [stage for stage in order[:count] if tried >> stage & 1]
    fresh = [stage for stage in order[:count] if not tried >> stage & 1]
    assert places.tolist() == [*fresh, *waiting, *order[count:]]
    assert left == (tried if fresh else 0)


@given(held=st.integers(1, 10**9), steps=st.integers(0, 50), step=st.integers(1, PPM))
def test_parts_of_lots_are_rounded_up_and_never_more_than_all(held, steps, step) -> None:
    share = Fraction(min(steps * step, PPM), PPM)
    assert plain(liquidation.part_of_lots_up)(held, steps, step) == ceil(held * share)


@pytest.mark.parametrize(
    ("base", "of"), [(FeeBase.VALUE, 7), (FeeBase.REQUIREMENT, 5), (FeeBase.IMPROVEMENT, 3), (FeeBase.DEBT, 6)]
)
def test_what_a_penalty_is_a_share_of(base, of) -> None:
    # 7 of 100 are closed, equity covers 20 of them: 5.6 of the 7 are debt
    assert plain(liquidation.fee_base_quanta)(base, 7, 5, 3, 100, 20) == of
    assert plain(liquidation.fee_base_quanta)(base, 0, -5, -3, 100, 20) == 0
    if base == FeeBase.DEBT:
        assert plain(liquidation.fee_base_quanta)(base, 7, 5, 3, 100, -20) == 7
        assert plain(liquidation.fee_base_quanta)(base, 7, 5, 3, 100, 120) == 0
        assert plain(liquidation.fee_base_quanta)(base, 7, 5, 3, 0, 0) == 0
