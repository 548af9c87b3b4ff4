"""Bytes to a table as it stands: Parquet, CSV or gzipped CSV, told apart by what the file holds."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from solvent.market.candles.columns import missing_columns
from solvent.market.candles.layout import KLINE_COLUMNS, PRICES
from solvent.market.candles.rows import rows_named

if TYPE_CHECKING:
    import polars

# A month of one-second candles of a market is about 400 MB as text; more should come as Parquet.
TEXT_BYTES_MAX: Final = 2**30


def load(file: Path) -> tuple[polars.DataFrame | None, list[str]]:
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
    if not set(PRICES) & set(table.columns):
        known = "Binance klines, or symbol, time_utc, open, high, low, close, volume"
        return None, [
            *faults,
            f"columns: {', '.join(table.columns[:12])} are not a known format. Give {known}.",
        ]
    if table.is_empty():
        return None, [
            *faults,
            "file: it is empty, a header without rows. Fetch it again.",
            *missing_columns(table),
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
    return [f"{rows_named(long)}: more than {cell_count} cells. Check separators and quotes."]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _first_line(trouble: Exception) -> str:
    return str(trouble).strip().partition("\n")[0]
