"""Hyperliquid: activeAssetCtx, l2Book and trades over WebSocket, metaAndAssetCtxs from the info interface.

Numbers are decimal strings, times are milliseconds. A context carries no time of its own: the moment it was received
stands for it. A fill that bears a liquidation is told to both sides; here only public trades are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from solvent.market.feeds import Depth, PayloadError, Report, Told, Traded

SOURCE: Final = "hyperliquid"
MS: Final = 1_000_000
PING: Final = b'{"method":"ping"}'


class _Context(msgspec.Struct):
    oraclePx: str
    markPx: str


class _Asset(msgspec.Struct):
    coin: str
    ctx: _Context


class _Level(msgspec.Struct):
    px: str
    sz: str


class _Book(msgspec.Struct):
    coin: str
    time: int
    levels: tuple[list[_Level], list[_Level]]


class _Trade(msgspec.Struct):
    coin: str
    side: str
    px: str
    sz: str
    time: int
    tid: int


class _Envelope(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Coin(msgspec.Struct):
    name: str


class _Meta(msgspec.Struct):
    universe: list[_Coin]


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_META: Final = msgspec.json.Decoder(tuple[_Meta, list[_Context]])
SILENT: Final = ("pong", "subscriptionResponse")


def subscriptions(coins: Iterable[str], kinds: Iterable[str] = ("activeAssetCtx", "l2Book", "trades")) -> list[bytes]:
    """Messages that subscribe to these coins."""
    return [
        msgspec.json.encode({"method": "subscribe", "subscription": {"type": kind, "coin": coin}})
        for coin in coins
        for kind in kinds
    ]


def info_request() -> bytes:
    """Body of the poll."""
    return b'{"type":"metaAndAssetCtxs"}'


class Reader:
    """Reads messages of one connection."""

    def read(self, message: bytes | str, received_ns: int = 0) -> list[Told]:
        """What a message tells; empty for answers and pongs. Raises PayloadError."""
        try:
            envelope = _ENVELOPE.decode(message)
            if envelope.channel in SILENT:
                return []
            if envelope.channel == "activeAssetCtx":
                asset = msgspec.json.decode(envelope.data, type=_Asset)
                return _context(asset.coin, asset.ctx, received_ns)
            if envelope.channel == "l2Book":
                book = msgspec.json.decode(envelope.data, type=_Book)
                bids, asks = (tuple((level.px, level.sz) for level in side) for side in book.levels)
                return [Depth(SOURCE, book.coin, bids, asks, book.time * MS, True)]
            if envelope.channel == "trades":
                trades = msgspec.json.decode(envelope.data, type=list[_Trade])
                return [
                    Traded(SOURCE, one.coin, one.px, one.sz, one.side == "A", one.time * MS, one.tid) for one in trades
                ]
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise PayloadError(f"no message of Hyperliquid: {error}") from None
        raise PayloadError(f"Hyperliquid told a channel nobody asked for: {envelope.channel[:40]}")


def read_info(body: bytes, received_ns: int) -> list[Told]:
    """What the info interface answers, in the order of its universe. Raises PayloadError."""
    try:
        meta, contexts = _META.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise PayloadError(f"no answer of Hyperliquid's info: {error}") from None
    if len(meta.universe) != len(contexts):
        raise PayloadError(f"Hyperliquid told {len(contexts)} contexts for {len(meta.universe)} coins")
    told: list[Told] = []
    for coin, context in zip(meta.universe, contexts, strict=True):
        told += _context(coin.name, context, received_ns)
    return told


def _context(coin: str, context: Any, received_ns: int) -> list[Told]:
    return [
        Report(SOURCE, coin, context.markPx, received_ns),
        Report(f"{SOURCE}_oracle", coin, context.oraclePx, received_ns),
    ]
