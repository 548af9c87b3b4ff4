"""How good a probability of default was: Brier and its parts, ranking, calibration, drift, and a traffic light.

    Brier                 mean (p - y)^2 = reliability - resolution + uncertainty         Brier 1950, Murphy 1973
    log loss              -mean(y ln p + (1 - y) ln(1 - p))
    area under the curve  share of (default, survivor) pairs ranked rightly, ties half     Hanley and McNeil 1982
    calibration           slope and intercept of a logistic regression of y on logit p     Cox 1958
    calibration error     mean |p - share of defaults| over groups of p
    capture               share of all shortfall that falls on the x % with the highest p
    drift                 sum (a - b) ln(a / b) over the shares of two samples in groups of p
    prior correction      p (t / s) / (p (t / s) + (1 - p) (1 - t) / (1 - s))              King and Zeng 2001
    light                 defaults against a binomial of the probability in a bad year,
                          N((N^-1(PD) + sqrt(rho) z) / sqrt(1 - rho))                      Vasicek 2002

Probabilities p and outcomes y (1 for a default) are vectors of one length. What is scored here never triggers
anything: it decides how far a model may speak.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray


def _checked(probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    p, y = np.asarray(probabilities, dtype=float), np.asarray(outcomes, dtype=float)
    if p.shape != y.shape or p.ndim != 1 or len(p) == 0:
        raise ValueError(f"{p.shape} probabilities and {y.shape} outcomes: give two vectors of one length.")
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("Probabilities lie between 0 and 1, outcomes are 0 or 1.")
    return p, y


@dataclass(frozen=True, slots=True)
class Brier:
    """Mean squared error = reliability - resolution + uncertainty, over the distinct probabilities."""

    score: float
    reliability: float
    resolution: float
    uncertainty: float

    def skill(self, reference: float | None = None) -> float:
        """1 - score / reference; the reference is the base rate's own score where none is given."""
        against = self.uncertainty if reference is None else reference
        return math.nan if against == 0 else 1.0 - self.score / against


def brier(probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats) -> Brier:
    """The score and its parts. Raises ValueError for vectors that do not fit."""
    p, y = _checked(probabilities, outcomes)
    base = float(y.mean())
    reliability = resolution = 0.0
    for value in np.unique(p):
        group = p == value
        share = float(y[group].mean())
        weight = float(group.mean())
        reliability += weight * (float(value) - share) ** 2
        resolution += weight * (share - base) ** 2
    return Brier(float(((p - y) ** 2).mean()), reliability, resolution, base * (1 - base))


def log_loss(probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats) -> float:
    """Mean negative log-likelihood; infinite when something called impossible happened."""
    p, y = _checked(probabilities, outcomes)
    told = np.where(y == 1.0, p, 1.0 - p)
    return math.inf if (told == 0).any() else float(-np.log(told).mean())


def area_under_curve(probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats) -> float:
    """Chance that a default is ranked above a survivor, ties half; nan when all ended alike. Gini is 2 x - 1."""
    p, y = _checked(probabilities, outcomes)
    _values, place, count = np.unique(p, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2.0
    ranks = middle[place]
    bad = int(y.sum())
    good = len(y) - bad
    if bad == 0 or good == 0:
        return math.nan
    return float((ranks[y == 1.0].sum() - bad * (bad + 1) / 2.0) / (bad * good))


def precision_recall_area(probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats) -> float:
    """Average precision: precision at each step of recall, from the highest probability down; nan without a default."""
    p, y = _checked(probabilities, outcomes)
    if y.sum() == 0:
        return math.nan
    order = np.argsort(-p, kind="stable")
    ordered, hits = p[order], np.cumsum(y[order])
    last = np.append(np.flatnonzero(np.diff(ordered)), len(p) - 1)
    precision = hits[last] / (last + 1)
    recall = hits[last] / y.sum()
    return float((np.diff(np.concatenate([[0.0], recall])) * precision).sum())


def error_by_value(probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats) -> float:
    """Mean distance between a probability and the share that defaulted, over the distinct probabilities."""
    p, y = _checked(probabilities, outcomes)
    groups = [p == value for value in np.unique(p)]
    return float(sum(group.mean() * abs(p[group].mean() - y[group].mean()) for group in groups))


def error_by_mass(
    probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats, groups: int = 10
) -> float:
    """The same over so many groups of (nearly) equal size, from the lowest probability up."""
    p, y = _checked(probabilities, outcomes)
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, groups) if len(part)]
    return float(sum(len(part) / len(p) * abs(p[part].mean() - y[part].mean()) for part in parts))


def calibration(
    probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats, steps: int = 100
) -> tuple[float, float]:
    """(slope, intercept) of the logistic regression of outcomes on logit p, by Newton's method; (1, 0) is calibrated.

    nan where the outcomes can be told apart without error, or probabilities are all alike.
    """
    p, y = _checked(probabilities, outcomes)
    x = np.log(np.clip(p, 1e-12, 1 - 1e-12) / np.clip(1 - p, 1e-12, 1 - 1e-12))
    design = np.column_stack([x, np.ones(len(x))])
    weights = np.array([1.0, 0.0])
    for _step in range(steps):
        told = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -35, 35)))
        curvature = design.T @ (design * (told * (1 - told))[:, None])
        if np.linalg.cond(curvature) > 1e14:
            return math.nan, math.nan
        change = np.linalg.solve(curvature, design.T @ (y - told))
        weights = weights + change
        if float(np.abs(change).max()) < 1e-12:
            return float(weights[0]), float(weights[1])
    return math.nan, math.nan


def capture(probabilities: Sequence[float] | Floats, shortfalls: Sequence[float] | Floats, share: float) -> float:
    """Share of all shortfall on the `share` of accounts with the highest probability; ties share what falls on them."""
    p, lost = np.asarray(probabilities, dtype=float), np.asarray(shortfalls, dtype=float)
    if p.shape != lost.shape or not 0 < share <= 1 or (lost < 0).any():
        raise ValueError("Give shortfalls that are not negative, one for each probability, and a share from 0 to 1.")
    room, found = share * len(p), 0.0
    for value in np.unique(p)[::-1]:
        group = p == value
        taken = min(room, float(group.sum()))
        found += float(lost[group].sum()) * taken / float(group.sum())
        room -= taken
        if room <= 0:
            break
    return found / float(lost.sum()) if lost.sum() else math.nan


def drift(before: Sequence[float] | Floats, after: Sequence[float] | Floats, groups: int = 10) -> float:
    """Population stability index over the deciles of `before`; below 0.1 is quiet, above 0.25 another population."""
    old, new = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    if len(old) == 0 or len(new) == 0:
        raise ValueError("Two samples are needed, and one of them is empty.")
    edges = np.unique(np.quantile(old, np.linspace(0, 1, groups + 1)[1:-1]))
    places = (np.searchsorted(edges, values, side="right") for values in (old, new))
    one, other = (np.bincount(place, minlength=len(edges) + 1) for place in places)
    a, b = np.maximum(one / len(old), 1e-4), np.maximum(other / len(new), 1e-4)
    return float(((b - a) * np.log(b / a)).sum())


def prior_corrected(probability: float, sample_share: float, true_share: float) -> float:
    """A probability learnt where `sample_share` defaulted, for a world where `true_share` does. Raises ValueError."""
    if not (0 <= probability <= 1 and 0 < sample_share < 1 and 0 <= true_share <= 1):
        raise ValueError("Probabilities and shares lie between 0 and 1; the sample holds both outcomes.")
    bad = probability * true_share / sample_share
    good = (1 - probability) * (1 - true_share) / (1 - sample_share)
    return bad / (bad + good)


def stressed_probability(probability: float, correlation: float, factor: float) -> float:
    """Default probability in a year whose common factor stands at `factor` deviations against us (Vasicek)."""
    from statistics import NormalDist

    normal = NormalDist()
    if not 0 < probability < 1 or not 0 <= correlation < 1:
        raise ValueError("The probability lies between 0 and 1, the correlation from 0 to below 1.")
    return normal.cdf((normal.inv_cdf(probability) + math.sqrt(correlation) * factor) / math.sqrt(1 - correlation))


def light(count: int, defaults: int, probability: float, correlation: float = 0.0, factor: float = 0.0) -> str:
    """green, yellow or red: defaults inside the 95 % and the 99.99 % quantile of a binomial, or beyond."""
    from scipy.stats import binom  # heavy, and only wanted here

    chance = stressed_probability(probability, correlation, factor)
    below = float(binom.cdf(defaults - 1, count, chance))
    return "red" if below >= 0.9999 else "yellow" if below >= 0.95 else "green"


def report(probabilities: Sequence[float] | Floats, outcomes: Sequence[float] | Floats) -> dict[str, Any]:
    """Every score of one sample by name."""
    parts = brier(probabilities, outcomes)
    slope, intercept = calibration(probabilities, outcomes)
    ranked = area_under_curve(probabilities, outcomes)
    return {
        "brier": parts.score,
        "reliability": parts.reliability,
        "resolution": parts.resolution,
        "uncertainty": parts.uncertainty,
        "brier_skill": parts.skill(),
        "logloss": log_loss(probabilities, outcomes),
        "ece_by_value": error_by_value(probabilities, outcomes),
        "ece_by_mass": error_by_mass(probabilities, outcomes),
        "auc": ranked,
        "gini": 2 * ranked - 1,
        "pr_auc": precision_recall_area(probabilities, outcomes),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
    }
