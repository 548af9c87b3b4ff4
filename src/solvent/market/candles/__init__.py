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

from solvent.market.candles.layout import CANDLE_COLUMNS, KINDS, KLINE_COLUMNS, VENUE_UNNAMED, CandleFileError
from solvent.market.candles.reading import read_candles
from solvent.market.candles.reports import candle_interval_ns, price_reports

__all__ = [
    "CANDLE_COLUMNS",
    "KINDS",
    "KLINE_COLUMNS",
    "VENUE_UNNAMED",
    "CandleFileError",
    "candle_interval_ns",
    "price_reports",
    "read_candles",
]
