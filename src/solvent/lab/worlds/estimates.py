"""What a run says: estimates with their standard errors, limits, a verdict.

Loss of a path is the shortfall declared on it: what flat accounts owed and somebody else had to bear. Expected
shortfall is the mean of the worst share of paths, ES_a = q + E[(L - q)+] / (1 - a) with q the empirical a-quantile;
its standard error comes from the influence function (L - q)+ / (1 - a) + q - ES, over sqrt(n) (Rockafellar and
Uryasev 2000; Trindade et al. 2007). Probabilities carry the binomial standard error and a Wilson interval. Paths with
weights (jumps drawn more often than the model has them) are weighed in all of them, and how many equal paths they are
worth is stated beside.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from solvent.lab.worlds.compiled.tables import Total
from solvent.lab.worlds.runs import Paths

Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, its standard error, and an interval of 95 %."""

    value: float
    standard_error: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Plain numbers."""
        return {"value": self.value, "standard_error": self.standard_error, "low": self.low, "high": self.high}


def expected_shortfall(losses: np.ndarray, level: float, weights: np.ndarray | None = None) -> Estimate:
    """Mean of the worst 1 - level of the losses, with its standard error; `weights` where rare paths came more often.

    Where the tail holds fewer than two paths (or weights worth fewer) the estimate is the largest loss, and its
    standard error is stated as large as itself, for that is how much one path knows.
    """
    numbers = np.asarray(losses, dtype=float)
    if len(numbers) == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan)
    order = np.argsort(numbers, kind="stable")
    ordered, parts = numbers[order], _parts(weights, len(numbers))[order]
    # the loss at which no more than 1 - level of the weight lies beyond
    beyond = 1.0 - np.cumsum(parts)
    quantile = ordered[int(np.argmax(beyond <= 1.0 - level + 1e-12))] if level > 0 else ordered[0]
    excess = np.maximum(ordered - quantile, 0.0) / (1.0 - level)
    value = float(quantile + (parts * excess).sum())
    if tail_paths(parts, level) < 2.0 - 1e-9:
        value = float(ordered[-1])
        return Estimate(value, value, 0.0, value * (1.0 + Z95))
    error = _error(excess, parts)
    return Estimate(value, error, max(value - Z95 * error, 0.0), value + Z95 * error)


def _parts(weights: np.ndarray | None, count: int) -> np.ndarray:
    """Weights as shares that sum to one."""
    if weights is None:
        return np.full(count, 1.0 / count)
    parts: np.ndarray = weights / weights.sum()
    return parts


def _error(values: np.ndarray, parts: np.ndarray) -> float:
    """Standard error of a weighted mean, from its influence function: sqrt(sum (part x deviation)^2), n - 1 kept."""
    count = len(values)
    if count < 2:
        return math.nan
    mean = float((parts * values).sum())
    return math.sqrt(float((parts**2 * (values - mean) ** 2).sum()) * count / (count - 1))


def effective_paths(weights: np.ndarray) -> float:
    """How many equal paths the weighted ones are worth: (sum w)^2 / sum w^2 (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def tail_paths(ordered_parts: np.ndarray, level: float) -> float:
    """Paths worth of weight in the worst 1 - level; `ordered_parts` sum to one and ascend with the loss."""
    if np.ptp(ordered_parts) == 0.0:
        return len(ordered_parts) * (1.0 - level)
    beyond = np.cumsum(ordered_parts[::-1])
    inside = ordered_parts[::-1][: int(np.searchsorted(beyond, 1.0 - level, side="left")) + 1]
    return effective_paths(inside)


def probability(hits: np.ndarray, weights: np.ndarray | None = None) -> Estimate:
    """Share of paths on which something happened (Wilson 1927 interval, over the paths the weights are worth)."""
    count: float = len(hits)
    if count == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan)
    parts = _parts(weights, len(hits))
    share = min(float((parts * hits).sum()), 1.0)
    error = math.sqrt(float((parts**2 * (hits - share) ** 2).sum()))
    if weights is not None and 0.0 < share < 1.0 and error > 0.0:
        count = share * (1.0 - share) / error**2
    spread = Z95 * math.sqrt(share * (1.0 - share) / count + Z95**2 / (4.0 * count**2))
    centre = share + Z95**2 / (2.0 * count)
    scale = 1.0 + Z95**2 / count
    return Estimate(share, error, max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0))


def mean_of(values: np.ndarray, weights: np.ndarray | None = None) -> Estimate:
    """Mean and its standard error."""
    numbers = np.asarray(values, dtype=float)
    if len(numbers) == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan)
    parts = _parts(weights, len(numbers))
    value, error = float((parts * numbers).sum()), _error(numbers, parts)
    return Estimate(value, error, value - Z95 * error, value + Z95 * error)


SHARED = (Total.BY_ADL, Total.BY_HAIRCUT_GAINS, Total.BY_HAIRCUT_ALL, Total.OPEN_DEFICIT)
BEYOND_FUNDS = (Total.BY_VAULT, *SHARED, Total.BY_OTHER)
TRANCHES: Final = {
    "market_fund": Total.BY_MARKET_FUND,
    "venue_fund": Total.BY_VENUE_FUND,
    "venue_capital": Total.BY_VENUE_CAPITAL,
    "liquidity_vault": Total.BY_VAULT,
    "adl": Total.BY_ADL,
    "haircut_gains": Total.BY_HAIRCUT_GAINS,
    "haircut_all": Total.BY_HAIRCUT_ALL,
    "other": Total.BY_OTHER,
    "open_deficit": Total.OPEN_DEFICIT,
}


def losses_of(paths: Paths, quantum: int) -> np.ndarray:
    """Shortfall of each path in the settlement currency, [n]."""
    losses: np.ndarray = paths.of(Total.SHORTFALL) / quantum
    return losses


def socialised(paths: Paths) -> np.ndarray:
    """True where winners or members paid, or a deficit stayed open, [n]."""
    hit: np.ndarray = paths.totals[:, SHARED].sum(axis=1) > 0
    return hit


def funds_exhausted(paths: Paths) -> np.ndarray:
    """True where a default asked more of the funds than they could give: the vault, winners or nobody paid the rest."""
    hit: np.ndarray = paths.totals[:, BEYOND_FUNDS].sum(axis=1) > 0
    return hit


def worst_path(paths: Paths) -> int:
    """Number of the path with the largest shortfall; of equal ones that with the most liquidated, then the first."""
    worst = np.lexsort((paths.numbers, -paths.of(Total.LIQUIDATED), -paths.of(Total.SHORTFALL)))[0]
    return int(paths.numbers[worst])


LIMITS: Final = {
    "expected_shortfall_999": "expected shortfall at 99.9 %, in the settlement currency",
    "expected_shortfall_99": "expected shortfall at 99 %, in the settlement currency",
    "probability_socialised_loss": "probability that winners, members or nobody pays",
    "fund_exhausted_probability": "probability that the funds cannot pay a default in full",
    "probability_deleveraged": "probability that any position is deleveraged",
    "probability_shortfall": "probability that anybody's loss exceeds its collateral",
}


def parse_limit(text: str) -> tuple[str, float]:
    """A limit as a person writes it: `expected_shortfall_999=5e6`. Raises WorldError."""
    from solvent.lab.worlds.faults import world_error

    name, _sign, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if name not in LIMITS or math.isnan(value):
        raise world_error("limit", (text, "this is no limit", f"Write NAME=NUMBER with one of: {', '.join(LIMITS)}."))
    return name, value


def estimates_of(paths: Paths, quantum: int) -> dict[str, Estimate]:
    """Everything a limit may be set on, and the means behind it."""
    losses, weights = losses_of(paths, quantum), weights_of(paths)
    return {
        "expected_shortfall_999": expected_shortfall(losses, 0.999, weights),
        "expected_shortfall_99": expected_shortfall(losses, 0.99, weights),
        "expected_shortfall_95": expected_shortfall(losses, 0.95, weights),
        "probability_socialised_loss": probability(socialised(paths), weights),
        "fund_exhausted_probability": probability(funds_exhausted(paths), weights),
        "probability_deleveraged": probability(paths.of(Total.DELEVERAGED_TIMES) > 0, weights),
        "probability_shortfall": probability(losses > 0, weights),
        "mean_shortfall": mean_of(losses, weights),
        "mean_liquidated": mean_of(
            (paths.of(Total.LIQUIDATED) + paths.of(Total.TAKEN_OVER) + paths.of(Total.DELEVERAGED)) / quantum, weights
        ),
        "mean_fund_draw": mean_of((paths.of(Total.FUNDS_START) - paths.of(Total.FUNDS_LEAST)) / quantum, weights),
    }


def weights_of(paths: Paths) -> np.ndarray | None:
    """The paths' weights, or None where all are one: plain estimates then."""
    return paths.weights if (paths.weights != 1.0).any() else None


def tranche_means(paths: Paths, quantum: int) -> dict[str, float]:
    """Mean amount each layer pays a path."""
    weights = weights_of(paths)
    return {name: mean_of(paths.of(total) / quantum, weights).value for name, total in TRANCHES.items()}


def conservation(paths: Paths) -> int:
    """Largest difference, in quanta, between a path's shortfall and what layers paid plus what stayed open."""
    paid = paths.totals[:, list(TRANCHES.values())].sum(axis=1)
    return int(np.abs(paid - paths.of(Total.SHORTFALL)).max(initial=0))


def verdict_of(estimates: dict[str, Estimate], limits: list[tuple[str, float]]) -> list[dict[str, Any]]:
    """Each limit: green below it, amber where the interval crosses it, red (breached) where the estimate does."""
    rows = []
    for name, most in limits:
        estimate = estimates[name]
        colour = "red" if estimate.value > most else "amber" if estimate.high > most else "green"
        rows.append({"limit": name, "most": most, "colour": colour, **estimate.as_dict()})
    return rows


def is_settled(paths: Paths, quantum: int, relative_error: float, level: float = 0.999) -> bool:
    """True when the standard error of expected shortfall is at most `relative_error` of it.

    No loss on any path so far settles nothing before 3 / (1 - level) paths: the rule of three.
    """
    losses, weights = losses_of(paths, quantum), weights_of(paths)
    estimate = expected_shortfall(losses, level, weights)
    if estimate.value <= 0.0:
        return len(losses) >= 3.0 / (1.0 - level)
    # one path in the tail states an error as large as itself, so it settles nothing
    return estimate.standard_error < estimate.value and estimate.standard_error <= relative_error * estimate.value


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """A measure under two rulebooks on the same paths."""

    name: str
    first: float
    second: float
    difference: Estimate
    probability_less: float


def paired_differences(
    first: Paths, second: Paths, quantum: int, *, confidence: float = 0.95
) -> list[PairedDifference]:
    """Second minus first, path by path, with intervals of the mean difference and of expected shortfalls.

    Both runs must hold the same path numbers (common random numbers). The interval of an expected shortfall's
    difference is the percentile bootstrap over pairs, drawn from a fixed seed. Raises ValueError otherwise.
    """
    if not np.array_equal(first.numbers, second.numbers):
        raise ValueError("paired runs must hold the same paths; run both with the same seed and number of paths")
    from scipy.stats import norm

    z = float(norm.ppf(0.5 + confidence / 2))
    rows: list[PairedDifference] = []
    columns = {
        "shortfall": Total.SHORTFALL,
        "socialised": None,
        "liquidated": Total.LIQUIDATED,
        "deleveraged": Total.DELEVERAGED,
        "penalties": Total.PENALTIES,
        "flagged": Total.FLAGGED,
    }
    for name, column in columns.items():
        scale = 1.0 if name == "flagged" else float(quantum)
        a, b = (
            (run.totals[:, SHARED].sum(axis=1) if column is None else run.of(column)) / scale for run in (first, second)
        )
        gap = b - a
        error = float(gap.std(ddof=1) / math.sqrt(len(gap))) if len(gap) > 1 else math.nan
        mean = float(gap.mean())
        interval = Estimate(mean, error, mean - z * error, mean + z * error)
        rows.append(PairedDifference(name, float(a.mean()), float(b.mean()), interval, float((gap < 0).mean())))
    a, b = losses_of(first, quantum), losses_of(second, quantum)
    random = np.random.Generator(np.random.PCG64(0x70616972))
    for level in (0.95, 0.99):
        draws = np.array(
            [
                expected_shortfall(b[rows_], level).value - expected_shortfall(a[rows_], level).value
                for rows_ in (random.integers(0, len(a), len(a)) for _turn in range(400))
            ]
        )
        low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
        ea, eb = expected_shortfall(a, level).value, expected_shortfall(b, level).value
        interval = Estimate(eb - ea, float(draws.std(ddof=1)), float(low), float(high))
        rows.append(
            PairedDifference(f"expected_shortfall_{level * 100:g}", ea, eb, interval, float((draws < 0).mean()))
        )
    return rows
