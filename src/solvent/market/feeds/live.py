"""Connections that last: reconnect, notice gaps, never let a slow reader pile messages up, mind the clocks.

A connection that ends is made anew after a wait that doubles up to RECONNECT_MAX_S, with a little chance in it so
that a thousand clients do not come back at once. What was read waits in a bounded place: reports are conflated (the
newest of a source and symbol is the one that counts), everything else is dropped oldest first and counted.

Clocks: the smallest delay between a source's stamp and its receipt is, but for the network, the offset of its clock. It
is compared with that of a reference source; beyond OFFSET_MAX_MS the source is told to be off. Its reports still go to
the machine, whose guards on age and future decide.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from solvent.market.feeds import Gap, PayloadError, Report, Told

RECONNECT_MIN_S: Final = 0.1
RECONNECT_MAX_S: Final = 30.0
SILENCE_S: Final = 30.0
"""A socket that tells nothing for so long is taken for dead."""
WAITING_MAX: Final = 4_096
OFFSET_MAX_MS: Final = 500
OFFSET_SAMPLES: Final = 64
MESSAGE_BYTES_MAX: Final = 4 << 20

Read = Callable[[bytes | str, int], list[Told]]


class Clocks:
    """Offsets of sources' clocks against a reference."""

    def __init__(self, reference: str = "") -> None:
        self.reference = reference
        self._delays: dict[str, deque[int]] = {}

    def see(self, source: str, source_ns: int, received_ns: int) -> None:
        """Note one delay."""
        self._delays.setdefault(source, deque(maxlen=OFFSET_SAMPLES)).append(received_ns - source_ns)

    def offset_ms(self, source: str) -> int | None:
        """How far the source's clock is behind (positive) or ahead of the reference; None while one is unheard."""
        own, other = self._delays.get(source), self._delays.get(self.reference) if self.reference else deque([0])
        if not own or not other:
            return None
        return (min(own) - min(other)) // 1_000_000

    def is_off(self, source: str) -> bool:
        """Whether the source's clock is further off than a network explains."""
        offset = self.offset_ms(source)
        return offset is not None and abs(offset) > OFFSET_MAX_MS


class Waiting:
    """What was read and not yet taken."""

    def __init__(self) -> None:
        self.dropped = 0
        self.conflated = 0
        self._reports: OrderedDict[tuple[str, str], Report] = OrderedDict()
        self._others: deque[Told] = deque()
        self._some = asyncio.Event()

    def put(self, told: Told) -> None:
        """Keep it until it is taken, or until something newer makes it useless."""
        if isinstance(told, Report):
            name = (told.source, told.symbol)
            if name in self._reports:
                self.conflated += 1
            self._reports[name] = told
        else:
            if len(self._others) >= WAITING_MAX:
                self._others.popleft()
                self.dropped += 1
            self._others.append(told)
        self._some.set()

    async def take(self) -> list[Told]:
        """Everything that waits, as soon as there is something."""
        await self._some.wait()
        self._some.clear()
        told: list[Told] = [*self._reports.values(), *self._others]
        self._reports.clear()
        self._others.clear()
        return told


class SocketFeed:
    """One WebSocket that is kept open, and what it told."""

    def __init__(
        self,
        url: str,
        reader: Callable[[], Read],
        subscribe: Sequence[bytes] = (),
        ping: bytes = b"",
        clocks: Any = None,
    ) -> None:
        self.url = url
        self.connections = 0
        self.malformed = 0
        self.gaps = 0
        self.waiting = Waiting()
        self.clocks: Clocks = clocks or Clocks()
        self._reader = reader
        self._subscribe = list(subscribe)
        self._ping = ping
        self._chance = random.Random()

    async def run(self) -> None:
        """Connect, read, and connect again, until cancelled."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        wait = RECONNECT_MIN_S
        while True:
            try:
                async with connect(self.url, max_size=MESSAGE_BYTES_MAX, open_timeout=10) as socket:
                    self.connections += 1
                    for message in self._subscribe:
                        await socket.send(message.decode())
                    heard = await self._listen(socket)
                    wait = RECONNECT_MIN_S if heard else wait
            except (OSError, TimeoutError, WebSocketException):
                pass
            await asyncio.sleep(wait * (0.5 + self._chance.random()))
            wait = min(wait * 2, RECONNECT_MAX_S)

    async def _listen(self, socket: Any) -> bool:
        from websockets.exceptions import ConnectionClosed

        read = self._reader()
        heard = False
        pinging = asyncio.create_task(self._ping_for_ever(socket)) if self._ping else None
        try:
            while True:
                async with asyncio.timeout(SILENCE_S):
                    message = await socket.recv()
                self.take(read, message)
                heard = True
        except (ConnectionClosed, TimeoutError):
            return heard
        finally:
            if pinging is not None:
                pinging.cancel()

    def take(self, read: Read, message: bytes | str) -> None:
        """Read one message; what cannot be read is counted and skipped."""
        received = time.time_ns()
        try:
            found = read(message, received)
        except PayloadError:
            self.malformed += 1
            return
        for told in found:
            if isinstance(told, Gap):
                self.gaps += 1
            elif isinstance(told, Report):
                self.clocks.see(told.source, told.time_ns, received)
            self.waiting.put(told)

    async def _ping_for_ever(self, socket: Any) -> None:
        while True:
            await asyncio.sleep(SILENCE_S / 2)
            await socket.send(self._ping.decode())

    async def told(self) -> AsyncIterator[list[Told]]:
        """What comes, for ever, as fast as it is taken."""
        while True:
            yield await self.waiting.take()


class PollFeed:
    """An address that is asked again and again."""

    def __init__(
        self,
        url: str,
        read: Read,
        every_s: float,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        clocks: Any = None,
    ) -> None:
        self.url = url
        self.polls = 0
        self.failures = 0
        self.malformed = 0
        self.waiting = Waiting()
        self.clocks: Clocks = clocks or Clocks()
        self._read = read
        self._every_s = every_s
        self._body = body
        self._headers = headers or {}

    async def run(self) -> None:
        """Ask until cancelled; failures make the pauses longer."""
        import httpx

        wait = self._every_s
        async with httpx.AsyncClient(timeout=5.0, headers=self._headers) as client:
            while True:
                try:
                    if self._body:
                        answer = await client.post(
                            self.url, content=self._body, headers={"content-type": "application/json"}
                        )
                    else:
                        answer = await client.get(self.url)
                    answer.raise_for_status()
                    self.polls += 1
                    wait = self._every_s
                    received = time.time_ns()
                    for told in self._read(answer.content, received):
                        if isinstance(told, Report):
                            self.clocks.see(told.source, told.time_ns, received)
                        self.waiting.put(told)
                except httpx.HTTPError:
                    self.failures += 1
                    wait = min(max(wait, 0.1) * 2, RECONNECT_MAX_S)
                except PayloadError:
                    self.malformed += 1
                await asyncio.sleep(wait)

    async def told(self) -> AsyncIterator[list[Told]]:
        """What comes, for ever."""
        while True:
            yield await self.waiting.take()
