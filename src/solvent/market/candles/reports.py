"""Candles told as the price reports a live source could have sent."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from solvent.market.symbols import DOLLAR_QUOTES

if TYPE_CHECKING:
    import polars


def candle_interval_ns(frame: polars.DataFrame) -> int:
    """The shortest candle interval of the table: per series the most common spacing, then the least of those.

    Raises ValueError when no series holds two candles, for then nothing tells the interval.
    """
    known_ns: list[int] = _series_intervals(frame)["interval_ns"].drop_nulls().to_list()
    if not known_ns:
        raise ValueError("no series holds two candles, so the interval cannot be told; give more candles.")
    assert min(known_ns) > 0, "two candles of a series at one time are refused on reading"
    return min(known_ns)


def price_reports(
    frame: polars.DataFrame, bases: Collection[str], *, points: Literal["path", "close"] = "path"
) -> polars.DataFrame:
    """Candles of `bases` told as the reports a live source could have sent, sorted by time.

    points="path": open, both extremes, close at 0, 1/4, 1/2, 3/4 of the candle. The extreme against the
    candle's direction comes first (a rising candle visits its low before its high), which makes every
    candle travel furthest: the conservative reading of an order the file does not tell.
    points="close": one report when the candle has ended; nothing is told before it was known.

    Columns: time_ns Int64, base, source, kind String, price Float64; sorted by the first four. Markets not
    quoted in a dollar are left out: their numbers cannot stand beside the others.
    Raises ValueError for a base without candles, for unknown points, or when no interval can be told.
    """
    import polars as pl

    if points not in ("path", "close"):
        raise ValueError(f"points={points!r} is unknown; write 'path' or 'close'.")
    candles = frame.filter(pl.col("base").is_in(list(bases)) & pl.col("quote").is_in(sorted(DOLLAR_QUOTES)))
    _require_bases(candles, bases)
    candles = _with_span(candles)
    rising = pl.col("close") >= pl.col("open")
    quarter_ns = pl.col("span_ns") // 4
    path = (
        (quarter_ns * 0, pl.col("open")),
        (quarter_ns * 1, pl.when(rising).then("low").otherwise("high")),
        (quarter_ns * 2, pl.when(rising).then("high").otherwise("low")),
        (quarter_ns * 3, pl.col("close")),
    )
    told = path if points == "path" else ((pl.col("span_ns"), pl.col("close")),)
    reports = [
        candles.select(pl.col("time_ns") + after_ns, "base", "source", "kind", price.alias("price"))
        for after_ns, price in told
    ]
    return pl.concat(reports).sort("time_ns", "base", "source", "kind", maintain_order=True)


def _series_intervals(frame: polars.DataFrame) -> polars.DataFrame:
    """Most common spacing of each series, `interval_ns`; null for a series of one candle."""
    import polars as pl

    spacing_ns = pl.col("time_ns").sort().diff().drop_nulls()
    return frame.group_by("base", "source", "kind").agg(interval_ns=spacing_ns.mode().min())


def _with_span(candles: polars.DataFrame) -> polars.DataFrame:
    """Adds `span_ns`, how long each candle lasted.

    The series' own interval, never another's: an hour squeezed into a minute would report its close 59
    minutes before it was known. Cut short where the next candle opens sooner, for trade bars of thin
    markets skip empty seconds and their most common spacing can exceed the bar itself. A lone candle
    takes the longest interval in the table: late is harmless, early is foresight.
    """
    import polars as pl

    if candles.is_empty():
        return candles.with_columns(span_ns=pl.lit(0, dtype=pl.Int64))
    candle_interval_ns(candles)  # raises when not even one series tells its interval
    series = ["base", "source", "kind"]
    intervals = _series_intervals(candles).with_columns(pl.col("interval_ns").fill_null(pl.col("interval_ns").max()))
    next_ns = pl.col("time_ns").shift(-1).over(series)
    return (
        candles.join(intervals, on=series)
        .sort(*series, "time_ns")
        .with_columns(span_ns=pl.min_horizontal("interval_ns", next_ns - pl.col("time_ns")))
    )


def _require_bases(candles: polars.DataFrame, bases: Collection[str]) -> None:
    """Raises ValueError when a base has no candle; silence would look like a market that never moved."""
    priced = set(candles["base"].to_list())
    absent = sorted(set(bases) - priced)
    if absent:
        raise ValueError(
            f"no candles in a dollar quote for {', '.join(absent)}; "
            f"the table prices {', '.join(sorted(priced)) or 'none of the bases asked for'}."
        )
