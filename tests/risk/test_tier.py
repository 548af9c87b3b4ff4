"""A liquidity tier: shares rise with open interest, requirements with value, and every rounding is against the account."""

from fractions import Fraction
from math import ceil, floor, trunc

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import tier
from solvent.units import LIMIT, PPM

VALUES = st.integers(-(2**54), 2**54)
SHARES = st.integers(0, PPM)
AMOUNTS = st.integers(0, 2**54)


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12), st.integers(-24, 6))
def test_a_value_is_rounded_toward_zero(size, price, exponent) -> None:
    exact = trunc(Fraction(size * price) * Fraction(10) ** exponent)
    got = plain(tier.scaled_value)(size, price, exponent)
    assert got == exact or (abs(got) == LIMIT and abs(size * price) * Fraction(10) ** max(exponent, -18) >= LIMIT)


@settings(deadline=None)
@given(st.integers(0, 10**15), st.integers(1, 10**12), st.integers(-24, 6))
def test_a_size_is_the_largest_within_a_value(value, price, exponent) -> None:
    got = plain(tier.scaled_size)(value, price, exponent)
    exact = floor(Fraction(value) / (price * Fraction(10) ** exponent))
    assert got == exact or (got == LIMIT and value * Fraction(10) ** max(-exponent - 18, 0) * 10**18 / price >= LIMIT)


@settings(deadline=None)
@given(SHARES, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_the_share_rises_with_open_interest_from_the_base_to_one(base, one, other, lower, width) -> None:
    low, high = sorted((one, other))
    upper = lower + width
    shares = [plain(tier.initial_share_ppm)(base, interest, lower, upper) for interest in (low, high)]
    assert base <= shares[0] <= shares[1] <= PPM
    if upper and upper != lower:
        assert plain(tier.initial_share_ppm)(base, upper, lower, upper) == PPM
        assert plain(tier.initial_share_ppm)(base, lower, lower, upper) == base


@settings(deadline=None)
@given(SHARES, AMOUNTS)
def test_without_bounds_open_interest_counts_nothing(base, interest) -> None:
    assert plain(tier.initial_share_ppm)(base, interest, 0, 0) == base


@settings(deadline=None)
@given(VALUES, SHARES, SHARES, SHARES)
def test_requirements_are_rounded_up_and_grow_with_the_value(value, base, own, fraction) -> None:
    initial = plain(tier.initial_up)(value, base, own)
    assert initial == ceil(Fraction(abs(value) * max(base, own), PPM))
    maintenance = plain(tier.maintenance_up)(value, base, fraction)
    assert maintenance == ceil(Fraction(ceil(Fraction(abs(value) * base, PPM)) * fraction, PPM))
    assert maintenance <= plain(tier.initial_up)(value, base, 0)
    assert plain(tier.maintenance_up)(abs(value) + 1, base, fraction) >= maintenance
