"""Fills against a pool: a round trip costs what was taken, and moving the imbalance back gives what moving it cost."""

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import skew
from solvent.units import LIMIT, PPM

lots = st.integers(-(10**6), 10**6)
differences = st.integers(0, 10**10)


@settings(max_examples=300)
@given(index=st.integers(1, 2**31), held=lots, size=lots, scale=st.integers(1, 10**9))
def test_a_fill_is_the_mean_of_the_price_before_and_after(index, held, size, scale) -> None:
    before = plain(skew.skewed_ticks_nearest)(index, held, scale)
    after = plain(skew.skewed_ticks_nearest)(index, held + size, scale)
    fill = plain(skew.skew_fill_ticks_nearest)(index, held, size, scale)
    assert abs(2 * fill - before - after) <= 2
    # there and back again at one price
    assert fill == plain(skew.skew_fill_ticks_nearest)(index, held + size, -size, scale)


@settings(max_examples=300)
@given(before=differences, between=differences, after=differences, factor=st.integers(0, 10**6))
def test_impact_in_two_steps_is_impact_in_one(before, between, after, factor) -> None:
    impact = plain(skew.impact_nearest)
    whole = impact(before, after, factor, factor, 2, 10**6)
    assert whole == impact(before, between, factor, factor, 2, 10**6) + impact(between, after, factor, factor, 2, 10**6)
    assert (whole >= 0) == (after <= before) or whole == 0


@settings(max_examples=300)
@given(before=differences, after=differences, reducing=st.integers(0, 500), more=st.integers(0, 500))
def test_a_round_trip_through_the_imbalance_never_pays(before, after, reducing, more) -> None:
    impact = plain(skew.impact_nearest)
    there = impact(before, after, reducing, reducing + more, 2, 10**6)
    back = impact(after, before, reducing, reducing + more, 2, 10**6)
    assert there + back <= 0


@settings(max_examples=200)
@given(size=lots, notional=st.integers(0, 10**15), scale=st.integers(1, 10**9), multiplier=st.integers(0, 3 * PPM))
def test_the_liquidation_premium_is_rounded_up(size, notional, scale, multiplier) -> None:
    assume(abs(size) * notional // scale < LIMIT)  # beyond it the share is held, and the premium with it
    got = plain(skew.liquidation_premium_up)(size, notional, scale, multiplier, PPM)
    exact = Fraction(abs(size) * notional * multiplier, scale * PPM)
    assert exact <= got <= exact + Fraction(multiplier, PPM) + 1


@settings(max_examples=200)
@given(size=st.integers(0, 10**12), impact=st.integers(-PPM, PPM))
def test_a_cost_buys_a_long_fewer_and_sells_a_short_more(size, impact) -> None:
    long = plain(skew.lots_after_impact_nearest)(size, impact, PPM, True)
    short = plain(skew.lots_after_impact_nearest)(size, impact, PPM, False)
    assert long + short == 2 * size
    assert (long <= size) if impact <= 0 else (long >= size)
