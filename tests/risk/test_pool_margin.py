"""Positions against a pool: closed exactly below their line, and never given back more than is left."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import pool_margin
from solvent.units import PPM

money = st.integers(0, 10**15)


@settings(max_examples=300)
@given(left=st.integers(-(10**12), 10**12), size=money, factor=st.integers(0, PPM), least=st.integers(0, 10**7))
def test_a_position_is_closed_below_its_line_and_held_at_it(left, size, factor, least) -> None:
    got = plain(pool_margin.falls_short)(left, size, factor, PPM, least)
    assert got == (left <= 0 or left < least or Fraction(left) < Fraction(size * factor, PPM))


@settings(max_examples=200)
@given(value=money, gain=st.integers(-(10**15), 10**15), impact=st.integers(-(10**12), 10**12), fees=money)
def test_a_favourable_impact_does_not_count(value, gain, impact, fees) -> None:
    got = plain(pool_margin.remaining_quanta)(value, gain, impact, fees)
    assert got == value + gain - fees + (impact if impact < 0 else 0)


@settings(max_examples=200)
@given(amount=money, value=st.integers(1, 10**15), lost=st.integers(-(10**15), 2 * 10**15))
def test_what_is_returned_is_worth_no_more_than_what_is_left(amount, value, lost) -> None:
    got = plain(pool_margin.returned_down)(amount, value, lost)
    assert 0 <= got <= amount
    assert got * value <= amount * max(value - max(lost, 0), 0)
