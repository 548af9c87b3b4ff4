"""Exact arithmetic at its edges: every function of units against Python's own integers, compiled and not."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent import units
from solvent.units import LIMIT, VALUE_MAX

EDGES = sorted(
    {0, 1, 2, 3, 10**6, 10**9, 2**20, 2**31, 2**32, 2**54, 2**60, 2**61, LIMIT - 1, LIMIT, LIMIT // 2, LIMIT // 3}
)
FORMS = [pytest.param(lambda f: f, id="compiled"), pytest.param(plain, id="plain")]

positive = st.sampled_from(EDGES) | st.integers(0, 100) | st.integers(0, 2**32) | st.integers(0, LIMIT)
signed = positive | positive.map(lambda value: -value)
divisors = positive.map(lambda value: max(value, 1))


def held(value: int) -> int:
    return max(-LIMIT, min(LIMIT, value))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("mul_div_down", lambda a, b, c: a * b // c),
        ("mul_div_up", lambda a, b, c: -(-a * b // c)),
        ("mul_div_nearest", lambda a, b, c: (2 * a * b + c) // (2 * c)),
    ],
)
@settings(max_examples=400)
@given(a=signed, b=positive, c=divisors)
@example(a=3, b=LIMIT, c=2)
@example(a=-3, b=LIMIT, c=2)
@example(a=LIMIT, b=LIMIT, c=LIMIT)
@example(a=-LIMIT, b=LIMIT, c=LIMIT)
@example(a=-LIMIT, b=LIMIT, c=LIMIT - 1)
@example(a=LIMIT - 1, b=LIMIT, c=LIMIT)
@example(a=-1, b=LIMIT, c=LIMIT)
@example(a=1, b=1, c=2)
@example(a=-1, b=1, c=2)
def test_multiply_then_divide_is_exact_and_stops_at_the_limit(form, name, exact, a, b, c) -> None:
    assert form(getattr(units, name))(a, b, c) == held(exact(a, b, c))


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=400)
@given(a=signed, b=positive, c=divisors, quotient=st.integers(0, 2**30))
def test_near_a_whole_quotient_the_rounding_is_the_named_one(form, a, b, c, quotient) -> None:
    c = max(c >> 30, 1)
    for off in (-1, 0, 1):
        a = c * quotient + off
        assert form(units.mul_div_down)(a, 1, c) == a // c
        assert form(units.mul_div_up)(a, 1, c) == -(-a // c)
        assert form(units.mul_div_up)(-a, 1, c) == -form(units.mul_div_down)(a, 1, c)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=400)
@given(a=signed, b=signed)
def test_sums_and_products_stop_at_the_limit_and_never_wrap(form, a, b) -> None:
    assert form(units.add_saturated)(a, b) == held(a + b)
    assert form(units.mul_saturated)(a, b) == held(a * b)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=200)
@given(lots=st.integers(0, 54), ticks=st.integers(0, 54), sign=st.sampled_from([-1, 1]))
def test_the_value_of_a_position_is_exact_up_to_the_bound_of_listing(form, lots, ticks, sign) -> None:
    ticks = min(ticks, 31, 54 - lots)
    per_lot_tick = 2 ** (54 - lots - ticks)
    assert form(units.value_quanta)(sign * 2**lots, 2**ticks, per_lot_tick) == sign * VALUE_MAX


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=200)
@given(seed=st.integers(0, 2**43 - 1), number=st.integers(0, 2**31 - 1))
def test_a_scramble_stays_within_62_bits_and_is_the_same_compiled_or_not(form, seed, number) -> None:
    mixed = form(units.mix)(seed, number)
    assert 0 <= mixed <= LIMIT
    assert mixed == plain(units.mix)(seed, number)


def test_scrambled_neighbours_are_spread_evenly() -> None:
    count, bins = 20_000, 50
    for modulus in (bins, 1_000 * bins):
        numbers = [int(units.mix(sequence, 30)) % modulus * bins // modulus for sequence in range(count)]
        fullness = Counter(numbers)
        assert len(fullness) == bins
        # 6 standard deviations of a binomial
        assert max(abs(found - count / bins) for found in fullness.values()) < 6 * (count / bins) ** 0.5
    assert len({int(units.mix(7, account)) for account in range(count)}) == count


WIDE = st.integers(0, units.LIMIT)
DIVISOR = st.integers(1, units.LIMIT)


@given(WIDE, WIDE, DIVISOR, WIDE, DIVISOR)
def test_two_fractions_at_once_are_exact(a, b, c, d, e) -> None:
    exact = Fraction(a * b * d, c * e)
    quotient, left = plain(units.mul_div_twice)(a, b, c, d, e)
    assert (quotient, bool(left)) == units.mul_div_twice(a, b, c, d, e)
    if quotient < units.LIMIT:
        assert quotient == exact.numerator // exact.denominator
        assert bool(left) == (exact.denominator > 1)
    else:
        # it may be turned away only when the result, or the amount after its larger factor, is too wide
        assert max(exact, Fraction(a * b, c)) >= units.LIMIT or max(exact, Fraction(a * d, e)) >= units.LIMIT


@given(st.integers(0, 2**40), st.integers(1, 2**30), st.integers(0, 2**40), st.integers(1, 2**30))
def test_products_and_differences_of_fractions_are_in_lowest_terms(a, b, c, d) -> None:
    top, bottom = units.product_of_fractions(a, b, c, d)
    exact = Fraction(a, b) * Fraction(c, d)
    if bottom == 0:
        assert max(exact.numerator, exact.denominator) >= units.LIMIT
    else:
        assert (top, bottom) == (exact.numerator, exact.denominator)
    one, other = Fraction(a, b), Fraction(c, d)
    top, bottom = units.difference_of_fractions(one.numerator, one.denominator, other.numerator, other.denominator)
    if bottom != 0:
        assert (top, bottom) == ((one - other).numerator, (one - other).denominator)
    else:
        assert one.numerator * other.denominator >= units.LIMIT or other.numerator * one.denominator >= units.LIMIT


@given(WIDE, WIDE, DIVISOR)
def test_a_product_and_its_rest_make_the_whole(a, b, c) -> None:
    quotient, rest = units.mul_div_rest(a, b, c)
    if quotient < units.LIMIT:
        assert quotient * c + rest == a * b
        assert 0 <= rest < c
