"""Margin from factors and slippage: exact before its one rounding, and never less for more."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import slippage_margin
from solvent.units import LIMIT

PART = st.integers(0, 10**12)


@given(
    st.integers(0, 10**8),
    st.integers(-(10**6), 10**6),
    PART,
    PART,
    PART,
    PART,
    st.integers(-(10**6), 10**6),
    st.sampled_from([1, 10]),
)
def test_the_sum_is_exact_and_rounded_once(
    mark, volume, linear, quadratic, long_factor, short_factor, funding, unit
) -> None:
    over = 10**12
    margin = plain(slippage_margin.volume_margin_up)(
        mark, volume, 40, 30, linear, quadratic, long_factor, short_factor, funding, over, unit
    )
    v = Fraction(volume, unit)
    sides = [Fraction(0)]
    for sign, orders, factor in ((1, 40, long_factor), (-1, 30, short_factor)):
        held = max(sign * v, Fraction(0))
        if sign * v + Fraction(orders, unit) > 0:
            slip = mark * (linear * held + quadratic * held * held)
            sides.append((slip + (held + Fraction(orders, unit)) * factor * mark + max(funding * v, 0)) / over)
    if margin >= LIMIT:
        assert mark * volume * volume >= LIMIT or max(sides) >= LIMIT
    else:
        assert margin == ceil(max(sides))


@given(st.integers(0, 10**9), st.integers(0, 10**6), PART, PART)
def test_a_larger_volume_needs_no_less(mark, volume, linear, factor) -> None:
    needs = [
        plain(slippage_margin.volume_margin_up)(mark, size, 0, 0, linear, 0, factor, factor, 0, 10**12, 1)
        for size in (volume, volume + 1, -volume)
    ]
    assert needs[0] <= needs[1]
    assert needs[0] == needs[2]


@given(st.integers(0, 10**15), st.integers(100_000, 1_000_000))
def test_a_level_above_is_rounded_down(maintenance, factor) -> None:
    level = plain(slippage_margin.level_down)(maintenance, factor)
    assert level == floor(Fraction(maintenance * factor, 100_000))
    assert level >= maintenance
