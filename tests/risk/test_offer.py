"""Offers: the price of the moment, rounded for the owner; rewards within the penalty; larger parts in thin markets."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ground import blank_state
from tests.plain import plain

from solvent.codes import OfferPrice
from solvent.risk import offer
from solvent.units import PPM


def terms(**fields: int):
    row = blank_state().offers[0]
    for name, value in fields.items():
        row[name] = value
    return row


@pytest.mark.parametrize(
    ("equity", "requirement", "factor"),
    [
        (100, 100, PPM),
        (150, 100, PPM),
        (90, 100, 950_000),  # a tenth is missing, at a slope of one half
        (50, 100, 900_000),  # a quarter of it would be the slope's, a tenth is the most
        (-50, 100, 900_000),
        (10, 0, 900_000),
    ],
)
def test_the_discount_by_health_grows_with_what_is_missing(equity: int, requirement: int, factor: int) -> None:
    assert plain(offer.health_factor)(terms(slope_ppm=500_000, first_ppm=900_000), equity, requirement) == factor


@pytest.mark.parametrize(
    ("factor", "grown", "widened"),
    [(900_000, 1_500_000, 850_000), (900_000, PPM, 900_000), (1_100_000, 2 * PPM, 1_100_000), (400_000, 2 * PPM, 0)],
)
def test_a_discount_widens_and_a_premium_stays(factor: int, grown: int, widened: int) -> None:
    assert plain(offer.widened_factor)(factor, grown) == widened


def test_growth_is_a_share_of_what_the_multiplier_has_above_one() -> None:
    assert plain(offer.grown_ppm)(500_000, 1_400_000) == 1_200_000
    assert plain(offer.grown_ppm)(500_000, 900_000) == PPM


@given(mark=st.integers(1, 10**6), factor=st.integers(0, 2 * PPM), side=st.sampled_from([1, -1]))
def test_the_tick_is_rounded_for_whoever_closes_and_stays_inside(mark: int, factor: int, side: int) -> None:
    price = plain(offer.offered_ticks)(mark, side, factor, 2, 10**6)
    exact = Fraction(mark * factor, PPM) if side == 1 else Fraction(mark * (2 * PPM - factor), PPM)
    rounded = ceil(exact) if side == 1 else floor(exact)
    assert price == min(max(rounded, 2), 10**6)


@pytest.mark.parametrize(
    ("value", "penalty", "reward"),
    [(1_000, 500, 110), (10_000, 900, 500), (0, 500, 100), (1_000, 70, 70), (1_000, 0, 0)],
)
def test_a_reward_is_held_between_its_bounds_and_never_above_the_penalty(value, penalty, reward) -> None:
    given_terms = terms(reward_flat_quanta=90, reward_ppm=20_000, reward_min_quanta=100, reward_max_quanta=500)
    given_terms.reward_max_quanta = 500 if value > 1_000 else 0
    if value == 10_000:
        given_terms.reward_ppm = 80_000
    assert plain(offer.reward_of)(given_terms, value, penalty) == reward


def test_in_a_thinner_market_a_larger_part_is_closed_and_small_positions_whole() -> None:
    adapted = plain(offer.adapted_lots)
    assert adapted(1_000, 10, 100, 5_000, 1_500_000) == 15
    assert adapted(1_000, 90, 100, 5_000, 1_500_000) == 100
    assert adapted(1_000, 10, 100, 1_500, 1_500_000) == 100
    assert adapted(1_000, 10, 100, 1_501, 1_500_000) == 15


@pytest.mark.parametrize("price", list(OfferPrice))
def test_which_prices_depend_on_the_age_of_the_offer(price: OfferPrice) -> None:
    assert plain(offer.is_by_time)(terms(price=price)) == (price in (OfferPrice.TIME, OfferPrice.STAIRS))
