"""Marks, modes and funding: only prices that were reported, only breakers that tighten, amounts exact (law FUNDING)."""

from typing import Any

from solvent.codes import SystemAccount
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import same_fields
from solvent.units import FUNDING_SCALE, PPB


def _on_mark_moved(audit: Notes, event: Any) -> None:
    books = audit.books
    require("TOLD", event.instrument == audit.command.instrument, "another market's mark moved")
    require("TOLD", event.value == books.marks[event.instrument] != event.price_ticks, "the old mark is told wrongly")
    reports = books.reports[event.instrument * books.rules.sources :][: books.rules.sources]
    known = [price for price, _time in reports]
    require("SEQUENCE", event.price_ticks in known, f"mark {event.price_ticks} was never reported: {known}")
    books.previous_marks[event.instrument] = books.marks[event.instrument]
    books.marks[event.instrument] = event.price_ticks


def _on_mode_changed(audit: Notes, event: Any) -> None:
    books = audit.books
    require("TOLD", event.value == books.modes[event.instrument] != event.mode, "the old mode is told wrongly")
    if audit.command.kind == CommandKind.PRICE_REPORT:
        require("TOLD", event.mode > event.value, "a breaker loosened a market")
    elif audit.command.kind == CommandKind.ADVANCE:
        require("TOLD", event.mode < event.value, "time tightened a market")
    else:
        same_fields(audit, event)
    books.modes[event.instrument] = event.mode


def _on_funding_ticked(audit: Notes, event: Any) -> None:
    books = audit.books
    require("TOLD", event.value == audit.command.rate_ppb, "another rate")
    require("TOLD", event.price_ticks == books.marks[event.instrument], "funding at another mark")
    rate_max = books.rules.policy["funding_rate_max_ppb"]
    require("FUNDING", abs(event.value) <= rate_max, f"rate {event.value} beyond {rate_max}")
    unit = books.marks[event.instrument] * books.per_lot_tick(event.instrument)
    size = (2 * unit * abs(event.value) * FUNDING_SCALE + PPB) // (2 * PPB)
    books.indices[event.instrument] += size if event.value >= 0 else -size


def _on_funding_paid(audit: Notes, event: Any) -> None:
    books = audit.books
    position = books.position(event.account, event.instrument)
    due = books.funding_due(event.instrument, position)
    require("FUNDING", event.amount_quanta == due != 0, f"paid {event.amount_quanta} of {due}")
    require("FUNDING", event.lots == position.lots, f"funding of {event.lots} lots, held {position.lots}")
    books.move(event.account, SystemAccount.FUNDING, due)
    position.index = books.indices[event.instrument]
    audit.roundings += 1


EVENTS = {
    EventKind.MARK_MOVED: _on_mark_moved,
    EventKind.MODE_CHANGED: _on_mode_changed,
    EventKind.FUNDING_TICKED: _on_funding_ticked,
    EventKind.FUNDING_PAID: _on_funding_paid,
}
"""Which function books which event."""
