"""The gateway: one door to the machine. It stamps, batches, makes durable, carries out, and only then answers.

    requests → queue (bounded, part of it reserved) → batch of whatever has arrived
        → journal, in a thread of its own: commit, sync, watermark
        → machine and desk, in the event loop: nobody else touches the state, so readers need no lock
        → answers, stream

While one batch waits for the disk the next one gathers; that is the whole of the group commit. As soon as a batch is
durable the next goes to the disk, and only then is the durable one carried out: the disk never waits for the machine.
Nothing is carried out or told before it is durable. A fault of the journal
or of the machine halts the gateway: whoever waits is told, nothing more is accepted, and the process ends so that a
restart reads what really arrived (reliability: no retry of a failed sync, no guess).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.engine import BATCH_COMMANDS_MAX, Engine
from solvent.engine.faults import EngineFault
from solvent.engine.snapshot import write_snapshot
from solvent.events import EventKind
from solvent.service.desk import Answer, Desk, Note, answer_name, encode
from solvent.service.problems import Problem
from solvent.service.roles import Caller, Role
from solvent.service.writer import Writer
from solvent.state.tables import NONE
from solvent.state.whole import copy_state

QUEUE_COMMANDS_MAX: Final = 32_768
"""Commands that may wait. At 300,000 a second this is a tenth of a second of work."""
ORDINARY_COMMANDS_MAX: Final = QUEUE_COMMANDS_MAX * 3 // 4
"""Of these, a quarter is left to prices, deposits, fills and trades that reduce: a flood cannot starve de-risking."""
REQUESTS_MAX: Final = 8_192
BATCH_MAX: Final = 8_192
"""Commands in one batch: the longest the event loop is held is the time to apply them."""
SNAPSHOT_COMMANDS: Final = 1_000_000
SNAPSHOTS_KEPT: Final = 3
IDLE_S: Final = 1.0
"""With nothing else to do the machine is told the time this often: breakers are released, the vault is looked at."""
WORK_S: Final = 0.1
"""While accounts are in liquidation the queue is worked this often; a new flag is worked at once."""

assert BATCH_MAX <= BATCH_COMMANDS_MAX, "a batch is one block of the journal"

RESERVED_KINDS: Final = frozenset(
    {
        int(CommandKind.PRICE_REPORT),
        int(CommandKind.DEPOSIT),
        int(CommandKind.RELEASE_ORDER),
        int(CommandKind.LIQUIDATION_FILL),
        int(CommandKind.COLLATERAL_SALE),
        int(CommandKind.UNWIND_FILL),
        int(CommandKind.COVER_DEBT),
        int(CommandKind.ADVANCE),
        int(CommandKind.SET_MODE),
        int(CommandKind.SET_VENUE_MODE),
        int(CommandKind.CONTRIBUTE_FUND),
        int(CommandKind.RECORD_ACT),
    }
)

SERVICE: Final = Caller("solvent serve", "service", Role.SERVICE, "", (), 0)


class Block(NamedTuple):
    """What was just carried out, for whoever publishes it."""

    first_sequence: int
    time_ns: int
    records: np.ndarray
    events: np.ndarray


class _Request:
    __slots__ = ("act", "arrived_ns", "body_hash", "caller", "count", "future", "id", "name", "records")

    def __init__(self, caller: Caller, records: bytes, identifier: str, body_hash: bytes, act: bytes) -> None:
        self.arrived_ns = time.perf_counter_ns()
        self.caller = caller
        self.records = records
        self.count = len(records) // COMMAND_DTYPE.itemsize
        self.id = identifier
        self.body_hash = body_hash
        self.act = act
        self.name = answer_name(caller.key, caller.actor, identifier) if identifier else ""
        self.future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def note(self) -> Note:
        """What the journal keeps of who asked."""
        caller = self.caller
        return Note(self.count, caller.actor, caller.key, caller.role.value, self.id, self.body_hash, self.act)


class _Batch:
    """Requests on their way to the disk together, and what is needed to carry them out when they are there."""

    __slots__ = ("began_s", "durable", "head_hash", "notes", "records", "taken", "time_ns")

    def __init__(
        self,
        taken: list[_Request],
        time_ns: int,
        records: np.ndarray,
        notes: list[Note],
        durable: asyncio.Future[bytes],
    ) -> None:
        self.taken = taken
        self.time_ns = time_ns
        self.records = records
        self.notes = notes
        self.durable = durable
        self.began_s = time.perf_counter()
        self.head_hash = b""


class Gateway:
    """The queue, the batches and the halt."""

    def __init__(
        self,
        engine: Engine,
        desk: Desk,
        directory: Path | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.engine = engine
        self.desk = desk
        self.listeners: list[Callable[[Block], None]] = []
        self.fault: Exception | None = None
        self.halted = asyncio.Event()
        self.accepting = True
        self.durable_seconds = deque[float](maxlen=1024)
        self.batches = 0
        self.head_hash = engine.journal.head_hash if engine.journal is not None else bytes(32)
        self.directory = directory
        self._clock = clock
        self._waiting: deque[_Request] = deque()
        self._waiting_commands = 0
        self._flying: dict[str, _Request] = {}
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._writer = Writer()
        self._last_ns = int(engine.state.venue[0].time_ns)
        self._last_snapshot = engine.sequence
        self._advanced_s = 0.0
        self._advance_now = False
        self._tasks: list[asyncio.Task[None]] = []
        self._snapshots: asyncio.Task[Path] | None = None

    # --- asking ------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Commands in the queue."""
        return self._waiting_commands

    def submit(
        self, caller: Caller, records: bytes, identifier: str = "", body_hash: bytes = b"", act: bytes = b""
    ) -> tuple[asyncio.Future[Answer], bool]:
        """Take records whose times are still to be stamped; give the future answer, and whether it is an old one.

        Raises Problem when the gateway is halted or full, or when the identifier was used for another body.
        """
        if self.fault is not None:
            raise Problem("halted", "The service has halted and takes no commands.", "See /health; restart it.")
        if not self.accepting:
            raise Problem("stopping", "The service is stopping or standing by.", "Send to the one that is in charge.")
        request = _Request(caller, records, identifier, body_hash, act)
        if request.name:
            known = self.desk.answers.get(request.name)
            if known is not None:
                if known.body_hash != body_hash:
                    raise _reused(identifier)
                request.future.set_result(known)
                return request.future, True
            flying = self._flying.get(request.name)
            if flying is not None:
                if flying.body_hash != body_hash:
                    raise _reused(identifier)
                return flying.future, True
        self._admit(request)
        self._waiting.append(request)
        self._waiting_commands += request.count
        if request.name:
            self._flying[request.name] = request
        self._arrived.set()
        return request.future, False

    def _admit(self, request: _Request) -> None:
        after = self._waiting_commands + request.count
        if after <= ORDINARY_COMMANDS_MAX and len(self._waiting) < REQUESTS_MAX * 3 // 4:
            return
        if after <= QUEUE_COMMANDS_MAX and len(self._waiting) < REQUESTS_MAX and self._is_reserved(request):
            return
        raise Problem("queue_full", "The queue is full.", "Wait a moment and send the same request again.")

    def _is_reserved(self, request: _Request) -> bool:
        """True when everything asked for makes the venue safer. Looked at only under pressure."""
        records = np.frombuffer(request.records, dtype=COMMAND_DTYPE)
        for record in records:
            kind = int(record["kind"])
            if kind in RESERVED_KINDS:
                continue
            if kind != CommandKind.TRADE or not self._reduces(record):
                return False
        return True

    def _reduces(self, record: Any) -> bool:
        lots, instrument = int(record["lots"]), int(record["instrument"])
        bought, sold = (self._held(int(record[name]), instrument) for name in ("account", "counterparty"))
        return lots > 0 and bought <= -lots and sold >= lots

    def _held(self, account: int, instrument: int) -> int:
        state = self.engine.state
        if not 0 <= account < int(state.venue[0].account_count):
            return 0
        row = int(state.accounts[account].first_position)
        while row != NONE:
            position = state.positions[row]
            if position.instrument == instrument:
                return int(position.lots)
            row = int(position.next)
        return 0

    # --- working -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to work the queue and to tell the machine the time."""
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._tell_time())]

    def take_charge(self) -> None:
        """A standby begins to take commands."""
        self._last_ns = int(self.engine.state.venue[0].time_ns)
        self.accepting = True

    def halt(self, fault: Exception) -> None:
        """Stop for good: something that should hold does not."""
        self._halt(fault, [])

    async def stop(self) -> None:
        """Finish what was accepted, write a snapshot, let go of the directory."""
        self.accepting = False
        if self.fault is None:
            self._arrived.set()
            await self._drained()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._snapshots is not None:
            await asyncio.gather(self._snapshots, return_exceptions=True)
        if self.fault is None and self.directory is not None and self.engine.sequence > self._last_snapshot:
            await self.snapshot()
        self._writer.stop()
        self.engine.close()

    async def _drained(self) -> None:
        while (self._waiting or not self._idle.is_set()) and self.fault is None:
            await asyncio.sleep(0.005)

    def _take(self) -> list[_Request]:
        taken: list[_Request] = []
        commands = 0
        while self._waiting and (not taken or commands + self._waiting[0].count <= BATCH_MAX):
            request = self._waiting.popleft()
            commands += request.count
            taken.append(request)
        self._waiting_commands -= commands
        if not self._waiting:
            self._arrived.clear()
        return taken

    async def _run(self) -> None:
        coming: _Batch | None = None
        while True:
            if coming is None:
                self._idle.set()
                await self._arrived.wait()
                coming = self._begin()
                if coming is None:
                    continue
            done, coming = coming, None
            try:
                done.head_hash = await done.durable
                self.durable_seconds.append(time.perf_counter() - done.began_s)
                coming = self._begin()
                self._finish(done)
            except (EngineFault, AssertionError, OSError, MemoryError) as fault:
                if coming is not None:
                    # what the disk makes of it is known after a restart
                    await asyncio.wait({coming.durable})
                    coming.durable.exception()
                self._halt(fault, [*done.taken, *(coming.taken if coming is not None else ())])
                self._idle.set()
                return

    def _begin(self) -> _Batch | None:
        """Take what waits and hand it to the disk; None where nothing waits."""
        taken = self._take()
        if not taken:
            return None
        self._idle.clear()
        now = self._last_ns = max(self._clock(), self._last_ns)
        records = np.frombuffer(bytearray(b"".join([request.records for request in taken])), dtype=COMMAND_DTYPE)
        records["time_ns"] = now
        notes = [request.note() for request in taken]
        durable = self._writer.run(self._keep, records, encode(notes))
        return _Batch(taken, now, records, notes, durable)

    def _keep(self, records: np.ndarray, notes: bytes) -> bytes:
        """In the journal's thread: make a batch durable; give the hash its block has in the chain."""
        self.engine.keep(records, notes)
        journal = self.engine.journal
        return journal.head_hash if journal is not None else self.head_hash

    def _finish(self, batch: _Batch) -> None:
        """Carry a durable batch out, tell it and answer it."""
        taken, records = batch.taken, batch.records
        first = self.engine.sequence + 1
        self.head_hash = batch.head_hash
        events = self.engine.carry_out(records, taken[0].arrived_ns)  # the first of them has waited longest
        answers = self.desk.observe(first, batch.time_ns, batch.notes, events)
        self.batches += 1
        # worklists and orders go out first: somebody's loss may wait for them
        block = Block(first, batch.time_ns, records, events)
        for listener in self.listeners:
            listener(block)
        for request, answer in zip(taken, answers, strict=True):
            if request.name:
                self._flying.pop(request.name, None)
            if not request.future.done():
                request.future.set_result(answer)
        kinds = events["kind"]
        if len(kinds) and (kinds == EventKind.ACCOUNT_FLAGGED).any():
            self._advance_now = True
            self._advance()
        if self.directory is not None and self.engine.sequence - self._last_snapshot >= SNAPSHOT_COMMANDS:
            self._last_snapshot = self.engine.sequence
            self._snapshots = asyncio.create_task(self.snapshot())

    def _halt(self, fault: Exception, taken: list[_Request]) -> None:
        self.fault = fault
        self.accepting = False
        problem = Problem(
            "halted",
            "The service halted before this was answered; whether it was kept is known after a restart.",
            "After the restart send the same request with the same id again.",
        )
        for request in [*taken, *self._waiting]:
            if not request.future.done():
                request.future.set_exception(problem)
                # somebody who has gone away is no reason for a warning
                request.future.exception()
        self._waiting.clear()
        self._waiting_commands = 0
        self.halted.set()

    # --- time --------------------------------------------------------------------------------------------------

    async def _tell_time(self) -> None:
        while True:
            await asyncio.sleep(WORK_S / 2)
            since = time.monotonic() - self._advanced_s
            working = int(self.engine.state.venue[0].queue_count) > 0
            if since >= (WORK_S if working else IDLE_S):
                self._advance()

    def _advance(self) -> None:
        """Let time pass and the liquidation queue be worked, once around at most."""
        if not self.accepting or self.fault is not None:
            return
        state = self.engine.state
        count = max(int(state.policy[0].advance_max), 1)
        rounds = min(max(-(-int(state.venue[0].queue_count) // count), 1), 32)
        records = np.zeros(rounds, dtype=COMMAND_DTYPE)
        records["kind"], records["count"] = CommandKind.ADVANCE, count
        self._advanced_s = time.monotonic()
        self._advance_now = False
        try:
            future, _old = self.submit(SERVICE, records.tobytes())
        except Problem:
            return  # full: the queue will be worked with the next turn
        future.add_done_callback(_look_away)

    # --- snapshots ---------------------------------------------------------------------------------------------

    async def snapshot(self) -> Path:
        """Write state and desk beside the journal; the copy is taken now, the writing is done in another thread."""
        if self.directory is None:
            raise Problem("not_found", "This engine keeps nothing on disk.")
        state, chain_hash, directory = copy_state(self.engine.state), self.head_hash, self.directory
        self._last_snapshot = self.engine.sequence
        self.desk.sequence = self.engine.sequence
        self.desk.save(directory)
        path = await asyncio.to_thread(write_snapshot, directory, state, chain_hash)
        prune(directory)
        return path


def prune(directory: Path) -> None:
    """Keep the newest snapshots; desks without one are of no use."""
    snapshots = sorted(path for path in directory.glob("snapshot-*") if not path.suffix)
    for path in snapshots[:-SNAPSHOTS_KEPT]:
        path.unlink(missing_ok=True)
    kept = {path.name.split("-")[1] for path in snapshots[-SNAPSHOTS_KEPT:]}
    for path in directory.glob("desk-*"):
        if path.name.split("-")[1] not in kept:
            path.unlink(missing_ok=True)


def _reused(identifier: str) -> Problem:
    return Problem(
        "id_reused",
        f"The id {identifier[:64]!r} was used for another body.",
        "An id stands for one request for ever; take a new one.",
    )


def _look_away(future: asyncio.Future[Answer]) -> None:
    if not future.cancelled():
        future.exception()
