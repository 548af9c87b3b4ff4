"""Coin-margined positions: a fee is taken at the price of bankruptcy, shares are the nearest."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import inverse
from solvent.units import PPM


@settings(max_examples=200)
@given(value=st.integers(0, 10**15), fee=st.integers(0, 10**4), leverage=st.integers(1, 125))
def test_closing_costs_a_fee_on_the_value_at_bankruptcy(value, fee, leverage) -> None:
    for side in (1, -1):
        got = plain(inverse.close_fee_nearest)(value, fee, PPM, leverage, 1, side)
        assert abs(got - Fraction(value * (leverage - side) * fee, leverage * PPM)) <= 1


@given(value=st.integers(-(10**15), 10**15), rate=st.integers(0, PPM))
def test_a_share_of_a_value_is_the_nearest(value, rate) -> None:
    assert abs(plain(inverse.share_nearest)(value, rate, PPM) - Fraction(value * rate, PPM)) <= Fraction(1, 2)
