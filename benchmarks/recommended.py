"""Figures behind the recommended guards: how far, how fast and how far apart prices were on days of the record.

python benchmarks/recommended.py                 reads SOLVENT_DATA, the folder of price files; writes nothing

Moves are from the lowest or highest price of the window before; the sum of moves is what the volatility breaker adds
up; sources are apart by the highest over the lowest of one market in one second, each at most 45 seconds old.
"""

import os
import sys
from pathlib import Path

import numpy as np
import polars as pl

DAYS = (
    ("10 October 2025, 20:45 to 22:15, 1 s", "oct10_2025_trades/bars_1s_2045_2215utc.parquet", 1, None),
    ("5 August 2024, 5 min", "candles/win_2024_08_05_5m.parquet", 300, ("2024-08-05", "2024-08-06")),
    ("19 May 2021, 13 coins, 5 min", "candles/win_2021_05_5m_13coins.parquet", 300, ("2021-05-19", "2021-05-20")),
    ("11 March 2023, USDC, 5 min", "candles/win_2023_03_usdc_5m.parquet", 300, ("2023-03-11", "2023-03-12")),
    ("calm: 30 July 2024, 5 min", "candles/win_2024_08_05_5m.parquet", 300, ("2024-07-30", "2024-07-31")),
)
WINDOWS_S = (60, 300, 600, 3_600)
AGE_S = 45


def folder() -> Path:
    """Where the price files are."""
    place = os.environ.get("SOLVENT_DATA")
    if not place or not Path(place).is_dir():
        sys.exit("Set SOLVENT_DATA to the folder of price files.")
    return Path(place)


def series_of(rows: pl.DataFrame, step_s: int) -> tuple[np.ndarray, np.ndarray]:
    """(seconds, prices) of one source: closes of bars of a second, else open, far, near and close of each candle."""
    at = rows["time_utc"].dt.epoch("s").to_numpy().astype(float)
    if step_s == 1:
        return at, rows["close"].to_numpy().astype(float)
    falls = (rows["close"] < rows["open"]).to_numpy()
    first = np.where(falls, rows["high"], rows["low"])
    second = np.where(falls, rows["low"], rows["high"])
    prices = np.column_stack([rows["open"], first, second, rows["close"]]).reshape(-1)
    return (at[:, None] + step_s * np.array([0, 0.25, 0.5, 0.75])).reshape(-1), prices.astype(float)


def worst_move(at: np.ndarray, prices: np.ndarray, window_s: int) -> float:
    """Largest distance of a price from the lowest or highest of the window before it."""
    first = np.searchsorted(at, at - window_s)
    worst = 0.0
    for place in range(len(prices)):
        seen = prices[first[place] : place + 1]
        worst = max(worst, prices[place] / seen.min() - 1, 1 - prices[place] / seen.max())
    return worst


def largest_path(at: np.ndarray, prices: np.ndarray, window_s: int) -> float:
    """Largest sum of moves inside a window."""
    moves = np.concatenate([[0.0], np.abs(np.diff(prices) / prices[:-1])]).cumsum()
    first = np.maximum(np.searchsorted(at, at - window_s) - 1, 0)
    return float((moves - moves[first]).max())


def sources_of(file: Path, between: tuple[str, str] | None) -> dict[str, list[pl.DataFrame]]:
    """Rows of each source, by base."""
    frame = pl.read_parquet(file).sort("time_utc")
    if between:
        first, last = (pl.lit(day).str.to_datetime() for day in between)
        frame = frame.filter(pl.col("time_utc").is_between(first, last))
    found: dict[str, list[pl.DataFrame]] = {}
    for (_venue, symbol), rows in frame.group_by("venue", "symbol", maintain_order=True):
        base = str(symbol).upper().replace("-", "").replace("_PERP", "").replace("/", "")
        for quote in ("USDT", "USDC", "USD"):
            base = base.removesuffix(quote)
        found.setdefault(base, []).append(rows)
    return found


def tell_moves() -> None:
    """Worst moves of the majors and of the worst market, by day and window."""
    for name, file, step_s, between in DAYS:
        place = folder() / file
        if not place.is_file():
            sys.stdout.write(f"{name}: no {file} here\n")
            continue
        moves: dict[str, list[float]] = {}
        paths: dict[str, float] = {}
        for base, sources in sources_of(place, between).items():
            # the calmest source of a market: what a median of several would at least have followed
            told = [series_of(rows, step_s) for rows in sources if len(rows) > 20]
            if told:
                moves[base] = [min(worst_move(*one, window) for one in told) for window in WINDOWS_S]
                paths[base] = min(largest_path(*one, 3_600) for one in told)
        sys.stdout.write(f"\n{name}: worst move in 1, 5, 10 and 60 minutes; largest sum of moves in an hour\n")
        rest = sorted((base for base in moves if base not in ("BTC", "ETH", "SOL")), key=lambda base: -moves[base][1])
        for base in [*(base for base in ("BTC", "ETH", "SOL") if base in moves), *rest[:4]]:
            figures = "  ".join(f"{move:6.1%}" for move in moves[base])
            sys.stdout.write(f"  {base:6} {figures}   {paths[base]:7.0%}\n")
        beyond = [sum(one[1] >= bound for one in moves.values()) for bound in (0.10, 0.15, 0.20)]
        counts = f"{beyond[0]} moved 10 %, {beyond[1]} 15 %, {beyond[2]} 20 %"
        sys.stdout.write(f"  of {len(moves)} markets {counts} in five minutes\n")


def tell_sources() -> None:
    """How far apart, how jumpy and how silent the sources of 10 October were."""
    file = folder() / DAYS[0][1]
    if not file.is_file():
        return
    steps: list[float] = []
    gaps: list[float] = []
    apart: dict[str, np.ndarray] = {}
    for base, sources in sources_of(file, None).items():
        told = [series_of(rows, 1) for rows in sources if len(rows) > 20]
        for at, prices in told:
            steps += np.abs(np.diff(prices) / prices[:-1]).tolist()
            gaps += np.diff(at).tolist()
        if len(told) < 2:
            continue
        clock = np.arange(max(at[0] for at, _prices in told), min(at[-1] for at, _prices in told))
        table = []
        for at, prices in told:
            place = np.searchsorted(at, clock, side="right") - 1
            table.append(np.where(clock - at[place] <= AGE_S, prices[place], np.nan))
        table = np.array(table)
        with np.errstate(all="ignore"):
            both = np.isfinite(table).sum(axis=0) >= 2
            ratio = np.nanmax(table[:, both], axis=0) / np.nanmin(table[:, both], axis=0) - 1
        apart[base] = ratio
    every = np.concatenate(list(apart.values()))
    sys.stdout.write("\n10 October 2025, sources of one market\n")
    shares = ", ".join(f"{bound:.0%} {np.mean(every > bound):.2%}" for bound in (0.02, 0.05, 0.10, 0.20))
    sys.stdout.write(f"  seconds in which they stood further apart than {shares}\n")
    sizes = ", ".join(f"{share:g} % {np.percentile(steps, share):.2%}" for share in (99, 99.9, 99.99))
    large = f"{sum(step > 0.1 for step in steps)} of {len(steps):,} above 10 %"
    sys.stdout.write(f"  steps between two bars: percentiles {sizes}; {large}\n")
    waits = ", ".join(f"{share:g} % {np.percentile(gaps, share):.0f} s" for share in (50, 90, 99, 99.9))
    sys.stdout.write(f"  silences: percentiles {waits}\n")


if __name__ == "__main__":
    tell_moves()
    tell_sources()
