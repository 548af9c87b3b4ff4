"""Rules as they are told: the document the venue started from, every change since, and what waits to be enacted."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from solvent.codes import Family
from solvent.engine.engine import Engine
from solvent.market.venue import Venue
from solvent.service.desk import Desk
from solvent.service.naming import TermNames
from solvent.state.families import FAMILY_BITS
from solvent.state.terms import SEATS_MAX

CELLS_MAX: Final = 500


class RuleViews:
    """The rules of one venue, to look at."""

    def __init__(self, engine: Engine, desk: Desk, venue: Venue, names: TermNames) -> None:
        self.engine = engine
        self.desk = desk
        self.venue = venue
        self.names = names
        assert names.count == len(engine.state.cells), "the names are of these terms"

    def named(self, cell: int) -> dict[str, Any]:
        """A cell of the terms by its name, its table, row and field, and its market where it has one."""
        named = self.names.named(cell)
        return {
            "cell": cell,
            "term": named.name,
            "table": named.table,
            "row": named.row,
            "market": named.market,
            "field": named.field,
        }

    def terms(self, like: str, limit: int) -> dict[str, Any]:
        """Terms in force whose name holds a text, with the family under whose rule each is changed."""
        state = self.engine.state
        told = []
        for cell in range(self.names.count):
            named = self.names.named(cell)
            if like and like not in named.name:
                continue
            family = int(state.families[cell]) % FAMILY_BITS
            told.append(
                {
                    **self.named(cell),
                    "value": str(int(state.cells[cell])),
                    "staged": str(int(state.staged[cell])),
                    "family": Family(family).name.lower(),
                }
            )
            if len(told) == limit:
                break
        return {"terms_version": int(state.venue[0].terms_version), "terms": told}

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
