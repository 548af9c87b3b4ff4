"""Feeds: what other venues and oracles tell, as it comes over their sockets, polls and files.

A payload is read by a function of the venue's own file (`binance`, `hyperliquid`, `pyth`, `tardis`), which knows its
format and nothing else; `live` keeps connections and `recorded` plays files, and both hand the same things on.
"""

from __future__ import annotations

from typing import NamedTuple


class Report(NamedTuple):
    """A price as a source tells it. `confidence` is the source's own half-width, as a decimal, or empty."""

    source: str
    symbol: str
    price: str
    time_ns: int
    confidence: str = ""


class Traded(NamedTuple):
    """A public trade. `sell` is the side of the taker."""

    source: str
    symbol: str
    price: str
    size: str
    sell: bool
    time_ns: int
    number: int


class Liquidated(NamedTuple):
    """A liquidation another venue tells. `long` is the side that was liquidated, whatever the venue calls it."""

    source: str
    symbol: str
    price: str
    size: str
    long: bool
    time_ns: int


class Depth(NamedTuple):
    """The best levels of a book, (price, size) as decimals, best first; `complete` False is a change of levels."""

    source: str
    symbol: str
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]
    time_ns: int
    complete: bool


class Gap(NamedTuple):
    """Something was missed: a book must be asked for anew, trades between are unknown."""

    source: str
    symbol: str
    what: str
    expected: int
    got: int


Told = Report | Traded | Liquidated | Depth | Gap


class PayloadError(ValueError):
    """A message that is not in the documented format; it is counted and skipped, never guessed at."""
