"""A hot standby: it follows another process block by block, and takes over when told the digest it has reached.

    directory      the journal of a process on this computer; taking over needs its lock, so the other must have ended,
                   and the lock is kept: that directory cannot be served again behind our back
    http(s)://     a service that is asked for its blocks (role auditor, key in SOLVENT_FOLLOW_KEY); taking over is
                   refused while it still answers that it takes commands
    postgresql://  the log in the database; taking over needs the writer's lock there

Blocks are applied by the ordinary machine and, except for the database, written to a journal of its own; the hash of
each must be the one that was followed. Meanwhile everything can be read here; commands are answered with `stopping`.
`POST /v1/takeover` names a digest: only if it is this state's, the standby begins to take commands.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import numpy as np

from solvent.commands import COMMAND_DTYPE
from solvent.engine.blocks import Entry
from solvent.engine.engine import Engine, Genesis
from solvent.engine.faults import DirectoryLocked, EngineFault, JournalCorrupt, JournalTruncated
from solvent.engine.journal import Journal
from solvent.engine.lock import DirectoryLock
from solvent.engine.log import Log
from solvent.engine.postgres import PostgresJournal, is_address
from solvent.service.desk import Desk
from solvent.service.gateway import Block
from solvent.service.opening import Opened, has_journal, open_venue, venue_of
from solvent.service.problems import Problem
from solvent.service.serve import Service, Settings, run

POLL_S: Final = 0.02
BLOCKS_AT_ONCE: Final = 64


class Source(Protocol):
    """Where blocks come from."""

    def genesis(self) -> bytes:
        """What the other process started from."""

    def after(self, sequence: int) -> list[Entry]:
        """A few blocks after a sequence; empty when there is none yet."""

    def close(self) -> None:
        """Let go of it."""

    def take(self) -> Any:
        """Make sure the other process writes no more; give what must be kept for that. Raises Problem."""


class DirectorySource:
    """The journal of a process on this computer."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._journal = Journal.open(directory, COMMAND_DTYPE, read_only=True)

    def genesis(self) -> bytes:
        """As the journal has it."""
        return self._journal.genesis

    def after(self, sequence: int) -> list[Entry]:
        """Blocks after a sequence."""
        return few(self._journal, sequence)

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()

    def take(self) -> Any:
        """The directory's lock."""
        try:
            return DirectoryLock(self.directory)
        except DirectoryLocked as fault:
            raise Problem(
                "primary_alive", f"The other process still holds {self.directory}.", "Stop it first."
            ) from fault


class PostgresSource:
    """The log in a database."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._journal = PostgresJournal.open(address, COMMAND_DTYPE, read_only=True)

    def genesis(self) -> bytes:
        """As the log has it."""
        return self._journal.genesis

    def after(self, sequence: int) -> list[Entry]:
        """Blocks after a sequence."""
        return few(self._journal, sequence)

    def close(self) -> None:
        """Let go of the connection."""
        self._journal.close()

    def take(self) -> Any:
        """The writer's lock."""
        try:
            return PostgresJournal.open(self.address, COMMAND_DTYPE)
        except DirectoryLocked as fault:
            raise Problem("primary_alive", "The other process still writes the log.", "Stop it first.") from fault


class HttpSource:
    """A service that is asked."""

    def __init__(self, url: str, key: str) -> None:
        import httpx

        self._http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=35.0)

    def genesis(self) -> bytes:
        """As the service tells it."""
        answer = self._http.get("/v1/journal/genesis")
        answer.raise_for_status()
        return bytes(msgspec.msgpack.decode(answer.content)[1])

    def after(self, sequence: int) -> list[Entry]:
        """Blocks after a sequence; a service that is gone tells none."""
        import httpx

        query = {"from": sequence + 1, "limit": BLOCKS_AT_ONCE, "wait_ms": 1_000}
        try:
            answer = self._http.get("/v1/journal/blocks", params=query)
            answer.raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
            return []
        return [
            Entry(first, np.frombuffer(body, dtype=COMMAND_DTYPE).copy(), time_ns, notes, previous, checksum)
            for first, time_ns, notes, body, previous, checksum in msgspec.msgpack.decode(answer.content)
        ]

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def take(self) -> Any:
        """Nothing can be held; but one that still takes commands is not taken over."""
        import httpx

        try:
            alive = self._http.get("/ready", timeout=2.0).status_code == 200
        except httpx.HTTPError:
            alive = False
        if alive:
            raise Problem("primary_alive", "The other process still takes commands.", "Stop it first.")
        return None


def few(journal: Log, sequence: int) -> list[Entry]:
    """Some blocks after a sequence. Raises JournalTruncated where the log ends before it."""
    head = journal.refresh()
    if head < sequence:
        raise JournalTruncated(f"the log ends at {head}, this standby is at {sequence}", "the log that is followed")
    found: list[Entry] = []
    if head > sequence:
        for entry in journal.entries(sequence + 1):
            found.append(entry)
            if len(found) >= BLOCKS_AT_ONCE:
                break
    return found


def source_of(place: str) -> Source:
    """The log at a place. Raises EngineFault."""
    if is_address(place):
        return PostgresSource(place)
    if place.startswith(("http://", "https://")):
        return HttpSource(place, os.environ.get("SOLVENT_FOLLOW_KEY", ""))
    return DirectorySource(Path(place))


class Standby:
    """One follower."""

    def __init__(self, source: Source, directory: Path | None) -> None:
        self.source = source
        self.directory = directory
        self.kept: Any = None
        self.opened = self._open()
        self.service: Any = None
        self._following: asyncio.Task[None] | None = None

    def _open(self) -> Opened:
        genesis_bytes = self.source.genesis()
        if self.directory is not None and has_journal(self.directory):
            opened = open_venue(self.directory)
            journal = opened.engine.journal
            if journal is None or journal.genesis != genesis_bytes:
                raise JournalCorrupt("this standby's journal belongs to another venue", self.directory, "Name another.")
            return opened
        genesis = msgspec.msgpack.decode(genesis_bytes, type=Genesis)
        engine = Engine.create(self.directory, genesis) if self.directory is not None else Engine.in_memory(genesis)
        return Opened(engine, Desk(), venue_of(genesis), True)

    def attach(self, service: Service) -> None:
        """Follow in the service's loop; nothing is taken until `take_over`."""
        self.service = service
        service.gateway.accepting = False
        service.api.take_over = self.take_over

        async def follow(_service: Service) -> None:
            self._following = asyncio.create_task(self._follow())
            try:
                await asyncio.Event().wait()  # until the service stops
            finally:
                self._following.cancel()
                self.source.close()

        service.backgrounds.append(follow)

    async def _follow(self) -> None:
        while True:
            try:
                if not await self._catch_up():
                    await asyncio.sleep(POLL_S)
            except (EngineFault, AssertionError) as fault:
                self.service.gateway.halt(fault)
                return

    async def _catch_up(self) -> int:
        engine = self.opened.engine
        entries = await asyncio.to_thread(self.source.after, engine.sequence)
        for entry in entries:
            if entry.first_sequence != engine.sequence + 1:
                raise JournalCorrupt(
                    f"a block at {entry.first_sequence} follows {engine.sequence}", "the log that is followed"
                )
            await asyncio.to_thread(engine.keep, entry.records, entry.notes)
            self.apply(entry)
        return len(entries)

    def apply(self, entry: Entry) -> None:
        """Carry out one block that was kept. Raises JournalCorrupt where the chains part."""
        engine, gateway = self.opened.engine, self.service.gateway
        if engine.journal is not None and engine.journal.head_hash != entry.checksum:
            raise JournalCorrupt(f"the chains part at sequence {entry.first_sequence}", "the log that is followed")
        gateway.head_hash = entry.checksum
        events = engine.carry_out(entry.records)
        self.opened.desk.observe(entry.first_sequence, entry.time_ns, entry.notes, events)
        block = Block(entry.first_sequence, entry.time_ns, entry.records, events)
        for listener in gateway.listeners:
            listener(block)

    async def take_over(self, digest: str) -> None:
        """Become the one in charge. Raises Problem where the other lives or the digest is another."""
        kept = await asyncio.to_thread(self.source.take)
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        while await self._catch_up():
            pass
        reached = self.opened.engine.digest()
        if reached != digest:
            if kept is not None:
                getattr(kept, "release", kept.close if hasattr(kept, "close") else lambda: None)()
            self._following = asyncio.create_task(self._follow())
            raise Problem(
                "digest_differs",
                f"This standby has reached {reached} at sequence {self.opened.engine.sequence}.",
                "Compare with what the other process told last; nothing was taken over.",
            )
        self.kept = kept
        if isinstance(kept, PostgresJournal):
            self.opened.engine.continue_in(kept)
        self.service.api.take_over = None
        self.service.gateway.take_charge()


def serve_standby(place: Path, follow: str, settings: Settings, say: Callable[[str], None]) -> int:
    """Follow until told to take over, and serve; give the exit code."""
    source = source_of(follow)
    standby = Standby(source, None if isinstance(source, PostgresSource) else place)
    service = Service(standby.opened, standby.directory, settings)
    standby.attach(service)
    return run(service, lambda url: say(f"standing by for {standby.opened.venue.name} at {url}"))
