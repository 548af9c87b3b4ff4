"""A refused command: it says why, changes nothing, and was not a mere reduction of risk (laws REFUSED, MARGIN)."""

from typing import Any

import numpy as np

from solvent.codes import REFUSAL_SENTENCES, Answer, Mode, Refusal, Schedule
from solvent.commands import CommandKind, unpack
from solvent.lab.appraisal import answer
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.books import rows_of
from solvent.state.whole import FIRST_TABLES

_PLAIN_TABLES = (*FIRST_TABLES[1:-1], "cells", "staged")


def check_refusal(audit: Notes, record: Any, told: list[Any], before: Any, after: Any) -> None:
    """Raise LawBroken unless a refusal gives its reason and changed nothing."""
    require("REFUSED", len(told) == 1, f"{len(told)} events in a refused command")
    event = told[0]
    known = event.refusal in list(Refusal) and event.refusal != Refusal.NONE
    require("REFUSED", known and bool(REFUSAL_SENTENCES.get(Refusal(event.refusal))), f"reason {event.refusal}")
    require("REFUSED", event.value == int(record["kind"]), "the refusal names another kind of command")
    for name in ("account", "counterparty", "instrument", "lots", "price_ticks", "amount_quanta", "reference"):
        require("REFUSED", getattr(event, name) == int(record[name]), f"the refusal changed {name}")
    if before is not None:
        for name in _PLAIN_TABLES:
            same = np.array_equal(getattr(before, name), getattr(after, name))
            require("REFUSED", same, f"refused ({Refusal(event.refusal).name}), but table {name} changed")
        require("REFUSED", np.array_equal(before.queue, after.queue), "refused, but the queue changed")
        old, new = rows_of(before.venue)[0], rows_of(after.venue)[0]
        changed = [name for name in old if old[name] != new[name] and name != "sequence"]
        require("REFUSED", not changed, f"refused, but the venue's {changed} changed")
    if record["kind"] == CommandKind.TRADE and event.refusal != Refusal.FIELD_NOT_USED:
        _check_reducing_allowed(audit, unpack([record])[0], Refusal(event.refusal))


def _check_reducing_allowed(audit: Notes, command: Any, refusal: Refusal) -> None:
    """R9: two sides that both reduce at the mark without fees are always allowed, unless the market is closed."""
    books = audit.books
    if refusal in (Refusal.AMOUNT_OUT_OF_RANGE, Refusal.TIME_OUT_OF_RANGE, Refusal.EXPIRED):
        return
    if 0 <= command.instrument < len(books.marks) and books.level(command.instrument) >= Mode.AUCTION:
        return
    pair = (command.account, command.counterparty)
    if any(number not in books.accounts or not books.accounts[number].is_trader for number in pair):
        return
    if not 0 <= command.instrument < len(books.marks) or command.fee_quanta or command.counter_fee_quanta:
        return
    if command.lots < 1 or command.price_ticks != books.marks[command.instrument] or not command.price_ticks:
        return
    before, books.time_ns = books.time_ns, max(books.time_ns, command.time_ns)
    doubted = answer(books, command.instrument, "reduce") == Answer.REFUSE
    books.time_ns = before
    if refusal == Refusal.PRICE_CONDITION and doubted:
        return
    if any(ladders[command.instrument].kind == Schedule.SCENARIO for ladders in books.rules.ladders):
        return  # one leg of a hedge: reducing it alone asks for more
    buyer, seller = (books.lots_of(number, command.instrument) for number in pair)
    reduces = buyer <= -command.lots and seller >= command.lots
    if books.is_inverse(command.instrument) and (buyer != -command.lots or seller != command.lots):
        return  # an inverse value is rounded at every size: a part closed at the mark may cost a quantum, the whole not
    require("MARGIN", not reduces, f"{command} only reduces, at the mark, and was refused as {refusal.name}")
