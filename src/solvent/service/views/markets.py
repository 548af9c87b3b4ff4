"""Markets as they are told: mark, sources and guards, what is wrong with the price, breakers, depth and multipliers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from solvent.codes import Action, Answer, Condition, Estimator, Level, Metric, Mode, SourceKind
from solvent.engine.engine import Engine
from solvent.engine.explain import plain
from solvent.market.venue import Venue
from solvent.service.views.rows import light, rows_of
from solvent.service.wire import Wire
from solvent.state.levels import ALLOWED, level_of
from solvent.state.multipliers import target_ppm
from solvent.state.terms import SIDES, SOURCES_MAX
from solvent.state.validity import conditions_of
from solvent.state.values import market_value_saturated

_MS: Final = 1_000_000
_level_of: Final = plain(level_of)
_conditions_of: Final = plain(conditions_of)
_target_ppm: Final = plain(target_ppm)
_market_value: Final = plain(market_value_saturated)
MODE_NAMES: Final = {int(mode): mode.name.lower() for mode in Mode}
ALLOWED_NAMES: Final = {
    int(mode): [action.name.lower() for action in Action if ALLOWED[mode] >> action & 1] for mode in Mode
}
READ: Final = ("venue", "instruments", "pricing", "policy", "markets", "dynamics", "contracts", "breakers")
MARKET_METRICS: Final = frozenset(
    {Metric.MARK_MOVE, Metric.PRICE_BAND, Metric.VOLATILITY, Metric.DISPERSION, Metric.STALENESS}
)
"""What a breaker measures in each market; the rest it measures of the venue, on row 0."""


def matrix() -> dict[str, dict[str, bool]]:
    """The machine's own table of breaker levels: level -> action -> allowed."""
    return {
        MODE_NAMES[mode]: {action.name.lower(): bool(ALLOWED[mode] >> action & 1) for action in Action} for mode in Mode
    }


class MarketViews:
    """The markets of one venue, to look at."""

    def __init__(self, engine: Engine, venue: Venue, wire: Wire) -> None:
        self.engine = engine
        self.venue = venue
        self.wire = wire

    def all(self) -> list[dict[str, Any]]:
        """Marks, sources, guards and modes of every market."""
        state = self.engine.state
        tables = light(
            state, "venue", "instruments", "pricing", "policy", "markets", "dynamics", "contracts", "breakers"
        )
        heard = np.flatnonzero(np.asarray(state.feeds["weight"]))
        feeds: dict[int, list[tuple[int, Any, Any]]] = {}
        for place, feed, report in zip(
            heard.tolist(), rows_of(state.feeds, heard), rows_of(state.reports, heard), strict=True
        ):
            feeds.setdefault(place // SOURCES_MAX, []).append((place % SOURCES_MAX, feed, report))
        tables.feeds = feeds
        tables.anchors = rows_of(state.anchors)
        tables.used_breakers = [
            (place, one) for place, one in enumerate(tables.breakers) if one.used == 1 and one.metric in MARKET_METRICS
        ]
        tables.rates = {
            level: np.asarray(state.schedules["rate_max_ppm"]).tolist()[int(level) * len(state.instruments) :]
            for level in (Level.MAINTENANCE, Level.INITIAL)
        }
        return [self._market(tables, row) for row in range(len(self.venue.symbols))]

    def _market(self, tables: Any, row: int) -> dict[str, Any]:
        wire, market, now = self.wire, tables.instruments[row], tables.venue[0].time_ns
        contract, bearing = tables.contracts[row], tables.markets[row]
        bits = _conditions_of(tables, row)
        level, cap = _level_of(tables, row), contract.open_interest_cap_quanta

        def price(ticks: int) -> str | None:
            return wire.price(row, ticks) if ticks else None

        def size(lots: int) -> str | None:
            return wire.size(row, lots) if lots else None

        def notional(lots: int) -> str:
            return wire.money(int(_market_value(contract, lots, market.mark_ticks)))

        return {
            "market": self.venue.symbols[row],
            "mark": price(market.mark_ticks),
            "previous_mark": price(market.previous_mark_ticks),
            "mark_age_ms": (now - market.mark_time_ns) // _MS if market.mark_time_ns else None,
            "mode": MODE_NAMES[market.mode],
            "mode_by_breaker": bool(market.mode_by_breaker),
            "operator_mode": MODE_NAMES[market.operator_mode],
            "level": MODE_NAMES[level],
            "allowed": ALLOWED_NAMES[level],
            "conditions": [one.name.lower() for one in Condition if bits >> one & 1],
            "open_interest": wire.size(row, market.open_interest_lots),
            "open_interest_notional": notional(market.open_interest_lots),
            "open_interest_cap": size(contract.open_interest_cap_lots),
            "open_interest_cap_notional": wire.money(cap) if cap else None,
            "depth": size(bearing.depth_lots),
            "depth_notional": notional(bearing.depth_lots) if bearing.depth_lots else None,
            "multipliers": self._multipliers(tables, row),
            "sources": [self._source(row, now, market, *given) for given in tables.feeds.get(row, ())],
            "sources_min": tables.pricing[row].sources_min or tables.policy[0].sources_min,
            "guards": self._guards(tables.pricing[row]),
            "breakers": [self._breaker(tables, row, *given) for given in tables.used_breakers],
            "maintenance_max_ppm": tables.rates[Level.MAINTENANCE][row],
            "initial_max_ppm": tables.rates[Level.INITIAL][row],
        }

    def _multipliers(self, tables: Any, row: int) -> list[dict[str, Any]]:
        """What each side is charged on top of the schedule: now at each level, and what the terms ask for and why."""
        market, told = tables.instruments[row], []
        for side, name in enumerate(("long", "short")):
            terms = tables.dynamics[row * SIDES + side]
            initial = max(market.initial_long_ppm if side == 0 else market.initial_short_ppm, 1_000_000)
            standing = max(market.maintenance_long_ppm if side == 0 else market.maintenance_short_ppm, 1_000_000)
            told.append(
                {
                    "side": name,
                    "initial_ppm": initial,
                    "maintenance_ppm": standing,
                    "asked_ppm": int(_target_ppm(tables, row, side, initial)),
                    "parts": {
                        part: value
                        for part in ("volatility", "depth", "concentration", "open_interest", "stressed", "floor")
                        if (value := getattr(terms, f"{part}_ppm"))
                    },
                }
            )
        return told

    def _source(self, row: int, now: int, market: Any, number: int, feed: Any, report: Any) -> dict[str, Any]:
        age = now - report.source_time_ns if report.price_ticks else None
        wire = self.wire
        return {
            "source": self.venue.source_names.get((row, number), str(number)),
            "kind": SourceKind(feed.kind).name.lower(),
            "price": wire.price(row, report.price_ticks) if report.price_ticks else None,
            "age_ms": age // _MS if age is not None else None,
            "age_max_ms": feed.age_max_ns // _MS or None,
            "step_max_ppm": feed.step_max_ppm or None,
            "confidence_max_ppm": feed.confidence_max_ppm or None,
            "interval_min_ms": feed.interval_min_ns // _MS or None,
            "floor": wire.price(row, feed.floor_ticks) if feed.floor_ticks else None,
            "ceiling": wire.price(row, feed.ceiling_ticks) if feed.ceiling_ticks else None,
            "delay_ms": feed.delay_ns // _MS or None,
            "weight": feed.weight,
            "source_time_ns": str(report.source_time_ns) if report.price_ticks else None,
            "receive_time_ns": str(report.receive_time_ns) if report.price_ticks else None,
            "decision_sequence": report.sequence if report.price_ticks else None,
            "stale": age is None or (feed.age_max_ns > 0 and age > feed.age_max_ns),
            "dropped": bool(market.dropped >> number & 1),
            "waiting": wire.price(row, report.waiting_ticks) if report.waiting_ticks else None,
        }

    @staticmethod
    def _guards(pricing: Any) -> dict[str, Any]:
        """The guards of one market's price that are switched on."""
        told: dict[str, Any] = {"estimator": Estimator(pricing.estimator).name.lower()}
        for name in pricing._fields:
            value = getattr(pricing, name)
            if value and name.endswith("_ns"):
                told[name.removesuffix("_ns") + "_ms"] = value // _MS
            elif value and name.endswith("_ppm"):
                told[name] = value
        return told

    def _breaker(self, tables: Any, row: int, place: int, breaker: Any) -> dict[str, Any]:
        anchor = tables.anchors[row * len(tables.breakers) + place]
        return {
            "metric": Metric(breaker.metric).name.lower(),
            "move_ppm": breaker.move_ppm,
            "window_ms": breaker.window_ns // _MS,
            "release_ms": breaker.release_ns // _MS,
            "exit_ppm": breaker.exit_ppm or None,
            "by_command": bool(breaker.by_command),
            "mode": MODE_NAMES[breaker.mode],
            "anchor": self.wire.price(row, anchor.price_ticks) if anchor.price_ticks else None,
            "raised": anchor.until_ns > tables.venue[0].time_ns,
            "until_ns": str(anchor.until_ns),
        }

    def venue_breakers(self) -> list[dict[str, Any]]:
        """Breakers that measure the venue as a whole."""
        tables = light(self.engine.state, "venue", "breakers", "anchors")
        return [
            self._breaker(tables, 0, place, one)
            for place, one in enumerate(tables.breakers)
            if one.used == 1 and one.metric not in MARKET_METRICS
        ]

    def remedies(self) -> dict[str, dict[str, str]]:
        """The oracle table: condition -> action -> what the rulebook answers."""
        rows = rows_of(self.engine.state.remedies)
        return {
            condition.name.lower(): {
                action: Answer(getattr(rows[condition], action)).name.lower() for action in rows[condition]._fields
            }
            for condition in Condition
        }
