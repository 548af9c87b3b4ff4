"""Forecasts of volatility and gaps, and the commands they draft: nothing here decides, and the ground knows no model.

    EWMA      variance_t = decay x variance_(t-1) + (1 - decay) x return^2            RiskMetrics, decay 0.94
    GARCH     variance_t = omega + alpha x return^2 + beta x variance_(t-1), Student-t, fitted by `arch`
    gap       quantile of the worst adverse move over a horizon, with an upper bound from the order statistics

`draft_multipliers` turns a forecast into StageTerm and EnactTerms commands, rounded up to a whole step, inside bounds,
and never below one. A forecast that is missing, late, infinite or no number is neutral: the multiplier is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np

from solvent.commands import Command, EnactTerms, StageTerm
from solvent.state.terms import TermsShape, cell_address
from solvent.units import PPM

STEP_PPM = 10_000
"""Multipliers move in whole hundredths: a smaller change is noise, and costs a version of the rules."""

FIELDS = ("volatility_ppm", "depth_ppm", "concentration_ppm", "open_interest_ppm")


@dataclass(frozen=True, slots=True)
class GapQuantile:
    """The gap that is passed with probability 1 - level, and its one-sided upper confidence bound; both as shares."""

    gap: float
    upper: float
    samples: int


def _returns(prices: Sequence[float]) -> np.ndarray:
    values = np.asarray(prices, dtype=float)
    if values.ndim != 1 or len(values) < 2 or not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise ValueError("A forecast needs at least two prices, all finite and above zero.")
    return np.diff(np.log(values))


def ewma_volatility(prices: Sequence[float], decay: float = 0.94) -> float:
    """Standard deviation of the next log return. Raises ValueError for no prices, or a decay outside 0 to 1."""
    if not 0 < decay < 1:
        raise ValueError(f"The decay is {decay}; it must lie between 0 and 1.")
    returns = _returns(prices)
    variance = float(returns[0] ** 2)
    for value in returns[1:]:
        variance = decay * variance + (1 - decay) * float(value) ** 2
    return float(variance**0.5)


def garch_volatility(prices: Sequence[float]) -> float:
    """Standard deviation of the next log return under GARCH(1,1) with Student's t; a hundred prices at least."""
    returns = _returns(prices)
    if len(returns) < 100:
        raise ValueError(f"GARCH needs 101 prices or more, not {len(returns) + 1}.")
    from arch import arch_model  # heavy, and only wanted here

    scale = 10.0 / max(float(np.std(returns)), 1e-12)
    fitted = arch_model(returns * scale, mean="Zero", vol="GARCH", p=1, q=1, dist="t").fit(disp="off")
    variance = float(fitted.forecast(horizon=1, reindex=False).variance.iloc[-1, 0])
    return float(variance**0.5) / scale


def gap_quantile(prices: Sequence[float], horizon: int, level: float = 0.99, *, is_long: bool = True) -> GapQuantile:
    """Quantile of the worst adverse move inside a horizon of so many prices, over windows that do not overlap.

    The upper bound is the order statistic that lies above the quantile with 95 % confidence (a binomial bound), or the
    largest gap seen when there are too few to know.
    """
    _returns(prices)
    if horizon < 1 or not 0 < level < 1:
        raise ValueError("The horizon is at least one price, the level between 0 and 1.")
    values = np.asarray(prices, dtype=float)
    gaps = []
    for first in range(0, len(values) - horizon, horizon):
        window = values[first : first + horizon + 1]
        worst = window.min() / window[0] - 1 if is_long else 1 - window.max() / window[0]
        gaps.append(max(-float(worst), 0.0))
    if not gaps:
        raise ValueError(f"{len(values)} prices hold no window of {horizon}.")
    ordered = sorted(gaps)
    count = len(ordered)
    place = min(ceil(level * count), count) - 1
    from scipy.stats import binom  # heavy, and only wanted here

    bound = int(binom.ppf(0.95, count, level))
    return GapQuantile(ordered[place], ordered[min(bound, count - 1)], count)


def multiplier_ppm(forecast: float, ordinary: float, most_ppm: int = 4 * PPM) -> int:
    """How much more than ordinary a forecast is, in parts per million, rounded up to a step and held to [1, most]."""
    if not isfinite(forecast) or not isfinite(ordinary) or ordinary <= 0 or forecast <= 0:
        return PPM
    steps = ceil(forecast / ordinary * PPM / STEP_PPM)
    return min(max(steps * STEP_PPM, PPM), most_ppm)


def draft_multipliers(
    time_ns: int, shape: TermsShape, version: int, wanted: Sequence[tuple[int, bool, str, int]]
) -> list[Command]:
    """Commands that stage (instrument, is_long, field, ppm) and enact them. Raises ValueError for other fields."""
    drafts: list[Command] = []
    for instrument, is_long, field, ppm in wanted:
        if field not in FIELDS:
            raise ValueError(f"{field} is no multiplier; use one of {', '.join(FIELDS)}.")
        row = 2 * instrument + (0 if is_long else 1)
        drafts.append(StageTerm(time_ns, cell_address(shape, "dynamics", row, field), int(ppm)))
    if drafts:
        drafts.append(EnactTerms(time_ns, version))
    return drafts
