"""From what was read to records: what counts as equity."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Collateral, Impact, Owed, Tier


def build_collateral(reading: Reading, value: dict[str, Any], path: Path) -> Collateral | None:
    """At par what is not weighted; tiers are turned from where a slice ends to where it begins."""
    if value["kind"] in ("band_amm", "scenario_joint"):
        return None
    tiers: list[Tier] = []
    floor = Decimal(0)
    rows = value.get("tiers", [])
    for row, tier in enumerate(rows):
        tiers.append(Tier(floor, tier["weight_ppm"]))
        if tier["upto"] <= floor:
            reading.tell(
                (*path, "tiers", row, "upto"), "the slice ends before it begins", "Put the tiers in ascending order."
            )
        if row > 0 and tier["weight_ppm"] > tiers[row - 1].weight:
            reading.tell(
                (*path, "tiers", row, "weight_ppm"),
                "a further slice counts more than the one before",
                "Lower it: the more there is to sell, the less the next unit is worth.",
            )
        floor = tier["upto"]
    if rows and floor.is_finite():
        tiers.append(Tier(floor, Fraction(0)))
    impact = None
    if value["kind"] == "weight_impact":
        impact = Impact(value["scale"], value["scalar"], value["floor_ppm"], value["cap_ppm"])
        if impact.floor > impact.cap:
            reading.tell((*path, "floor_ppm"), "the least discount is above the largest", "Lower it, or raise cap_ppm.")
        if impact.scale == 0:
            reading.tell((*path, "scale"), "the scale is zero", "Write the amount at which the discount is `scalar`.")
            return None
    return Collateral(
        asset=value["asset"],
        kind=value["kind"],
        initial=value.get("initial_ppm", Fraction(1)),
        maintenance=value.get("maintenance_ppm", Fraction(1)),
        price=value.get("price", value["asset"]),
        decimals=value.get("decimals", 0),
        tiers=tuple(tiers),
        by_value=value.get("by") == "amount_value",
        impact=impact,
        owed=build_owed(reading, value.get("borrow"), (*path, "borrow")),
    )


def build_owed(reading: Reading, value: dict[str, Any] | None, path: Path) -> Owed | None:
    """What may be owed of an asset; it counts for opening no less than against liquidation."""
    if value is None:
        return None
    owed = Owed(value["limit"], value["initial_ppm"], value["maintenance_ppm"], value["lent_most_ppm"])
    if owed.limit == 0:
        reading.tell((*path, "limit"), "nothing may be owed", "Write the most one account may owe, or leave it out.")
    if path[1] == 0 and not owed.initial == owed.maintenance == 1:
        reading.tell(path, "cash that is owed counts as what it is", "Leave initial_ppm and maintenance_ppm out.")
    if owed.initial < owed.maintenance:
        reading.tell(
            (*path, "initial_ppm"),
            "what is owed counts less for opening than against liquidation",
            f"Write at least {owed.maintenance * 1_000_000}.",
        )
    return owed
