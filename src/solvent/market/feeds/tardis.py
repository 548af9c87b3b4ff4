"""Tardis CSV files: derivative_ticker, trades, liquidations and book_snapshot_N, plain or gzip.

Times are microseconds since 1970. Rows are ordered by `local_timestamp`, the moment the recorder saw them: that is the
moment a machine could have known them, so it decides the order of a replay. Empty cells are missing values.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from solvent.market.feeds import Depth, Liquidated, PayloadError, Report, Told, Traded

US: Final = 1_000
COMMON: Final = ("exchange", "symbol", "timestamp", "local_timestamp")
TICKER: Final = (*COMMON, "funding_timestamp", "funding_rate", "predicted_funding_rate", "open_interest", "last_price",
                 "index_price", "mark_price")  # fmt: skip
TRADES: Final = (*COMMON, "id", "side", "price", "amount")
LEVELS_MAX: Final = 25


def read_file(path: Path) -> Iterator[tuple[int, Told]]:
    """(local time in ns, what is told) row by row. Raises PayloadError with the line."""
    with (
        gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file,
        io.TextIOWrapper(file, encoding="utf-8", newline="") as text,
    ):
        rows = csv.reader(text)
        try:
            header = tuple(next(rows, ()))
            read = _reader(header, "liquidations" in path.name)
            for line, row in enumerate(rows, 2):
                if len(row) != len(header):
                    raise PayloadError(f"{path.name} line {line}: {len(row)} cells, not {len(header)}")
                cells = dict(zip(header, row, strict=True))
                local_ns = int(cells["local_timestamp"]) * US
                for told in read(cells):
                    yield local_ns, told
        except (UnicodeDecodeError, csv.Error, KeyError) as error:
            raise PayloadError(f"{path.name}: {error}") from None
        except ValueError as error:
            raise error if isinstance(error, PayloadError) else PayloadError(f"{path.name}: {error}") from None


def _reader(header: tuple[str, ...], liquidations: bool):  # type: ignore[no-untyped-def]  # one of four functions below
    if header == TICKER:
        return _ticker
    if header == TRADES:
        return _liquidation if liquidations else _trade
    if header[:5] == (*COMMON, "asks[0].price"):
        return _snapshot
    raise PayloadError("the first line is no header of derivative_ticker, trades, liquidations or book_snapshot")


def _ticker(cells: dict[str, str]) -> list[Told]:
    time_ns = int(cells["timestamp"]) * US
    names = (("mark_price", ""), ("index_price", "_index"), ("last_price", "_last"))
    return [
        Report(cells["exchange"] + suffix, cells["symbol"], cells[name], time_ns)
        for name, suffix in names
        if cells[name]
    ]


def _trade(cells: dict[str, str]) -> list[Told]:
    number = int(cells["id"]) if cells["id"].isdigit() else 0
    time_ns, sell = int(cells["timestamp"]) * US, cells["side"] == "sell"
    return [Traded(cells["exchange"], cells["symbol"], cells["price"], cells["amount"], sell, time_ns, number)]


def _liquidation(cells: dict[str, str]) -> list[Told]:
    # the side is the order's, as in the other files: a sell closes a long
    time_ns, long = int(cells["timestamp"]) * US, cells["side"] == "sell"
    return [Liquidated(cells["exchange"], cells["symbol"], cells["price"], cells["amount"], long, time_ns)]


def _snapshot(cells: dict[str, str]) -> list[Told]:
    def side(name: str) -> tuple[tuple[str, str], ...]:
        found = []
        for level in range(LEVELS_MAX):
            price = cells.get(f"{name}[{level}].price")
            if not price:
                break
            found.append((price, cells[f"{name}[{level}].amount"]))
        return tuple(found)

    return [Depth(cells["exchange"], cells["symbol"], side("bids"), side("asks"), int(cells["timestamp"]) * US, True)]
