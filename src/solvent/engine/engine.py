"""The engine: journal, apply, publish. One writer over one state.

    engine = Engine.create(directory, genesis)      # or Engine.in_memory(genesis): nothing is written
    events = engine.submit([Deposit(...), Trade(...)])
    engine.digest()

A batch is durable before it is applied and applied before it is answered. `Engine.open` replays the newest usable
snapshot and the journal's tail. A broken law or an argument that proved wrong stops the engine: it is our mistake,
the journal stays, and a mended build replays it.
"""

import pathlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any

import msgspec
import numpy as np

from solvent.commands import COMMAND_DTYPE, Command, pack
from solvent.compiled import is_cold, quick_compilation
from solvent.engine.blocks import Entry
from solvent.engine.faults import EngineFault, SnapshotUnusable
from solvent.engine.journal import Journal
from solvent.engine.latency import ReportLatency
from solvent.engine.log import Log
from solvent.engine.room import (
    NOTHING_KNOWN,
    Machine,
    fresh_watch,
    keep_mirror,
    make_room,
    room_left,
    room_wanted,
    with_mirror,
)
from solvent.engine.snapshot import read_snapshot, write_snapshot
from solvent.events import EVENT_DTYPE, Tape, blank_tape
from solvent.procedures.apply import apply
from solvent.procedures.rebuild import keep_up
from solvent.state.tables import State
from solvent.state.terms import Terms, TermsShape, view_terms
from solvent.state.whole import digest, new_state

TAPE_ROOM = 1 << 16
BATCH_COMMANDS_MAX = 1 << 15
REPLAY_COMMANDS = 1 << 13
"""A replay applies small blocks together until there are so many commands: the machine cannot tell the difference."""
MIRROR_SHARE = 4
"""The mirror is looked after once in so many commands as this part of the accounts: a microsecond a command."""


Observe = Callable[[Entry, np.recarray], None]
"""Told of every block a replay applies: the block and its events."""


class Genesis(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue starts from: its terms as integers, and the documents they were compiled from, for people."""

    instruments: int
    brackets: int
    cells: bytes
    symbols: list[str]
    documents: dict[str, str]
    scenarios: int = 1

    @staticmethod
    def of(terms: Terms, symbols: Sequence[str], documents: dict[str, str]) -> "Genesis":
        """The genesis of compiled terms."""
        return Genesis(
            instruments=len(terms.contracts),
            brackets=len(terms.brackets),
            scenarios=len(terms.shocks) // max(len(terms.contracts), 1),
            cells=terms.cells.tobytes(),
            symbols=list(symbols),
            documents=documents,
        )

    def terms(self) -> Terms:
        """The terms in force at sequence 0."""
        cells = np.frombuffer(self.cells, dtype=np.int64).copy()
        return view_terms(cells, TermsShape(self.instruments, self.brackets, self.scenarios))


class Engine:
    """One venue: its state, the index that watches it, and its journal if it has one."""

    def __init__(self, genesis: Genesis, state: State) -> None:
        """Use `create`, `open` or `in_memory`."""
        self.genesis = genesis
        self._journal: Log | None = None
        self._directory: pathlib.Path | None = None
        self._tape: Tape = blank_tape(TAPE_ROOM)
        self._since_mirror = 0
        self._room_left = NOTHING_KNOWN
        self.latency = ReportLatency()
        announce_compilation()
        with quick_compilation():
            self._machine = Machine(state, fresh_watch(state))
            apply(*self._machine, self._tape, pack([]), 0)

    @classmethod
    def in_memory(cls, genesis: Genesis) -> "Engine":
        """An engine that keeps no journal: for the lab and for tests."""
        return cls(genesis, new_state(genesis.terms()))

    @classmethod
    def create(cls, directory: str | pathlib.Path, genesis: Genesis, log: Log | None = None) -> "Engine":
        """A new venue in a directory of its own. Raises EngineFault where one exists or another process holds it.

        With `log`, a new one elsewhere, the directory keeps snapshots only.
        """
        engine = cls(genesis, new_state(genesis.terms()))
        engine._directory = pathlib.Path(directory)
        if log is not None:
            engine._directory.mkdir(parents=True, exist_ok=True)
            engine._journal = log
            return engine
        engine._journal = Journal.create(engine._directory, COMMAND_DTYPE, msgspec.msgpack.encode(genesis))
        return engine

    @classmethod
    def open(
        cls,
        directory: str | pathlib.Path,
        *,
        read_only: bool = False,
        until: int | None = None,
        observe: Observe | None = None,
        is_usable: Callable[[pathlib.Path], bool] | None = None,
        log: Log | None = None,
    ) -> "Engine":
        """The venue of a directory as its journal left it, or as it was after sequence `until` (then read-only).

        `observe` is told of every block that is replayed; `is_usable` may decline a snapshot, so that whoever
        remembers something beside the state can begin where its memory does. `log` is read instead of the directory's.
        """
        place = pathlib.Path(directory)
        only = read_only or until is not None
        journal: Log = log if log is not None else Journal.open(place, COMMAND_DTYPE, read_only=only)
        try:
            genesis = msgspec.msgpack.decode(journal.genesis, type=Genesis)
            head = journal.head_sequence if until is None else min(until, journal.head_sequence)
            state = _newest_snapshot(place, genesis, head, journal, is_usable)
            engine = cls(genesis, state)
            for entries in _gathered(journal.entries(engine.sequence + 1), head):
                skipped = engine.sequence + 1 - entries[0].first_sequence
                joined = np.concatenate([entry.records for entry in entries])
                events = engine.carry_out(joined[skipped : head - entries[0].first_sequence + 1])
                if observe is not None:
                    ends = [entry.first_sequence + len(entry.records) - 1 for entry in entries]
                    told = np.searchsorted(events["sequence"], ends, side="right")
                    for entry, first, last in zip(entries, [0, *told], told, strict=False):
                        observe(entry, events[first:last].view(np.recarray))
        except BaseException:
            journal.close()
            raise
        if until is None:
            engine._journal = journal
            engine._directory = place
        else:
            journal.close()
        return engine

    @property
    def state(self) -> State:
        """The tables, to read. Writing to them breaks every promise of this package."""
        return self._machine.state

    @property
    def machine(self) -> Machine:
        """The tables and the index over them, to read."""
        return self._machine

    @property
    def sequence(self) -> int:
        """Number of commands applied so far."""
        return int(self.state.venue[0].sequence)

    def digest(self) -> str:
        """Fingerprint of everything that is true now."""
        return digest(self.state)

    def submit(self, commands: Iterable[Command] | np.ndarray) -> np.recarray:
        """Journal and apply a batch; give its events. Raises EngineFault and stops when the journal cannot be kept."""
        records = commands if isinstance(commands, np.ndarray) else pack(commands)
        if len(records) == 0:
            return _no_events()
        if records.dtype != COMMAND_DTYPE:
            records = np.ascontiguousarray(records).view(COMMAND_DTYPE)
        parts = []
        arrived_ns = time.perf_counter_ns()
        for batch in _batches(records):
            self.keep(batch)
            parts.append(self.carry_out(batch, arrived_ns))
        return parts[0] if len(parts) == 1 else np.concatenate(parts).view(np.recarray)

    def keep(self, batch: np.ndarray, notes: bytes = b"") -> None:
        """The first half of `submit`: make a batch durable. It must be carried out next, and nothing else before.

        Apart, so that a service may wait for the disk in one thread and touch the state in another only.
        """
        if self._journal is not None:
            self._journal.append(batch, int(batch["time_ns"][-1]), notes)

    def carry_out(self, batch: np.ndarray, arrived_ns: int | None = None) -> np.recarray:
        """The second half of `submit`: apply a batch that was kept; give its events.

        `arrived_ns` is the reading of `time.perf_counter_ns` when the batch came: `latency` then counts its reports.
        What is replayed came long ago and is not counted.
        """
        if len(batch) == 0:
            return _no_events()
        records = batch.view(np.recarray)
        # making room costs more than applying a few commands: it is asked for when it may be needed
        wanted = room_wanted(batch)
        if (wanted > self._room_left).any():
            self._machine = make_room(self._machine, records)
            self._room_left = room_left(self._machine)
        # after a kind that is not plain nothing is known: the next batch asks, whatever it holds
        left = self._room_left - wanted
        self._room_left = left if (left > -BATCH_COMMANDS_MAX).all() else NOTHING_KNOWN
        self._since_mirror += len(records)
        if self._since_mirror >= len(self.state.accounts) // MIRROR_SHARE:
            self._since_mirror = 0
            self._machine = keep_mirror(self._machine)
        parts: list[np.ndarray] = []
        first = 0
        while True:
            self._tape.meter[0] = 0
            first = apply(self._machine.state, self._machine.watch, self._tape, records, first)
            told = int(self._tape.meter[0])
            if told >= len(self._tape.records):
                raise EngineFault(
                    "A command told more than the argument about its room allows",
                    f"sequence {self.sequence}",
                    "Report this as a defect; the journal is intact and replays once it is mended.",
                )
            if told:
                # cut as plain records: the other kind looks for fields at each step
                parts.append(self._tape.records.view(np.ndarray)[:told].copy())
            if first == len(records):
                break
            if self._tape.meter[1] >= len(self._tape.records):
                self._tape = blank_tape(2 * int(self._tape.meter[1]))
        if arrived_ns is not None:
            self.latency.note(batch, time.perf_counter_ns() - arrived_ns)
        if not parts:
            return _no_events()
        return (parts[0] if len(parts) == 1 else np.concatenate(parts)).view(np.recarray)

    def continue_in(self, log: Log) -> None:
        """From now on keep batches in this log, whose head is this state. Raises EngineFault where it is not."""
        if log.head_sequence != self.sequence:
            raise EngineFault(
                f"The log ends at {log.head_sequence}, the state is at {self.sequence}",
                "log",
                "Follow it to its end first.",
            )
        self._journal = log

    @property
    def journal(self) -> Log | None:
        """The journal, to read: its head and its hash."""
        return self._journal

    def snapshot(self) -> pathlib.Path:
        """Write the state beside the journal, so that the next start need not replay everything."""
        if self._journal is None or self._directory is None:
            raise EngineFault(
                "An engine in memory has no directory", "snapshot", "Create it with Engine.create(directory, genesis)."
            )
        return write_snapshot(self._directory, self.state, self._journal.head_hash)

    def mirror(self) -> None:
        """Copy the accounts to where a scan reads them at the speed of memory; large venues do so by themselves."""
        self._machine = with_mirror(self._machine)

    def upkeep(self, accounts: int) -> int:
        """Make so many corners anew that a shock left broken; how many are left. For moments without a command."""
        return int(keep_up(*self._machine, accounts))

    def close(self) -> None:
        """Let go of the directory."""
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> "Engine":
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def announce_compilation() -> None:
    """Say once that the machine is being compiled, where a person can see it."""
    if is_cold():
        sys.stderr.write("compiling the machine, once (about a minute)...\n")
        sys.stderr.flush()


def _gathered(entries: Iterator[Entry], head: int) -> Iterator[list[Entry]]:
    """Blocks up to the one that holds `head`, in lists that are worth a call of the machine."""
    gathered: list[Entry] = []
    commands = 0
    for entry in entries:
        gathered.append(entry)
        commands += len(entry.records)
        is_last = entry.first_sequence + len(entry.records) > head
        if commands >= REPLAY_COMMANDS or is_last:
            yield gathered
            gathered, commands = [], 0
        if is_last:
            return
    if gathered:
        yield gathered


def _no_events() -> np.recarray:
    return np.recarray(0, dtype=EVENT_DTYPE)


def _batches(records: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(records), BATCH_COMMANDS_MAX):
        yield records[first : first + BATCH_COMMANDS_MAX]


def _newest_snapshot(
    place: pathlib.Path,
    genesis: Genesis,
    head: int,
    journal: Log,
    is_usable: Callable[[pathlib.Path], bool] | None = None,
) -> State:
    terms: Any = genesis.terms()
    for path in sorted(place.glob("snapshot-*"), reverse=True):
        if path.suffix or int(path.name.split("-")[1]) > head:
            continue
        if is_usable is not None and not is_usable(path):
            continue
        try:
            header, state = read_snapshot(path, terms)
            if journal.hash_at(header.sequence) != header.chain_hash:
                what = "The snapshot was not taken of this journal"
                raise SnapshotUnusable(what, str(path), "Delete it; the journal replays from the one before it.")
            return state
        except SnapshotUnusable as fault:
            # an unusable snapshot costs time, not truth: the journal has everything
            sys.stderr.write(f"{fault}\n")
    return new_state(terms)
