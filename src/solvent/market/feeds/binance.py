"""Binance USD-M futures over WebSocket: markPrice, forceOrder, depth and aggTrade, single or combined streams.

Of a force order the side is the order's: SELL closes a long. At most one is told per symbol and second, so totals are
lower bounds. Aggregate trades are numbered without gaps; a depth update names the one before it (`pu`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from solvent.market.feeds import Depth, Gap, Liquidated, PayloadError, Report, Told, Traded

SOURCE: Final = "binance"
MS: Final = 1_000_000


class _Mark(msgspec.Struct, tag_field="e", tag="markPriceUpdate"):
    E: int
    s: str
    p: str
    i: str = ""


class _Order(msgspec.Struct):
    s: str
    S: str
    p: str
    ap: str
    q: str
    z: str
    T: int


class _Force(msgspec.Struct, tag_field="e", tag="forceOrder"):
    E: int
    o: _Order


class _DepthUpdate(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    T: int
    s: str
    U: int
    u: int
    pu: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class _AggTrade(msgspec.Struct, tag_field="e", tag="aggTrade"):
    s: str
    a: int
    p: str
    q: str
    T: int
    m: bool


class _Combined(msgspec.Struct):
    data: msgspec.Raw
    stream: str


_EVENT: Final = msgspec.json.Decoder(_Mark | _Force | _DepthUpdate | _AggTrade)
_COMBINED: Final = msgspec.json.Decoder(_Combined)


def stream_path(
    symbols: Iterable[str], kinds: Iterable[str] = ("markPrice@1s", "forceOrder", "aggTrade", "depth")
) -> str:
    """Path of the combined stream for these symbols, as BTCUSDT."""
    return "/stream?streams=" + "/".join(f"{symbol.lower()}@{kind}" for symbol in symbols for kind in kinds)


class Reader:
    """Reads messages of one connection; remembers numbers to notice what is missing."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = {}

    def read(self, message: bytes | str) -> list[Told]:
        """What a message tells; empty for answers to subscriptions. Raises PayloadError."""
        try:
            raw: Any = message.encode() if isinstance(message, str) else message
            if raw.startswith((b'{"result"', b'{"id"')):
                return []
            if raw.startswith(b'{"stream"'):
                raw = _COMBINED.decode(raw).data
            return self._told(_EVENT.decode(raw))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise PayloadError(f"no message of Binance USD-M: {error}") from None

    def _told(self, event: Any) -> list[Told]:
        if isinstance(event, _Mark):
            told: list[Told] = [Report(SOURCE, event.s, event.p, event.E * MS)]
            if event.i:
                told.append(Report(f"{SOURCE}_index", event.s, event.i, event.E * MS))
            return told
        if isinstance(event, _Force):
            order = event.o
            price = order.ap if order.ap.strip("0.") else order.p
            size = order.z if order.z.strip("0.") else order.q
            return [Liquidated(SOURCE, order.s, price, size, order.S == "SELL", order.T * MS)]
        if isinstance(event, _AggTrade):
            trade = Traded(SOURCE, event.s, event.p, event.q, event.m, event.T * MS, event.a)
            return [*self._gap(event.s, "aggTrade", event.a - 1, event.a), trade]
        depth = Depth(SOURCE, event.s, tuple(event.b), tuple(event.a), event.T * MS, False)
        return [*self._gap(event.s, "depth", event.pu, event.u), depth]

    def _gap(self, symbol: str, what: str, before: int, now: int) -> list[Told]:
        last = self._last.get((symbol, what))
        self._last[symbol, what] = now
        return [] if last is None or last == before else [Gap(SOURCE, symbol, what, last, before)]
