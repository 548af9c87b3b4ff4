"""From what was read to records: what keepers and bidders are offered."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules.offer import Adapt, Offer

KEEPERS: Final = ("keeper", "endorsed_keeper", "anyone")
LINES_MAX: Final = 2
"""Straight segments a falling price may have; stairs stand alone."""


def build_offer(reading: Reading, value: dict[str, Any], fees: dict[str, dict[str, Any]], path: Path) -> Offer:
    """The price of the moment, what beginning costs, and what keepers get and hand on."""
    reward, begun, bonus = (fees.get(kind, {}) for kind in ("reward", "auction_start", "bonus_share"))
    price, size = value["price"], value.get("size", {})
    kind = price["kind"]
    more: dict[str, Any] = {}
    if kind == "oracle_bonus":
        more = {"price": "bonus", "start": 1 - (price.get("bonus_ppm") or Fraction(0))}
    elif kind == "oracle_health_discount":
        most, slope = price.get("max_ppm") or Fraction(0), price.get("slope_ppm") or Fraction(1)
        more = {"price": "health", "first": 1 - most, "slope": slope}
    else:
        more = _by_time(reading, price, path)
    by_account = price.get("relative_to") in ("maintenance", "mark_to_market")
    return Offer(
        endorsed=value["executor"] == "endorsed_keeper",
        portfolio=by_account or size.get("kind") == "auction_fraction",
        buffer=size.get("buffer_ppm") or Fraction(0),
        reward_flat=reward.get("flat") or Decimal(0),
        reward=reward.get("ppm") or Fraction(0),
        reward_least=reward.get("min") or Decimal(0),
        reward_most=reward.get("max") or Decimal(0),
        start_fee=begun.get("ppm") or Fraction(0),
        start_fee_to=begun.get("to", ""),
        bonus_fee=bonus.get("ppm") or Fraction(0),
        bonus_fee_to=bonus.get("to", ""),
        **more,
    )


def _by_time(reading: Reading, price: dict[str, Any], path: Path) -> dict[str, Any]:
    """A price that falls with time: one staircase, or up to two straight lines."""
    segments = price.get("segments") or ()
    if price.get("relative_to") == "maintenance":
        # what a bidder is paid of the requirement it takes over: the rest is the factor
        price = {**price, "start_ppm": 1 - (price.get("start_ppm") or Fraction(0))}
        segments = [{**segment, "to_ppm": 1 - (segment.get("to_ppm") or Fraction(0))} for segment in segments]
    begun = {
        "start": price.get("start_ppm") or Fraction(0),
        "reset_ms": price.get("reset_ms") or 0,
        "reset_below": price.get("reset_below_ppm") or Fraction(0),
    }
    at: Path = (*path, "price", "segments")
    if any(segment.get("step_ms") for segment in segments):
        if len(segments) > 1:
            reading.tell(at, "a staircase stands alone", "Write one segment with step_ms and cut_ppm.")
        stairs = next(segment for segment in segments if segment.get("step_ms"))
        return {"price": "stairs", "cut": stairs.get("cut_ppm") or Fraction(0), "step_ms": stairs["step_ms"], **begun}
    if len(segments) > LINES_MAX:
        reading.tell(at, f"{len(segments)} segments, the price has room for two", "Join the last ones.")
    lines = [
        {name: segment.get("to_ppm") or Fraction(0), f"{name}_ms": segment.get("ms") or 0}
        for name, segment in zip(("first", "second"), segments, strict=False)
    ]
    return {"price": "time", **begun, **{name: number for line in lines for name, number in line.items()}}


def build_adapt(value: dict[str, Any]) -> Adapt:
    """What of the market's multipliers the stage follows."""
    adapt = value.get("adapt", {})
    return Adapt(adapt.get("volatility_ppm") or Fraction(0), adapt.get("depth_ppm") or Fraction(0))
