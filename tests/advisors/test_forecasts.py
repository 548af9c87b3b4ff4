"""Forecasts: known recursions, the fitted model on a simulated one, neutral where nothing is known, drafts that bind."""

import itertools
import math
import random

import pytest
from tests.risk.test_oracle_table import Market, terms_of

from solvent.advisors.forecasts import (
    draft_multipliers,
    ewma_volatility,
    gap_quantile,
    garch_volatility,
    multiplier_ppm,
)
from solvent.codes import Refusal
from solvent.state.terms import TermsShape
from solvent.units import PPM


def path(sigma: float, count: int = 2_000, seed: int = 1) -> list[float]:
    chance = random.Random(seed)
    prices = [100.0]
    for _step in range(count):
        prices.append(prices[-1] * math.exp(chance.gauss(0, sigma)))
    return prices


def test_ewma_follows_its_recursion() -> None:
    prices = [100.0, 101.0, 99.0, 102.0]
    returns = [math.log(b / a) for a, b in itertools.pairwise(prices)]
    variance = returns[0] ** 2
    for value in returns[1:]:
        variance = 0.9 * variance + 0.1 * value**2
    assert ewma_volatility(prices, 0.9) == pytest.approx(math.sqrt(variance))


def test_both_models_find_the_volatility_of_a_path_that_has_one() -> None:
    prices = path(0.01)
    assert ewma_volatility(prices, 0.99) == pytest.approx(0.01, rel=0.25)
    assert garch_volatility(prices) == pytest.approx(0.01, rel=0.25)


def test_gaps_are_adverse_moves_of_windows_that_do_not_overlap() -> None:
    prices = [100, 90, 100, 100, 80, 100, 100, 100, 100]
    long = gap_quantile(prices, 2, 0.5)
    assert (long.samples, long.gap) == (4, 0.0)
    assert gap_quantile(prices, 2, 0.99).gap == pytest.approx(0.2)
    assert gap_quantile([100, 120, 100], 2, is_long=False).gap == pytest.approx(0.2)
    found = gap_quantile(path(0.01), 10, 0.9)
    assert found.gap <= found.upper


@pytest.mark.parametrize("prices", [[], [1.0], [1.0, 0.0], [1.0, float("nan")], [1.0, float("inf")], [1.0, -1.0]])
def test_prices_that_are_none_are_refused(prices) -> None:
    with pytest.raises(ValueError, match="above zero"):
        ewma_volatility(prices)


@pytest.mark.parametrize(
    ("forecast", "ordinary", "expected"),
    [
        (0.02, 0.01, 2_000_000),
        (0.0123, 0.01, 1_230_000),
        (0.01231, 0.01, 1_240_000),
        (0.005, 0.01, PPM),
        (1.0, 0.01, 4 * PPM),
        (float("nan"), 0.01, PPM),
        (float("inf"), 0.01, PPM),
        (0.02, 0.0, PPM),
    ],
)
def test_a_multiplier_only_tightens_and_nothing_known_is_neutral(forecast, ordinary, expected) -> None:
    assert multiplier_ppm(forecast, ordinary) == expected


def test_a_draft_binds_as_commands_and_nothing_else_can_be_drafted() -> None:
    market = Market(terms_of())
    shape = TermsShape(2, 8)
    drafts = draft_multipliers(market.time, shape, 2, [(0, True, "volatility_ppm", 1_500_000)])
    assert [market.answer(draft) for draft in drafts] == [Refusal.NONE, Refusal.NONE]
    assert int(market.state.instruments[0].initial_long_ppm) == 1_500_000
    assert draft_multipliers(market.time, shape, 3, []) == []
    with pytest.raises(ValueError, match="no multiplier"):
        draft_multipliers(market.time, shape, 3, [(0, True, "step_ppm", 0)])
