"""A price that moves by log-normal returns: risk factors by expected shortfall, and the range it stays in.

With s = sigma sqrt(tau), z = N^-1(lambda), N the standard normal distribution, tau in years:

    long    r+ = 1 - e^(mu tau) N(z - s) / lambda
    short   r- = e^(mu tau) N(z + s) / lambda - 1
    range   reference x exp((mu - sigma^2 / 2) tau +- s N^-1((1 + p) / 2))

Source: vegaprotocol/quant, riskmodelbs and riskmeasures; vega core/monitor/price. These are floats; whoever binds a
rule to them turns them into integers with the rounding said (the venue lets its validators differ by 1e-6).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

SECONDS_PER_YEAR = 365.25 * 24 * 3600


class RiskFactors(NamedTuple):
    """Share of the mark a long and a short stand to lose beyond the quantile, as fractions."""

    long: float
    short: float


class RangeFactors(NamedTuple):
    """The ends of a range as fractions of its reference."""

    down: float
    up: float


def tail(x: float) -> float:
    """N(x), accurate where it is tiny."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def risk_factors(risk_aversion: float, tau_years: float, sigma: float, mu: float = 0.0) -> RiskFactors:
    """Expected shortfall of a long and a short at quantile `risk_aversion`. Raises ValueError for what is no model."""
    if not 0.0 < risk_aversion < 1.0 or tau_years < 0.0 or sigma < 0.0:
        raise ValueError("risk aversion lies between 0 and 1; tau and sigma are not negative")
    spread = sigma * math.sqrt(tau_years)
    quantile = NormalDist().inv_cdf(risk_aversion)
    growth = math.exp(mu * tau_years)
    return RiskFactors(
        1.0 - growth * tail(quantile - spread) / risk_aversion, growth * tail(quantile + spread) / risk_aversion - 1.0
    )


def range_factors(horizon_years: float, probability: float, sigma: float, mu: float = 0.0) -> RangeFactors:
    """The central range a price stays in with this probability. Raises ValueError for what is no model."""
    if not 0.0 < probability < 1.0 or horizon_years < 0.0 or sigma < 0.0:
        raise ValueError("the probability lies between 0 and 1; horizon and sigma are not negative")
    spread = sigma * math.sqrt(horizon_years) * NormalDist().inv_cdf((1.0 + probability) / 2.0)
    drift = (mu - sigma * sigma / 2.0) * horizon_years
    return RangeFactors(math.exp(drift - spread), math.exp(drift + spread))
