"""Tails beyond a threshold: generalised Pareto, stability bands, mean excess, Hill; shortfalls in closed form.

    VaR_a = u + (b / xi) (((1 - a) / zeta)^-xi - 1)          ES_a = VaR_a / (1 - xi) + (b - xi u) / (1 - xi),  xi < 1

with zeta the share of observations beyond the threshold u (McNeil and Frey 2000). Where xi plus one standard error
reaches one the mean of the tail does not exist for practical purposes: expected shortfall is refused and a capped
scenario must take its place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from solvent.lab.statistics.faults import statistic_error

EXCESSES_MIN = 20
"""With fewer excesses the shape is noise."""


@dataclass(frozen=True, slots=True)
class Tail:
    """A generalised Pareto tail: threshold, shape, scale, share of observations beyond, and how sure the fit is.

    Closed forms may leave the last four at their defaults.
    """

    threshold: float
    shape: float
    scale: float
    share: float
    excesses: int = 0
    log_likelihood: float = math.nan
    shape_error: float = 0.0
    scale_error: float = 0.0

    def value_at_risk(self, level: float) -> float:
        """The level-quantile, beyond the threshold."""
        ratio = (1.0 - level) / self.share
        if abs(self.shape) < 1e-12:
            return self.threshold - self.scale * math.log(ratio)
        return float(self.threshold + self.scale / self.shape * (ratio**-self.shape - 1.0))

    def expected_shortfall(self, level: float) -> float:
        """Mean beyond the level-quantile. Raises StatisticError where shape + its error is one or more."""
        if self.shape + self.shape_error >= 1.0:
            raise statistic_error(
                "tail",
                f"the tail index is {self.shape:.3f} with standard error {self.shape_error:.3f}: with one or more no "
                "mean exists beyond any quantile, and no expected shortfall",
                "Use a capped scenario (the worst move on record, or a shock of the ladder) instead.",
            )
        quantile = self.value_at_risk(level)
        return quantile / (1.0 - self.shape) + (self.scale - self.shape * self.threshold) / (1.0 - self.shape)

    def stressed_expected_shortfall(self, level: float) -> float:
        """Expected shortfall with the shape one standard error higher."""
        stressed = Tail(self.threshold, self.shape + self.shape_error, self.scale, self.share)
        return stressed.expected_shortfall(level)


def log_likelihood(excesses: np.ndarray, shape: float, scale: float) -> float:
    """Log-likelihood of excesses over the threshold."""
    if scale <= 0.0:
        return -math.inf
    if abs(shape) < 1e-9:
        return -len(excesses) * math.log(scale) - float(excesses.sum()) / scale
    inside = 1.0 + shape * excesses / scale
    if np.any(inside <= 0.0):
        return -math.inf
    return -len(excesses) * math.log(scale) - (1.0 + 1.0 / shape) * float(np.log(inside).sum())


def fit_tail(losses: np.ndarray | Sequence[float], threshold: float) -> Tail:
    """Maximum likelihood of the excesses over a threshold (scipy), with asymptotic errors.

    Var(xi) = (1 + xi)^2 / n and Var(b) = 2 b^2 (1 + xi) / n hold for xi > -1/2 (Smith 1987). Raises StatisticError
    with too few excesses.
    """
    from scipy.optimize import minimize
    from scipy.stats import genpareto

    numbers = np.asarray(losses, dtype=float)
    excesses = numbers[numbers > threshold] - threshold
    count = len(excesses)
    if count < EXCESSES_MIN:
        raise statistic_error(
            "tail",
            f"only {count} of {len(numbers)} observations lie beyond {threshold:g}; a tail needs {EXCESSES_MIN}",
            "Give a longer history or a lower threshold.",
        )
    shape, _place, scale = genpareto.fit(excesses, floc=0.0)
    best = minimize(
        lambda point: -log_likelihood(excesses, point[0], math.exp(point[1])),
        [shape, math.log(scale)],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000},
    )
    shape, scale = float(best.x[0]), math.exp(float(best.x[1]))
    return Tail(
        threshold,
        shape,
        scale,
        count / len(numbers),
        count,
        -float(best.fun),
        (1.0 + shape) / math.sqrt(count),
        scale * math.sqrt(2.0 * max(1.0 + shape, 0.0) / count),
    )


def shape_interval(losses: np.ndarray, tail: Tail, confidence: float = 0.95) -> tuple[float, float]:
    """Profile-likelihood interval: where twice the fall of the profile stays below the chi-square quantile."""
    from scipy.optimize import brentq, minimize_scalar
    from scipy.stats import chi2

    numbers = np.asarray(losses, dtype=float)
    excesses = numbers[numbers > tail.threshold] - tail.threshold
    drop = 0.5 * float(chi2.ppf(confidence, 1))

    def profile(shape: float) -> float:
        least = max(-shape * float(excesses.max()), 0.0) * (1.0 + 1e-9) + 1e-12
        found = minimize_scalar(
            lambda log_scale: -log_likelihood(excesses, shape, math.exp(log_scale)),
            bounds=(math.log(max(least, tail.scale * 1e-3)), math.log(tail.scale * 1e3)),
            method="bounded",
        )
        return -float(found.fun) - tail.log_likelihood + drop

    ends = []
    for side in (-1.0, 1.0):
        reach = tail.shape_error
        while profile(tail.shape + side * reach) > 0.0 and reach < 64 * tail.shape_error:
            reach *= 2.0
        ends.append(float(brentq(profile, tail.shape, tail.shape + side * reach)))
    return ends[0], ends[1]


def stability(losses: np.ndarray, level: float, count: int = 20) -> list[dict[str, float]]:
    """Shape and expected shortfall over a range of thresholds: a fit that moves with the threshold is no fit.

    Expected shortfall is nan where it is refused.
    """
    numbers = np.asarray(losses, dtype=float)
    shares = np.geomspace(0.25, max(2.0 * EXCESSES_MIN / max(len(numbers), 1), 1e-4), count)
    rows: list[dict[str, float]] = []
    for share in shares[shares <= 0.25].tolist():
        threshold = float(np.quantile(numbers, 1.0 - share))
        if int((numbers > threshold).sum()) < EXCESSES_MIN:
            continue
        tail = fit_tail(numbers, threshold)
        refused = tail.shape + tail.shape_error >= 1.0 or 1.0 - level > tail.share
        rows.append(
            {
                "threshold": threshold,
                "excesses": float(tail.excesses),
                "shape": tail.shape,
                "shape_low": tail.shape - 1.96 * tail.shape_error,
                "shape_high": tail.shape + 1.96 * tail.shape_error,
                "expected_shortfall": math.nan if refused else tail.expected_shortfall(level),
            }
        )
    return rows


def mean_excess(losses: np.ndarray, count: int = 40) -> list[tuple[float, float, float]]:
    """(threshold, mean excess, standard error): a straight line going up is a Pareto tail."""
    ordered = np.sort(np.asarray(losses, dtype=float))
    if len(ordered) < EXCESSES_MIN:
        return []
    places = np.unique(np.linspace(len(ordered) // 2, len(ordered) - 5, count).astype(int))
    rows = []
    for place in places.tolist():
        beyond = ordered[place + 1 :] - ordered[place]
        rows.append((float(ordered[place]), float(beyond.mean()), float(beyond.std() / math.sqrt(len(beyond)))))
    return rows


def hill_index(losses: np.ndarray, count: int) -> float:
    """Tail index xi from the `count` largest losses (Hill 1975): mean log-excess over the next."""
    ordered = np.sort(np.asarray(losses, dtype=float))[::-1]
    if not 1 <= count < len(ordered) or ordered[count] <= 0.0:
        raise statistic_error(
            "hill", "it needs more positive losses than the number it is taken of", "Give fewer or a longer history."
        )
    return float(np.mean(np.log(ordered[:count] / ordered[count])))


def decluster(losses: np.ndarray, threshold: float, run_length: int) -> np.ndarray:
    """The largest of each cluster beyond a threshold; clusters are apart by `run_length` quiet observations."""
    numbers = np.asarray(losses, dtype=float)
    places = np.flatnonzero(numbers > threshold)
    if len(places) == 0:
        return np.zeros(0)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(places) > run_length) + 1, [len(places)]])
    return np.array([numbers[places[a:b]].max() for a, b in pairwise(starts.tolist())])


def normal_expected_shortfall(level: float) -> float:
    """phi(z) / (1 - a): of a standard normal loss."""
    from scipy.stats import norm

    return float(norm.pdf(norm.ppf(level)) / (1.0 - level))


def student_expected_shortfall(freedom: float, level: float) -> tuple[float, float]:
    """(VaR, ES) of a Student-t loss: ES = f(q) (n + q^2) / ((n - 1) (1 - a)) (McNeil, Frey, Embrechts 2015)."""
    from scipy.stats import t as student

    if freedom <= 1.0:
        raise statistic_error("student", "with one degree of freedom or fewer no mean exists", "Give more than one.")
    quantile = float(student.ppf(level, freedom))
    density = float(student.pdf(quantile, freedom))
    return quantile, density * (freedom + quantile**2) / ((freedom - 1.0) * (1.0 - level))


def tail_table(losses: np.ndarray, level: float) -> dict[str, Any]:
    """Everything a threshold choice must show: fit at the 95 % quantile, bands, profile interval, Hill, stressed ES."""
    numbers = np.asarray(losses, dtype=float)
    tail = fit_tail(numbers, float(np.quantile(numbers, 0.95)))
    low, high = shape_interval(numbers, tail)
    refused = tail.shape + tail.shape_error >= 1.0
    return {
        "threshold": tail.threshold,
        "excesses": tail.excesses,
        "shape": tail.shape,
        "shape_error": tail.shape_error,
        "shape_interval": [low, high],
        "scale": tail.scale,
        "value_at_risk": tail.value_at_risk(level),
        "expected_shortfall": None if refused else tail.expected_shortfall(level),
        "expected_shortfall_stressed": None
        if tail.shape + 2 * tail.shape_error >= 1.0
        else Tail(tail.threshold, tail.shape + tail.shape_error, tail.scale, tail.share).expected_shortfall(level),
        "hill": hill_index(numbers, tail.excesses),
        "stability": stability(numbers, level),
        "mean_excess": mean_excess(numbers),
    }
