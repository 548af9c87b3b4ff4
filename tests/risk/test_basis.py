"""Basis: it is all there at the start of an interval, gone at its end, and falls in whole steps of the floor."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import basis
from solvent.units import PPB


@settings(max_examples=200)
@given(now=st.integers(0, 10**9), until=st.integers(0, 10**9), floor=st.integers(1, 3600))
def test_the_time_left_is_never_negative_and_in_whole_floors(now, until, floor) -> None:
    left = plain(basis.time_left)(now, until, floor)
    assert left % floor == 0
    assert left <= max(until - now, 0) < left + floor


@settings(max_examples=200)
@given(
    index=st.integers(1, 2**31), rate=st.integers(-PPB, PPB), left=st.integers(0, 28_800), more=st.integers(0, 28_800)
)
def test_the_mark_returns_to_the_index_as_the_time_runs_out(index, rate, left, more) -> None:
    near, far = sorted((left, more))
    part = plain(basis.basis_nearest)
    price = plain(basis.based_ticks_nearest)
    assert price(index, part(rate, 0, 28_800), PPB) == index
    assert abs(price(index, part(rate, near, 28_800), PPB) - index) <= abs(
        price(index, part(rate, far, 28_800), PPB) - index
    )
    exact = index * (1 + Fraction(rate * far, PPB * 28_800))
    assert abs(price(index, part(rate, far, 28_800), PPB) - exact) <= 1 + Fraction(index, 2 * PPB)
