"""Candle files as venues and archives publish them, made into one table and into price reports.

Two layouts are read, from Parquet, CSV or gzipped CSV, told apart by what the file holds:

- klines of the Binance public archive: `open_time, open, high, low, close, volume, ...`, with a header
  row or (spot files) without one; one market a file, named by the file or by the caller;
- plain: `symbol, time_utc, open, high, low, close, volume`, and perhaps `venue` and `kind`, in any order.

A candle's time is when it OPENED. A file is believed whole or not at all: every fault is collected,
with its rows and a remedy, before anything is refused. Sources: Binance public data README (layout;
spot stamps are microseconds from 2025-01-01, futures stay in milliseconds).

polars is imported inside the functions because it costs a second, which start-up must not pay.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from solvent.market.symbols import DOLLAR_QUOTES, UnknownSymbolError, read_symbol

if TYPE_CHECKING:
    import polars

KLINE_COLUMNS: Final = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume", "taker_buy_quote_volume", "ignore",
)  # fmt: skip

CANDLE_COLUMNS: Final = (
    "time_ns", "base", "quote", "venue", "source", "kind", "open", "high", "low", "close", "volume",
)  # fmt: skip

#: What a candle's prices are: trades at a spot desk, trades in a perpetual, or a venue's mark price.
KINDS: Final = ("spot", "perp", "mark")

# Archives keep the margin type in the name; for a price it makes no difference.
_KIND_SPELLINGS: Final = {
    **{kind: kind for kind in KINDS},
    "perp_um": "perp",
    "perp_cm": "perp",
    "mark_um": "mark",
    "mark_cm": "mark",
}

# A symbol as the file has it, and its base, quote and whether it is a perpetual.
_Read = tuple[str, str, str, bool]

VENUE_UNNAMED: Final = "file"

_PRICES: Final = ("open", "high", "low", "close")
_AMOUNTS: Final = (*_PRICES, "volume")

_DOLLAR_QUOTE: Final = "|".join(sorted(DOLLAR_QUOTES))
_SYMBOL_IN_NAME: Final = re.compile(
    rf"(?<![A-Za-z0-9])[A-Z0-9]+(?:[-_](?:{_DOLLAR_QUOTE}))?(?:[-_]PERP|-SWAP)?(?![A-Za-z0-9])"
)

# Wider than any coin ever quoted (PEPE is near 1e-5, BTC near 1e5); beyond it lies a unit mistake.
PRICE_MIN: Final = 1e-12
PRICE_MAX: Final = 1e12

# Nothing of this kind was priced before 2009, and a time past 2100 is a unit mistake.
TIME_MIN_NS: Final = 1_230_768_000 * 10**9
TIME_MAX_NS: Final = 4_102_444_800 * 10**9

# A month of one-second candles of a market is about 400 MB as text; more should come as Parquet.
TEXT_BYTES_MAX: Final = 2**30

# Enough rows to find the pattern by eye; the count says the rest.
_ROWS_SHOWN_MAX: Final = 3


class CandleFileError(Exception):
    """A candle file that was refused. `faults` holds one sentence per fault: place, trouble, remedy."""

    def __init__(self, path: Path, faults: Iterable[str]) -> None:
        self.path = path
        self.faults: tuple[str, ...] = tuple(faults)
        assert self.faults, "a refusal without a reason helps nobody"
        super().__init__("\n".join([f"{path.name} was not read:", *(f"- {fault}" for fault in self.faults)]))


def read_candles(path: str | Path, *, symbol: str | None = None) -> polars.DataFrame:
    """All candles of a file, sorted by (time_ns, base, venue, kind, quote).

    Columns: time_ns Int64 (open, ns since the Unix epoch); base, quote, venue, source, kind String;
    open, high, low, close (in `quote`) and volume (as published) Float64.
    `source` is the venue, or `venue:quote` where one venue prices the base in several quotes, so that
    BTCUSDT and BTCUSDC of one venue are two opinions on BTC and not one that contradicts itself.
    `symbol` names the market of a file that does not name it itself.

    Raises CandleFileError with every fault of the file.
    """
    file = Path(path)
    table, faults = _load(file)
    if table is None:
        raise CandleFileError(file, faults)
    faults += _missing_columns(table)
    rows, market_faults = _with_market(_with_numbers(table), file, symbol)
    rows = _with_kind(rows, klines=_is_klines(table))
    faults += market_faults + _row_faults(rows, present=frozenset(table.columns))
    if faults:
        raise CandleFileError(file, faults)
    return _with_source(rows).select(CANDLE_COLUMNS).sort("time_ns", "base", "venue", "kind", "quote")


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


# --- intervals -----------------------------------------------------------------------------------------


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


# --- loading: bytes to a table as it stands -------------------------------------------------------------


def _load(file: Path) -> tuple[polars.DataFrame | None, list[str]]:
    """The table of a file, told by its first bytes and not by its name; None when there is none to check."""
    import polars as pl

    try:
        with file.open("rb") as stream:
            start = stream.read(4)
    except FileNotFoundError:
        return None, [f"file: {file} is missing. Check the path."]
    except OSError as trouble:
        return None, [f"file: {file} cannot be opened ({trouble.strerror}). Check its kind and permissions."]
    if not start:
        return None, ["file: it is empty. Fetch it again."]
    if start != b"PAR1":
        text, fault = _text(file, start)
        return (None, [fault]) if fault else _load_text(text.strip())
    try:
        table = pl.read_parquet(file)
    except pl.exceptions.PolarsError as trouble:
        return None, [f"file: broken Parquet ({_first_line(trouble)}). Fetch it again."]
    return _checked_table(table, [])


def _text(file: Path, start: bytes) -> tuple[str, str]:
    """The file as text, and the fault that prevented it ('' when none did)."""
    if start[:2] == b"PK":
        return "", "file: it is a zip archive, not a known format. Unpack it and give the CSV inside."
    opened = gzip.open if start[:2] == b"\x1f\x8b" else open
    try:
        with opened(file, "rb") as stream:
            content = stream.read(TEXT_BYTES_MAX + 1)
    except (OSError, EOFError, zlib.error) as trouble:
        return "", f"file: broken gzip ({trouble}). Fetch it again."
    if len(content) > TEXT_BYTES_MAX:
        return "", f"file: more than {TEXT_BYTES_MAX} bytes of text. Convert it to Parquet or split it."
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        return "", f"byte {trouble.start + 1}: not a known format. Give Parquet, or CSV in UTF-8."
    if "\0" in text:
        return "", f"byte {text.index(chr(0)) + 1}: not a known format. Give Parquet, or CSV in UTF-8."
    return text, ""


def _load_text(text: str) -> tuple[polars.DataFrame | None, list[str]]:
    """CSV with every cell kept as text, so that a bad cell can be pointed at instead of guessed away."""
    import polars as pl

    first = next(csv.reader(io.StringIO(text)), [])
    headed = not (first and _is_number(first[0]))
    if not headed and len(first) != len(KLINE_COLUMNS):
        trouble_text = f"no header row, and {len(first)} cells instead of the {len(KLINE_COLUMNS)} of klines"
        return None, [f"row 1: {trouble_text}. Add a header row naming the columns."]
    names = [cell.strip() for cell in first] if headed else list(KLINE_COLUMNS)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return None, [f"columns: {', '.join(twice)} named more than once. Keep one of each."]
    faults: list[str] = []
    for ragged in (False, True):
        try:
            table = pl.read_csv(
                io.BytesIO(text.encode()),
                has_header=headed,
                new_columns=None if headed else list(KLINE_COLUMNS),
                infer_schema=False,
                truncate_ragged_lines=ragged,
            )
            return _checked_table(table.rename(str.strip), faults)
        except pl.exceptions.NoDataError:
            return None, ["file: it is empty. Fetch it again."]
        except pl.exceptions.PolarsError as trouble:
            faults = _long_rows(text, len(first), headed) or [
                f"file: broken CSV ({_first_line(trouble)}). Check quotes and separators."
            ]
    return None, faults


def _checked_table(table: polars.DataFrame, faults: list[str]) -> tuple[polars.DataFrame | None, list[str]]:
    """The table, unless it holds no rows or has nothing of a candle about it."""
    if not set(_PRICES) & set(table.columns):
        known = "Binance klines, or symbol, time_utc, open, high, low, close, volume"
        return None, [
            *faults,
            f"columns: {', '.join(table.columns[:12])} are not a known format. Give {known}.",
        ]
    if table.is_empty():
        return None, [
            *faults,
            "file: it is empty, a header without rows. Fetch it again.",
            *_missing_columns(table),
        ]
    return table, faults


def _long_rows(text: str, cell_count: int, headed: bool) -> list[str]:
    """The fault of rows with more cells than the first, found the slow way once reading has failed."""
    try:
        rows = list(csv.reader(io.StringIO(text)))[headed:]
    except csv.Error:
        return []
    long = [number for number, cells in enumerate(rows, start=1) if len(cells) > cell_count]
    if not long:
        return []
    return [f"{_rows_named(long)}: more than {cell_count} cells. Check separators and quotes."]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _first_line(trouble: Exception) -> str:
    return str(trouble).strip().partition("\n")[0]


# --- columns: names, numbers, times ---------------------------------------------------------------------


def _is_klines(table: polars.DataFrame) -> bool:
    return "open_time" in table.columns and "time_utc" not in table.columns


def _time_name(table: polars.DataFrame) -> str:
    return "open_time" if _is_klines(table) else "time_utc"


def _missing_columns(table: polars.DataFrame) -> list[str]:
    """One fault per column a candle cannot do without, each with the spare column named most like it."""
    needed = (_time_name(table), *_AMOUNTS)
    spare = [name for name in table.columns if name not in (*needed, "symbol", "venue", "kind")]
    faults = []
    for name in needed:
        if name not in table.columns:
            nearest = difflib.get_close_matches(name, spare, n=1, cutoff=0.0)
            rename = f", or rename `{nearest[0]}` if that is what it holds" if nearest else ""
            faults.append(f"columns: `{name}` is missing. Add it{rename}.")
    return faults


def _with_numbers(table: polars.DataFrame) -> polars.DataFrame:
    """The columns a candle needs and `row`, counted from 1: time as `time_ns`, prices and volume as floats.

    A cell that cannot be read, or is not finite, becomes null; so does a whole column that is missing.
    """
    import polars as pl

    time_name = _time_name(table)
    described = [name for name in ("symbol", "venue", "kind") if name in table.columns]
    texts = [_cells(table.schema[name], name) for name in described]
    amounts = [
        _number(table.schema[name], name) if name in table.columns else pl.lit(None, dtype=pl.Float64)
        for name in _AMOUNTS
    ]
    time_ns = (
        _time_ns(table.schema[time_name], time_name) if time_name in table.columns else pl.lit(None, dtype=pl.Int64)
    )
    rows = table.with_columns(
        *texts, *(amount.alias(name) for name, amount in zip(_AMOUNTS, amounts, strict=True)), time_ns=time_ns
    )
    finite = [pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in _AMOUNTS]
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


# --- markets: symbol, venue, kind, source ---------------------------------------------------------------


def _with_market(rows: polars.DataFrame, file: Path, symbol: str | None) -> tuple[polars.DataFrame, list[str]]:
    """Adds base, quote, perpetual and venue. The symbol comes from file, caller or file name."""
    import polars as pl

    faults: list[str] = []
    in_file = "symbol" in rows.columns
    if not in_file:
        named, faults = _named_market(file, symbol)
        rows = rows.with_columns(symbol=pl.lit(named, dtype=pl.String))
    read: list[_Read] = []
    for text in rows["symbol"].unique().sort().to_list():
        try:
            read.append((text, *read_symbol(text or "")))
        except UnknownSymbolError as trouble:
            place = pl.col("symbol").eq_missing(pl.lit(text))
            faults += _fault(rows, place, str(trouble)) if in_file else []
    if in_file and symbol is not None and not faults:
        read, faults = _agreed(read, symbol)
    names = {"symbol": pl.String, "base": pl.String, "quote": pl.String, "perpetual": pl.Boolean}
    markets = pl.DataFrame(read, schema=names, orient="row")
    rows = rows.join(markets, on="symbol", how="left", maintain_order="left")
    return rows.with_columns(venue=_venue(rows)), faults


def _named_market(file: Path, symbol: str | None) -> tuple[str | None, list[str]]:
    """The one market of a file without a `symbol` column, or the fault of not knowing it."""
    example = "Give the market with symbol=, for example symbol='BTC/USDT:USDT'."
    if symbol is not None:
        try:
            read_symbol(symbol)
        except UnknownSymbolError as trouble:
            return None, [f"symbol=: {trouble}"]
        return symbol, []
    found = _symbols_in_name(file.name)
    if len(found) == 1:
        return found[0], []
    trouble_text = f"tells several ({', '.join(found)})" if found else "tells none"
    return None, [f"file: no `symbol` column, and the file name {trouble_text}. {example}"]


def _symbols_in_name(name: str) -> list[str]:
    """Symbols in a file name such as `binance_coinm_BTCUSD_PERP_1m_2025.parquet`, each once.

    Only upper case with a quote or a suffix counts: `btc` or `BTC` alone could be anything.
    """
    found = []
    for text in _SYMBOL_IN_NAME.findall(name):
        try:
            market = read_symbol(text)
        except UnknownSymbolError:
            continue
        if market.base != text:
            found.append(text)
    return list(dict.fromkeys(found))


def _agreed(read: list[_Read], symbol: str) -> tuple[list[_Read], list[str]]:
    """The caller's reading of a market the file names too: it may say `perpetual`, not another market."""
    try:
        wanted = read_symbol(symbol)
    except UnknownSymbolError as trouble:
        return read, [f"symbol=: {trouble}"]
    others = [text for text, base, quote, _ in read if (base, quote) != wanted[:2]]
    if others:
        held = ", ".join(others[:_ROWS_SHOWN_MAX])
        return read, [f"symbol=: it says {symbol} and the file holds {held}. Leave symbol= out."]
    return [(text, *wanted) for text, *_ in read], []


def _venue(rows: polars.DataFrame) -> polars.Expr:
    import polars as pl

    if "venue" not in rows.columns:
        return pl.lit(VENUE_UNNAMED)
    return pl.when(pl.col("venue").str.len_chars() > 0).then("venue").otherwise(pl.lit(VENUE_UNNAMED))


def _with_kind(rows: polars.DataFrame, *, klines: bool) -> polars.DataFrame:
    """Makes `kind` one of KINDS, null where the file says something else.

    Klines without any volume are mark prices: the archive writes them with volume 0 throughout.
    """
    import polars as pl

    if "kind" in rows.columns:
        text = pl.col("kind").str.to_lowercase()
        known = text.replace_strict(_KIND_SPELLINGS, default=None, return_dtype=pl.String)
        return rows.with_columns(kind=known)
    if klines and bool((rows["volume"] == 0).all(ignore_nulls=False)):
        return rows.with_columns(kind=pl.lit("mark"))
    return rows.with_columns(kind=pl.when("perpetual").then(pl.lit("perp")).otherwise(pl.lit("spot")))


def _with_source(rows: polars.DataFrame) -> polars.DataFrame:
    """Adds `source`: the venue, with the quote behind it where that venue prices the base in several."""
    import polars as pl

    several = pl.col("quote").n_unique().over("venue", "base") > 1
    full = pl.concat_str("venue", "quote", separator=":")
    return rows.with_columns(source=pl.when(several).then(full).otherwise("venue"))


# --- faults of rows -------------------------------------------------------------------------------------


def _row_faults(rows: polars.DataFrame, present: Collection[str]) -> list[str]:
    """What is wrong in the rows, one fault per kind of trouble and column; null cells are reported once."""
    import polars as pl

    faults: list[str] = []
    for name in _AMOUNTS:
        if name in present:
            faults += _fault(rows, pl.col(name).is_null(), f"`{name}` is not a finite number. Correct or drop them.")
    for name in _PRICES:
        absurd = ~pl.col(name).is_between(PRICE_MIN, PRICE_MAX)
        faults += _fault(
            rows,
            absurd,
            f"`{name}` is outside {PRICE_MIN:g} to {PRICE_MAX:g}. Correct the price or its unit.",
        )
    faults += _fault(rows, pl.col("volume") < 0, "`volume` is negative. Correct it.")
    crossed = pl.col("high") < pl.col("low")
    faults += _fault(rows, crossed, "`high` is below `low`. Check whether the columns are swapped.")
    for name in ("open", "close"):
        outside = ~crossed & ~pl.col(name).is_between(pl.col("low"), pl.col("high"))
        faults += _fault(rows, outside, f"`{name}` is outside low to high. Check the order of the columns.")
    faults += _time_faults(rows, present)
    if "kind" in present:
        known = ", ".join(_KIND_SPELLINGS)
        faults += _fault(rows, pl.col("kind").is_null(), f"`kind` is unknown. Write one of {known}.")
    return faults


def _time_faults(rows: polars.DataFrame, present: Collection[str]) -> list[str]:
    import polars as pl

    name = "time_utc" if "time_utc" in present else "open_time"
    if name not in present:
        return []
    time_ns = pl.col("time_ns")
    fair = time_ns.is_between(TIME_MIN_NS, TIME_MAX_NS)
    market = ["base", "quote", "venue", "kind", "time_ns"]
    told_before = ~pl.struct(market).is_first_distinct() & fair & pl.all_horizontal(pl.col(market).is_not_null())
    return [
        *_fault(rows, time_ns.is_null(), f"`{name}` is not a time. Write ISO 8601 or an epoch number."),
        *_fault(rows, ~fair, f"`{name}` is outside 2009 to 2100. Check its unit: s, ms, µs or ns."),
        *_fault(rows, told_before, "overlaps an earlier row of the same market and time. Keep one of them."),
    ]


def _fault(rows: polars.DataFrame, wrong: polars.Expr, sentence: str) -> list[str]:
    """One fault naming the rows where `wrong` holds, or none. A null is not wrong: it has its own."""
    numbers = rows.filter(wrong)["row"].to_list()
    return [f"{_rows_named(numbers)}: {sentence}"] if numbers else []


def _rows_named(numbers: list[int]) -> str:
    """`row 3`, `rows 3, 7`, or `rows 3, 7, 9 and 4 more (7 in all)`."""
    shown = ", ".join(str(number) for number in numbers[:_ROWS_SHOWN_MAX])
    rest = len(numbers) - _ROWS_SHOWN_MAX
    more = f" and {rest} more ({len(numbers)} in all)" if rest > 0 else ""
    return f"{'row' if len(numbers) == 1 else 'rows'} {shown}{more}"
