"""The hot routes on the connection itself: a request in the ordinary form is answered without a task of its own.

uvicorn makes of every request a task, an event, two channels of messages and a dictionary. That is most of what a small
command costs, so its connection is extended by one short cut: `POST` of one of the two hot paths, HTTP/1.1, with a
length, the right media type and no other request of this connection unanswered. The body is then given to `door.py` as
soon as it is whole, and the answer is written when the gateway has it. Everything else, and everything that looks odd,
takes the ordinary way, which also words the refusals; so nothing is judged here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
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


class _Route(NamedTuple):
    media: bytes
    bytes_max: int
    ask: Callable[[str | None, str, bytes, str], Pending]
    tell: Callable[[Pending, Answer], bytes]


class Exchange:
    """One request and its answer, in the place of uvicorn's own: what the connection asks of one is here."""

    __slots__ = (
        "body",
        "disconnected",
        "headers",
        "keep_alive",
        "message_event",
        "more_body",
        "response_complete",
        "route",
        "timer",
    )

    def __init__(self, route: _Route, headers: dict[bytes, bytes], keep_alive: bool) -> None:
        self.route = route
        self.headers = headers
        self.keep_alive = keep_alive
        self.body = bytearray()
        self.more_body = True
        self.response_complete = False
        self.disconnected = False
        self.message_event = self
        self.timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """The connection says that something has happened; nobody waits for that here."""


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
    status_lines: dict[int, bytes] = {status: STATUS_LINE[status] for status in {200, 500, *STATUSES.values()}}

    class Connection(HttpToolsProtocol):  # type: ignore[misc,unused-ignore]
        """One client."""

        def data_received(self, data: bytes) -> None:
            """Bytes have come."""
            super().data_received(data)
            exchange: Any = self.cycle
            if type(exchange) is Exchange and exchange.more_body and exchange.timer is None:
                exchange.timer = self.loop.call_later(BODY_SECONDS_MAX, self._too_slow, exchange)

        def on_headers_complete(self) -> None:
            """The head of a request is whole."""
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
                or len(self.connections) >= (self.limit_concurrency or 1 << 30)
            ):
                super().on_headers_complete()
                return
            self.cycle = Exchange(route, headers, self.parser.should_keep_alive())  # type: ignore[assignment]

        def on_body(self, body: bytes) -> None:
            """A part of a body."""
            exchange: Any = self.cycle
            if type(exchange) is not Exchange:
                super().on_body(body)
            elif not exchange.response_complete:
                exchange.body += body

        def on_message_complete(self) -> None:
            """A request is whole."""
            exchange: Any = self.cycle
            if type(exchange) is not Exchange:
                super().on_message_complete()
            elif exchange.more_body and not exchange.response_complete:
                exchange.more_body = False
                if exchange.timer is not None:
                    exchange.timer.cancel()
                self._ask(exchange)

        def _ask(self, exchange: Exchange) -> None:
            headers, address = exchange.headers, str(self.client[0]) if self.client else "unknown"
            authorization = headers.get(b"authorization")
            given = authorization.decode("latin-1") if authorization is not None else None
            identifier = headers.get(b"idempotency-key", b"").decode("latin-1")
            try:
                pending = exchange.route.ask(given, address, bytes(exchange.body), identifier)
            except Problem as problem:
                self._refuse(exchange, problem)
                return
            except Exception:
                LOG.exception("a request met a mistake of ours", extra={"path": self.url.decode("latin-1")})
                self._write(exchange, 500, b"Internal Server Error", [(b"connection", b"close")])
                self.transport.close()
                return
            if pending.answer.done():
                self._tell(exchange, pending, pending.answer)
            else:
                pending.answer.add_done_callback(lambda done: self._tell(exchange, pending, done))

        def _tell(self, exchange: Exchange, pending: Pending, done: asyncio.Future[Answer]) -> None:
            if self.transport.is_closing() or done.cancelled():
                return  # a client that goes away does not take its command with it
            problem = done.exception()
            if isinstance(problem, Problem):
                self._refuse(exchange, problem)
            else:
                self._write(exchange, 200, exchange.route.tell(pending, done.result()), [])

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
            parts = [status_lines[status]]
            for name, value in (*self.server_state.default_headers, *more):
                parts += (name, b": ", value, b"\r\n")
            if not exchange.keep_alive:
                parts.append(b"connection: close\r\n")
            parts += (_HEAD, _LENGTH, str(len(body)).encode(), b"\r\n\r\n", body)
            self.transport.write(b"".join(parts))
            if not exchange.keep_alive:
                self.transport.close()
            self.on_response_complete()

    return Connection
