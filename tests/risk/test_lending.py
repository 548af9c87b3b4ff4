"""Lending: rates by utilisation, growth, and who is charged and paid what."""

from fractions import Fraction
from math import ceil
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import lending
from solvent.risk.lending import INDEX_ONE, YEAR_NS
from solvent.units import PPM

PERCENT = 10_000_000


def terms(floor=0, base=0, above=0, optimal=PPM, square=0):
    return SimpleNamespace(
        interest_floor_ppb=floor,
        interest_base_ppb=base,
        interest_above_ppb=above,
        interest_optimal_ppm=optimal,
        interest_square=square,
    )


KINK = terms(base=45 * PERCENT, above=100 * PERCENT, optimal=750_000)


@pytest.mark.parametrize(
    ("rule", "use", "percent"),
    [
        (KINK, 0, 0),
        (KINK, 375_000, "22.5"),
        (KINK, 750_000, 45),
        (KINK, 875_000, 95),
        (KINK, PPM, 145),
        (terms(floor=5 * PERCENT), 0, 5),  # fixed
        (terms(floor=5 * PERCENT), PPM, 5),
        (terms(base=80 * PERCENT, square=1), 500_000, 20),
        (terms(floor=PERCENT, above=7 * PERCENT, optimal=0), 500_000, "4.5"),
    ],
)
def test_published_kinks_and_powers(rule, use, percent) -> None:
    """GMX v2: 45 % a year at 75 % of the pool in use, 100 % more at all of it."""
    assert plain(lending.rate_up)(rule, use) == Fraction(percent) * PERCENT


@pytest.mark.parametrize(
    ("owed", "deposits", "use"),
    [(0, 0, 0), (0, 9, 0), (1, 0, PPM), (1, 3, 333_334), (3, 3, PPM), (4, 3, PPM), (-1, 3, 0)],
)
def test_utilisation(owed, deposits, use) -> None:
    assert plain(lending.utilisation_up)(owed, deposits) == use


rates = st.integers(0, 10**11)


@given(
    floor=rates,
    base=rates,
    above=rates,
    optimal=st.integers(0, PPM),
    square=st.integers(0, 1),
    use=st.integers(0, PPM - 1),
    more=st.integers(1, PPM),
)
def test_a_rate_never_falls_while_the_use_grows(floor, base, above, optimal, square, use, more) -> None:
    rule = terms(floor, base, above, optimal, square)
    low, high = (plain(lending.rate_up)(rule, u) for u in (use, min(use + more, PPM)))
    assert floor <= low <= high <= floor + base + above


@given(
    held=st.lists(st.integers(-(10**15), 10**15), min_size=2, max_size=8),
    rate=rates,
    elapsed=st.integers(1, YEAR_NS),
    kept=st.integers(0, PPM),
)
def test_nothing_is_made_and_rounding_is_the_venues(held, rate, elapsed, kept) -> None:
    deposits = sum(max(amount, 0) for amount in held)
    assume(deposits > 0)
    growth = plain(lending.growth_up)(rate, elapsed)
    exact = Fraction(rate * elapsed, 10**9 * YEAR_NS)
    assert 0 <= Fraction(growth, INDEX_ONE) - exact < Fraction(1, INDEX_ONE)
    charges = [plain(lending.interest_up)(-amount, growth) for amount in held if amount < 0]
    assert charges == [ceil(Fraction(-amount * growth, INDEX_ONE)) for amount in held if amount < 0]
    paid = sum(charges) - ceil(Fraction(sum(charges) * kept, PPM))
    parts = [plain(lending.share_down)(amount, paid, deposits) for amount in held]
    assert all(part == 0 for part, amount in zip(parts, held, strict=True) if amount <= 0)
    assert sum(charges) * kept <= (sum(charges) - sum(parts)) * PPM
    assert paid - len(held) < sum(parts) <= paid


@given(growths=st.lists(st.integers(0, 10**12), max_size=6))
def test_an_index_is_never_above_what_it_stands_for(growths) -> None:
    index, exact = 0, Fraction(1)
    for growth in growths:
        index = plain(lending.index_after)(index, growth, INDEX_ONE)
        exact *= 1 + Fraction(growth, INDEX_ONE)
        assert 0 <= exact - Fraction(index, INDEX_ONE) <= Fraction(2 ** (len(growths) + 1), INDEX_ONE)


@pytest.mark.parametrize(
    ("owed", "deposits", "most", "may"), [(9, 10, 900_000, True), (10, 11, 900_000, False), (0, -1, PPM, True)]
)
def test_a_share_of_the_deposits_stays(owed, deposits, most, may) -> None:
    assert plain(lending.may_be_lent)(owed, deposits, most) == may
