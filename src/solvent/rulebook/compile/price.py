"""From feeds and components to rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from solvent.codes import Answer, Condition, Estimator, SourceKind
from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.contracts import Feed
from solvent.rulebook.rules import Guard
from solvent.state.terms import SOURCES_MAX, Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPM

COMPONENTS: Final = {
    "index": SourceKind.SPOT,
    "external_perp_median": SourceKind.PERP,
    "reported_mark": SourceKind.MARK,
}


ESTIMATORS: Final = {
    "weighted_median": Estimator.WEIGHTED_MEDIAN,
    "median": Estimator.MEDIAN,
    "weighted_mean": Estimator.WEIGHTED_MEAN,
    "committee_weighted_median": Estimator.COMMITTEE,
}

BOTH: Final = ("reference_divergence", "stale_fallback", "bandwidth", "sequencer_grace")
"""Guards of the mark that may stand in the index as well."""

REMEDIES: Final = ("open", "reduce", "liquidate", "withdraw", "mint")

FEED_KINDS: Final = {"spot": SourceKind.SPOT, "perp": SourceKind.PERP, "mark": SourceKind.MARK}


def write_feeds(work: Work, terms: Terms) -> tuple[dict[tuple[int, str], int], list[int]]:
    """Sources of every instrument: their numbers, and how many of each enter its mark."""
    index = work.rulebook.index
    age = (index.age_max_ms or 0) * NANOSECONDS_PER_MILLISECOND
    step = int((index.step_max or 0) * PPM)
    guards = {guard.kind: guard for guard in index.guards}
    mixed = {COMPONENTS[component.kind] for component in work.rulebook.mark.components}
    source_ids: dict[tuple[int, str], int] = {}
    heard: list[int] = []
    for row, contract in enumerate(work.contracts):
        count = 0
        for number, feed in enumerate(contract.feeds):
            source_ids[row, feed.name] = number
            weight = weight_of(work, feed)
            kind = FEED_KINDS[feed.kind]
            source = next((listed for listed in index.sources if listed.id == feed.name), None)
            write_fields(
                terms.feeds[row * SOURCES_MAX + number],
                {
                    "weight": weight,
                    "kind": kind,
                    "age_max_ns": age,
                    "step_max_ppm": step,
                    "committee": source.member if source else 0,
                    "interval_min_ns": _time_ns(guards, "min_interval"),
                    "confidence_max_ppm": _share_ppm(guards, "max_confidence"),
                    "floor_ticks": int(source.floor / contract.tick_size) if source else 0,
                    "ceiling_ticks": int(source.ceiling / contract.tick_size) if source else 0,
                    "delay_ns": _time_ns(guards, "fixed_delay"),
                },
            )
            count += weight > 0 and kind in mixed
        if count == 0:
            work.tell(
                f"contract {contract.symbol}.feeds",
                "none of them enters the mark",
                "Add a feed of a kind and weight that [price.mark] listens to.",
            )
        heard.append(count)
    return source_ids, heard


def _time_ns(guards: Mapping[str, Guard], kind: str) -> int:
    return guards[kind].time_ms * NANOSECONDS_PER_MILLISECOND if kind in guards else 0


def _share_ppm(guards: Mapping[str, Guard], kind: str) -> int:
    return int(guards[kind].share * PPM) if kind in guards else 0


def write_pricing(work: Work, terms: Terms) -> None:
    """Estimator and guards of every instrument, and the oracle table."""
    index, mark = work.rulebook.index, work.rulebook.mark
    of_mark = {guard.kind: guard for guard in mark.guards}
    guards = {guard.kind: guard for guard in index.guards}
    guards |= {kind: guard for kind, guard in of_mark.items() if kind in BOTH}
    anchors = {guard.window_ms: guard for guard in (*index.guards, *mark.guards) if guard.kind == "anchor"}
    for row in range(len(work.contracts)):
        write_fields(
            terms.pricing[row],
            {
                "estimator": ESTIMATORS[index.kind],
                "inner": ESTIMATORS[index.inner],
                "stale_ns": _time_ns(guards, "stale_mark") or _time_ns(of_mark, "max_age"),
                "deviation_ppm": _share_ppm(guards, "max_deviation"),
                "deviation_breach": "max_deviation" in guards and guards["max_deviation"].clamp,
                "dispersion_ppm": _share_ppm(guards, "max_dispersion"),
                "minute_ppm": int(anchors[60_000].share * PPM) if 60_000 in anchors else 0,
                "ten_minutes_ppm": int(anchors[600_000].share * PPM) if 600_000 in anchors else 0,
                "hour_ppm": int(anchors[3_600_000].share * PPM) if 3_600_000 in anchors else 0,
                "anchor_breach": any(anchor.clamp for anchor in anchors.values()),
                "divergence_ppm": _share_ppm(guards, "reference_divergence"),
                "own_band_ppm": _share_ppm(guards, "bandwidth"),
                "fallback_ns": _time_ns(guards, "stale_fallback"),
                "grace_ns": _time_ns(guards, "sequencer_grace"),
                "step_ppm": _share_ppm(of_mark, "max_step"),
                "step_breach": "max_step" in of_mark and of_mark["max_step"].clamp,
                "breaches_min": guards["max_deviation"].breaches if "max_deviation" in guards else 0,
            },
        )
    for condition in work.rulebook.conditions:
        write_fields(
            terms.remedies[Condition[condition.kind.upper()]],
            {name: Answer[getattr(condition, name).upper()] for name in REMEDIES},
        )


def weight_of(work: Work, feed: Feed) -> int:
    """Weight of a feed: as its component or the index lists it, else the default."""
    listed = work.rulebook.index.sources if feed.kind == "spot" else ()
    for component in work.rulebook.mark.components:
        if COMPONENTS[component.kind] == FEED_KINDS[feed.kind] and component.sources:
            listed = component.sources
    return next((source.weight for source in listed if source.id == feed.name), work.rulebook.index.default_weight)
