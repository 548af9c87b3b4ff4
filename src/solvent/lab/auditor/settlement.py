"""The end of a market, booked again: what every position is paid, and that nothing of it is left (law SETTLED)."""

from typing import Any

from solvent.codes import Mode, SystemAccount
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import same_fields


def _on_position_settled(audit: Notes, event: Any) -> None:
    books, instrument = audit.books, event.instrument
    require("TOLD", instrument == audit.command.instrument, "a position of another market was settled")
    require("TOLD", event.price_ticks == audit.command.price_ticks, "settled at another price")
    position = books.accounts[event.account].positions.pop(instrument, None)
    require("SETTLED", position is not None or event.lots == 0, f"account {event.account} held nothing")
    if position is None:
        return
    if books.is_option(instrument):
        due = books.payoff(instrument, position.lots, event.price_ticks)
    else:
        due = books.marked(instrument, position.lots, event.price_ticks)
    funding = books.funding_due(instrument, position)
    told = event.lots, event.amount_quanta, event.value, event.fee_quanta
    fair = position.lots, due, due - position.cost, funding
    require("SETTLED", told == fair, f"account {event.account} was settled as {told}, due is {fair}")
    audit.roundings += int(position.index != books.indices[instrument])
    books.move(event.account, SystemAccount.FUNDING, funding)
    books.accounts[event.account].wallet += due - position.cost
    audit.left_over -= due


def _on_market_settled(audit: Notes, event: Any) -> None:
    same_fields(audit, event, but=("lots",))
    books, instrument = audit.books, event.instrument
    require("TOLD", event.lots == books.open_interest[instrument], "another open interest ended")
    left = [number for number, book in books.accounts.items() if instrument in book.positions]
    require("SETTLED", not left, f"accounts {left} still hold the market that ended")
    require("SETTLED", event.amount_quanta == audit.left_over >= 0, f"{event.amount_quanta} left of {audit.left_over}")
    if books.is_option(instrument):
        expiry = books.rules.options[instrument]["expiry_ns"]
        require("SETTLED", books.time_ns >= expiry, f"settled before its expiry {expiry}")
    else:
        require("SETTLED", books.level(instrument) == Mode.HALTED, "a market that was open ended")
    for other, terms in enumerate(books.rules.options):
        needs = books.listed[other] and books.is_option(other) and terms["underlying"] == instrument
        require("SETTLED", not needs, f"market {other} is still settled by the one that ended")
    books.accounts[SystemAccount.MARKET_FUNDS + instrument].wallet += event.amount_quanta
    books.open_interest[instrument] = 0
    books.listed[instrument] = 0
    books.unwinds[instrument].lots = 0


EVENTS = {
    EventKind.POSITION_SETTLED: _on_position_settled,
    EventKind.MARKET_SETTLED: _on_market_settled,
}
"""Which function books which event."""
