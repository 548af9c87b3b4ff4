"""The log-normal advisor: against sums over the distribution itself, and the venue's published factors."""

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.advisors.lognormal import range_factors, risk_factors, tail

STEPS = 40_000


def shortfall(risk_aversion: float, tau: float, sigma: float, mu: float, losing: int) -> float:
    """Mean loss of one unit beyond the quantile, by the midpoint rule over the quantiles themselves."""
    total = 0.0
    for step in range(STEPS):
        quantile = NormalDist().inv_cdf((step + 0.5) / STEPS * risk_aversion)
        # a long loses in the lower tail, a short in the upper
        move = math.exp((mu - sigma * sigma / 2) * tau + losing * sigma * math.sqrt(tau) * quantile)
        total += losing * (1 - move)
    return total / STEPS


@pytest.mark.parametrize(
    ("risk_aversion", "tau", "sigma", "mu"), [(0.01, 0.1, 1.0, 0.0), (0.001, 0.02, 1.5, 0.3), (0.2, 1.0, 0.5, -0.1)]
)
def test_factors_are_the_mean_loss_beyond_the_quantile(risk_aversion, tau, sigma, mu) -> None:
    factors = risk_factors(risk_aversion, tau, sigma, mu)
    assert factors.long == pytest.approx(shortfall(risk_aversion, tau, sigma, mu, 1), rel=1e-3)
    assert factors.short == pytest.approx(shortfall(risk_aversion, tau, sigma, mu, -1), rel=1e-3)


def test_the_published_factors() -> None:
    # vegaprotocol/quant, riskmodelbs/forwards_test.go: within 1e-8
    factors = risk_factors(0.01, 1.902587519025875e-06, 1.5)
    assert factors.long == pytest.approx(0.0055011137953, abs=1e-8)
    assert factors.short == pytest.approx(0.0055276558362, abs=1e-8)


def test_the_tail_is_accurate_where_it_is_tiny() -> None:
    # N(-10) = 7.619853024160527e-24 (Abramowitz and Stegun, the continued fraction)
    assert tail(-10.0) == pytest.approx(7.619853024160527e-24, rel=1e-12)


@given(st.floats(1e-9, 0.5), st.floats(0, 1), st.floats(0, 2))
def test_factors_are_within_reason(risk_aversion, tau, sigma) -> None:
    factors = risk_factors(risk_aversion, tau, sigma)
    assert -1e-9 <= factors.long <= 1
    assert factors.short >= -1e-9


@given(st.floats(0, 2), st.floats(0.01, 0.999), st.floats(0.01, 3))
def test_a_range_holds_its_share_of_the_prices(horizon, probability, sigma) -> None:
    down, up = range_factors(horizon, probability, sigma)
    assert down <= up
    spread = sigma * math.sqrt(horizon)
    if spread > 1e-6:
        place = [(math.log(end) + sigma * sigma / 2 * horizon) / spread for end in (down, up)]
        assert NormalDist().cdf(place[1]) - NormalDist().cdf(place[0]) == pytest.approx(probability, abs=1e-7)


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, 1, 1), (0.1, -1, 1), (0.1, 1, -1)])
def test_what_is_no_model_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        risk_factors(*wrong)
    with pytest.raises(ValueError, match="between 0 and 1"):
        range_factors(wrong[1], wrong[0], wrong[2])
