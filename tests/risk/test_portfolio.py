"""Portfolio margin: hedging never asks for more than what it hedges, and ratios are compared exactly."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import portfolio
from solvent.units import LIMIT, PPM

money = st.integers(-(10**15), 10**15)


@settings(max_examples=200)
@given(value=money, move=st.integers(-PPM + 1, 5 * PPM))
def test_a_coin_margined_value_moves_by_d_over_one_plus_d(value, move) -> None:
    got = plain(portfolio.inverse_move_nearest)(value, move, PPM)
    exact = max(min(Fraction(value * move, PPM + move), LIMIT), -LIMIT)  # held there, as the name of the limit says
    assert abs(got - exact) <= Fraction(1, 2)


@settings(max_examples=200)
@given(deltas=st.lists(money, min_size=1, max_size=6), rates=st.tuples(st.integers(0, PPM), st.integers(0, PPM)))
def test_netting_asks_for_no_more_than_each_alone(deltas, rates) -> None:
    hedged, unhedged = sorted(rates)
    least = plain(portfolio.least_delta_risk_up)
    net, gross = sum(deltas), sum(map(abs, deltas))
    together = least(net, gross, unhedged, hedged, PPM)
    assert together <= sum(least(one, abs(one), unhedged, hedged, PPM) for one in deltas) + 1
    assert 2 * plain(portfolio.hedged_delta)(net, gross) == gross - abs(net)


@settings(max_examples=200)
@given(mark=money, span=st.integers(-(10**15), 0), contingency=st.integers(-(10**12), 0))
def test_a_higher_factor_leaves_less(mark, span, contingency) -> None:
    down = plain(portfolio.aggregated_down)
    assert down(mark, span, contingency, PPM, PPM) == mark + span + contingency
    assert down(mark, span, contingency, 1_300_000, PPM) <= mark + span + contingency


@settings(max_examples=200)
@given(balance=st.integers(0, 10**15), cap=st.integers(0, 10**15), supply=st.integers(0, 10**15))
def test_borrowing_stays_within_both_caps(balance, cap, supply) -> None:
    got = plain(portfolio.borrowable_down)(balance, cap, supply, 3, 2, 750_000, PPM)
    assert got <= cap
    assert got <= Fraction(min(balance, supply) * 9, 8)


@settings(max_examples=300)
@given(required=st.integers(0, 10**15), value=money, ratio=st.integers(0, 2 * PPM))
def test_a_ratio_is_exceeded_exactly(required, value, ratio) -> None:
    got = plain(portfolio.exceeds_ratio)(required, value, ratio, PPM)
    assert got == (required * PPM > value * ratio if value > 0 else required > 0)


@settings(max_examples=100)
@given(required=st.integers(0, 10**12), value=st.integers(1, 10**15))
def test_a_reported_ratio_is_the_nearest(required, value) -> None:
    assert abs(plain(portfolio.ratio_nearest)(required, value, PPM) - Fraction(required * PPM, value)) <= Fraction(1, 2)
