"""The audit of the watch: index and scans compared on a live engine, or on a journal at any sequence.

    report = audit_watch(engine)                        # a live engine, between two batches; nothing is changed
    reports = audit_journal(directory, sequence=None)   # replays, audits at the end or after each of the last commands

What must hold: whoever is sound by status is at or above the threshold, by a scan in integers and by the filter; each
certificate holds at its triggers, and no mark has passed one unseen; each maximum of the index is the maximum.
"""

import pathlib
import time
from collections.abc import Iterator

import msgspec
import numpy as np

from solvent.codes import Level, Status
from solvent.commands import COMMAND_DTYPE
from solvent.compiled import plain
from solvent.engine.engine import Engine
from solvent.engine.journal import Journal
from solvent.engine.room import Machine, with_mirror
from solvent.procedures.scan import broken_corners, scan_exactly, scan_filtered
from solvent.risk.watch import (
    COUNT,
    CURSOR,
    FAN,
    Watch,
    has_contract_certificate,
    has_level_certificate,
    has_schedule_certificate,
)
from solvent.state.tables import NONE, State
from solvent.state.whole import first_user_account

NAMED_MAX = 100
"""So many accounts are named in a report; more are only counted."""


class WatchAudit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found. Accounts by number; at most NAMED_MAX are named. Times in milliseconds."""

    sequence: int
    accounts: int
    flagged: int
    loose: int
    pending: int
    thin: int
    doubted: int
    missed_count: int
    missed: list[int]
    differing: list[int]
    broken_corners_count: int
    broken_corners: list[int]
    broken_maxima: int
    markets_by_scan: list[str]
    exact_ms: float
    filtered_ms: float

    @property
    def lists_equal(self) -> bool:
        """True when both scans and the index name the same accounts."""
        return self.missed_count == 0 and not self.differing

    @property
    def is_sound(self) -> bool:
        """True when nothing at all is wrong."""
        return self.lists_equal and self.broken_corners_count == 0 and self.broken_maxima == 0


def _broken_maxima(watch: Watch) -> int:
    """Nodes and roots that are not the maximum of what is below them."""
    if watch.meter[CURSOR] != NONE:
        return 0  # they are made when the last corner is
    broken = int((watch.keys.reshape(-1, FAN).max(axis=1) != watch.nodes).sum()) if len(watch.nodes) else 0
    for column in watch.columns:
        nodes = watch.nodes[column.first_node : column.first_node + column.capacity // FAN]
        if len(nodes):
            maxima = np.maximum.reduceat(nodes, np.arange(0, len(nodes), FAN))
            broken += int((maxima != watch.roots[column.first_root : column.first_root + len(maxima)]).sum())
    return broken


def by_scan(state: State) -> list[int]:
    """Markets whose rules have no certificate: who holds them is judged at every price."""
    level = plain(has_level_certificate)(state.levels[Level.MAINTENANCE])
    return [
        row
        for row in range(len(state.instruments))
        if state.instruments[row].listed == 1
        and not (
            level
            and plain(has_schedule_certificate)(state, Level.MAINTENANCE, row)
            and plain(has_contract_certificate)(state.contracts[row])
        )
    ]


def audit_watch(engine: Engine) -> WatchAudit:
    """Compare the index of an engine with a scan in integers and with the filter over a fresh mirror."""
    state, watch = engine.machine
    room = np.zeros(max(int(state.venue[0].account_count), 1), dtype=np.int32)
    began = time.perf_counter()
    missed = room[: scan_exactly(state, room)].copy()
    exact_ms = (time.perf_counter() - began) * 1e3
    fresh = with_mirror(Machine(state, watch)).watch
    began = time.perf_counter()
    count, doubted = scan_filtered(state, fresh, room)
    filtered_ms = (time.perf_counter() - began) * 1e3
    differing = [] if count < 0 else np.setxor1d(missed, room[:count]).tolist()
    broken = room[: broken_corners(state, watch, room)].tolist()
    first = first_user_account(state)
    return WatchAudit(
        sequence=engine.sequence,
        accounts=int(state.venue[0].account_count) - first,
        flagged=int((state.accounts["status"][first : int(state.venue[0].account_count)] != Status.SOUND).sum()),
        loose=int(watch.loose[COUNT]),
        pending=int(watch.pending[COUNT]) + _behind_cursor(state, watch),
        thin=int(watch.thin[COUNT]),
        doubted=max(int(doubted), 0),
        missed_count=len(missed),
        missed=missed[:NAMED_MAX].tolist(),
        differing=differing[:NAMED_MAX],
        broken_corners_count=len(broken),
        broken_corners=broken[:NAMED_MAX],
        broken_maxima=_broken_maxima(watch),
        markets_by_scan=[engine.genesis.symbols[row] for row in by_scan(state)],
        exact_ms=round(exact_ms, 3),
        filtered_ms=round(filtered_ms, 3),
    )


def _behind_cursor(state: State, watch: Watch) -> int:
    cursor = int(watch.meter[CURSOR])
    return 0 if cursor == NONE else int(state.venue[0].account_count) - cursor


def audit_journal(directory: str | pathlib.Path, sequence: int | None = None, last: int = 0) -> Iterator[WatchAudit]:
    """Audits of a journal as it stood after `sequence` (the end without it), and after each of the `last` before it.

    Raises EngineFault for a journal that cannot be read. The journal is not changed.
    """
    place = pathlib.Path(directory)
    with Journal.open(place, COMMAND_DTYPE, read_only=True) as journal:
        head = journal.head_sequence if sequence is None else min(max(sequence, 0), journal.head_sequence)
        start = max(head - last, 0)
        with Engine.open(place, read_only=True, until=start) as engine:
            yield audit_watch(engine)
            for first, records in journal.blocks(start + 1):
                for offset in range(max(start + 1 - first, 0), min(len(records), head - first + 1)):
                    engine.carry_out(records[offset : offset + 1])
                    yield audit_watch(engine)
                if first + len(records) > head:
                    return
