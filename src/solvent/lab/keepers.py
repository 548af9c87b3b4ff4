"""Keepers of the lab: they see an offer late, and claim what they can sell on in the same book at a gain.

A keeper that takes a long sells it, and one that takes a short buys it back, at half the impact of its size worse than
the mark. It claims no more lots than the books take of forced orders in a step, and only at a price that leaves it its
edge after that; the machine refuses the claim while the offer is not yet so cheap. Whether the offer is still there
when the claim arrives is the machine's to say: races are lost cleanly.
"""

from typing import NamedTuple

import numpy as np

from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.events import EventKind
from solvent.lab.execution import Book, Order


class Offer(NamedTuple):
    """Lots on offer; `lots` is signed as the venue closes them: what is sold of a long is negative."""

    account: int
    instrument: int
    lots: int
    reference: int
    seen_ns: int


class Keepers:
    """What the keepers of a venue know, and what they would take."""

    def __init__(self, book: Book, latency_ns: int, edge: float) -> None:
        """`edge` is the share of a price they want to keep for themselves."""
        self.book = book
        self.latency_ns = latency_ns
        self.edge = edge
        self.offers: dict[tuple[int, int], Offer] = {}

    def listen(self, events: np.ndarray) -> None:
        """Take up new offers, shrink what was claimed, forget what was taken back."""
        kinds = events["kind"]
        known = np.isin(
            kinds, (EventKind.LIQUIDATION_OFFERED, EventKind.POSITION_CLAIMED, EventKind.LIQUIDATION_CANCELLED)
        )
        for event in events[known]:
            key = int(event["account"]), int(event["instrument"])
            lots = int(event["lots"])
            if event["kind"] == EventKind.LIQUIDATION_OFFERED:
                seen = int(event["time_ns"]) + self.latency_ns
                self.offers[key] = Offer(*key, lots, int(event["reference"]), seen)
            elif key in self.offers:
                left = self.offers[key].lots - lots if event["kind"] == EventKind.POSITION_CLAIMED else 0
                self.offers[key] = self.offers[key]._replace(lots=left)
                if left == 0:
                    del self.offers[key]

    def claims(self, now_ns: int, mark_ticks: np.ndarray, keepers: list[int]) -> np.ndarray:
        """Claims of this step, keepers taking turns; none where nothing can be sold on at a gain."""
        made: list[np.ndarray] = []
        for offer in self.offers.values():
            if now_ns < offer.seen_ns:
                continue
            lots, hedged = self.book.would_take(Order(offer.account, offer.instrument, offer.lots, 0, 0), mark_ticks)
            if lots == 0:
                continue
            sells = offer.lots < 0
            record = np.zeros(1, dtype=COMMAND_DTYPE)
            record["kind"], record["time_ns"] = CommandKind.CLAIM_LIQUIDATION, now_ns
            record["account"], record["instrument"] = offer.account, offer.instrument
            record["counterparty"] = keepers[len(made) % len(keepers)]
            record["lots"], record["reference"] = lots, offer.reference
            record["price_ticks"] = max(int(hedged * (1 - self.edge if sells else 1 + self.edge)), 1)
            made.append(record)
        return np.concatenate(made) if made else np.zeros(0, dtype=COMMAND_DTYPE)

    def sold_on(self, events: np.ndarray, mark_ticks: np.ndarray) -> None:
        """What was claimed goes into the book, where it moves the price like any forced order."""
        claimed = events[events["kind"] == EventKind.POSITION_CLAIMED]
        orders = [Order(int(e["account"]), int(e["instrument"]), int(e["lots"]), 0, 0) for e in claimed]
        if orders:
            self.book.take(orders, mark_ticks)
