"""Marks, modes and funding: only prices that were reported, only breakers that tighten, amounts exact (law FUNDING)."""

from fractions import Fraction
from math import floor
from typing import Any

from solvent.codes import Condition, Mode, SystemAccount
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.appraisal import DAY_NS, appraise, bits_now, nobody_confirms
from solvent.lab.auditor.breakers import check_breakers, note_openings
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import same_fields
from solvent.units import FUNDING_SCALE, PPB


def appraise_report(audit: Notes, command: Any) -> None:
    """Book an accepted report and work out what it must lead to."""
    books, instrument = audit.books, command.instrument
    market = books.markets[instrument]
    silent = 1 << Condition.STALE | 1 << Condition.BELOW_QUORUM
    was_silent, had_mark = nobody_confirms(books, instrument), bool(books.marks[instrument])
    feed = books.rules.feeds[instrument * books.rules.sources + command.source]
    place = instrument * books.rules.sources + command.source
    books.reports[place].take(command, books.time_ns, books.sequence, feed["delay_ns"])
    result = appraise(books, instrument)
    audit.appraisal = result
    market.bits = result.bits
    market.past = [entry for entry in market.past if books.time_ns - entry[0] <= 2 * DAY_NS]
    if result.mark:
        if was_silent and had_mark and not result.bits & silent:
            market.resumed = books.time_ns
        market.quorum_until, market.mark_time = result.until, books.time_ns
        if result.outside:
            market.supported, market.supported_time = result.mark, books.time_ns


def check_appraisal(audit: Notes) -> None:
    """After a report: the mark is what the reports make, whether it moved or not."""
    if audit.appraisal is None:
        return
    books, instrument = audit.books, audit.command.instrument
    expected = audit.appraisal.mark or books.marks[instrument]
    require("PRICE", books.marks[instrument] == expected, f"mark {books.marks[instrument]} stayed, not {expected}")
    told = bool(audit.told[EventKind.MARK_CLAMPED])
    require("TOLD", told == bool(audit.appraisal.clamped), "a clamped mark was not told, or told without being one")
    require("TOLD", books.markets[instrument].told == bits_now(books, instrument), "conditions were not told")
    require("TOLD", books.markets[instrument].dropped == audit.appraisal.dropped, "dropped sources were not told")


def _on_price_condition_changed(audit: Notes, event: Any) -> None:
    market = audit.books.markets[event.instrument]
    bits = bits_now(audit.books, event.instrument)
    require("PRICE", event.value == bits, f"conditions {event.value} of market {event.instrument}, not {bits}")
    require("TOLD", event.amount_quanta == market.told != event.value, "the old conditions are told wrongly")
    market.told = event.value


def _on_sources_dropped(audit: Notes, event: Any) -> None:
    market = audit.books.markets[event.instrument]
    assert audit.appraisal is not None
    require("PRICE", event.value == audit.appraisal.dropped, f"dropped {event.value}, not {audit.appraisal.dropped}")
    require("TOLD", event.amount_quanta == market.dropped != event.value, "the sources dropped before are told wrongly")
    market.dropped = event.value


def _on_mark_clamped(audit: Notes, event: Any) -> None:
    expected = audit.appraisal
    assert expected is not None
    told = event.price_ticks, event.guard, event.value
    due = expected.mark, expected.clamped, audit.command.price_ticks
    require("PRICE", told == due, f"clamped {told}, not {due}")


def _on_mark_moved(audit: Notes, event: Any) -> None:
    books = audit.books
    require("TOLD", event.instrument == audit.command.instrument, "another market's mark moved")
    require("TOLD", event.value == books.marks[event.instrument] != event.price_ticks, "the old mark is told wrongly")
    expected = audit.appraisal
    assert expected is not None
    require("PRICE", event.price_ticks == expected.mark, f"mark {event.price_ticks}, the reports make {expected.mark}")
    market = books.markets[event.instrument]
    if event.value:
        market.past.append((books.time_ns, event.value))
    books.previous_marks[event.instrument] = books.marks[event.instrument]
    books.marks[event.instrument] = event.price_ticks


def _on_mode_changed(audit: Notes, event: Any) -> None:
    books = audit.books
    require("TOLD", event.value == books.modes[event.instrument] != event.mode, "the old mode is told wrongly")
    if audit.command.kind in (CommandKind.PRICE_REPORT, CommandKind.ADVANCE):
        check_breakers(audit, event)
    else:
        same_fields(audit, event)
    note_openings(books, event.instrument, event.mode)
    books.modes[event.instrument] = event.mode


def _on_interest_reported(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    require("TOLD", audit.books.modes[event.instrument] == Mode.AUCTION, "interest in a market without an auction")
    bids, asks = audit.interest.setdefault(event.instrument, {}).get(event.price_ticks, (0, 0))
    more = (bids + event.lots, asks) if event.lots > 0 else (bids, asks - event.lots)
    audit.interest[event.instrument][event.price_ticks] = more
    audit.crossed.pop(event.instrument, None)


def _on_auction_crossed(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    interest = audit.interest.get(event.instrument, {})
    mark = audit.books.marks[event.instrument]

    def quality(price: int) -> tuple[int, int, int, int]:
        wanted = sum(bids for at, (bids, _asks) in interest.items() if at >= price)
        offered = sum(asks for at, (_bids, asks) in interest.items() if at <= price)
        return -min(wanted, offered), abs(wanted - offered), abs(price - mark), price

    best = min(interest, key=quality)
    due = best, -quality(best)[0]
    require("PRICE", (event.price_ticks, event.lots) == due, f"crossed {event.lots} at {event.price_ticks}, not {due}")
    audit.crossed[event.instrument] = event.price_ticks


def _on_funding_ticked(audit: Notes, event: Any) -> None:
    books = audit.books
    rate = audit.computed_ppb if audit.command.kind == CommandKind.SETTLE_FUNDING else audit.command.rate_ppb
    require("TOLD", event.value == rate, "another rate")
    require("TOLD", event.price_ticks == books.marks[event.instrument], "funding at another mark")
    rate_max = books.rules.policy["funding_rate_max_ppb"]
    require("FUNDING", abs(event.value) <= rate_max, f"rate {event.value} beyond {rate_max}")
    lot = abs(books.worth(event.instrument, 1, books.marks[event.instrument]))
    size = floor(lot * abs(event.value) * FUNDING_SCALE / PPB + Fraction(1, 2))
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
    EventKind.INTEREST_REPORTED: _on_interest_reported,
    EventKind.AUCTION_CROSSED: _on_auction_crossed,
    EventKind.PRICE_CONDITION_CHANGED: _on_price_condition_changed,
    EventKind.SOURCES_DROPPED: _on_sources_dropped,
    EventKind.MARK_CLAMPED: _on_mark_clamped,
    EventKind.MARK_MOVED: _on_mark_moved,
    EventKind.MODE_CHANGED: _on_mode_changed,
    EventKind.FUNDING_TICKED: _on_funding_ticked,
    EventKind.FUNDING_PAID: _on_funding_paid,
}
"""Which function books which event."""
