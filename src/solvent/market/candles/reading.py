"""A candle file, read whole or refused with every fault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from solvent.market.candles.columns import is_klines, missing_columns, with_numbers
from solvent.market.candles.layout import CANDLE_COLUMNS, CandleFileError
from solvent.market.candles.loading import load
from solvent.market.candles.markets import with_kind, with_market, with_source
from solvent.market.candles.rows import row_faults

if TYPE_CHECKING:
    import polars


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
    table, faults = load(file)
    if table is None:
        raise CandleFileError(file, faults)
    faults += missing_columns(table)
    rows, market_faults = with_market(with_numbers(table), file, symbol)
    rows = with_kind(rows, klines=is_klines(table))
    faults += market_faults + row_faults(rows, present=frozenset(table.columns))
    if faults:
        raise CandleFileError(file, faults)
    return with_source(rows).select(CANDLE_COLUMNS).sort("time_ns", "base", "venue", "kind", "quote")
