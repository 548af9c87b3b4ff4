"""Feeds joined to the machine: which source of which market a feed's report is, and the ticks nearest to its price.

    [[feed]]   kind = "binance"      url = "wss://…"    markets = { BTCUSDT = "BTC/USDC:USDC" }   source = "binance"
    [[feed]]   kind = "hyperliquid"  url = "wss://…"    markets = { BTC = "BTC/USDC:USDC" }       source = "hyperliquid"
    [[feed]]   kind = "hyperliquid_info"  url = "https://…/info"  every_ms = 1000  …
    [[feed]]   kind = "pyth"         url = "https://…"    markets = { e62d… = "BTC/USDC:USDC" }   key_file = "…"   …

A price is rounded to the nearest tick: what another venue tells is an observation, not a debt.
"""

from __future__ import annotations

import asyncio
import logging
import re
import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.market.feeds import Report, Told, binance, hyperliquid, pyth
from solvent.market.feeds.live import Clocks, PollFeed, SocketFeed
from solvent.market.venue import Venue
from solvent.service.gateway import SERVICE
from solvent.service.problems import Problem
from solvent.units import LIMIT

LOG: Final = logging.getLogger("solvent.feeds")
_PRICE: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?", re.ASCII)


class FeedSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One feed as its document says."""

    kind: str
    url: str
    source: str
    markets: dict[str, str]
    every_ms: int = 1_000
    key_file: str = ""
    reference: bool = False
    tells: str = ""

    @property
    def told_as(self) -> str:
        """What the feed's reader calls the price that is wanted: its mark, or with `tells` its index or oracle."""
        base = self.kind.removesuffix("_info")
        return f"{base}_{self.tells}" if self.tells else base


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    feed: list[FeedSettings]


def read_feeds(path: Path) -> list[FeedSettings]:
    """The feeds of a document. Raises ValueError with what is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Document).feed
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} holds no feeds: {error}") from None


def nearest_ticks(venue: Venue, instrument: int, price: str) -> int:
    """A price in ticks of a market, to the nearest. Raises ValueError where it is none."""
    if _PRICE.fullmatch(price) is None:
        raise ValueError(f"{price[:40]!r} is no price")
    step = venue.ticks[instrument]
    ticks: int = round(Fraction(price) * 10**step.decimals / step.numerator)
    return ticks


def make_feed(given: FeedSettings, clocks: Clocks) -> SocketFeed | PollFeed:
    """The connection a document asks for. Raises ValueError for a kind that is none."""
    symbols = list(given.markets)
    key = Path(given.key_file).read_text(encoding="utf-8").strip() if given.key_file else ""
    headers = {"authorization": f"Bearer {key}"} if key else {}

    def usdm() -> Callable[[bytes | str, int], list[Told]]:
        reader = binance.Reader()
        return lambda message, _received: reader.read(message)

    if given.kind == "binance":
        return SocketFeed(given.url + binance.stream_path(symbols), usdm, clocks=clocks)
    if given.kind == "hyperliquid":
        subscribe = hyperliquid.subscriptions(symbols)
        return SocketFeed(given.url, lambda: hyperliquid.Reader().read, subscribe, hyperliquid.PING, clocks)
    if given.kind == "hyperliquid_info":
        body = hyperliquid.info_request()
        every = given.every_ms / 1e3
        return PollFeed(given.url, lambda m, r: hyperliquid.read_info(_raw(m), r), every, body, headers, clocks)
    if given.kind == "pyth":
        ids = {name: name for name in symbols}
        url = given.url + pyth.path(ids)
        return PollFeed(url, lambda m, _r: pyth.read(_raw(m), ids), given.every_ms / 1e3, b"", headers, clocks)
    raise ValueError(f"there is no feed of kind {given.kind!r}: binance, hyperliquid, hyperliquid_info, pyth")


def _raw(message: bytes | str) -> bytes:
    return message.encode() if isinstance(message, str) else message


class Sources:
    """Every feed of a service."""

    def __init__(self, service: Any, feeds: list[FeedSettings]) -> None:
        self.service = service
        self.venue: Venue = service.wire.venue
        reference = next((given.told_as for given in feeds if given.reference), "")
        self.clocks = Clocks(reference)
        self.feeds = [(given, make_feed(given, self.clocks)) for given in feeds]
        self.reported = 0
        self.unknown = 0
        self.depth: dict[tuple[str, str], Told] = {}
        service.api.feeds = self.told
        for given in feeds:
            for market in given.markets.values():
                row = self.venue.instruments.get(market)
                if row is None or (row, given.source) not in self.venue.sources:
                    raise ValueError(f"the venue has no source {given.source} for a market {market}")

    async def run(self, _service: Any = None) -> None:
        """Keep every feed alive and report what it tells."""
        async with asyncio.TaskGroup() as tasks:
            for given, feed in self.feeds:
                tasks.create_task(feed.run())
                tasks.create_task(self._report(given, feed))

    async def _report(self, given: FeedSettings, feed: SocketFeed | PollFeed) -> None:
        async for told in feed.told():
            records = self.records(given, told)
            if not len(records):
                continue
            if self.clocks.is_off(given.told_as):
                offset = self.clocks.offset_ms(given.told_as)
                sentence = f"The clock of {given.source} is {offset} ms off the reference."
                self.service.alerts.raise_alert("clock_off", given.source, sentence)
            try:
                future, _old = self.service.gateway.submit(SERVICE, records.tobytes())
                await asyncio.shield(future)
                self.reported += len(records)
            except Problem as problem:
                LOG.warning("reports of %s were not taken: %s", given.source, problem.code)

    def told(self) -> list[dict[str, Any]]:
        """How each feed fares: answers, what could not be read, gaps, what was left out as old, its clock."""
        return [
            {
                "source": given.source,
                "kind": given.kind,
                "markets": list(given.markets.values()),
                "connections": feed.connections if isinstance(feed, SocketFeed) else feed.polls,
                "failures": feed.failures if isinstance(feed, PollFeed) else 0,
                "malformed": feed.malformed,
                "gaps": feed.gaps if isinstance(feed, SocketFeed) else 0,
                "conflated": feed.waiting.conflated,
                "dropped": feed.waiting.dropped,
                "clock_offset_ms": self.clocks.offset_ms(given.told_as),
                "clock_is_off": self.clocks.is_off(given.told_as),
            }
            for given, feed in self.feeds
        ]

    def records(self, given: FeedSettings, told: list[Told]) -> np.ndarray:
        """Reports as commands; what is no report of this source is kept for the page or left out."""
        rows: list[tuple[int, int, int, int]] = []
        for one in told:
            market = given.markets.get(one.symbol)
            if market is None:
                self.unknown += 1
                continue
            if not isinstance(one, Report):
                self.depth[type(one).__name__, market] = one
                continue
            if one.source != given.told_as:
                continue
            row = self.venue.instruments[market]
            try:
                ticks = nearest_ticks(self.venue, row, one.price)
            except ValueError:
                self.unknown += 1
                continue
            if ticks > LIMIT or not 0 <= one.time_ns <= LIMIT:
                self.unknown += 1  # no number of the machine: counted here, where the record would not hold it
                continue
            rows.append((row, self.venue.sources[(row, given.source)], ticks, one.time_ns))
        records = np.zeros(len(rows), dtype=COMMAND_DTYPE)
        if rows:
            columns = np.array(rows, dtype=np.int64)
            records["kind"] = CommandKind.PRICE_REPORT
            for place, name in enumerate(("instrument", "source", "price_ticks", "source_time_ns")):
                records[name] = columns[:, place]
        return records
