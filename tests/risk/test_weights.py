"""Weights of collateral: lower for more of it, never above what the rulebook says."""

from math import isqrt

from hypothesis import given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import weights
from solvent.units import LIMIT

SIZES = st.integers(0, 2**60)


@given(SIZES)
def test_the_root_is_exact_beyond_64_bits(size) -> None:
    assert plain(weights.root_of_ten)(size) == isqrt(10 * size + 1)


def test_the_root_at_the_end_of_the_range() -> None:
    assert plain(weights.root_of_ten)(LIMIT - 1) == isqrt(10 * (LIMIT - 1) + 1)


@given(SIZES, SIZES, st.integers(0, 18), st.integers(0, 10_000), st.integers(0, 10**6))
def test_more_of_an_asset_weighs_no_more_and_more_debt_no_less(one, other, decimals, weight, factor) -> None:
    low, high = sorted((one, other))
    assets = [plain(weights.asset_weight)(size, decimals, weight, factor) for size in (low, high)]
    debts = [plain(weights.liability_weight)(size, decimals, weight, factor, 10_000) for size in (low, high)]
    if LIMIT not in assets:
        assert weight >= assets[0] >= assets[1] >= 0
        assert weight <= debts[0] <= debts[1]


@given(st.integers(0, 10_000), SIZES, SIZES, SIZES)
def test_deposits_beyond_the_start_are_worth_no_more_in_all(weight, one, other, start) -> None:
    low, high = sorted((one, other))
    scaled = [plain(weights.scaled_asset_weight)(weight, deposits, start) for deposits in (low, high)]
    assert weight >= scaled[0] >= scaled[1] >= 0
    if start:
        assert scaled[1] * high <= weight * max(start, high if high < start else 0) or high < start
