"""Against opposite, profitable, sound positions, at the rulebook's price (law DELEVERAGE)."""

from collections import Counter
from typing import Any

from solvent.codes import AdlPrice, Executor
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.liquidation import stage_of, visit
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import exchange


def _on_position_deleveraged(audit: Notes, event: Any) -> None:
    books = audit.books
    stage_of(audit, event, Executor.ADL)
    visit(audit, event)
    winner = books.accounts[event.counterparty]
    lots = abs(event.lots)
    held, other = (
        books.lots_of(event.account, event.instrument),
        books.lots_of(event.counterparty, event.instrument),
    )
    require("DELEVERAGE", event.counterparty != event.account and not winner.flagged, "deleveraged against itself")
    require("DELEVERAGE", held * other < 0 < lots, f"deleveraged {held} against {other}")
    require("DELEVERAGE", lots <= min(abs(held), abs(other)), f"{lots} lots of {held} against {other}")
    require("DELEVERAGE", event.lots * held > 0, "the sign of the lots is told wrongly")
    mark, previous = books.marks[event.instrument], books.previous_marks[event.instrument]
    allowed = {mark}
    if books.rules.policy["adl_price"] == AdlPrice.PREVIOUS_MARK and previous:
        # a previous mark that would cost the defaulter more may give way to the mark
        allowed = {previous, max(mark, previous) if held > 0 else min(mark, previous)}
    price = event.price_ticks
    require("DELEVERAGE", price in allowed, f"deleveraged at {price}, not at one of {allowed}")
    unit = price * books.per_lot_tick(event.instrument)
    position = books.position(event.counterparty, event.instrument)
    require("DELEVERAGE", other * unit > position.cost, f"{event.counterparty} has no gain at {price}")
    sign = 1 if other > 0 else -1
    gain = sign * lots * unit - books.cost_share(position, lots)
    require("DELEVERAGE", event.value == gain, f"gain {event.value}, not {gain}")
    require("TOLD", event.amount_quanta == lots * unit, "value told wrongly")
    buyer, seller = (event.counterparty, event.account) if held > 0 else (event.account, event.counterparty)
    exchange(audit, buyer, seller, event.instrument, lots, price)
    audit.winners.setdefault(event.account, Counter())[event.counterparty] += max(gain, 0)
    audit.winner_entries.setdefault(event.account, Counter())[event.counterparty] += 1


EVENTS = {
    EventKind.POSITION_DELEVERAGED: _on_position_deleveraged,
}
"""Which function books which event."""
