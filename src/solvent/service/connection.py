"""The hot routes on the connection itself: a request in the ordinary form is answered without a task of its own.

uvicorn makes of every request a task, an event, two channels of messages and a dictionary. That is most of what a small
command costs, so its connection is extended by one short cut: `POST` of one of the two hot paths, HTTP/1.1, with a
length, the right media type and no other request of this connection unanswered. The body is then given to `door.py` as
soon as it is whole, and the answer is written when the gateway has it. Everything else, and everything that looks odd,
takes the ordinary way, which also words the refusals; so nothing is judged here.

A client that keeps its connection sends the same head again and again, byte for byte. What a head means is settled by
its bytes: once the parser has read it, the connection knows the meaning of these bytes and need not parse them again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from solvent.service.desk import Answer
from solvent.service.door import (
    BATCH_BYTES_MAX,
    BODY_SECONDS_MAX,
    JSON_HEADERS,
    HotRoutes,
    Pending,
    problem_headers,
    tell_batch,
    tell_commands,
)
from solvent.service.problems import STATUSES, Problem
from solvent.service.strict import BODY_BYTES_MAX

LOG: Final = logging.getLogger("solvent.service")

_HEAD: Final = b"".join(name + b": " + value + b"\r\n" for name, value in JSON_HEADERS)
_LENGTH: Final = b"content-length: "
HEADS_MAX: Final = 64
"""Heads a connection knows the meaning of; a client that sends more different ones gains nothing by it."""
HEAD_BYTES_MAX: Final = 2_048
HEAD_SECONDS_MAX: Final = 10.0
"""A client that needs longer for its head is not served: a thousand of them would be all the connections there are."""


class _Route(NamedTuple):
    media: bytes
    bytes_max: int
    ask: Callable[[str | None, str, bytes, str], Pending]
    tell: Callable[[Pending, Answer], bytes]


class _Meaning(NamedTuple):
    """What the head of a request in the ordinary form says."""

    route: _Route
    authorization: str | None
    identifier: str
    length: int
    keep_alive: bool


class Exchange:
    """One request and its answer, in the place of uvicorn's own: what the connection asks of one is here."""

    __slots__ = (
        "body",
        "disconnected",
        "keep_alive",
        "meaning",
        "message_event",
        "more_body",
        "pending",
        "response_complete",
        "timer",
    )

    def __init__(self, meaning: _Meaning) -> None:
        self.meaning = meaning
        self.keep_alive = meaning.keep_alive
        self.pending: Pending | None = None
        self.body = bytearray()
        self.more_body = True
        self.response_complete = False
        self.disconnected = False
        self.message_event = self
        self.timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """The connection says that something has happened; nobody waits for that here."""


class _Leads:
    """How answers begin, by their status; made anew when the server's own headers (the date) are."""

    def __init__(self, status_lines: dict[int, bytes]) -> None:
        self._lines = status_lines
        self._headers: list[tuple[bytes, bytes]] = []
        self._made: dict[int, bytes] = {}

    def of(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Status line and headers that every answer of this second has."""
        if headers is not self._headers:
            self._headers, self._made = headers, {}
        made = self._made.get(status)
        if made is None:
            own = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
            made = self._made[status] = self._lines[status] + own + _HEAD
        return made


def connection_for(hot: HotRoutes) -> Any:
    """The class of uvicorn's connections with the short cut, or its own choice where that cannot be extended."""
    try:
        import httptools  # noqa: F401
    except ImportError:
        return "auto"
    from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

    def ask_commands(authorization: str | None, address: str, body: bytes, _identifier: str) -> Pending:
        return hot.ask_commands(authorization, address, body)

    routes = {
        b"/v1/commands": _Route(b"application/json", BODY_BYTES_MAX, ask_commands, tell_commands),
        b"/v1/batch": _Route(b"application/octet-stream", BATCH_BYTES_MAX, hot.ask_batch, tell_batch),
    }
    leads = _Leads({status: STATUS_LINE[status] for status in {200, 500, *STATUSES.values()}})

    class Connection(HttpToolsProtocol):  # type: ignore[misc,unused-ignore]
        """One client."""

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.known: dict[bytes, _Meaning] = {}
            self.between = True
            self.heading = False
            self.head_timer: asyncio.TimerHandle | None = None
            self.quiet_since = 0.0

        def connection_made(self, transport: Any) -> None:
            """Somebody has connected; who then asks for nothing is as quiet as who asks for nothing more."""
            super().connection_made(transport)
            self._mind_quiet()

        def connection_lost(self, exc: Exception | None) -> None:
            """The connection has ended."""
            self._forget_head()
            super().connection_lost(exc)

        def _forget_head(self) -> None:
            self.heading = False
            if self.head_timer is not None:
                self.head_timer.cancel()
                self.head_timer = None

        def _head_late(self) -> None:
            self.head_timer = None
            if self.heading and not self.transport.is_closing():
                exchange = Exchange(_Meaning(routes[b"/v1/commands"], None, "", 0, False))
                sentence = f"The head took longer than {HEAD_SECONDS_MAX:g} seconds."
                self._refuse(exchange, Problem("too_slow", sentence, "Send faster."))

        def data_received(self, data: bytes) -> None:
            """Bytes have come."""
            before: Any = self.cycle
            head = b""
            # nothing of this connection is half read and nothing unanswered: a request may begin here
            if self.between and (before is None or before.response_complete):
                end = data.find(b"\r\n\r\n") + 4
                if 4 <= end <= HEAD_BYTES_MAX:
                    head = data[:end]
                    meaning = self.known.get(head)
                    if meaning is not None and len(data) == end + meaning.length and self._has_room():
                        exchange: Any = Exchange(meaning)
                        exchange.body = data[end:]
                        exchange.more_body = False
                        self.cycle = exchange
                        self._ask(exchange)
                        return
            super().data_received(data)
            if self.heading and self.head_timer is None:
                self.head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._head_late)
            exchange = self.cycle
            if type(exchange) is not Exchange:
                return
            if exchange.more_body:
                if exchange.timer is None:
                    exchange.timer = self.loop.call_later(BODY_SECONDS_MAX, self._too_slow, exchange)
            elif head and before is not exchange and len(data) == len(head) + exchange.meaning.length:
                self._learn(head, exchange.meaning)

        def _has_room(self) -> bool:
            return len(self.connections) < (self.limit_concurrency or 1 << 30)

        def _learn(self, head: bytes, meaning: _Meaning) -> None:
            # one request and no more was in these bytes; a head with an identifier of its own does not come again
            if meaning.keep_alive and not meaning.identifier:
                if len(self.known) >= HEADS_MAX:
                    self.known.clear()
                self.known[head] = meaning

        def on_message_begin(self) -> None:
            """The first byte of a request."""
            self.between = False
            self.heading = True
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            """The head of a request is whole."""
            self._forget_head()
            route = routes.get(self.url)
            before: Any = self.cycle
            if route is None or (before is not None and not before.response_complete):
                super().on_headers_complete()
                return
            # the first of two equal headers counts, as everywhere here
            headers = dict(reversed(self.headers))
            length = headers.get(b"content-length", b"")
            if (
                self.parser.get_method() != b"POST"
                or self.parser.get_http_version() != "1.1"
                or self.parser.should_upgrade()
                or headers.get(b"content-type") != route.media
                or not length.isdigit()
                or int(length) > route.bytes_max
                or self.expect_100_continue
                or not self._has_room()
            ):
                super().on_headers_complete()
                return
            authorization = headers.get(b"authorization")
            meaning = _Meaning(
                route,
                authorization.decode("latin-1") if authorization is not None else None,
                headers.get(b"idempotency-key", b"").decode("latin-1"),
                int(length),
                self.parser.should_keep_alive(),
            )
            self.cycle = Exchange(meaning)  # type: ignore[assignment]

        def on_body(self, body: bytes) -> None:
            """A part of a body."""
            exchange: Any = self.cycle
            if type(exchange) is not Exchange:
                super().on_body(body)
            elif not exchange.response_complete:
                exchange.body += body

        def on_message_complete(self) -> None:
            """A request is whole."""
            self.between = True
            exchange: Any = self.cycle
            if type(exchange) is not Exchange:
                super().on_message_complete()
            elif exchange.more_body and not exchange.response_complete:
                exchange.more_body = False
                if exchange.timer is not None:
                    exchange.timer.cancel()
                self._ask(exchange)

        def on_response_complete(self) -> None:
            """An answer is on its way; one timer a connection looks now and then whether it has become quiet."""
            if self.pipeline:
                super().on_response_complete()
                return
            self.server_state.total_requests += 1
            if self.transport.is_closing():
                return
            if self.flow.read_paused:
                self.flow.resume_reading()
            self._mind_quiet()

        def _mind_quiet(self) -> None:
            self.quiet_since = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

        def timeout_keep_alive_handler(self) -> None:
            """Close a connection that has been quiet for so long, or look again when it will have been."""
            cycle: Any = self.cycle
            left = self.quiet_since + self.timeout_keep_alive - self.loop.time()
            if cycle is not None and not cycle.response_complete:
                left = float(self.timeout_keep_alive)
            if left > 0:
                self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
            else:
                super().timeout_keep_alive_handler()

        def _ask(self, exchange: Exchange) -> None:
            meaning = exchange.meaning
            address = str(self.client[0]) if self.client else "unknown"
            try:
                pending = meaning.route.ask(meaning.authorization, address, bytes(exchange.body), meaning.identifier)
            except Problem as problem:
                self._refuse(exchange, problem)
                return
            except Exception:
                LOG.exception("a request met a mistake of ours")
                self._write(exchange, 500, b"Internal Server Error", [(b"connection", b"close")])
                self.transport.close()
                return
            exchange.pending = pending
            if pending.answer.done():
                self._tell(exchange, pending.answer)
            else:
                pending.answer.add_done_callback(partial(self._tell, exchange))

        def _tell(self, exchange: Exchange, done: asyncio.Future[Answer]) -> None:
            if self.transport.is_closing() or done.cancelled():
                return  # a client that goes away does not take its command with it
            problem = done.exception()
            if isinstance(problem, Problem):
                self._refuse(exchange, problem)
            else:
                assert exchange.pending is not None, "it was asked"
                self._write(exchange, 200, exchange.meaning.route.tell(exchange.pending, done.result()), [])

        def _refuse(self, exchange: Exchange, problem: Problem) -> None:
            hot.count(problem)
            self._write(exchange, problem.status, problem.body(), problem_headers(problem))

        def _too_slow(self, exchange: Exchange) -> None:
            if exchange.more_body and not exchange.response_complete and not self.transport.is_closing():
                exchange.keep_alive = False
                sentence = f"The body took longer than {BODY_SECONDS_MAX:g} seconds."
                self._refuse(exchange, Problem("too_slow", sentence, "Send faster."))

        def _write(self, exchange: Exchange, status: int, body: bytes, more: list[tuple[bytes, bytes]]) -> None:
            exchange.response_complete = True
            parts = [leads.of(status, self.server_state.default_headers)]
            for name, value in more:
                parts += (name, b": ", value, b"\r\n")
            if not exchange.keep_alive:
                parts.append(b"connection: close\r\n")
            parts += (_LENGTH, b"%d" % len(body), b"\r\n\r\n", body)
            self.transport.write(b"".join(parts))
            if not exchange.keep_alive:
                self.transport.close()
            self.on_response_complete()

    return Connection
