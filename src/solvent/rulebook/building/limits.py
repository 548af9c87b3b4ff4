"""From what was read to records: caps."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Cap, CollateralCap, Limits
from solvent.rulebook.schema.limits import OUTFLOW_WINDOWS_MS

UNRUN: Final = ("pool_reserve", "pool_deposit")
CAPPED: Final = ("open_interest", "position", "owner_position")


def build_limits(reading: Reading, value: dict[str, Any], _path: Path) -> Limits:
    """Caps by name; each may stand once, a cap of positions once per unit, one of collateral once per asset."""
    caps: dict[str, Any] = {}
    collateral: list[CollateralCap] = []
    for row, limit in enumerate(value["limit"]):
        path: Path = ("limits", "limit", row)
        if limit["kind"] in UNRUN or limit.get("vs", "mark") != "mark" or limit.get("level", "initial") != "initial":
            continue
        name = _name_of(reading, limit, path)
        if name in caps:
            reading.tell((*path, "kind"), f"`{name}` stands here a second time", "Remove one of the two.")
        caps[name] = limit
        if limit["kind"] == "collateral_cap":
            collateral.append(_collateral_cap(reading, limit, path))

    def cap(kind: str) -> Cap:
        return Cap(
            **{unit: caps.get(f"{kind} {unit}", {}).get("cap") for unit in ("size", "notional", "depth", "supply")}
        )

    outflow = caps.get("outflow", {})
    return Limits(
        open_interest=cap("open_interest"),
        position=cap("position"),
        owner=cap("owner_position"),
        venue_open_interest=caps.get("open_interest of the venue", {}).get("cap"),
        price_band=caps.get("price_band", {}).get("ppm", Fraction(0)),
        outflow=outflow.get("ppm", Fraction(0)),
        outflow_window_ms=outflow.get("window_ms", OUTFLOW_WINDOWS_MS[2]),
        outflow_minimum=outflow.get("minimum", Decimal(0)),
        collateral=tuple(collateral),
        withdraw_floor=caps.get("withdraw_floor", {}).get("notional_ppm", Fraction(0)),
        withdraw_gains=caps.get("withdraw_gains", {}).get("allowed", False),
    )


def _name_of(reading: Reading, limit: dict[str, Any], path: Path) -> str:
    """What the cap is called; what does not go together is told."""
    kind = str(limit["kind"])
    if kind in CAPPED:
        if kind == "open_interest" and limit["scope"] in ("venue", "platform"):
            if limit["unit"] != "notional":
                reading.tell((*path, "unit"), "markets together are capped in money", 'Write unit = "notional".')
            return "open_interest of the venue"
        if limit["unit"] == "supply" and kind != "open_interest":
            reading.tell((*path, "unit"), "only open interest is held to the supply", "Write size, notional or depth.")
        return f"{kind} {limit['unit']}"
    if kind == "outflow" and limit["window_ms"] not in OUTFLOW_WINDOWS_MS:
        remedy = f"Write one of {', '.join(map(str, OUTFLOW_WINDOWS_MS))}."
        reading.tell((*path, "window_ms"), f"no window has {limit['window_ms']} ms", remedy)
    if kind == "collateral_cap":
        return f"{kind} {limit.get('asset_name', '')}".strip()
    return kind


def _collateral_cap(reading: Reading, limit: dict[str, Any], path: Path) -> CollateralCap:
    """A ramp has a beginning and a length."""
    if ("ramp_from" in limit) != ("ramp_ms" in limit):
        missing = "ramp_ms" if "ramp_from" in limit else "ramp_from"
        reading.tell((*path, missing), "a ramp needs a day to begin and a time to grow", f"Add {missing}.")
    return CollateralCap(limit.get("asset_name"), limit["cap"], limit.get("ramp_from"), limit.get("ramp_ms", 0))
