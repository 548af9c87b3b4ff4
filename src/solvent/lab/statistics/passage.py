"""How long until equity is gone: first passage of a price through the distance a margin leaves.

`distance` is the way from the trigger to zero equity as a log-return (about the maintenance rate). Sources: reflection
principle with drift (Harrison 1985), discrete monitoring (Broadie, Glasserman and Kou 1997), jumps (Kou and Wang
2003), inversion of Laplace transforms (Gaver 1966, Stehfest 1970).
"""

import math
from dataclasses import dataclass

from solvent.lab.statistics.faults import statistic_error

MONITORING = 0.5825971579390106
"""-zeta(1/2) / sqrt(2 pi): how far checks apart push a barrier away, in standard deviations of one interval."""


def _cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _pdf(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def passage_probability(distance: float, drift: float, volatility: float, time: float) -> float:
    """P(Brownian motion with drift falls by `distance` within `time`).

    Phi((-b - mu T) / (s sqrt T)) + exp(-2 mu b / s^2) Phi((-b + mu T) / (s sqrt T)).
    """
    if volatility <= 0.0 or time <= 0.0:
        raise statistic_error("passage", "volatility and time must be above zero", "Give both above zero.")
    if distance <= 0.0:
        return 1.0
    spread = volatility * math.sqrt(time)
    first = _cdf((-distance - drift * time) / spread)
    return min(
        first + math.exp(-2.0 * drift * distance / volatility**2) * _cdf((-distance + drift * time) / spread), 1.0
    )


def monitored_distance(distance: float, volatility: float, interval: float) -> float:
    """The distance a barrier seems to have when it is looked at every `interval` only."""
    return distance + MONITORING * volatility * math.sqrt(interval)


def touch_probability(distance: float, volatility: float, time: float) -> float:
    """2 Phi(-d / (s sqrt T)): the reflection formula, the null of a magnet effect."""
    return 2.0 * _cdf(-distance / (volatility * math.sqrt(time)))


@dataclass(frozen=True, slots=True)
class Unwind:
    """Closing linearly over a time: what can go wrong."""

    path_touches_zero: float
    terminal_loss_beyond: float
    expected_shortfall_per_notional: float
    variance_ratio: float


def linear_unwind(margin: float, volatility: float, time: float, cost: float = 0.0) -> Unwind:
    """Closing a position evenly over `time` with `margin` behind it and an impact cost of `cost`.

    The terminal loss is normal with variance s^2 T / 3; equity marked along the way touches zero more often.
    """
    spread = volatility * math.sqrt(time / 3.0)
    distance = (margin - cost) / spread
    return Unwind(
        passage_probability(margin, 0.0, volatility, time),
        _cdf(-distance),
        spread * (_pdf(distance) - distance * _cdf(-distance)),
        1.0 / 3.0,
    )


@dataclass(frozen=True, slots=True)
class JumpPassage:
    """Transforms of the first passage of a process with one-sided exponential jumps downwards."""

    total: float
    creeping: float
    by_jump: float

    def expected_shortfall(self, jump_rate: float) -> float:
        """Expected debt per unit of notional: a jump that crosses overshoots by an exponential with this rate."""
        return self.by_jump / jump_rate


def jump_passage(
    distance: float, drift: float, volatility: float, intensity: float, jump_rate: float, discount: float
) -> JumpPassage:
    """E[exp(-a tau)], and its parts by creeping and by a jump, for X = mu t + s W - sum of Exp(eta) jumps.

    Roots 0 < b1 < eta < b2 of psi(-b) = a with psi(-b) = -mu b + s^2 b^2 / 2 + lambda (eta / (eta - b) - 1). With
    a = 0 it is the chance of ever getting there: one, unless the drift outruns the jumps.
    """
    from scipy.optimize import brentq

    if discount < 0.0:
        raise statistic_error("passage", "the discount is negative", "Give zero for ever reaching it, or more.")

    def gap(b: float) -> float:
        if discount == 0.0:
            # zero is a root of its own then: the one beside it is wanted
            return -drift + 0.5 * volatility**2 * b + intensity / (jump_rate - b)
        return -drift * b + 0.5 * volatility**2 * b * b + intensity * (jump_rate / (jump_rate - b) - 1.0) - discount

    tiny = jump_rate * 1e-12
    certain = discount == 0.0 and gap(tiny) >= 0.0
    first = 0.0 if certain else float(brentq(gap, tiny, jump_rate - tiny, xtol=1e-15))
    top = jump_rate * 2.0
    while gap(top) < 0.0:
        top *= 2.0
    second = float(brentq(gap, jump_rate + tiny, top, xtol=1e-13))
    near, far = math.exp(-first * distance), math.exp(-second * distance)
    total = (jump_rate - first) / jump_rate * second / (second - first) * near
    total += (second - jump_rate) / jump_rate * first / (second - first) * far
    creeping = (jump_rate - first) / (second - first) * near + (second - jump_rate) / (second - first) * far
    by_jump = (jump_rate - first) * (second - jump_rate) / (jump_rate * (second - first)) * (near - far)
    return JumpPassage(total, creeping, by_jump)


def jump_passage_probability(
    distance: float, drift: float, volatility: float, intensity: float, jump_rate: float, time: float, terms: int = 7
) -> float:
    """P(tau <= T) by Gaver and Stehfest's inversion of E[exp(-a tau)] / a, in 2 x `terms` evaluations."""
    count = 2 * terms
    total = 0.0
    for k in range(1, count + 1):
        weight = 0.0
        for j in range((k + 1) // 2, min(k, terms) + 1):
            weight += (
                j**terms
                * math.factorial(2 * j)
                / (
                    math.factorial(terms - j)
                    * math.factorial(j)
                    * math.factorial(j - 1)
                    * math.factorial(k - j)
                    * math.factorial(2 * j - k)
                )
            )
        weight *= (-1) ** (k + terms)
        rate = k * math.log(2.0) / time
        total += weight * jump_passage(distance, drift, volatility, intensity, jump_rate, rate).total / rate
    return min(max(total * math.log(2.0) / time, 0.0), 1.0)


def default_probability(value: float, debt: float, drift: float, volatility: float, time: float) -> float:
    """Merton's: Phi(-(ln(V / D) + (mu - s^2 / 2) T) / (s sqrt T))."""
    distance = (math.log(value / debt) + (drift - 0.5 * volatility**2) * time) / (volatility * math.sqrt(time))
    return _cdf(-distance)


def price_band(volatility_year: float, probability: float, minutes: float) -> float:
    """Half-width in log-price a driftless price is inside of with `probability` after `minutes`: z s sqrt t.

    A year has 365 days: these markets do not close.
    """
    from scipy.stats import norm

    spread = volatility_year * math.sqrt(minutes / (365.0 * 1440.0))
    return float(norm.ppf(0.5 + 0.5 * probability)) * spread
