"""Rows of the machine's tables as plain tuples with names.

A screen reads hundreds of fields at once. Field by field through NumPy each costs a microsecond and a price would wait
meanwhile; a table taken over as a whole costs little, and the machine's own small rules can be asked of such rows too.
"""

from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace
from typing import Any

import numpy as np

from solvent.state.tables import State

_MADE: dict[tuple[str, ...], Any] = {}


def rows_of(table: np.ndarray, chosen: Any = None) -> list[Any]:
    """All rows of a table, or those chosen by a slice or by numbers."""
    plain = table.view(np.ndarray)
    names = plain.dtype.names or ()
    row: Any = _MADE.get(names)
    if row is None:
        row = _MADE[names] = namedtuple("Row", names)
    return [row._make(values) for values in (plain if chosen is None else plain[chosen]).tolist()]


def light(state: State, *tables: str) -> Any:
    """Some tables of a state, by name, as lists of rows: what a rule that only reads them can be asked of."""
    return SimpleNamespace(**{name: rows_of(getattr(state, name)) for name in tables})
