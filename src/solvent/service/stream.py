"""The stream: every event, from any sequence on, to whoever listens; nobody's slowness is anybody else's.

The last RING_EVENTS events are kept in memory. A listener that asks for older ones gets them from the journal, which is
replayed for it in a process of its own (`history.py`), and then goes on from memory without a gap. A listener that
does not read is dropped and told from which sequence to come back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np

from solvent.events import EVENT_DTYPE, EventKind
from solvent.service.desk import Desk, Worklist
from solvent.service.gateway import Block
from solvent.service.wire import Wire

RING_EVENTS: Final = 1 << 18
"""38 MB: about half a minute at ten thousand events a second, a day of a quiet venue."""
FRAMES_MAX: Final = 512
"""Frames that may wait for a listener before it is dropped."""
LISTENERS_MAX: Final = 256

encode: Final = msgspec.json.Encoder().encode
CHANNELS: Final = ("events", "worklist", "glance", "alerts")


class Listener:
    """One open stream."""

    def __init__(
        self, channels: frozenset[str], kinds: frozenset[int] | None, binary: bool, account: int | None
    ) -> None:
        self.channels = channels
        self.kinds = kinds
        self.binary = binary
        self.account = account
        self.frames: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue(FRAMES_MAX)
        self.next_sequence = 0
        self.dropped = False

    def offer(self, frame: bytes, last_sequence: int = 0) -> None:
        """Queue a frame that ends at a sequence, or give the listener up."""
        if self.dropped:
            return
        try:
            self.frames.put_nowait((last_sequence, frame))
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        """Give the listener up: what waits is thrown away, and it is told where to come back."""
        self.dropped = True
        self.wake()

    def wake(self) -> None:
        """Let whoever sends see that nothing more is to be sent."""
        while not self.frames.empty():
            self.frames.get_nowait()
        self.frames.put_nowait(None)


class Hub:
    """Who listens, and the ring."""

    def __init__(self, wire: Wire, desk: Desk, sequence: int) -> None:
        self.wire = wire
        self.desk = desk
        self.listeners: set[Listener] = set()
        self.oldest_sequence = sequence + 1
        self.newest_sequence = sequence
        self.dropped = 0
        self._ring: deque[tuple[int, int, np.ndarray]] = deque()
        self._ring_events = 0
        self._listed = len(desk.worklists)

    def publish(self, block: Block) -> None:
        """Tell a block's events and worklists to everybody who listens."""
        last = block.first_sequence + len(block.records) - 1
        events = np.asarray(block.events)
        self._ring.append((block.first_sequence, last, events))
        self._ring_events += len(events)
        while self._ring_events > RING_EVENTS and len(self._ring) > 1:
            _first, gone, old = self._ring.popleft()
            self._ring_events -= len(old)
            self.oldest_sequence = gone + 1
        self.newest_sequence = last
        if not self.listeners:
            return
        frames: dict[Any, bytes] = {}
        lists: bytes | None = None
        for listener in tuple(self.listeners):
            if "worklist" in listener.channels:
                if lists is None:
                    lists = self._worklists(block.first_sequence)
                if lists:
                    listener.offer(lists)
            if "events" in listener.channels:
                name = (listener.kinds, listener.binary, listener.account)
                if name not in frames:
                    frames[name] = self.frame(listener, block.first_sequence, last, events)
                listener.next_sequence = last + 1
                if frames[name]:
                    listener.offer(frames[name], last)

    def frame(self, listener: Listener, first: int, last: int, events: np.ndarray) -> bytes:
        """A block's events as the listener wants them; empty when there are none for it."""
        chosen = events
        if listener.kinds is not None:
            chosen = chosen[np.isin(chosen["kind"], list(listener.kinds))]
        if listener.account is not None:
            mine = (chosen["account"] == listener.account) | (chosen["counterparty"] == listener.account)
            chosen = chosen[mine]
        if not len(chosen):
            return b""
        if listener.binary:
            return np.array([first, last], dtype="<i8").tobytes() + chosen.tobytes()
        return encode({"channel": "events", "first": first, "last": last, "events": self.wire.events(chosen)})

    def _worklists(self, first: int) -> bytes:
        found: list[Worklist] = []
        for worklist in reversed(self.desk.worklists):
            if worklist.sequence < first:
                break
            found.append(worklist)
        if not found:
            return b""
        return encode({"channel": "worklist", "lists": [self.told(worklist) for worklist in reversed(found)]})

    def told(self, worklist: Worklist) -> dict[str, Any]:
        """A worklist as it is told outside."""
        return {
            "sequence": worklist.sequence,
            "time_ns": str(worklist.time_ns),
            "price_version": worklist.price_version,
            "market": self.wire.venue.symbols[worklist.instrument],
            "mark": self.wire.price(worklist.instrument, worklist.mark_ticks),
            "accounts": worklist.accounts,
            "hash": worklist.hash.hex(),
        }

    def tell(self, channel: str, content: Any) -> None:
        """Tell something to everybody on a channel, encoded once."""
        hearing = [listener for listener in self.listeners if channel in listener.channels]
        if hearing:
            frame = encode({"channel": channel, **content})
            for listener in hearing:
                listener.offer(frame)

    def hears(self, channel: str) -> bool:
        """Whether anybody listens to a channel."""
        return any(channel in listener.channels for listener in self.listeners)

    def kept(self, sequence: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """Blocks in memory from a sequence on."""
        for first, last, events in tuple(self._ring):
            if last >= sequence:
                yield first, last, events[events["sequence"] >= sequence] if first < sequence else events

    def join(self, listener: Listener, sequence: int) -> None:
        """Give the listener what is kept from `sequence` on and everything after it, without a gap."""
        for first, last, events in self.kept(sequence):
            frame = self.frame(listener, max(first, sequence), last, events)
            if frame:
                listener.offer(frame, last)
        listener.next_sequence = self.newest_sequence + 1
        self.listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        """Stop telling it."""
        self.listeners.discard(listener)
        if listener.dropped:
            self.dropped += 1

    def stop(self) -> None:
        """End every stream."""
        for listener in tuple(self.listeners):
            listener.drop()


def kinds_named(names: list[str] | None) -> frozenset[int] | None:
    """Event kinds by their names outside; None for all. Raises KeyError with the name that is none."""
    if not names:
        return None
    return frozenset(int(EventKind[name.upper()]) for name in names)


def split_frame(frame: bytes) -> tuple[int, int, np.ndarray]:
    """First and last sequence of a binary frame, and its events."""
    first, last = np.frombuffer(frame[:16], dtype="<i8").tolist()
    return first, last, np.frombuffer(frame[16:], dtype=EVENT_DTYPE)
