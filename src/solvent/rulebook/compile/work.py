"""One compilation: what it is made from, and the faults and notes found on the way."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from solvent.rulebook.contracts import Contract
from solvent.rulebook.faults import Fault
from solvent.rulebook.locate import Path, lines_of, nearest_line
from solvent.rulebook.reading import written
from solvent.rulebook.rules import Rulebook
from solvent.state.terms import TermsShape
from solvent.units import LIMIT


class Work:
    """One compilation: what it is made from, and the faults and notes found on the way."""

    def __init__(
        self, rulebook: Rulebook, contracts: tuple[Contract, ...], decimals: int, room: TermsShape | None
    ) -> None:
        self.rulebook = rulebook
        self.contracts = contracts
        self.decimals = decimals
        self.room = room
        self.lines = lines_of(rulebook.source)
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    def tell(self, path: str, problem: str, remedy: str) -> None:
        """A fault of what was given beside the rulebook."""
        self.faults.append(Fault(None, path, problem, remedy))

    def tell_at(self, path: Path, problem: str, remedy: str) -> None:
        """A fault of the rulebook itself."""
        fault = Fault(nearest_line(self.lines, path), written(path), problem, remedy)
        if fault not in self.faults:
            self.faults.append(fault)

    def quanta(self, amount: Decimal, path: Path) -> int:
        """An amount in quanta; told when it is no whole number of them, or too large."""
        exact = Fraction(amount) * 10**self.decimals
        if exact.denominator != 1:
            self.tell_at(path, f"{amount} is not a whole number of quanta", f"Write at most {self.decimals} decimals.")
            return 0
        if exact > LIMIT:
            self.tell_at(path, f"{amount} is more than 2^62 quanta", "Write less, or use fewer decimals.")
            return 0
        return int(exact)


def write_fields(row: Any, fields: dict[str, int]) -> None:
    """Set named fields of one row."""
    for name, value in fields.items():
        row[name] = int(value)
