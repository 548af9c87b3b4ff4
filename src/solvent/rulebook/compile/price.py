"""From feeds and components to rows."""

from __future__ import annotations

from typing import Final

from solvent.codes import SourceKind
from solvent.rulebook.compile.work import Work
from solvent.rulebook.contracts import Feed
from solvent.state.terms import SOURCES_MAX, Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPM

COMPONENTS: Final = {
    "index": SourceKind.SPOT,
    "external_perp_median": SourceKind.PERP,
    "reported_mark": SourceKind.MARK,
}


FEED_KINDS: Final = {"spot": SourceKind.SPOT, "perp": SourceKind.PERP, "mark": SourceKind.MARK}


def write_feeds(work: Work, terms: Terms) -> tuple[dict[tuple[int, str], int], list[int]]:
    """Sources of every instrument: their numbers, and how many of each enter its mark."""
    index = work.rulebook.index
    age = (index.age_max_ms or 0) * NANOSECONDS_PER_MILLISECOND
    step = int((index.step_max or 0) * PPM)
    mixed = {COMPONENTS[component.kind] for component in work.rulebook.mark.components}
    source_ids: dict[tuple[int, str], int] = {}
    heard: list[int] = []
    for row, contract in enumerate(work.contracts):
        count = 0
        for number, feed in enumerate(contract.feeds):
            source_ids[row, feed.name] = number
            weight = weight_of(work, feed)
            kind = FEED_KINDS[feed.kind]
            terms.feeds[row * SOURCES_MAX + number] = (weight, kind, age, step)
            count += weight > 0 and kind in mixed
        if count == 0:
            work.tell(
                f"contract {contract.symbol}.feeds",
                "none of them enters the mark",
                "Add a feed of a kind and weight that [price.mark] listens to.",
            )
        heard.append(count)
    return source_ids, heard


def weight_of(work: Work, feed: Feed) -> int:
    """Weight of a feed: as its component or the index lists it, else the default."""
    listed = work.rulebook.index.sources if feed.kind == "spot" else ()
    for component in work.rulebook.mark.components:
        if COMPONENTS[component.kind] == FEED_KINDS[feed.kind] and component.sources:
            listed = component.sources
    return next((source.weight for source in listed if source.id == feed.name), work.rulebook.index.default_weight)
