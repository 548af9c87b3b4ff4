"""How much the book will hold: a careful forecast of depth within some distance of the price, one side at a time.

    target      y_t = ln(depth), h steps ahead
    baseline    season(minute of week) + level, level an exponentially weighted mean of y - season, less
                b ln(sigma_t / sigma bar): what a turbulent market takes away
    low         the 5 % quantile: the baseline less a one-sided conformal buffer of its own misses
    used        min(low, floor x usual depth); the floor of 5 % is what 10 October 2025 left (reports say 2 to 10 %)
    refill      rate at which the gap to usual depth closes after a shock, not in calm hours

The model is kept to what can be explained to whoever is charged by it; a boosted one may stand in its place as long as
it is judged by the same pinball loss and wears the same buffer. Nothing here binds a rule: `forecasts.py` drafts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solvent.advisors.online import buffer_for

Floats = np.ndarray

STRESSED_FLOOR = 0.05
"""Share of usual depth that may be counted on when nothing else is known."""

FEWEST = 200
"""Observations without which no season and no quantile is estimated."""


@dataclass(frozen=True, slots=True)
class DepthModel:
    """A fitted forecast: log-depth by slot of the week, level, elasticity to volatility, buffer at its level."""

    season: Floats
    slot_minutes: int
    level: float
    elasticity: float
    usual_volatility: float
    buffer: float
    usual_depth: float
    floor: float
    pinball: float

    def median(self, minute_of_week: int, volatility: float) -> float:
        """The middle forecast of depth in the unit it was fitted in."""
        return math.exp(self._log(minute_of_week, volatility))

    def low(self, minute_of_week: int, volatility: float) -> float:
        """The quantile forecast: below it with the probability the model was calibrated for."""
        return 0.0 if math.isinf(self.buffer) else math.exp(self._log(minute_of_week, volatility) - self.buffer)

    def used(self, minute_of_week: int, volatility: float) -> float:
        """What may be counted on: the lower of the quantile and the stressed floor."""
        return min(self.low(minute_of_week, volatility), self.floor * self.usual_depth)

    def _log(self, minute_of_week: int, volatility: float) -> float:
        slot = minute_of_week % 10_080 // self.slot_minutes
        stress = math.log(max(volatility, 1e-12) / self.usual_volatility)
        return float(self.season[slot]) + self.level - self.elasticity * stress


def fit_depth(
    depth: Sequence[float] | Floats,
    volatility: Sequence[float] | Floats,
    minute_of_week: Sequence[int] | np.ndarray,
    *,
    ahead: int = 1,
    quantile: float = 0.05,
    decay: float = 0.97,
    slot_minutes: int = 60,
    floor: float = STRESSED_FLOOR,
) -> DepthModel:
    """Fit on the first two thirds, calibrate the buffer on the rest, forecasts made `ahead` steps before.

    Depth and volatility are above zero, one value a step. Raises ValueError for too little data or values that are not.
    """
    y, sigma = np.asarray(depth, dtype=float), np.asarray(volatility, dtype=float)
    slot = np.asarray(minute_of_week, dtype=int) % 10_080 // slot_minutes
    if not len(y) == len(sigma) == len(slot) or len(y) < FEWEST:
        raise ValueError(
            f"{len(y)} depths, {len(sigma)} volatilities, {len(slot)} times: give {FEWEST} or more of each."
        )
    if not (np.isfinite(y).all() and (y > 0).all() and np.isfinite(sigma).all() and (sigma > 0).all()):
        raise ValueError("Depth and volatility must be above zero: drop the snapshots of a stale or crossed book.")
    if ahead < 1 or not 0 < quantile < 0.5 or not 0 < decay < 1:
        raise ValueError("Forecast at least one step ahead, a quantile below one half, with a decay between 0 and 1.")
    logs, cut = np.log(y), len(y) * 2 // 3
    usual = float(np.exp(np.log(sigma[:cut]).mean()))
    stress = np.log(sigma / usual)
    season = _season(logs[:cut], slot[:cut], 10_080 // slot_minutes)
    rest = logs - season[slot]
    spread = float(((stress[:cut] - stress[:cut].mean()) ** 2).sum())
    slope = float(((stress[:cut] - stress[:cut].mean()) * rest[:cut]).sum() / spread) if spread > 1e-12 else 0.0
    elasticity = max(-slope, 0.0)
    calm = rest + elasticity * stress
    levels = _smooth(calm, decay)
    told = season[slot[ahead:]] + levels[:-ahead] - elasticity * stress[:-ahead]
    missed = told - logs[ahead:]
    held_out = missed[cut:]
    buffer = max(buffer_for(held_out, 1.0 - quantile), 0.0)
    low = told[cut:] - buffer
    gap = logs[ahead:][cut:] - low
    score = float(np.where(gap >= 0, quantile * gap, (quantile - 1.0) * gap).mean())
    return DepthModel(
        season, slot_minutes, float(levels[-1]), elasticity, usual, buffer, float(np.median(y[:cut])), floor, score
    )  # fmt: skip


def _season(logs: Floats, slot: np.ndarray, slots: int) -> Floats:
    """Mean of each slot, drawn to the mean of all where a slot was hardly seen."""
    count = np.bincount(slot, minlength=slots).astype(float)
    total = np.bincount(slot, weights=logs, minlength=slots)
    prior = 10.0
    season: Floats = (total + prior * logs.mean()) / (count + prior)
    return season


def _smooth(values: Floats, decay: float) -> Floats:
    """Exponentially weighted mean up to and including each value."""
    smooth, now = np.empty(len(values)), float(values[0])
    for step, value in enumerate(values.tolist()):
        now = decay * now + (1.0 - decay) * value
        smooth[step] = now
    return smooth


def refill_rate(depth: Sequence[float] | Floats, usual: float, step_seconds: float) -> float:
    """Rate a second at which the log gap to usual depth closes after its lowest point; nan where it never does.

    The least-squares slope of ln(1 - depth / usual) from the trough until depth is back to nine tenths.
    """
    held = np.asarray(depth, dtype=float) / usual
    if len(held) < 3 or usual <= 0 or step_seconds <= 0:
        raise ValueError("Give three depths or more, what is usual, and the seconds between two of them.")
    trough = int(np.argmin(held))
    after = held[trough:]
    back = np.flatnonzero(after >= 0.9)
    after = after[: back[0]] if len(back) else after
    if len(after) < 2 or (after >= 1).any():
        return math.nan
    gaps = np.log(1.0 - after)
    times = np.arange(len(gaps)) * step_seconds
    slope = float(np.polyfit(times, gaps, 1)[0])
    return -slope if slope < 0 else math.nan
