"""What the guards of each market did in a replay: marks, what every source said, what fired, level and multiplier.

Read from what was recorded: reports from the commands, guards and levels from the events, multipliers as they stood
after each step. A market has something to tell when a guard fired or a breaker acted in it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from solvent.codes import Answer, Condition, Mode, Refusal
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.replay import Played
from solvent.lab.series import Floats, Integers
from solvent.units import PPM

#: What the machine calls the guard that held a mark (solvent.risk.oracle).
CLAMPED: Final = {1: "held to the window", 2: "own book held"}

REFUSED: Final = {
    Refusal.REPORT_STALE: "report too old",
    Refusal.REPORT_FROM_FUTURE: "report from the future",
    Refusal.REPORT_STEP: "step too large",
    Refusal.REPORT_OUT_OF_ORDER: "out of order",
    Refusal.REPORT_TOO_SOON: "too soon",
    Refusal.REPORT_UNCERTAIN: "source unsure",
    Refusal.REPORT_AT_BOUND: "at the feed's bound",
    Refusal.PRICE_OUT_OF_RANGE: "no price",
}
"""Reports that were not believed, in a word or two."""


class Said(NamedTuple):
    """What one source said."""

    name: str
    time_ns: Integers
    price: Floats


class Fired(NamedTuple):
    """When one guard fired, and the price it was about."""

    name: str
    time_ns: Integers
    price: Floats


class MarketGuards(NamedTuple):
    """One market over n steps."""

    symbol: str
    time_ns: Integers  # (n,)
    mark: Floats  # (n,) price; not a number where there is none
    said: list[Said]
    fired: list[Fired]
    level: npt.NDArray[np.int8]  # (n,) codes.Mode in force, the venue's where stricter
    multiplier: Floats  # (n,) what initial margin is multiplied by
    changes: int  # times the breakers changed the market's level

    @property
    def firings(self) -> int:
        """How often guards fired."""
        return sum(len(fired.time_ns) for fired in self.fired)


def guards_of(played: Played) -> list[MarketGuards]:
    """Markets in which something fired or acted, most first."""
    recording = played.recording
    time_ns = np.array(recording.time_ns, dtype=np.int64)
    if not len(time_ns):
        return []
    events = np.concatenate(recording.events)
    commands = np.concatenate(recording.commands)
    events = events[events["time_ns"] >= time_ns[0]]
    reports = commands[(commands["kind"] == CommandKind.PRICE_REPORT) & (commands["time_ns"] >= time_ns[0])]
    venue = _venue_levels(events, time_ns)
    found = [_market(played, row, time_ns, events, reports, venue) for row in range(len(played.scenario.markets))]
    told = [market for market in found if market.firings or market.changes]
    return sorted(told, key=lambda market: (-market.changes, -market.firings, market.symbol))


def _venue_levels(events: np.ndarray, time_ns: Integers) -> npt.NDArray[np.int8]:
    """The venue's own level after each step."""
    changed = events[(events["kind"] == EventKind.MODE_CHANGED) & (events["instrument"] < 0)]
    levels = np.concatenate([[Mode.ACTIVE], changed["mode"]]).astype(np.int8)
    found: npt.NDArray[np.int8] = levels[np.searchsorted(changed["time_ns"], time_ns, side="right")]
    return found


def _market(
    played: Played,
    row: int,
    time_ns: Integers,
    events: np.ndarray,
    reports: np.ndarray,
    venue: npt.NDArray[np.int8],
) -> MarketGuards:
    tick = float(played.scenario.markets[row].contract.tick_size)
    marks = np.array([marks[row] for marks in played.recording.marks], dtype=np.float64)
    mark = np.where(marks > 0, marks * tick, np.nan)
    own = events[events["instrument"] == row]
    modes = np.array([modes[row] for modes in played.recording.modes], dtype=np.int8)
    names = {number: feed for (market, feed), number in played.compiled.source_ids.items() if market == row}
    heard = reports[reports["instrument"] == row]
    said = [
        Said(names[number], spoken["time_ns"].astype(np.int64), spoken["price_ticks"] * tick)
        for number in sorted(names)
        if len(spoken := heard[heard["source"] == number])
    ]
    level = np.maximum(modes, venue)
    return MarketGuards(
        symbol=played.compiled.symbols[row],
        time_ns=time_ns,
        mark=mark,
        said=said,
        fired=_fired(own, tick, time_ns, mark),
        level=level,
        multiplier=_multiplier(played, row, level),
        changes=int((own["kind"] == EventKind.MODE_CHANGED).sum()),
    )


def _fired(own: np.ndarray, tick: float, time_ns: Integers, mark: Floats) -> list[Fired]:
    """Guards of one market, each with its instants."""
    kinds = own["kind"]
    found: list[Fired] = []

    def add(name: str, rows: np.ndarray, price: Floats | None = None) -> None:
        at = rows["time_ns"].astype(np.int64)
        if price is None:  # the mark in force then
            price = mark[np.clip(np.searchsorted(time_ns, at), 0, len(mark) - 1)]
        if len(rows):
            found.append(Fired(name, at, price))

    for guard, name in CLAMPED.items():
        rows = own[(kinds == EventKind.MARK_CLAMPED) & (own["guard"] == guard)]
        add(name, rows, rows["price_ticks"] * tick)
    rows = own[(kinds == EventKind.SOURCES_DROPPED) & (own["value"] != 0)]
    add("source dropped", rows)
    refused = own[(kinds == EventKind.COMMAND_REFUSED) & (own["value"] == CommandKind.PRICE_REPORT)]
    for refusal, name in REFUSED.items():
        rows = refused[refused["refusal"] == refusal]
        add(name, rows, rows["price_ticks"] * tick)
    changed = own[kinds == EventKind.PRICE_CONDITION_CHANGED]
    for condition in Condition:
        began = ((changed["value"] >> condition) & 1 == 1) & ((changed["amount_quanta"] >> condition) & 1 == 0)
        add(condition.name.replace("_", " ").lower(), changed[began])
    return found


def _multiplier(played: Played, row: int, level: npt.NDArray[np.int8]) -> Floats:
    """Of initial margin after each step: the terms' own, and that of caution or of a price in doubt."""
    state = played.engine.state
    charged = np.array([charged[row] for charged in played.recording.charged_ppm], dtype=np.float64) / PPM
    bits = np.array([bits[row] for bits in played.recording.conditions], dtype=np.int64)
    doubted = np.zeros(len(bits), dtype=bool)
    for condition in Condition:
        if int(state.remedies[condition].open) != Answer.ALLOW:
            doubted |= (bits >> condition) & 1 == 1
    caution = max(int(state.policy[0].caution_initial_ppm), PPM) / PPM
    found: Floats = np.maximum(charged, 1.0) * np.where((level >= Mode.CAUTION) | doubted, caution, 1.0)
    return found
