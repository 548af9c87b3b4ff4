"""Rules staged and enacted (law TERMS), and acts that change nothing."""

from typing import Any

from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import same_fields
from solvent.lab.books import Rules


def _on_term_staged(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    require("TERMS", event.amount_quanta == audit.staged[event.cell], "the old value is told wrongly")
    audit.staged[event.cell] = event.value


def _on_terms_enacted(audit: Notes, event: Any) -> None:
    require("TERMS", event.value == audit.command.version == audit.books.terms_version + 1, f"version {event.value}")
    require("TERMS", audit.after.cells.tolist() == audit.staged, "the rules in force are not the staged ones")
    audit.cells = list(audit.staged)
    audit.books.terms_version += 1
    audit.books.rules = Rules(audit.after)


def _on_act_recorded(audit: Notes, event: Any) -> None:
    same = (event.value, event.reference) == (audit.command.value, audit.command.reference)
    require("TOLD", same, "another act is told than the one recorded")


EVENTS = {
    EventKind.ACT_RECORDED: _on_act_recorded,
    EventKind.TERM_STAGED: _on_term_staged,
    EventKind.TERMS_ENACTED: _on_terms_enacted,
}
"""Which function books which event."""
