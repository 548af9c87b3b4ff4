"""What a replay saw over time, one row a step, in numbers for pictures; nothing here is judged or booked.

Two ways to make long series short: `thin` keeps rows, and with them every extreme a picture would show;
`bin_sums` adds up what flows, so that bars still sum to the whole.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

#: More points than this a screen cannot show.
POINTS_MAX: Final = 2_000

#: Bars thinner than this read as noise.
BINS_MAX: Final = 240

_SECOND_NS: Final = 10**9
_WIDTHS_S: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 2_592_000, 31_536_000,
)  # fmt: skip


class Series(NamedTuple):
    """One row a step: n steps, k markets; money in units of the settlement currency."""

    time_ns: Integers  # (n,) rising
    symbols: list[str]  # (k,)
    marks: Floats  # (n, k) price; not a number or zero where there is none yet
    modes: npt.NDArray[np.int8]  # (n, k) codes.Mode in force from the step on
    flagged: Integers  # (n,) accounts in the liquidation queue after the step
    liquidated: dict[str, Floats]  # "market", "vault", "adl" -> (n,) notional closed in the step
    shortfall: Floats  # (n,) shortfall declared in the step
    funds: dict[str, Floats]  # market funds together, venue fund, venue capital, vault equity -> (n,) balance


class Bins(NamedTuple):
    """Sums over equal stretches of time."""

    start_ns: Integers
    width_ns: int
    sums: Floats


def check(series: Series) -> None:
    """Refuse a series whose columns do not belong together: that would be a mistake of the caller."""
    steps, markets = len(series.time_ns), len(series.symbols)
    columns: dict[str, npt.NDArray[Any]] = {"flagged": series.flagged, "shortfall": series.shortfall}
    columns |= series.liquidated | series.funds
    assert steps > 0, "a series needs at least one step"
    assert bool(np.all(np.diff(series.time_ns) >= 0)), "time runs forward"
    for name, table in (("marks", series.marks), ("modes", series.modes)):
        assert table.shape == (steps, markets), f"{name} is {table.shape}, expected {(steps, markets)}"
    for name, column in columns.items():
        assert column.shape == (steps,), f"{name} is {column.shape}, expected {(steps,)}"


def thin(values: Floats, points_max: int = POINTS_MAX) -> Integers:
    """Rows to keep, rising: the first, the last, and the smallest and largest of many equal stretches."""
    assert points_max >= 4
    count = len(values)
    if count <= points_max:
        return np.arange(count, dtype=np.int64)
    stretches = (points_max - 2) // 2
    edges = np.linspace(0, count, stretches + 1).astype(np.int64)
    blank = ~np.isfinite(values)
    low, high = np.where(blank, np.inf, values), np.where(blank, -np.inf, values)
    kept = [0, count - 1]
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept.append(start + int(np.argmin(low[start:stop])))
        kept.append(start + int(np.argmax(high[start:stop])))
    rows: Integers = np.unique(np.array(kept, dtype=np.int64))
    assert len(rows) <= points_max
    return rows


def bin_sums(time_ns: Integers, values: Floats, bins_max: int = BINS_MAX) -> Bins:
    """Add up what flowed in each stretch; a stretch is a round length of time and no shorter than a step."""
    first, last = int(time_ns[0]), int(time_ns[-1])
    step_ns = (last - first) / max(len(time_ns) - 1, 1)
    widths = [seconds * _SECOND_NS for seconds in _WIDTHS_S]
    fits = [w for w in widths if w >= 0.99 * step_ns and last // w - first // w < bins_max]
    width = fits[0] if fits else max(last - first, 1)
    start = first // width
    rows = time_ns // width - start
    sums: Floats = np.bincount(rows, weights=np.nan_to_num(values)).astype(np.float64)
    return Bins((start + np.arange(len(sums), dtype=np.int64)) * width, width, sums)


def levels_of(marks: Floats) -> Floats:
    """Each market's price with its first accepted one set to 100; not a number where there is none."""
    prices = np.where(np.isfinite(marks) & (marks > 0), marks, np.nan)
    levels = np.full(prices.shape, np.nan)
    for column in range(prices.shape[1]):
        known = np.flatnonzero(~np.isnan(prices[:, column]))
        if len(known):
            levels[:, column] = 100 * prices[:, column] / prices[known[0], column]
    return levels


def deepest_first(levels: Floats) -> list[int]:
    """Columns with a price, the one that fell lowest first."""
    lowest = np.where(np.isnan(levels), np.inf, levels).min(axis=0, initial=np.inf)
    return [column for column in np.argsort(lowest, kind="stable").tolist() if np.isfinite(lowest[column])]
