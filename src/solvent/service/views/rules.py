"""Rules as they are told: the document the venue started from, every change since, and what waits to be enacted."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from solvent.engine.engine import Engine
from solvent.market.venue import Venue
from solvent.service.desk import Desk
from solvent.state.terms import SEATS_MAX, layout
from solvent.state.whole import shape_of

CELLS_MAX: Final = 500


class RuleViews:
    """The rules of one venue, to look at."""

    def __init__(self, engine: Engine, desk: Desk, venue: Venue) -> None:
        self.engine = engine
        self.desk = desk
        self.venue = venue
        self._places = layout(shape_of(engine.state))
        self._first: dict[int, int] = {}

    def named(self, cell: int) -> dict[str, Any]:
        """A cell of the terms by its table, row and field, and its market where it has one."""
        for table, (first, rows, dtype) in self._places.items():
            names = dtype.names or ()
            if first <= cell < first + rows * len(names):
                row, column = divmod(cell - first, len(names))
                return {
                    "cell": cell,
                    "table": table,
                    "row": row,
                    "market": self._market(table, rows, row),
                    "field": names[column],
                }
        return {"cell": cell, "table": "", "row": 0, "market": None, "field": ""}

    def _market(self, table: str, rows: int, row: int) -> str | None:
        room = len(self.engine.state.instruments)
        if table in ("stages", "levels", "absorbers", "breakers", "remedies", "assets", "policy", "brackets"):
            return None
        if rows % room:
            return None
        instrument = row % room if table == "schedules" else row * room // rows
        return self.venue.symbols[instrument] if instrument < len(self.venue.symbols) else None

    def pending(self) -> list[dict[str, Any]]:
        """Cells that are staged and differ from those in force."""
        state = self.engine.state
        changed = np.flatnonzero(np.asarray(state.cells) != np.asarray(state.staged)).tolist()
        return [
            {
                **self.named(cell),
                "in_force": str(int(state.cells[cell])),
                "staged": str(int(state.staged[cell])),
                "by": self.desk.staged_by.get(cell),
            }
            for cell in changed[:CELLS_MAX]
        ]

    def history(self) -> list[dict[str, Any]]:
        """Every version since the venue began, the newest first, with what it changed and who enacted it."""
        first: Any = self.engine.genesis.terms().cells
        now: dict[int, int] = {}
        told = []
        for change in self.desk.changes:
            cells = []
            for cell, value, actor in change.cells[:CELLS_MAX]:
                before = now.get(cell, int(first[cell]))
                now[cell] = value
                cells.append({**self.named(cell), "before": str(before), "after": str(value), "by": actor})
            told.append(
                {
                    "version": change.version,
                    "sequence": change.sequence,
                    "time_ns": str(change.time_ns),
                    "enacted_by": change.actor,
                    "changes": cells,
                }
            )
        return told[::-1]

    def proposal(self) -> dict[str, Any] | None:
        """The proposal that waits for its notice and its votes; None where none does."""
        state = self.engine.state
        venue, rules = state.venue[0], state.governing[0]
        if int(venue.proposal_version) == 0:
            return None
        votes = int(venue.proposal_votes)
        return {
            "version": int(venue.proposal_version),
            "seat": int(venue.proposal_seat),
            "due_ns": str(int(venue.proposal_due_ns)),
            "notice_over": int(venue.time_ns) >= int(venue.proposal_due_ns),
            "votes": [seat for seat in range(1, SEATS_MAX + 1) if votes >> (seat - 1) & 1],
            "votes_needed": int(rules.votes_needed),
        }

    def told(self) -> dict[str, Any]:
        """The rulebook the venue started from, its versions, and what waits to be enacted."""
        return {
            "name": self.venue.rulebook.name,
            "text": self.engine.genesis.documents["rulebook"],
            "terms_version": int(self.engine.state.venue[0].terms_version),
            "by_proposal_only": bool(self.engine.state.governing[0].enforced),
            "proposal": self.proposal(),
            "pending": self.pending(),
            "history": self.history(),
        }
