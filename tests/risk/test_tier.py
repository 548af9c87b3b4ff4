"""A size at a price: toward zero one way, the largest that fits the other."""

from fractions import Fraction
from math import ceil, floor, trunc

from hypothesis import given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import tier
from solvent.units import LIMIT, PPM

VALUES = st.integers(-(2**54), 2**54)
SHARES = st.integers(0, PPM)


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12), st.integers(-24, 6))
def test_a_value_is_rounded_toward_zero(size, price, exponent) -> None:
    exact = trunc(Fraction(size * price) * Fraction(10) ** exponent)
    got = plain(tier.scaled_value)(size, price, exponent)
    assert got == exact or (abs(got) == LIMIT and abs(size * price) * Fraction(10) ** max(exponent, -18) >= LIMIT)


@given(st.integers(0, 10**15), st.integers(1, 10**12), st.integers(-24, 6))
def test_a_size_is_the_largest_within_a_value(value, price, exponent) -> None:
    got = plain(tier.scaled_size)(value, price, exponent)
    exact = floor(Fraction(value) / (price * Fraction(10) ** exponent))
    assert got == exact or (got == LIMIT and value * Fraction(10) ** max(-exponent - 18, 0) * 10**18 / price >= LIMIT)


@given(VALUES, SHARES)
def test_an_own_share_is_rounded_up(value, own) -> None:
    assert plain(tier.own_share_up)(value, own) == ceil(Fraction(abs(value) * own, PPM))


def test_exponents_beyond_the_largest_power_are_taken_in_two_steps() -> None:
    assert plain(tier.scaled_value)(0, 5, 30) == 0
    assert plain(tier.scaled_value)(1, 1, 20) == LIMIT
    assert plain(tier.scaled_value)(-(10**17), 10**17, -30) == -(10**4)
    assert plain(tier.scaled_size)(10**18, 1, 19) == 0
    assert plain(tier.scaled_size)(10**18, 1, 18) == 1
