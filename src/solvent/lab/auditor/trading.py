"""Trades, orders and leverage, booked again from what was told."""

from dataclasses import fields
from typing import Any

from solvent.codes import SystemAccount
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.auditor.law import Event, require
from solvent.lab.auditor.notes import Notes


def same_fields(audit: Notes, event: Any, *, but: tuple[str, ...] = ()) -> None:
    """The event repeats the fields of its command, but for those named."""
    for name in (column.name for column in fields(audit.command)):
        if name in Event._fields and name not in but and name != "time_ns":
            told, asked = getattr(event, name), getattr(audit.command, name)
            require("TOLD", told == asked, f"{EventKind(event.kind).name}.{name} is {told}, the command says {asked}")


def _on_instrument_listed(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    audit.books.listed[event.instrument] = 1
    audit.books.ask_multipliers()


def _on_traded(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    exchange(audit, event.account, event.counterparty, event.instrument, event.lots, event.price_ticks)
    audit.books.move(event.account, SystemAccount.FEES, event.fee_quanta)
    audit.books.move(event.counterparty, SystemAccount.FEES, event.counter_fee_quanta)


def exchange(audit: Notes, buyer: int, seller: int, instrument: int, lots: int, price: int) -> None:
    """Before contracts move, all funding of both sides is settled; what is left rounds to nothing."""
    for account in (buyer, seller):
        position = audit.books.accounts[account].positions.get(instrument)
        if position is None or position.index == audit.books.indices[instrument]:
            continue
        due = audit.books.funding_due(instrument, position)
        require("FUNDING", due == 0, f"account {account} moved lots with {due} of funding owed")
        position.index = audit.books.indices[instrument]
        audit.roundings += 1
    if audit.books.is_inverse(instrument):
        audit.rounded_parts.update((buyer, seller))
    audit.books.exchange(buyer, seller, instrument, lots, price)


def _on_order_reserved(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    position = audit.books.position(event.account, event.instrument)
    value = abs(audit.books.traded(event.instrument, event.lots, event.price_ticks))
    if event.lots > 0:
        position.bid_lots += event.lots
        position.bid_quanta += value
    else:
        position.ask_lots -= event.lots
        position.ask_quanta += value


def _on_order_released(audit: Notes, event: Any) -> None:
    position = audit.books.position(event.account, event.instrument)
    if audit.command.kind == CommandKind.ADVANCE:
        require("LIQUIDATION", audit.books.accounts[event.account].flagged, "orders of a sound account dropped")
        require("TOLD", event.lots == position.bid_lots - position.ask_lots, "dropped orders told wrongly")
        position.bid_lots = position.bid_quanta = position.ask_lots = position.ask_quanta = 0
        return
    same_fields(audit, event)
    value = abs(audit.books.traded(event.instrument, event.lots, event.price_ticks))
    if event.lots > 0:
        position.bid_lots -= event.lots
        position.bid_quanta -= value
    else:
        position.ask_lots += event.lots
        position.ask_quanta -= value
    left = (position.bid_lots, position.bid_quanta, position.ask_lots, position.ask_quanta)
    require("LEDGER", min(left) >= 0, f"orders left {left}")


def _on_leverage_set(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    require("TOLD", event.value == audit.command.leverage, "another leverage")
    audit.books.position(event.account, event.instrument).leverage = audit.command.leverage


EVENTS = {
    EventKind.INSTRUMENT_LISTED: _on_instrument_listed,
    EventKind.TRADED: _on_traded,
    EventKind.ORDER_RESERVED: _on_order_reserved,
    EventKind.ORDER_RELEASED: _on_order_released,
    EventKind.LEVERAGE_SET: _on_leverage_set,
}
"""Which function books which event."""
