"""From what was read to records: rungs of the action ladder."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.building.offer import KEEPERS, build_adapt, build_offer
from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Stage

BY_HEALTH: Final = "oracle_health_discount"
SHARED: Final = {
    "notional": "value",
    "requirement": "requirement",
    "improvement_share": "improvement",
    "debt_penalty": "debt",
}
"""Fees that are a share of something: of what, by their kind."""
LIMITS: Final = {"ioc": "none", "fok": "none", "zero_price": "bankruptcy"}
"""Limits that are another's name."""


def spread_of(price: dict[str, Any]) -> Fraction:
    """How far from the mark contracts may move; the zero price is as far as the equity goes."""
    if price.get("at") == "zero_price":
        return Fraction(1)
    return price.get("bonus_ppm") or (price["kind"] == "reference_spread" and price.get("ppm")) or Fraction(0)


def build_stage(reading: Reading, value: dict[str, Any], path: Path) -> Stage:
    """A stage; its fees are told apart, its throttle and size flattened."""
    size = value.get("size", {"kind": "full"})
    price = value.get("price", {"kind": "market" if value["executor"] == "engine" else ""})
    fees: dict[str, dict[str, Any]] = {}
    for row, fee in enumerate(value["fee"]):
        if fee["kind"] in fees:
            at: Path = (*path, "fee", row, "kind")
            reading.tell(at, f"`{fee['kind']}` stands here a second time", "Remove one of the two.")
        fees[fee["kind"]] = fee
    executor = value["executor"]
    if price["kind"] == "pool_fill" or executor == "fund":
        # a pool or a fund that takes positions is the vault; a pool gives the rest back unless a fee says otherwise
        executor = "backstop_vault"
        if price["kind"] == "pool_fill":
            price = {"kind": "takeover", "at": "account_transfer" if "residual" in fees else "mark"}
    offer = None
    if executor in KEEPERS or executor == "auction":
        offer = build_offer(reading, value, fees, path) if "price" in value else None
        executor = "keeper" if executor in KEEPERS else executor
        size = {"kind": "full"} if size["kind"] == "auction_fraction" else size
    shared = [kind for kind in SHARED if kind in fees]
    if len(shared) > 1:
        reading.tell((*path, "fee"), f"{' and '.join(shared)} stand here together", "Keep one of them.")
    charged, residual = fees.get(shared[0], {}) if shared else {}, fees.get("residual", {})
    throttle = value.get("throttle", {})
    limit = {BY_HEALTH: "health_discount", "reference_spread": "spread"}.get(price["kind"], price.get("limit", "none"))
    return Stage(
        id=value["id"],
        level=value["when"]["level"],
        or_equal=value["when"]["cmp"] == "le",
        scale=value["when"]["scale_ppm"],
        executor=executor,
        size="same_share" if size.get("step_ppm") else size["kind"],
        share=size.get("ppm", size.get("target_ppm", size.get("default_ppm"))),
        min_notional=size.get("min_notional", size.get("full_below_value")) or Decimal(0),
        cooldown_ms=throttle.get("ms", 0),
        price=price["kind"],
        price_limit=LIMITS.get(limit, limit),
        discount_max=price.get("max_ppm") or Fraction(0),
        discount_slope=price.get("slope_ppm") or Fraction(1),
        discount_of=price.get("relative_to", ""),
        is_only_limit=price.get("as_limit", price["kind"] != BY_HEALTH),
        takeover_at=price.get("at", ""),
        fee=charged.get("ppm", charged.get("cap_ppm")) or Fraction(0),
        fee_to=charged.get("to", ""),
        residual_to=residual.get("to", ""),
        accept=value["accept"],
        timeout_ms=value["timeout_ms"],
        tiers_down=2 if size.get("target") == "two_lower" else 1,
        step=size.get("step_ppm") or Fraction(0),
        full_below=size.get("full_below_health_ppm") or Fraction(0),
        left_min=size.get("min_leftover_value") or Decimal(0),
        spread=spread_of(price),
        fee_base=SHARED[shared[0]] if shared else "value",
        round_ms=Fraction(1000) / Fraction(throttle["rounds_per_s"]) if throttle.get("rounds_per_s") else Fraction(0),
        block=throttle.get("max_notional"),
        block_draw=throttle.get("max_fund_draw") or Decimal(0),
        one_market=throttle.get("one_market") or False,
        room_venue=throttle.get("global") or Decimal(0),
        room_market=throttle.get("market") or Decimal(0),
        offer=offer,
        adapt=build_adapt(value),
        keepers_fees=tuple(kind for kind in ("reward", "auction_start", "bonus_share") if kind in fees),
    )
