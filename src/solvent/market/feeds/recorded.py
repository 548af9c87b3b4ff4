r"""Recorded files: what came over a socket, one JSON line per message with the moment of its receipt.

    {"received_ns": 1760131200000000000, "feed": "binance", "message": "{\"e\": …}"}

`record` writes such lines, `play` reads them back through the same readers as the live feed: what a recording tells is
what the socket told.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from solvent.market.feeds import PayloadError, Told, binance, hyperliquid


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One recorded message."""

    received_ns: int
    feed: str
    message: str


FEEDS: Final = ("binance", "hyperliquid", "hyperliquid_info")
_LINE: Final = msgspec.json.Decoder(Line)


def record(path: Path, feed: str, message: str, received_ns: int) -> None:
    """Append one message."""
    with path.open("ab") as file:
        file.write(msgspec.json.encode(Line(received_ns, feed, message)) + b"\n")


def play(path: Path) -> Iterator[tuple[int, Told]]:
    """(moment of receipt, what is told) of a recording, in its order. Raises PayloadError with the line."""
    usdm, coins = binance.Reader(), hyperliquid.Reader()
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            try:
                line = _LINE.decode(text)
                if line.feed == "binance":
                    found = usdm.read(line.message)
                elif line.feed == "hyperliquid":
                    found = coins.read(line.message, line.received_ns)
                elif line.feed == "hyperliquid_info":
                    found = hyperliquid.read_info(line.message.encode(), line.received_ns)
                else:
                    raise PayloadError(f"there is no feed {line.feed[:40]!r}; known: {', '.join(FEEDS)}")
            except (msgspec.DecodeError, PayloadError, RecursionError) as error:
                raise PayloadError(f"{path.name} line {number}: {error}") from None
            for told in found:
                yield line.received_ns, told
