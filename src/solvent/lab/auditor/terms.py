"""Rules staged and enacted (law TERMS), and acts that change nothing."""

from typing import Any

from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import same_fields
from solvent.lab.books import Rules
from solvent.units import PPM


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
    audit.books.ask_multipliers()


def _on_act_recorded(audit: Notes, event: Any) -> None:
    same = (event.value, event.reference) == (audit.command.value, audit.command.reference)
    require("TOLD", same, "another act is told than the one recorded")


def _on_margin_stepped(audit: Notes, event: Any) -> None:
    """A step towards what the terms ask of new risk: never beyond it, never longer than a step may be."""
    books, side = audit.books, 0 if event.lots > 0 else 1
    before = max(books.charged[event.instrument][side], PPM)
    goal = books.asked[event.instrument][side]
    step = books.rules.dynamics[2 * event.instrument + side]["step_ppm"]
    wanted = goal if not step else min(goal, before + step)
    told = event.amount_quanta, event.requirement_quanta
    require("MARGIN", told == (before, wanted), f"a step from {before} to {wanted} was told as {told}")
    require("MARGIN", before <= event.value <= wanted, f"stepped to {event.value}, wanted {wanted}")
    books.charged[event.instrument][side] = event.value
    most = books.rules.policy["step_accounts_max"]
    below = [n for n, book in books.accounts.items() if book.is_trader and not book.flagged and books.surplus(n) < 0]
    require("MARGIN", not most or len(below) <= most, f"a step pushed {len(below)} accounts, {most} are allowed")


EVENTS = {
    EventKind.MARGIN_STEPPED: _on_margin_stepped,
    EventKind.ACT_RECORDED: _on_act_recorded,
    EventKind.TERM_STAGED: _on_term_staged,
    EventKind.TERMS_ENACTED: _on_terms_enacted,
}
"""Which function books which event."""
