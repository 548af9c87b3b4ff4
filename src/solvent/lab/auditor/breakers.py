"""Breakers: a market is tightened only when something measured is beyond its threshold, and loosened only in time.

The clerk measures again with numbers of its own wherever it keeps them: moves of the mark from its history, dispersion
from the reports, staleness, open interest, funds and time. What a window held of liquidations and withdrawals is taken
from the machine's windows, which `whole` holds against nothing: there the clerk asks only that the sum passes.
"""

from typing import Any

from solvent.codes import Metric, Mode, SystemAccount
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.limits import WINDOWS_NS, inside_quanta, left_quanta
from solvent.lab.auditor.notes import Notes
from solvent.lab.books import blocked_of, rows_of
from solvent.units import PPM

_VENUE = (Metric.FUND_DRAWDOWN, Metric.OUTFLOW, Metric.TIME_JUMP, Metric.INSOLVENT_REQUIREMENT)


def note_openings(books: Any, place: int, mode: int) -> None:
    """Remember when markets closed and opened again."""
    for instrument in range(len(books.marks)):
        if place not in (-1, instrument):
            continue
        own = books.modes[instrument]
        after = max(own, mode) if place == -1 else max(mode, books.modes[-1])
        was_closed, is_closed = books.level(instrument) >= Mode.AUCTION, after >= Mode.AUCTION
        opened, closed = books.opened[instrument]
        if is_closed and not was_closed:
            books.opened[instrument] = opened, books.sequence
        elif was_closed and not is_closed:
            books.opened[instrument] = books.time_ns, closed


def check_breakers(audit: Notes, event: Any) -> None:
    """A mode that breakers changed."""
    books, place = audit.books, event.instrument
    if event.mode < event.value:
        _check_release(audit, place, event)
        return
    if place >= 0 and audit.command.kind == CommandKind.PRICE_REPORT:
        require("TOLD", place == audit.command.instrument, "a price closed another market")
    beyond = [
        Metric(breaker["metric"]).name
        for breaker in books.rules.breakers
        if breaker["used"] and breaker["mode"] == event.mode and _is_beyond(audit, place, breaker)
    ]
    require(
        "TOLD", bool(beyond), f"market {place} went to {Mode(event.mode).name}, but nothing was beyond its threshold"
    )


def _on_actions_blocked(audit: Notes, event: Any) -> None:
    """Breakers stop one action alone, or let it go: what is new was beyond a threshold, what is gone is not engaged."""
    books, place = audit.books, event.instrument
    before, now = books.blocked[place], blocked_of(audit.after, books.rules)[place]
    require("TOLD", event.amount_quanta == before != event.value, f"blocked before {event.amount_quanta}, not {before}")
    require("TOLD", event.value == now, f"market {place} blocks {event.value}, the breakers {now}")
    for breaker in books.rules.breakers:
        new = breaker["used"] and breaker["blocks"] & event.value & ~before
        if new:
            same = [one for one in books.rules.breakers if one["used"] and one["blocks"] & new]
            beyond = [one for one in same if _is_beyond(audit, place, one)]
            require("TOLD", bool(beyond), f"market {place} blocks {new}, but nothing was beyond its threshold")
    books.blocked[place] = event.value


def _check_release(audit: Notes, place: int, event: Any) -> None:
    """Nothing that still dwells is let go."""
    count = len(audit.books.marks)
    row = place if place >= 0 else count
    anchors = rows_of(audit.after.anchors)
    size = len(anchors) // (count + 1)
    engaged = [
        breaker["mode"]
        for breaker, anchor in zip(audit.books.rules.breakers, anchors[row * size : (row + 1) * size], strict=True)
        if breaker["used"] and anchor["engaged"]
    ]
    require("TOLD", event.mode >= max(engaged, default=0), f"market {place} was released while {engaged} hold it")


def _is_beyond(audit: Notes, place: int, breaker: dict[str, int]) -> bool:
    books, metric = audit.books, breaker["metric"]
    threshold, window = breaker["move_ppm"], breaker["window_ns"]
    if (metric in _VENUE) != (place == -1):
        return False
    if place == -1:
        if metric == Metric.TIME_JUMP:
            return audit.jump_ns * PPM // max(window, 1) >= threshold
        if metric == Metric.OUTFLOW:
            left = max(left_quanta(books, audit.after, window), 0)
            return left * PPM // max(inside_quanta(books) + left, 1) >= threshold
        if metric == Metric.INSOLVENT_REQUIREMENT:
            below = [n for n, book in books.accounts.items() if book.flagged and books.equity(n) < 0]
            fund = max(books.accounts[SystemAccount.VENUE_FUND].wallet, 1)
            return sum(books.requirement(number) for number in below) * PPM // fund >= threshold
        stretches = _window(audit, len(books.marks), window)
        peak = max((row["high_ticks"] for row in stretches), default=0)
        funds = [SystemAccount.VENUE_FUND, SystemAccount.VENUE_CAPITAL]
        funds += [SystemAccount.MARKET_FUNDS + i for i in range(len(books.marks))]  # type: ignore[misc]
        left = sum(books.accounts[fund].wallet for fund in funds)
        return peak > 0 and max(peak - left, 0) * PPM // peak >= threshold
    market, mark = books.markets[place], books.marks[place]
    if metric == Metric.MARK_MOVE:
        # from the anchor of its window or from where it acted last: some mark of the past stands so far away
        return any(abs(mark - ticks) * PPM >= ticks * threshold for _until, ticks in market.past)
    if metric == Metric.STALENESS:
        return (books.time_ns - market.mark_time) * PPM // max(window, 1) >= threshold
    if metric == Metric.DISPERSION:
        return int(audit.after.instruments[place].dispersion_ppm) >= threshold
    if metric == Metric.OPEN_INTEREST:
        depth = books.rules.markets[place]["depth_lots"]
        return depth > 0 and books.open_interest[place] * PPM // depth >= threshold
    length = next((length for length in WINDOWS_NS if length >= window), WINDOWS_NS[-1])
    if metric == Metric.PRICE_BAND:
        seen = market.in_force_since(length, books.time_ns, mark)
        low, high = min(seen), max(seen)
        return max(mark - low, high - mark) * PPM // max(low, 1) >= threshold
    stretches = _window(audit, place, window)
    if metric == Metric.VOLATILITY:
        return sum(row["path_ppm"] for row in stretches) >= threshold
    flow = sum(row["flow_quanta"] for row in stretches)
    return flow * PPM // max(books.value_of_market(place) + flow, 1) >= threshold


def _window(audit: Notes, place: int, window_ns: int) -> list[dict[str, int]]:
    """The eighths of a rolling window as the machine keeps them."""
    number = next((i for i, length in enumerate(WINDOWS_NS) if length >= window_ns), len(WINDOWS_NS) - 1)
    first = (place * len(WINDOWS_NS) + number) * 9
    since = audit.books.time_ns // (WINDOWS_NS[number] // 8) - 8
    return [row for row in rows_of(audit.after.stretches[first : first + 9]) if row["number"] >= since]


EVENTS = {EventKind.ACTIONS_BLOCKED: _on_actions_blocked}
"""Which function books which event."""
