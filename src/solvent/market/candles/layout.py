"""What a table of candles holds, and how a file that is refused says so."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

KLINE_COLUMNS: Final = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume", "taker_buy_quote_volume", "ignore",
)  # fmt: skip

CANDLE_COLUMNS: Final = (
    "time_ns", "base", "quote", "venue", "source", "kind", "open", "high", "low", "close", "volume",
)  # fmt: skip

#: What a candle's prices are: trades at a spot desk, trades in a perpetual, or a venue's mark price.
KINDS: Final = ("spot", "perp", "mark")

# Archives keep the margin type in the name; for a price it makes no difference.
KIND_SPELLINGS: Final = {
    **{kind: kind for kind in KINDS},
    "perp_um": "perp",
    "perp_cm": "perp",
    "mark_um": "mark",
    "mark_cm": "mark",
}

VENUE_UNNAMED: Final = "file"

PRICES: Final = ("open", "high", "low", "close")

AMOUNTS: Final = (*PRICES, "volume")

# Enough rows to find the pattern by eye; the count says the rest.
ROWS_SHOWN_MAX: Final = 3


class CandleFileError(Exception):
    """A candle file that was refused. `faults` holds one sentence per fault: place, trouble, remedy."""

    def __init__(self, path: Path, faults: Iterable[str]) -> None:
        self.path = path
        self.faults: tuple[str, ...] = tuple(faults)
        assert self.faults, "a refusal without a reason helps nobody"
        super().__init__("\n".join([f"{path.name} was not read:", *(f"- {fault}" for fault in self.faults)]))
