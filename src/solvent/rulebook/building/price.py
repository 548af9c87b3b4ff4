"""From what was read to records: how reports become the mark."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Component, Guard, Index, Mark, PriceCondition, Source

ANCHORS_MS: Final = (60_000, 600_000, 3_600_000)
"""Rolling windows the machine keeps: a minute, ten minutes, an hour."""


def build_sources(values: list[dict[str, Any]]) -> tuple[Source, ...]:
    """Feeds with their weights."""
    return tuple(
        Source(
            value["id"],
            value["w"],
            value.get("member", 0),
            value.get("floor") or Decimal(0),
            value.get("ceiling") or Decimal(0),
        )
        for value in values
    )


def build_index(reading: Reading, value: dict[str, Any], _path: Path) -> Index:
    """Guards by name, each once; an anchor once for each of its windows."""
    bounds: dict[str, Any] = {}
    guards: list[Guard] = []
    for row, guard in enumerate(value["guards"]):
        path: Path = ("price", "index", "guards", row, "kind")
        window = guard.get("window_ms") or 0
        name = f"anchor {window}" if guard["kind"] == "anchor" else guard["kind"]
        if name in bounds:
            reading.tell(path, f"`{guard['kind']}` stands here a second time", "Remove one of the two.")
        if guard["kind"] == "anchor" and window not in ANCHORS_MS:
            reading.tell((*path[:-1], "window_ms"), f"no window has {window} ms", "Write 60000, 600000 or 3600000.")
        time = guard.get("ms") or guard.get("after_ms") or 0
        bounds[name] = guard["ppm"] if guard["kind"] == "max_step" else time
        clamp = guard.get("on_breach") == "clamp"
        guards.append(Guard(guard["kind"], guard.get("ppm") or Fraction(0), time, window, clamp))
    return Index(
        kind=value["kind"],
        sources=build_sources(value["sources"]),
        default_weight=value["default_w"],
        minimum_sources=value["minimum_sources"],
        age_max_ms=bounds.get("max_age"),
        step_max=bounds.get("max_step"),
        future_max_ms=bounds.get("future"),
        inner=value.get("inner", "weighted_median"),
        guards=tuple(guards),
    )


def build_condition(_reading: Reading, value: dict[str, Any], _path: Path) -> PriceCondition:
    """One row of the oracle table."""
    return PriceCondition(**value)


def build_mark(_reading: Reading, value: dict[str, Any], _path: Path) -> Mark:
    """Components in the order of the document."""
    parts = (Component(part["kind"], build_sources(part.get("sources", []))) for part in value["components"])
    return Mark(value["kind"], tuple(parts))
