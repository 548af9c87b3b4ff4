"""Haircuts: within their bounds, never in favour of the account, and enough is sold."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import haircut
from solvent.units import PPM


@settings(max_examples=300)
@given(
    amount=st.integers(0, 10**12),
    more=st.integers(0, 10**12),
    skew_scale=st.integers(1, 10**12),
    bounds=st.tuples(st.integers(0, PPM), st.integers(0, PPM)),
)
def test_the_discount_grows_with_the_amount_between_its_bounds(amount, more, skew_scale, bounds) -> None:
    floor, cap = sorted(bounds)
    one = plain(haircut.impact_discount_nearest)(amount, skew_scale, 2 * PPM, floor, cap, PPM)
    two = plain(haircut.impact_discount_nearest)(amount + more, skew_scale, 2 * PPM, floor, cap, PPM)
    assert floor <= one <= two <= cap


@settings(max_examples=200)
@given(value=st.integers(0, 10**15), discount=st.integers(0, PPM))
def test_a_discounted_value_is_rounded_down(value, discount) -> None:
    got = plain(haircut.discounted_down)(value, discount, PPM)
    assert 0 <= Fraction(value * (PPM - discount), PPM) - got < 1


@settings(max_examples=200)
@given(debt=st.integers(0, 10**12), cut=st.integers(0, PPM - 1))
def test_what_is_sold_covers_the_debt_and_a_quantum_less_would_not(debt, cut) -> None:
    sold = plain(haircut.exchanged_up)(debt, cut, PPM)
    assert sold * (PPM - cut) >= debt * PPM
    assert debt == 0 or (sold - 1) * (PPM - cut) < debt * PPM
