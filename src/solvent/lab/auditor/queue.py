"""In and out of the queue: judged rightly, flagged because distressed, gone because sound or closed (SCAN, JUDGED)."""

from typing import Any

from solvent.codes import Level
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.books import NOBODY


def judged(audit: Notes, event: Any) -> None:
    """Equity and requirement as told are the books' own."""
    equity, required = audit.books.equity(event.account), audit.books.requirement(event.account)
    told = (event.equity_quanta, event.requirement_quanta)
    name = EventKind(event.kind).name
    require("JUDGED", told == (equity, required), f"{name} {event.account}: {told}, not {(equity, required)}")


def _on_account_flagged(audit: Notes, event: Any) -> None:
    books = audit.books
    account = books.accounts[event.account]
    judged(audit, event)
    require("SCAN", not account.flagged, f"account {event.account} flagged twice")
    below = books.surplus(event.account) < 0 if account.is_trader else event.equity_quanta < 0
    require("SCAN", below, f"account {event.account} flagged with surplus {books.surplus(event.account)}")
    sizes = {instrument: books.notional(event.account, instrument) for instrument in account.positions}
    largest = max(sizes.values(), default=0)
    require("JUDGED", max(event.amount_quanta, 0) == largest, f"largest notional {event.amount_quanta}")
    if largest > 0:
        require("JUDGED", sizes.get(event.instrument) == largest, f"market {event.instrument} is not the largest")
    account.flagged = True
    audit.flagged_now.add(event.account)
    audit.flagged_in_order.append(event.account)
    audit.default_instrument[event.account] = event.instrument
    audit.flagged_sequence[event.account] = books.sequence
    audit.order_stage[event.account] = NOBODY


def _on_worklist_told(audit: Notes, event: Any) -> None:
    """Number and hash of what was flagged: two residues of a polynomial, from the price version on."""
    flagged = audit.flagged_in_order
    hashes = []
    for factor in (69_621, 48_271):
        value = audit.books.price_version
        for account in flagged:
            value = value * factor + account + 1
        hashes.append(value % (2**31 - 1))
    require("SCAN", event.lots == len(flagged) > 0, f"{event.lots} told on the worklist, {len(flagged)} flagged")
    require("SCAN", flagged == sorted(flagged), "the worklist is not in the order of the accounts")
    require("SCAN", event.value == hashes[0] * 2**31 + hashes[1], f"hash of the worklist {event.value}")


def _on_judged_by_scan(audit: Notes, event: Any) -> None:
    if event.asset == 0:
        kind = audit.books.rules.ladders[Level.MAINTENANCE][event.instrument].kind
        require("TERMS", event.value == kind, f"market {event.instrument} has schedule {kind}, told {event.value}")


def _on_account_waiting(audit: Notes, event: Any) -> None:
    account = audit.books.accounts[event.account]
    require("LIQUIDATION", account.flagged, "a sound account waits")
    if account.is_flat:
        require("WATERFALL", audit.drawn_quanta > 0, f"{event.account} waits to be paid though no fund was drawn on")
    judged(audit, event)


def _leave(audit: Notes, event: Any) -> None:
    account = audit.books.accounts[event.account]
    require("SCAN", account.flagged, f"account {event.account} left a queue it was not in")
    require("TOLD", event.amount_quanta == account.wallet, "the wallet is told wrongly")
    require("TOLD", event.reference == audit.flagged_sequence[event.account], "the flagging is cited wrongly")
    for position in account.positions.values():
        left = position.ordered or position.bid_lots or position.ask_lots
        require("LIQUIDATION", not left, f"account {event.account} left liquidation with open orders")
    account.flagged = False
    audit.default_instrument[event.account] = NOBODY
    audit.order_stage[event.account] = NOBODY
    audit.begun[event.account] = 0


def _on_account_recovered(audit: Notes, event: Any) -> None:
    account = audit.books.accounts[event.account]
    if account.is_trader:
        surplus = audit.books.surplus(event.account)
        require("SCAN", surplus >= 0, f"account {event.account} recovered with surplus {surplus}")
    else:
        require("SCAN", audit.books.equity(event.account) >= 0, "the vault recovered below zero")
    _leave(audit, event)


def _on_default_closed(audit: Notes, event: Any) -> None:
    account = audit.books.accounts[event.account]
    require("LIQUIDATION", account.is_flat, f"case of {event.account} closed with positions")
    require("WATERFALL", account.wallet >= 0, f"case of {event.account} closed with wallet {account.wallet}")
    _leave(audit, event)


EVENTS = {
    EventKind.ACCOUNT_FLAGGED: _on_account_flagged,
    EventKind.WORKLIST_TOLD: _on_worklist_told,
    EventKind.JUDGED_BY_SCAN: _on_judged_by_scan,
    EventKind.ACCOUNT_WAITING: _on_account_waiting,
    EventKind.ACCOUNT_RECOVERED: _on_account_recovered,
    EventKind.DEFAULT_CLOSED: _on_default_closed,
}
"""Which function books which event."""
