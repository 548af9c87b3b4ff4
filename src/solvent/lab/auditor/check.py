"""The whole check of one command: read what was told, book it, compare, and ask the laws of the whole."""

from collections.abc import Callable
from typing import Any

from solvent.codes import Mode
from solvent.commands import CommandKind, unpack
from solvent.events import EventKind
from solvent.lab.auditor import (
    breakers,
    deleverage,
    funding,
    keepers,
    lending,
    liquidation,
    money,
    penalty,
    pools,
    prices,
    queue,
    settlement,
    terms,
    trading,
    waterfall,
)
from solvent.lab.auditor.allowed import PRIMARY, allowed_after
from solvent.lab.auditor.law import Event, require
from solvent.lab.auditor.lending import nothing_due
from solvent.lab.auditor.margin import check_after, look_before
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.penalty import no_penalty_due
from solvent.lab.auditor.pools import forget_orders_that_are_over
from solvent.lab.auditor.prices import check_appraisal
from solvent.lab.auditor.refusals import check_refusal
from solvent.lab.auditor.waterfall import close_case
from solvent.lab.auditor.whole import check_laws, check_structure, compare
from solvent.lab.books import Books, rows_of

CONCEPTS = (
    breakers,
    deleverage,
    funding,
    keepers,
    lending,
    liquidation,
    money,
    penalty,
    pools,
    prices,
    queue,
    settlement,
    terms,
    trading,
    waterfall,
)
EVENTS: dict[EventKind, Callable[[Notes, Any], None]] = {
    kind: book for concept in CONCEPTS for kind, book in concept.EVENTS.items()
}
"""Which function books which event."""

WITH_WORKLIST = (
    CommandKind.PRICE_REPORT,
    CommandKind.FUNDING_TICK,
    CommandKind.SETTLE_FUNDING,
    CommandKind.ENACT_TERMS,
    CommandKind.ACCRUE_INTEREST,
)
"""Commands whose flags are one list, told and hashed as one."""

_INSIDE_A_CASE = (
    EventKind.TRANCHE_DRAWN,
    EventKind.ACCOUNT_FLAGGED,
    EventKind.WITHDRAWALS_GATED,
    EventKind.DEFICIT_OPENED,
)


class Auditor:
    """Follows one machine. `check` after every command; `books` may be read by whoever drives the machine."""

    def __init__(self, state: Any) -> None:
        self.notes = Notes(state)

    @property
    def books(self) -> Books:
        """The auditor's own books, as of the last command."""
        return self.notes.books

    @property
    def commands(self) -> int:
        """Commands checked."""
        return self.notes.commands

    def check(self, record: Any, events: Any, state_before: Any, state_after: Any) -> None:
        """Book one command again and compare; raises LawBroken.

        `state_before` may be None: refusals are then compared ledger by ledger instead of table by table.
        """
        notes = self.notes
        notes.reset()
        notes.commands += 1
        notes.books.sequence += 1
        told = [Event(*row) for row in events.tolist()]
        venue = rows_of(state_after.venue)[0]
        require(
            "SEQUENCE",
            venue["sequence"] == notes.books.sequence,
            f"sequence is {venue['sequence']}, not {notes.books.sequence}",
        )
        for event in told:
            require("SEQUENCE", event.sequence == notes.books.sequence, f"event cites {event.sequence}")
        if any(event.kind == EventKind.COMMAND_REFUSED for event in told):
            check_refusal(notes, record, told, state_before, state_after)
        else:
            _check_accepted(notes, record, told, state_after)
        compare(notes, state_after)
        check_structure(notes, state_after)
        check_laws(notes)


def _check_accepted(notes: Notes, record: Any, told: list[Any], after: Any) -> None:
    command = unpack([record])[0]
    notes.command = command
    kind = command.kind
    books = notes.books
    if books.time_ns:
        notes.jump_ns = max(notes.jump_ns, command.time_ns - books.time_ns)
    books.time_ns = max(books.time_ns, command.time_ns)
    look_before(notes, command)
    allowed = allowed_after(kind)
    notes.after = after
    for event in told:
        require("SEQUENCE", event.time_ns == books.time_ns, f"event at {event.time_ns}, not {books.time_ns}")
        require("TOLD", event.kind in allowed, f"{EventKind(event.kind).name} after {kind.name}")
        notes.told[event.kind] += 1
        if notes.penalty is not None and event.kind != EventKind.PENALTY_CHARGED:
            no_penalty_due(notes)
        if notes.case is not None and event.kind not in _INSIDE_A_CASE:
            close_case(notes)
        EVENTS[EventKind(event.kind)](notes, event)
        if event.kind == EventKind.MARK_MOVED:
            books.price_version += 1
        require("SEQUENCE", event.price_version == books.price_version, f"price version {event.price_version}")
    if notes.penalty is not None:
        no_penalty_due(notes)
    if notes.case is not None:
        close_case(notes)
    if kind in PRIMARY:
        times = notes.told[PRIMARY[kind]]
        require("TOLD", times == 1, f"{PRIMARY[kind].name} told {times} times after {kind.name}")
    if kind in WITH_WORKLIST:
        lists = notes.told[EventKind.WORKLIST_TOLD]
        require("SCAN", lists == bool(notes.flagged_in_order), f"{lists} worklists after {kind.name}")
    nothing_due(notes)
    check_appraisal(notes)
    if kind == CommandKind.ADVANCE:
        forget_orders_that_are_over(notes)
        notes.jump_ns = 0
    notes.interest = {i: told for i, told in notes.interest.items() if books.modes[i] == Mode.AUCTION}
    notes.crossed = {i: price for i, price in notes.crossed.items() if books.modes[i] == Mode.AUCTION}
    check_after(notes, command)
