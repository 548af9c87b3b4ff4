"""The hot routes: commands as JSON and bursts as records, and the shape of every answer.

What is asked and what is told are plain functions. They are called in two places: by `connection.py`, on the connection
itself, for requests in the ordinary form (the frame of a task, of messages and of timers around a request costs several
times what the request does), and here on bare ASGI for whatever is not. Both are in the same OpenAPI document.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.service.budget import ADDRESS_FAILURES_BURST as BURST
from solvent.service.budget import ADDRESS_FAILURES_PER_MINUTE, Budget
from solvent.service.desk import Answer, refusal_words
from solvent.service.gateway import Gateway
from solvent.service.keys import Door
from solvent.service.problems import Problem
from solvent.service.roles import Caller, refusal_of
from solvent.service.strict import BODY_BYTES_MAX, read_json
from solvent.service.wire import BODY_DECODER, Wire

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BATCH_RECORDS_MAX: Final = 4_096
BATCH_BYTES_MAX: Final = BATCH_RECORDS_MAX * COMMAND_DTYPE.itemsize
BODY_SECONDS_MAX: Final = 10.0
"""A client that needs longer to send its body is not served; it would hold a connection for nothing."""
ID_LENGTH_MAX: Final = 64
BATCH_KINDS: Final = frozenset({int(CommandKind.TRADE), int(CommandKind.PRICE_REPORT)})

encode: Final = msgspec.json.Encoder().encode

JSON_HEADERS: Final = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class Pending(NamedTuple):
    """A request that was handed to the gateway: its identifier, the future answer, and whether that is an old one."""

    identifier: str
    answer: asyncio.Future[Answer]
    old: bool


class HotRoutes:
    """`POST /v1/commands` and `POST /v1/batch`: what is asked, and how it is told; `connection.py` delivers it."""

    def __init__(self, gateway: Gateway, wire: Wire, door: Door, budget: Budget) -> None:
        self.gateway = gateway
        self.wire = wire
        self.door = door
        self.budget = budget
        self.requests = 0
        self.refused: dict[str, int] = {}

    async def commands(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Commands as JSON, where the connection left them to the application."""
        try:
            authorization, address = header(scope, b"authorization"), address_of(scope)
            self.caller_of(authorization, address)
            body = await read_body(scope, receive, BODY_BYTES_MAX, "application/json")
            pending = self.ask_commands(authorization, address, body)
            await respond(send, 200, tell_commands(pending, await _answered(pending)))
        except Problem as problem:
            await self.refuse(send, problem)

    async def batch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Trades and price reports as the machine's own records, where the connection left them to the application."""
        try:
            authorization, address = header(scope, b"authorization"), address_of(scope)
            self.caller_of(authorization, address)
            body = await read_body(scope, receive, BATCH_BYTES_MAX, "application/octet-stream")
            pending = self.ask_batch(authorization, address, body, header(scope, b"idempotency-key") or "")
            await respond(send, 200, tell_batch(pending, await _answered(pending)))
        except Problem as problem:
            await self.refuse(send, problem)

    def ask_commands(self, authorization: str | None, address: str, body: bytes) -> Pending:
        """Commands as JSON, handed over. Raises Problem."""
        caller = self.caller_of(authorization, address)
        asked = read_json(body, BODY_DECODER)
        check_id(asked.id)
        return self.submit(caller, self.wire.records(asked.commands), asked.id, body)

    def ask_batch(self, authorization: str | None, address: str, body: bytes, identifier: str) -> Pending:
        """Records whose times are zero, handed over. Raises Problem."""
        caller = self.caller_of(authorization, address)
        check_id(identifier)
        check_records(body)
        return self.submit(caller, body, identifier, body)

    def caller(self, scope: Scope) -> Caller:
        """Who asks. Raises Problem."""
        return self.caller_of(header(scope, b"authorization"), address_of(scope))

    def caller_of(self, authorization: str | None, address: str) -> Caller:
        """Who comes with this header. Raises Problem; an address that keeps guessing is slowed down."""
        try:
            return self.door.caller(authorization, time.time())
        except Problem as problem:
            if problem.code == "key_unknown":
                per_second = ADDRESS_FAILURES_PER_MINUTE / 60
                self.budget.spend(address, "failed keys", per_second, 1, time.monotonic(), BURST)
            raise

    def submit(self, caller: Caller, records: bytes, identifier: str, body: bytes) -> Pending:
        """Check the right and the budget, then hand over. Raises Problem."""
        rows = np.frombuffer(records, dtype=COMMAND_DTYPE)
        sources = self.wire.venue.source_names
        sentence = refusal_of(caller, rows, self.wire.venue.name, self.gateway.engine.state, sources)
        if sentence:
            raise Problem("role_may_not", sentence, "Use a key of the role that may.")
        if caller.per_second:
            self.budget.spend(caller.key, "commands", caller.per_second, len(rows), time.monotonic())
        self.requests += 1
        fingerprint = hashlib.blake2b(body, digest_size=16).digest()
        future, old = self.gateway.submit(caller, records, identifier, fingerprint)
        return Pending(identifier, future, old)

    def count(self, problem: Problem) -> None:
        """Remember for the metrics that something was refused."""
        self.refused[problem.code] = self.refused.get(problem.code, 0) + 1

    async def refuse(self, send: Send, problem: Problem) -> None:
        """Answer with what is wrong."""
        self.count(problem)
        await respond(send, problem.status, problem.body(), problem_headers(problem))


async def _answered(pending: Pending) -> Answer:
    # a client that goes away does not take its command with it
    return pending.answer.result() if pending.answer.done() else await asyncio.shield(pending.answer)


def tell_commands(pending: Pending, answer: Answer) -> bytes:
    """The answer to commands, command by command."""
    return encode(told_answer(pending.identifier, answer, pending.old))


def tell_batch(pending: Pending, answer: Answer) -> bytes:
    """The answer to a burst: where it stands, and the offsets of what was refused with the refusal's number."""
    return encode(
        {
            "id": pending.identifier,
            "first_sequence": answer.first_sequence,
            "count": answer.count,
            "duplicate": pending.old,
            "refused": [[offset, number] for offset, number in sorted(answer.refused.items())],
        }
    )


def told_answer(identifier: str, answer: Answer, old: bool) -> dict[str, Any]:
    """What a request was answered, command by command."""
    answers: list[dict[str, Any]] = []
    for offset in range(answer.count):
        number = answer.refused.get(offset)
        if number is None:
            answers.append({"sequence": answer.first_sequence + offset, "accepted": True})
            continue
        name, sentence = refusal_words(number)
        answers.append(
            {
                "sequence": answer.first_sequence + offset,
                "accepted": False,
                "refusal": {"number": number, "name": name, "sentence": sentence},
            }
        )
    return {"id": identifier, "first_sequence": answer.first_sequence, "duplicate": old, "answers": answers}


def check_id(identifier: str) -> None:
    """Raise Problem where an identifier is none."""
    if not 1 <= len(identifier) <= ID_LENGTH_MAX or not identifier.isascii() or not identifier.isprintable():
        raise Problem(
            "out_of_range",
            f"An id has 1 to {ID_LENGTH_MAX} printable ASCII characters.",
            "Send a new one with each request; in /v1/batch it is the header Idempotency-Key.",
        )


def check_records(body: bytes) -> None:
    """Raise Problem where a burst is no burst."""
    size = COMMAND_DTYPE.itemsize
    if not body or len(body) % size:
        raise Problem("malformed", f"The body is no whole number of {size}-byte records.", "Pack solvent.commands.")
    records = np.frombuffer(body, dtype=COMMAND_DTYPE)
    if not set(np.unique(records["kind"]).tolist()) <= BATCH_KINDS:
        raise Problem("out_of_range", "A burst holds trades and price reports only.", "Send the rest to /v1/commands.")
    if records["time_ns"].any():
        raise Problem("out_of_range", "Times are stamped here.", "Leave time_ns at zero.")


def address_of(scope: Scope) -> str:
    """Where a request comes from."""
    return str((scope.get("client") or ("unknown", 0))[0])


def header(scope: Scope, name: bytes) -> str | None:
    """A request header, or None."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


async def read_body(scope: Scope, receive: Receive, bytes_max: int, media: str) -> bytes:
    """The body of a request, never more than `bytes_max`. Raises Problem."""
    given = header(scope, b"content-type") or ""
    if given.partition(";")[0].strip().lower() != media:
        raise Problem("wrong_media_type", f"This takes {media}.", f"Send Content-Type: {media}.")
    length = header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length) > bytes_max:
        raise Problem("too_large", f"A body holds at most {bytes_max} bytes.", "Split it into several requests.")
    # one timer a request, and no context around it: this is the hot path
    task = asyncio.current_task()
    assert task is not None, "a request is a task"
    late: list[bool] = []

    def give_up() -> None:
        late.append(True)
        task.cancel()

    timer = asyncio.get_running_loop().call_later(BODY_SECONDS_MAX, give_up)
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Problem("malformed", "The connection ended before the body did.")
            part = message.get("body", b"")
            size += len(part)
            if size > bytes_max:
                raise Problem("too_large", f"A body holds at most {bytes_max} bytes.", "Split it.")
            if not message.get("more_body", False):
                return part if not parts else b"".join([*parts, part])
            parts.append(part)
    except asyncio.CancelledError:
        if not late:
            raise
        task.uncancel()
        raise Problem("too_slow", f"The body took longer than {BODY_SECONDS_MAX:g} seconds.", "Send faster.") from None
    finally:
        timer.cancel()


async def respond(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """Send a JSON answer."""
    listed = [*JSON_HEADERS, (b"content-length", str(len(body)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})


def problem_headers(problem: Problem) -> list[tuple[bytes, bytes]]:
    """Headers beside a typed answer that is no success."""
    headers: list[tuple[bytes, bytes]] = []
    if problem.retry_after_s:
        headers.append((b"retry-after", str(problem.retry_after_s).encode()))
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return headers


async def refuse(send: Send, problem: Problem) -> None:
    """Send a typed answer that is no success."""
    await respond(send, problem.status, problem.body(), problem_headers(problem))
