"""From what was read to records: caps."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Limits


def build_limits(reading: Reading, value: dict[str, Any], _path: Path) -> Limits:
    """Caps by name; each may stand once, an open-interest cap once per unit."""
    caps: dict[str, Any] = {}
    for row, limit in enumerate(value["limit"]):
        if limit["kind"] not in ("open_interest", "withdraw_floor", "withdraw_gains", "order_notional"):
            continue
        if limit.get("scope", "market") != "market" or limit.get("level", "initial") != "initial":
            continue
        name = f"{limit['kind']} {limit.get('unit', '')}".strip()
        if name in caps:
            path: Path = ("limits", "limit", row, "kind")
            reading.tell(path, f"`{name}` stands here a second time", "Remove one of the two.")
        caps[name] = limit
    return Limits(
        open_interest_notional=caps.get("open_interest notional", {}).get("cap"),
        open_interest_size=caps.get("open_interest size", {}).get("cap"),
        withdraw_floor=caps.get("withdraw_floor", {}).get("notional_ppm", Fraction(0)),
        withdraw_gains=caps.get("withdraw_gains", {}).get("allowed", False),
    )
