"""From what was read to records: rungs of the action ladder."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Stage

BY_HEALTH: Final = "oracle_health_discount"


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
    notional, residual = fees.get("notional", {}), fees.get("residual", {})
    limit = "health_discount" if price["kind"] == BY_HEALTH else price.get("limit", "none")
    return Stage(
        id=value["id"],
        level=value["when"]["level"],
        or_equal=value["when"]["cmp"] == "le",
        scale=value["when"]["scale_ppm"],
        executor=executor,
        size=size["kind"],
        share=size.get("ppm", size.get("target_ppm")),
        min_notional=size.get("min_notional", Decimal(0)),
        cooldown_ms=value.get("throttle", {}).get("ms", 0),
        price=price["kind"],
        price_limit={"ioc": "none", "fok": "none", "zero_price": "bankruptcy"}.get(limit, limit),
        discount_max=price.get("max_ppm") or Fraction(0),
        discount_slope=price.get("slope_ppm") or Fraction(1),
        discount_of=price.get("relative_to", ""),
        is_only_limit=price.get("as_limit", price["kind"] != BY_HEALTH),
        takeover_at=price.get("at", ""),
        fee=notional.get("ppm", Fraction(0)),
        fee_to=notional.get("to", ""),
        residual_to=residual.get("to", ""),
        accept=value["accept"],
        timeout_ms=value["timeout_ms"],
        is_pool_fill=value.get("price", {}).get("kind") == "pool_fill",
    )
