"""The ASGI application: the hot routes, the table of routes, the page, and the stream."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from importlib import resources
from typing import Final

import msgspec

from solvent.service.api import Api
from solvent.service.door import Receive, Scope, Send, encode, header, refuse, respond
from solvent.service.openapi import document
from solvent.service.problems import Problem
from solvent.service.roles import Caller, Right, may
from solvent.service.routes import ROUTES, Raw, Route
from solvent.service.stream import CHANNELS, LISTENERS_MAX, Listener, kinds_named
from solvent.service.strict import check_depth

LOG: Final = logging.getLogger("solvent.service")
PAGE_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/static/page.css": ("page.css", "text/css; charset=utf-8"),
    "/static/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/static/draw.js": ("draw.js", "text/javascript; charset=utf-8"),
    "/static/live.js": ("live.js", "text/javascript; charset=utf-8"),
    "/static/views.js": ("views.js", "text/javascript; charset=utf-8"),
    "/static/icon.svg": ("icon.svg", "image/svg+xml"),
}
PAGE_HEADERS: Final = [
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
]
SUBSCRIBE_S: Final = 10.0
SEND_S: Final = 15.0
"""A reader whose socket takes nothing for so long is gone or as good as gone."""
STREAM_MESSAGE_MAX: Final = 4_096


class Subscribe(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a stream begins with."""

    channels: list[str]
    from_sequence: int = 0
    kinds: list[str] = []
    account: int | None = None
    format: str = "json"


SUBSCRIBE_DECODER: Final = msgspec.json.Decoder(Subscribe)


class App:
    """One application for one venue."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.document = encode(document())
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        by_path: dict[str, dict[str, Route]] = {}
        for route in ROUTES:
            by_path.setdefault(route.path, {})[route.method] = route
        for path, methods in by_path.items():
            if "{" in path:
                pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
                self._patterns.append((re.compile(pattern), methods))
            else:
                self._exact.update({(path, method): route for method, route in methods.items()})
        self._paths = {path for path in by_path if "{" not in path}
        folder = resources.files("solvent.service") / "page"
        self._page = {
            path: ((folder / name).read_bytes(), media.encode())
            for path, (name, media) in PAGE_FILES.items()
            if (folder / name).is_file()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection of uvicorn."""
        if scope["type"] == "http":
            try:
                await self._http(scope, receive, send)
            except Exception:
                LOG.exception("a request met a mistake of ours", extra={"path": scope["path"][:200]})
                raise
        elif scope["type"] == "websocket":
            await self._stream(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path == "/v1/commands" and method == "POST":
            return await self.api.hot.commands(scope, receive, send)
        if path == "/v1/batch" and method == "POST":
            return await self.api.hot.batch(scope, receive, send)
        if path in self._page and method in ("GET", "HEAD"):
            return await self._send_page(path, method, send)
        if path == "/openapi.json" and method == "GET":
            return await respond(send, 200, self.document)
        found, allowed, parameters = self._find(path, method)
        if found is None:
            return await self._no_route(path, allowed, send)
        return await self.api.serve(found, scope, receive, send, parameters)

    def _find(self, path: str, method: str) -> tuple[Route | None, list[str], Mapping[str, int | str]]:
        route = self._exact.get((path, method))
        if route is not None:
            return route, [], {}
        if path in self._paths:
            return None, [m for (p, m) in self._exact if p == path], {}
        for pattern, methods in self._patterns:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            given: dict[str, int | str] = dict(match.groupdict())
            if "account" in given:
                text = str(given["account"])
                if not text.isascii() or not text.isdigit() or len(text) > 10:
                    return None, [], {}
                given["account"] = int(text)
            return methods.get(method), list(methods), given
        return None, [], {}

    async def _no_route(self, path: str, allowed: list[str], send: Send) -> None:
        if path in ("/v1/commands", "/v1/batch"):
            allowed = ["POST"]
        elif path in self._page or path == "/openapi.json":
            allowed = ["GET"]
        if allowed:
            problem = Problem("method_not_allowed", f"This path takes {', '.join(sorted(allowed))}.")
            headers = [(b"allow", ", ".join(sorted(allowed)).encode())]
            return await respond(send, problem.status, problem.body(), headers)
        return await refuse(send, Problem("not_found", "There is nothing here.", "See /openapi.json."))

    async def _send_page(self, path: str, method: str, send: Send) -> None:
        content, media = self._page[path]
        headers = [*PAGE_HEADERS, (b"content-type", media), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content if method == "GET" else b""})

    # --- the stream ----------------------------------------------------------------------------------------

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        if message["type"] != "websocket.connect":
            return
        try:
            caller = self._stream_caller(scope)
        except Problem as problem:
            # refused before it is accepted: uvicorn answers the handshake with 403
            LOG.info("a stream was refused", extra={"code": problem.code})
            await send({"type": "websocket.close", "code": 4401 if problem.status == 401 else 4403})
            return
        await send({"type": "websocket.accept"})
        try:
            listener, first = await self._subscription(receive, caller)
        except Problem as problem:
            await send({"type": "websocket.send", "text": problem.body().decode()})
            await send({"type": "websocket.close", "code": 4400, "reason": problem.code})
            return
        await self._pump(listener, first, receive, send)

    def _stream_caller(self, scope: Scope) -> Caller:
        if scope["path"] != "/v1/stream":
            raise Problem("not_found", "There is no such stream.")
        origin, host = header(scope, b"origin"), header(scope, b"host")
        if origin is not None and origin.partition("://")[2] != host:
            raise Problem("role_may_not", "A page of another origin may not open the stream.")
        if len(self.api.hub.listeners) >= LISTENERS_MAX:
            raise Problem("too_many_streams", "Too many streams are open.")
        query = scope["query_string"].decode("latin-1")
        if query.startswith("ticket="):
            caller = self.api.redeem(query.removeprefix("ticket="))
        else:
            caller = self.api.hot.caller(scope)
        if not may(caller, Right.READ, self.api.views.venue.name):
            raise Problem("role_may_not", f"Role {caller.role} may not read the stream.")
        return caller

    async def _subscription(self, receive: Receive, caller: Caller) -> tuple[Listener, int]:
        try:
            async with asyncio.timeout(SUBSCRIBE_S):
                message = await receive()
        except TimeoutError:
            raise Problem("too_slow", "Nothing was subscribed to.", "Send a subscription first.") from None
        text = message.get("text") or ""
        if message["type"] != "websocket.receive" or len(text) > STREAM_MESSAGE_MAX:
            raise Problem("malformed", "A stream begins with a subscription.", 'Send {"channels": ["events"]}.')
        try:
            check_depth(text.encode())
            wanted = SUBSCRIBE_DECODER.decode(text.encode())
            kinds = kinds_named(wanted.kinds)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise Problem("malformed", f"The subscription does not fit: {error}.", "See docs/service.md.") from None
        except KeyError as error:
            raise Problem("out_of_range", f"There is no kind of event {error}.", "See docs/glossary.md.") from None
        unknown = [channel for channel in wanted.channels if channel not in CHANNELS]
        if (
            unknown
            or not wanted.channels
            or wanted.format not in ("json", "binary")
            or not 0 <= wanted.from_sequence < 2**62
        ):
            raise Problem("out_of_range", "The subscription does not fit.", f"Channels: {', '.join(CHANNELS)}.")
        self.api.hot.budget.spend(caller.key, "streams", 5, 1, time.monotonic())
        listener = Listener(frozenset(wanted.channels), kinds, wanted.format == "binary", wanted.account)
        return listener, wanted.from_sequence

    async def _pump(self, listener: Listener, first: int, receive: Receive, send: Send) -> None:
        hub = self.api.hub
        reader = asyncio.create_task(_until_gone(receive))
        reader.add_done_callback(lambda _gone: listener.wake())
        try:
            if first and "events" in listener.channels:
                first = await self._catch_up(listener, first, send)
            hub.join(listener, first or hub.newest_sequence + 1)
            hello = {"channel": "hello", "next": listener.next_sequence, "newest": hub.newest_sequence}
            await send({"type": "websocket.send", "text": encode(hello).decode()})
            sent = listener.next_sequence - 1 if not first else first - 1
            while not reader.done():
                given = await listener.frames.get()
                if given is None:
                    if listener.dropped:
                        await send({"type": "websocket.close", "code": 4408, "reason": f"resync from {sent + 1}"})
                    break
                await self._send_frame(listener, given[1], send)
                sent = max(sent, given[0])
        except (OSError, TimeoutError, RuntimeError, Problem):
            # the other side has gone; what it missed it can ask for
            LOG.info("a stream ended")
        finally:
            hub.leave(listener)
            reader.cancel()

    async def _send_frame(self, listener: Listener, frame: bytes, send: Send) -> None:
        binary = listener.binary and not frame.startswith(b"{")
        async with asyncio.timeout(SEND_S):
            if binary:
                await send({"type": "websocket.send", "bytes": frame})
            else:
                await send({"type": "websocket.send", "text": frame.decode()})

    async def _catch_up(self, listener: Listener, first: int, send: Send) -> int:
        """Send what is older than memory; give the sequence from which memory goes on."""
        hub = self.api.hub
        while first < hub.oldest_sequence:
            last = min(first + 20_000 - 1, hub.oldest_sequence - 1)
            frame = hub.frame(listener, first, last, await self.api.past(first, last))
            if frame:
                await self._send_frame(listener, frame, send)
            first = last + 1
        return first


async def _until_gone(receive: Receive) -> None:
    """Read and drop what the listener says, until it leaves: a stream is told, not asked."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return


__all__ = ["App", "Raw"]
