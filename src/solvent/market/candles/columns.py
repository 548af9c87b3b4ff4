"""Columns: which layout a table has, what is missing of it, and its numbers and times as numbers."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from solvent.market.candles.layout import AMOUNTS
from solvent.market.candles.rows import TIME_MAX_NS, TIME_MIN_NS

if TYPE_CHECKING:
    import polars


def is_klines(table: polars.DataFrame) -> bool:
    """Whether the table has the layout of the archive rather than the plain one."""
    return "open_time" in table.columns and "time_utc" not in table.columns


def _time_name(table: polars.DataFrame) -> str:
    return "open_time" if is_klines(table) else "time_utc"


def missing_columns(table: polars.DataFrame) -> list[str]:
    """One fault per column a candle cannot do without, each with the spare column named most like it."""
    needed = (_time_name(table), *AMOUNTS)
    spare = [name for name in table.columns if name not in (*needed, "symbol", "venue", "kind")]
    faults = []
    for name in needed:
        if name not in table.columns:
            nearest = difflib.get_close_matches(name, spare, n=1, cutoff=0.0)
            rename = f", or rename `{nearest[0]}` if that is what it holds" if nearest else ""
            faults.append(f"columns: `{name}` is missing. Add it{rename}.")
    return faults


def with_numbers(table: polars.DataFrame) -> polars.DataFrame:
    """The columns a candle needs and `row`, counted from 1: time as `time_ns`, prices and volume as floats.

    A cell that cannot be read, or is not finite, becomes null; so does a whole column that is missing.
    """
    import polars as pl

    time_name = _time_name(table)
    described = [name for name in ("symbol", "venue", "kind") if name in table.columns]
    texts = [_cells(table.schema[name], name) for name in described]
    amounts = [
        _number(table.schema[name], name) if name in table.columns else pl.lit(None, dtype=pl.Float64)
        for name in AMOUNTS
    ]
    time_ns = (
        _time_ns(table.schema[time_name], time_name) if time_name in table.columns else pl.lit(None, dtype=pl.Int64)
    )
    rows = table.with_columns(
        *texts, *(amount.alias(name) for name, amount in zip(AMOUNTS, amounts, strict=True)), time_ns=time_ns
    )
    finite = [pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in AMOUNTS]
    return rows.select(*described, "time_ns", *finite).with_row_index("row", offset=1)


def _number(dtype: polars.DataType, name: str) -> polars.Expr:
    import polars as pl

    if dtype.is_numeric():
        return pl.col(name).cast(pl.Float64, strict=False)
    return _cells(dtype, name).cast(pl.Float64, strict=False)


def _cells(dtype: polars.DataType, name: str) -> polars.Expr:
    """A column as trimmed text; null throughout for lists, records and bytes, which no layout holds."""
    import polars as pl

    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return pl.lit(None, dtype=pl.String).alias(name)
    return pl.col(name).cast(pl.String, strict=False).str.strip_chars()


def _time_ns(dtype: polars.DataType, name: str) -> polars.Expr:
    """A time column of any published form as ns since the epoch; null when unreadable."""
    import polars as pl

    if isinstance(dtype, pl.Datetime):
        unit_ns = {"ns": 1, "us": 10**3, "ms": 10**6}[dtype.time_unit]
        return _scaled_ns(pl.col(name).to_physical(), _whole(unit_ns))
    if dtype == pl.Date:
        return _scaled_ns(pl.col(name).to_physical().cast(pl.Int64), _whole(86_400 * 10**9))
    if dtype.is_integer():
        return _epoch_ns(pl.col(name).cast(pl.Int64, strict=False))
    if dtype.is_numeric():
        return _fractional_epoch_ns(pl.col(name).cast(pl.Float64))
    text = _cells(dtype, name)
    return pl.coalesce(
        _epoch_ns(text.cast(pl.Int64, strict=False)),
        _fractional_epoch_ns(text.cast(pl.Float64, strict=False)),
        _iso_ns(text),
    )


def _epoch_ns(count: polars.Expr) -> polars.Expr:
    """Whole seconds, ms, µs or ns, told by size row by row: merged archives change unit midway.

    From 2009 to 2100 the four are 1e9, 1e12, 1e15 and 1e18 up to fourfold, so they cannot be confused.
    """
    import polars as pl

    size = count.abs()
    second_or_milli = pl.when(size < 10**11).then(_whole(10**9)).otherwise(_whole(10**6))
    micro_or_nano = pl.when(size < 10**17).then(_whole(10**3)).otherwise(_whole(1))
    return _scaled_ns(count, pl.when(size < 10**14).then(second_or_milli).otherwise(micro_or_nano))


def _fractional_epoch_ns(count: polars.Expr) -> polars.Expr:
    """The same for numbers with a fraction, to the microsecond; a float holds no more of an epoch."""
    import polars as pl

    size = count.abs()
    second_or_milli = pl.when(size < 1e11).then(count * 1e6).otherwise(count * 1e3)
    micro_or_nano = pl.when(size < 1e17).then(count).otherwise(count / 1e3)
    micros = pl.when(size < 1e14).then(second_or_milli).otherwise(micro_or_nano)
    return _scaled_ns(micros.round().cast(pl.Int64, strict=False), _whole(10**3))


def _iso_ns(text: polars.Expr) -> polars.Expr:
    """ISO 8601 in its usual spellings. Without an offset it is UTC, as the column's name promises."""
    import polars as pl

    plain = text.str.replace(r"\s*(Z|UTC)$", "").str.replace("T", " ", literal=True)
    date = plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    local = [
        plain.str.to_datetime(form, strict=False, time_unit="us") for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
    ]
    offset = plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", strict=False, time_unit="us")
    micros = pl.coalesce(*local, offset.dt.replace_time_zone(None), date).to_physical()
    return _scaled_ns(micros, _whole(10**3))


def _scaled_ns(count: polars.Expr, unit_ns: polars.Expr) -> polars.Expr:
    """count × unit, with times outside the allowed years sent to 0 (1970), where the range check finds them.

    The bound is applied before the product, so that an absurd count cannot wrap round into a fair year.
    """
    import polars as pl

    inside = count.is_between(_whole(TIME_MIN_NS) // unit_ns, _whole(TIME_MAX_NS) // unit_ns)
    return pl.when(inside).then(count * unit_ns).when(count.is_not_null()).then(_whole(0))


def _whole(number: int) -> polars.Expr:
    import polars as pl

    return pl.lit(number, dtype=pl.Int64)
