"""Did a margin rule cover what it promised: tests on a history of losses and of what was asked for them.

Kupiec 1995 (proportion, time until first), Christoffersen 1998 (independence, both), Basel traffic lights (1996),
Acerbi and Szekely 2014 (second test of expected shortfall). Christoffersen's proportion counts all observations, its
transitions one fewer; implementations differ there.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvent.lab.statistics.faults import statistic_error


def _xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 else x * math.log(y)


def proportion_statistic(observations: int, hits: int, probability: float) -> float:
    """Kupiec's likelihood ratio of the share of hits, chi-square with one degree of freedom."""
    if not 0.0 < probability < 1.0 or observations < 1 or not 0 <= hits <= observations:
        raise statistic_error(
            "coverage",
            f"{hits} hits in {observations} at {probability} make no test",
            "Give 0 < p < 1, 0 <= hits <= n.",
        )
    share = hits / observations
    null = _xlogy(observations - hits, 1.0 - probability) + _xlogy(hits, probability)
    free = _xlogy(observations - hits, 1.0 - share) + _xlogy(hits, share)
    return max(-2.0 * (null - free), 0.0)


def first_hit_statistic(first_hit: int, probability: float) -> float:
    """Kupiec's time until first failure; `first_hit` counts from one."""
    share = 1.0 / first_hit
    null = math.log(probability) + (first_hit - 1) * math.log(1.0 - probability)
    free = math.log(share) + _xlogy(first_hit - 1, 1.0 - share)
    return -2.0 * (null - free)


def non_rejection(observations: int, probability: float, confidence: float = 0.95) -> tuple[int, int]:
    """Least and greatest number of hits the proportion test does not reject."""
    from scipy.stats import chi2

    most = float(chi2.ppf(confidence, 1))
    kept = [hits for hits in range(observations + 1) if proportion_statistic(observations, hits, probability) <= most]
    return kept[0], kept[-1]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Hits and what three tests say of them; p-values of chi-squares with one, one and two degrees of freedom."""

    observations: int
    hits: int
    probability: float
    transitions: tuple[int, int, int, int]
    proportion: float
    independence: float
    both: float
    proportion_p: float
    independence_p: float
    both_p: float
    light: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def coverage_of(hits: np.ndarray, probability: float) -> Coverage:
    """The tests of a series of hits (true where the loss was larger than the margin)."""
    from scipy.stats import chi2

    series = np.asarray(hits).astype(bool)
    count = len(series)
    if count < 2:
        raise statistic_error("coverage", f"{count} observations make no test", "Give a longer history.")
    before, after = series[:-1], series[1:]
    n00 = int((~before & ~after).sum())
    n01 = int((~before & after).sum())
    n10 = int((before & ~after).sum())
    n11 = int((before & after).sum())
    pof = proportion_statistic(count, int(series.sum()), probability)
    share = (n01 + n11) / (n00 + n01 + n10 + n11)
    quiet = n01 / (n00 + n01) if n00 + n01 else 0.0
    loud = n11 / (n10 + n11) if n10 + n11 else 0.0
    null = _xlogy(n00 + n10, 1.0 - share) + _xlogy(n01 + n11, share)
    free = _xlogy(n00, 1.0 - quiet) + _xlogy(n01, quiet) + _xlogy(n10, 1.0 - loud) + _xlogy(n11, loud)
    independence = max(-2.0 * (null - free), 0.0)
    return Coverage(
        count,
        int(series.sum()),
        probability,
        (n00, n01, n10, n11),
        pof,
        independence,
        pof + independence,
        float(chi2.sf(pof, 1)),
        float(chi2.sf(independence, 1)),
        float(chi2.sf(pof + independence, 2)),
        traffic_light(count, int(series.sum()), probability),
    )


PLUS = {0: 0.0, 1: 0.0, 2: 0.0, 3: 0.0, 4: 0.0, 5: 0.4, 6: 0.5, 7: 0.65, 8: 0.75, 9: 0.85}
"""Basel's addition to the multiplier at 250 observations and 1 %; ten or more add 1."""


def zones(observations: int, probability: float) -> tuple[int, int]:
    """(greatest number of hits in green, least in red): cumulative probability below 95 % and from 99.99 % on."""
    from scipy.stats import binom

    cumulative = binom.cdf(np.arange(observations + 1), observations, probability)
    green = int(np.searchsorted(cumulative, 0.95, side="left")) - 1
    red = int(np.searchsorted(cumulative, 0.9999, side="left"))
    return green, red


def traffic_light(observations: int, hits: int, probability: float) -> str:
    """green, yellow or red."""
    green, red = zones(observations, probability)
    return "green" if hits <= green else "red" if hits >= red else "yellow"


def shortfall_statistic(losses: np.ndarray, values_at_risk: np.ndarray, shortfalls: np.ndarray, level: float) -> float:
    """Acerbi and Szekely's second: 1 - sum L_t I_t / (T (1 - level) ES_t); below -0.70 at 97.5 % and 250 is bad."""
    hit = losses > values_at_risk
    count = len(losses)
    return float(1.0 - (losses[hit] / shortfalls[hit]).sum() / (count * (1.0 - level)))


def pinball(losses: np.ndarray, quantiles: np.ndarray, level: float) -> np.ndarray:
    """The loss a quantile forecast is scored by."""
    gap = losses - quantiles
    scored: np.ndarray = np.where(gap >= 0, level * gap, (level - 1.0) * gap)
    return scored


@dataclass(frozen=True, slots=True)
class Procyclicality:
    """How a margin moves with the market."""

    peak_to_trough: float
    largest_rise: dict[int, float]
    mean: float


def procyclicality_of(margins: np.ndarray, steps: tuple[int, ...] = (1, 24, 120)) -> Procyclicality:
    """Peak over trough, the largest relative rise within so many steps, and the mean (Murphy, Vasios, Vause 2014)."""
    numbers = np.asarray(margins, dtype=float)
    rises = {}
    for step in steps:
        if len(numbers) > step:
            rises[step] = float((numbers[step:] / numbers[:-step] - 1.0).max())
    return Procyclicality(float(numbers.max() / numbers.min()), rises, float(numbers.mean()))


def buffered(requirements: np.ndarray, buffer: float = 1.25) -> np.ndarray:
    """EMIR art. 28(1)(a): a buffer of a quarter, eaten while requirements rise, rebuilt while they fall.

    C_t = max(R_t, min(buffer x R_t, C_{t-1})), starting full.
    """
    numbers = np.asarray(requirements, dtype=float)
    charged = np.empty(len(numbers))
    before = buffer * numbers[0]
    for t, required in enumerate(numbers.tolist()):
        before = max(required, min(buffer * required, before))
        charged[t] = before
    return charged


def stressed_weight(current: float, stressed: float, weight: float = 0.25) -> float:
    """EMIR art. 28(1)(b): a quarter of the weight on stressed observations."""
    return (1.0 - weight) * current + weight * stressed


def long_floor(requirements: np.ndarray, floor: float) -> np.ndarray:
    """EMIR art. 28(1)(c): never below the requirement of a long history."""
    held: np.ndarray = np.maximum(np.asarray(requirements, dtype=float), floor)
    return held
