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


def build_guards(reading: Reading, values: list[dict[str, Any]], place: str) -> tuple[Guard, ...]:
    """Guards of the index or the mark, each once; an anchor, or a step over a window, once for each of its windows."""
    seen: set[str] = set()
    guards: list[Guard] = []
    for row, guard in enumerate(values):
        path: Path = ("price", place, "guards", row, "kind")
        window = guard.get("window_ms") or 0
        kind = "anchor" if place == "mark" and guard["kind"] == "max_step" and window else guard["kind"]
        name = f"anchor {window}" if kind == "anchor" else kind
        if name in seen:
            reading.tell(path, f"`{guard['kind']}` stands here a second time", "Remove one of the two.")
        seen.add(name)
        if kind == "anchor" and window not in ANCHORS_MS:
            reading.tell((*path[:-1], "window_ms"), f"no window has {window} ms", "Write 60000, 600000 or 3600000.")
        breaches = guard.get("min_breaches") or 0
        if bool(breaches) != bool(guard.get("then")):
            remedy = 'Write min_breaches = 2 and then = "use_median", or neither.'
            reading.tell(path, "how many, and what is used then, belong together", remedy)
        time = guard.get("ms") or guard.get("after_ms") or 0
        clamp = guard.get("on_breach") == "clamp"
        guards.append(Guard(kind, guard.get("ppm") or Fraction(0), time, window, clamp, breaches))
    return tuple(guards)


def build_index(reading: Reading, value: dict[str, Any], _path: Path) -> Index:
    """What spot markets report, and the guards of every report."""
    guards = build_guards(reading, value["guards"], "index")
    by_kind = {guard.kind: guard for guard in guards}
    age, step, future = (by_kind.get(kind) for kind in ("max_age", "max_step", "future"))
    return Index(
        kind=value["kind"],
        sources=build_sources(value["sources"]),
        default_weight=value["default_w"],
        minimum_sources=value["minimum_sources"],
        age_max_ms=age.time_ms if age else None,
        step_max=step.share if step else None,
        future_max_ms=future.time_ms if future else None,
        inner=value.get("inner", "weighted_median"),
        guards=guards,
    )


def build_condition(_reading: Reading, value: dict[str, Any], _path: Path) -> PriceCondition:
    """One row of the oracle table."""
    return PriceCondition(**value)


def build_mark(reading: Reading, value: dict[str, Any], _path: Path) -> Mark:
    """Components in the order of the document."""
    parts = (Component(part["kind"], build_sources(part.get("sources", []))) for part in value["components"])
    return Mark(value["kind"], tuple(parts), build_guards(reading, value.get("guards") or [], "mark"))
