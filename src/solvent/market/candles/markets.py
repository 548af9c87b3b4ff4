"""Whose prices a row holds: symbol, venue, kind and source, named by the file or by the caller."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from solvent.market.candles.layout import KIND_SPELLINGS, ROWS_SHOWN_MAX, VENUE_UNNAMED
from solvent.market.candles.rows import fault
from solvent.market.symbols import DOLLAR_QUOTES, UnknownSymbolError, read_symbol

if TYPE_CHECKING:
    import polars

# A symbol as the file has it, and its base, quote and whether it is a perpetual.
_Read = tuple[str, str, str, bool]

_DOLLAR_QUOTE: Final = "|".join(sorted(DOLLAR_QUOTES))

_SYMBOL_IN_NAME: Final = re.compile(
    rf"(?<![A-Za-z0-9])[A-Z0-9]+(?:[-_](?:{_DOLLAR_QUOTE}))?(?:[-_]PERP|-SWAP)?(?![A-Za-z0-9])"
)


def with_market(rows: polars.DataFrame, file: Path, symbol: str | None) -> tuple[polars.DataFrame, list[str]]:
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
            faults += fault(rows, place, str(trouble)) if in_file else []
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
        held = ", ".join(others[:ROWS_SHOWN_MAX])
        return read, [f"symbol=: it says {symbol} and the file holds {held}. Leave symbol= out."]
    return [(text, *wanted) for text, *_ in read], []


def _venue(rows: polars.DataFrame) -> polars.Expr:
    import polars as pl

    if "venue" not in rows.columns:
        return pl.lit(VENUE_UNNAMED)
    return pl.when(pl.col("venue").str.len_chars() > 0).then("venue").otherwise(pl.lit(VENUE_UNNAMED))


def with_kind(rows: polars.DataFrame, *, klines: bool) -> polars.DataFrame:
    """Makes `kind` one of KINDS, null where the file says something else.

    Klines without any volume are mark prices: the archive writes them with volume 0 throughout.
    """
    import polars as pl

    if "kind" in rows.columns:
        text = pl.col("kind").str.to_lowercase()
        known = text.replace_strict(KIND_SPELLINGS, default=None, return_dtype=pl.String)
        return rows.with_columns(kind=known)
    if klines and bool((rows["volume"] == 0).all(ignore_nulls=False)):
        return rows.with_columns(kind=pl.lit("mark"))
    return rows.with_columns(kind=pl.when("perpetual").then(pl.lit("perp")).otherwise(pl.lit("spot")))


def with_source(rows: polars.DataFrame) -> polars.DataFrame:
    """Adds `source`: the venue, with the quote behind it where that venue prices the base in several."""
    import polars as pl

    several = pl.col("quote").n_unique().over("venue", "base") > 1
    full = pl.concat_str("venue", "quote", separator=":")
    return rows.with_columns(source=pl.when(several).then(full).otherwise("venue"))
