"""Cells of the terms by name: what people write and read in the place of a number.

    policy.advance_max                              a table of one row
    contracts[BTC/USDC:USDC].lots_max               a row for each market
    feeds[BTC/USDC:USDC binance].weight             market and source
    schedules[maintenance BTC/USDC:USDC].rate_max_ppm
    dynamics[BTC/USDC:USDC short].volatility_ppm
    levels[initial].margin …  remedies[stale].open …  corridors[margin].votes
    stages[2].timeout_ns                            otherwise the row's number, in the order of the rulebook

A row may always be written by its number. Tables and fields are those of `solvent.state.terms`; `/v1/terms` lists them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from solvent.codes import Condition, Family, Level
from solvent.market.venue import NotRepresentable, Venue
from solvent.state.terms import LEVELS, SIDES, SOURCES_MAX, layout

_NAME: Final = re.compile(r"([a-z_]{1,40})(?:\[([^\[\]]{1,80})\])?\.([a-z_0-9]{1,60})", re.ASCII)
BY_MARKET: Final = frozenset({"contracts", "pricing", "markets", "funding", "backings"})
"""Tables with a row for each market."""
_SIDES: Final = ("long", "short")


class Named(NamedTuple):
    """A cell: its table, row, field, the market it belongs to if it does, and its whole name."""

    table: str
    row: int
    field: str
    market: str | None
    name: str


class TermNames:
    """The names of one venue's cells."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._room = venue.compiled.shape.instruments
        self._places = layout(venue.compiled.shape)
        self._labels = {table: self._labels_of(table, rows) for table, (_first, rows, _dtype) in self._places.items()}
        self._rows = {
            table: {label: row for row, (label, _market) in enumerate(labels)} for table, labels in self._labels.items()
        }

    def _labels_of(self, table: str, rows: int) -> list[tuple[str, str | None]]:
        """(label, market) of each row of a table."""
        symbols = self._venue.symbols

        def market(row: int) -> str | None:
            return symbols[row] if row < len(symbols) else None

        def joined(row: int, *words: str | None) -> str:
            return " ".join(word for word in words if word) if all(words) else str(row)

        if table in BY_MARKET:
            return [(market(row) or str(row), market(row)) for row in range(rows)]
        if table == "feeds":
            sources = self._venue.source_names
            return [
                (joined(row, at, sources.get((row // SOURCES_MAX, row % SOURCES_MAX))), at)
                for row in range(rows)
                for at in [market(row // SOURCES_MAX)]
            ]
        if table == "schedules":
            levels = [level.name.lower() for level in Level]
            return [
                (joined(row, levels[row // self._room], at) if row // self._room < len(levels) else str(row), at)
                for row in range(rows)
                for at in [market(row % self._room)]
            ]
        if table == "dynamics":
            return [(joined(row, at, _SIDES[row % SIDES]), at) for row in range(rows) for at in [market(row // SIDES)]]
        if table == "shocks":
            each = rows // self._room
            return [(str(row), market(row // each)) for row in range(rows)]
        names: dict[int, str] = {}
        if table == "levels":
            assert rows == LEVELS, "a row for each level"
            names = {int(level): level.name.lower() for level in Level}
        elif table == "remedies":
            names = {int(condition): condition.name.lower() for condition in Condition}
        elif table == "corridors":
            names = {int(family): family.name.lower() for family in Family}
        return [(names.get(row, str(row)), None) for row in range(rows)]

    def named(self, cell: int) -> Named:
        """What a cell is. A number that is no cell's has no name."""
        for table, (first, rows, dtype) in self._places.items():
            fields = dtype.names or ()
            if first <= cell < first + rows * len(fields):
                row, column = divmod(cell - first, len(fields))
                label, market = self._labels[table][row]
                place = table if rows == 1 else f"{table}[{label}]"
                return Named(table, row, fields[column], market, f"{place}.{fields[column]}")
        return Named("", 0, "", None, str(cell))

    @property
    def count(self) -> int:
        """Number of cells."""
        first, rows, dtype = list(self._places.values())[-1]
        return first + rows * len(dtype.names or ())

    def cell(self, text: str) -> int:
        """The cell a name means. Raises NotRepresentable with what is wrong."""
        found = _NAME.fullmatch(text)
        if found is None:
            raise NotRepresentable(f"{text[:60]!r} is no term; write table[row].field, as stages[2].timeout_ns")
        table, label, field = found.groups()
        if table not in self._places:
            raise NotRepresentable(f"there is no table {table!r} of the terms; known: {', '.join(self._places)}")
        first, rows, dtype = self._places[table]
        fields = dtype.names or ()
        if field not in fields:
            raise NotRepresentable(f"{table} has no field {field!r}; known: {', '.join(fields)}")
        if label is None and rows > 1:
            known = ", ".join(self._label(table, row) for row in range(min(rows, 4)))
            raise NotRepresentable(f"{table} has {rows} rows; name one, as {table}[…] with one of {known} …")
        row = 0 if label is None else self._row(table, label, rows)
        return first + row * len(fields) + fields.index(field)

    def _label(self, table: str, row: int) -> str:
        return self._labels[table][row][0]

    def _row(self, table: str, label: str, rows: int) -> int:
        row = self._rows[table].get(label)
        if row is None and label.isascii() and label.isdigit() and len(label) < 10 and int(label) < rows:
            row = int(label)
        if row is None:
            known = ", ".join(self._label(table, row) for row in range(min(rows, 8)))
            raise NotRepresentable(f"{table} has no row {label[:40]!r}; known: {known}{' …' if rows > 8 else ''}")
        return row
