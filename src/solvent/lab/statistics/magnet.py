"""Is a breaker's band a magnet? How often it is reached from near it, against chance, and how the market comes there.

    M(d) = P(reached within T | at distance d) / 2 Phi(-d / (s sqrt T))        the reflection formula is the null

s is the standard deviation of one step over the window before, so that a market that is merely wild is no magnet; d is
moved out by what checks a step apart cost (Broadie, Glasserman and Kou 1997). The alarm is an M whose 95 % interval
lies above 1.5. Steps overlap, so the interval counts only one in so many of them as the horizon has.

Speed is the mean step towards the band, in s: zero for a walk. Flow is what was traded by force in a step against the
mean of all steps. Sources: Chen, Petukhov, Wang and Xing (J. Finance 2024), Lera and Sornette.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from solvent.lab.statistics.faults import statistic_error
from solvent.lab.statistics.passage import MONITORING, touch_probability

EDGES: Final = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Distances at which the bins begin and end, in s sqrt T."""

ALARM: Final = 1.5
Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Approach:
    """What happened at one distance from the band."""

    nearest: float
    furthest: float
    samples: int
    reached: float
    expected: float
    ratio: float
    low: float
    high: float
    speed: float
    flow: float

    @property
    def alarms(self) -> bool:
        """True when more is reached than half as much again as chance would, with 95 % confidence."""
        return self.low > ALARM


def approaches(
    paths: Sequence[np.ndarray],
    band: float,
    window: int,
    horizon: int,
    flows: Sequence[np.ndarray] = (),
    edges: Sequence[float] = EDGES,
) -> tuple[Approach, ...]:
    """One row for each bin of distance in which the paths ever were.

    `paths` are prices step by step; the band lies `band` (a share) above the lowest and below the highest price of the
    last `window` steps, and is reached within `horizon` steps or not. `flows` has what was traded by force, a column as
    long for each path. Raises StatisticError for a band, window or horizon that is none.
    """
    if not 0 < band < 1 or window < 2 or horizon < 1:
        raise statistic_error("magnet", "band, window or horizon is none", "Give a share and at least 2 and 1 steps.")
    rows = [_rows(path, band, window, horizon, flow) for path, flow in _with_flows(paths, flows)]
    rows = [row for row in rows if len(row)]
    if not rows:
        return ()
    joined = np.concatenate(rows)
    mean_flow = float(joined[:, 4].mean())
    found = []
    for nearest, furthest in pairwise(edges):
        inside = joined[(joined[:, 0] >= nearest) & (joined[:, 0] < furthest)]
        if len(inside):
            found.append(_approach(inside, nearest, furthest, horizon, mean_flow))
    return tuple(found)


def _with_flows(paths: Sequence[np.ndarray], flows: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(path, flows[place] if flows else np.zeros(len(path))) for place, path in enumerate(paths)]


def _rows(path: np.ndarray, band: float, window: int, horizon: int, flow: np.ndarray) -> np.ndarray:
    """(distance in s sqrt T, reached, chance, step towards it in s, flow) of every step that can be judged."""
    prices = np.asarray(path, dtype=float)
    count = len(prices) - horizon
    if count <= window or not (np.isfinite(prices).all() and (prices > 0).all()):
        return np.zeros((0, 5))
    logs = np.log(prices)
    steps = np.diff(logs)
    before = np.lib.stride_tricks.sliding_window_view(logs, window + 1)[: count - window]
    ahead = np.lib.stride_tricks.sliding_window_view(logs, horizon)[window + 1 : count + 1]
    spread = np.lib.stride_tricks.sliding_window_view(steps, window)[: count - window].std(axis=1)
    now = logs[window:count]
    above = before.min(axis=1) + math.log1p(band) - now
    below = now - (before.max(axis=1) + math.log1p(-band))
    up = above < below
    distance = np.where(up, above, below)
    judged = (distance > 0) & (spread > 0)
    furthest = np.where(up, ahead.max(axis=1) - now, now - ahead.min(axis=1))
    towards = np.where(up, steps[window:count], -steps[window:count])
    distance, spread = distance[judged], spread[judged]
    unit = spread * math.sqrt(horizon)
    chance = np.array(
        [touch_probability(d + MONITORING * s, s, horizon) for d, s in zip(distance, spread, strict=True)]
    )
    return np.column_stack(
        [
            distance / unit,
            furthest[judged] >= distance,
            chance,
            towards[judged] / spread,
            np.asarray(flow, dtype=float)[window:count][judged],
        ]
    )


def _approach(inside: np.ndarray, nearest: float, furthest: float, horizon: int, mean_flow: float) -> Approach:
    """One bin, with Wilson's interval over as many independent looks as the horizon leaves."""
    reached, expected = float(inside[:, 1].mean()), float(inside[:, 2].mean())
    looks = max(len(inside) / horizon, 1.0)
    middle = (reached + Z95**2 / (2 * looks)) / (1 + Z95**2 / looks)
    half = Z95 / (1 + Z95**2 / looks) * math.sqrt(reached * (1 - reached) / looks + Z95**2 / (4 * looks**2))
    return Approach(
        nearest=nearest,
        furthest=furthest,
        samples=len(inside),
        reached=reached,
        expected=expected,
        ratio=reached / expected,
        low=max(middle - half, 0.0) / expected,
        high=min(middle + half, 1.0) / expected,
        speed=float(inside[:, 3].mean()),
        flow=float(inside[:, 4].mean()) / mean_flow if mean_flow > 0 else 0.0,
    )
