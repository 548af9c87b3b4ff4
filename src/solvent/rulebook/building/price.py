"""From what was read to records: how reports become the mark."""

from __future__ import annotations

from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Component, Index, Mark, Source


def build_sources(values: list[dict[str, Any]]) -> tuple[Source, ...]:
    """Feeds with their weights."""
    return tuple(Source(value["id"], value["w"]) for value in values)


def build_index(reading: Reading, value: dict[str, Any], _path: Path) -> Index:
    """Guards become three bounds; each may stand once."""
    bounds: dict[str, Any] = {}
    for row, guard in enumerate(value["guards"]):
        if guard["kind"] in bounds:
            path: Path = ("price", "index", "guards", row, "kind")
            reading.tell(path, f"`{guard['kind']}` stands here a second time", "Remove one of the two.")
        bounds[guard["kind"]] = guard["ppm"] if "ppm" in guard else guard.get("ms")
    return Index(
        kind=value["kind"],
        sources=build_sources(value["sources"]),
        default_weight=value["default_w"],
        minimum_sources=value["minimum_sources"],
        age_max_ms=bounds.get("max_age"),
        step_max=bounds.get("max_step"),
        future_max_ms=bounds.get("future"),
    )


def build_mark(_reading: Reading, value: dict[str, Any], _path: Path) -> Mark:
    """Components in the order of the document."""
    parts = (Component(part["kind"], build_sources(part.get("sources", []))) for part in value["components"])
    return Mark(value["kind"], tuple(parts))
