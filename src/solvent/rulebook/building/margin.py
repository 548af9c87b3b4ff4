"""From what was read to records: schedules and levels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Bracket, Level, Schedule


def build_schedule(reading: Reading, value: dict[str, Any], path: Path) -> Schedule | None:
    """Brackets become rates: initial from the leverage, maintenance from its own figure or a share."""
    share = value.get("maintenance_share_ppm")
    brackets: dict[str, tuple[Bracket, ...]] = {}
    known = len(reading.broken)
    for market, rows in value.get("brackets", {}).items():
        brackets[market] = tuple(
            build_bracket(reading, row, share, (*path, "brackets", market, place)) for place, row in enumerate(rows)
        )
    if value["kind"] == "brackets" and not brackets:
        reading.refuse((*path, "brackets"), "no market has brackets", "Add at least `default`.")
    if len(reading.broken) > known:
        return None
    return Schedule(value["id"], value["kind"], value.get("mode", ""), brackets, value.get("bounded_by", ""))


def build_bracket(reading: Reading, row: dict[str, Any], share: Fraction | None, path: Path) -> Bracket:
    """One row; told when its rates cannot be known."""
    leverage, maintenance = row.get("max_leverage"), row.get("mmr_ppm")
    if leverage is None and maintenance is None:
        reading.refuse(path, "the bracket has no rate", "Add max_leverage, mmr_ppm or both.")
    elif maintenance is None and share is None:
        reading.refuse(
            path,
            "the maintenance rate is not known",
            "Add mmr_ppm here or maintenance_share_ppm to the schedule.",
        )
    initial = Fraction(1, leverage) if leverage is not None else maintenance or Fraction(1)
    if maintenance is None:
        maintenance = initial * (share or 1)
    return Bracket(row["from"], initial, maintenance)


def build_level(_reading: Reading, value: dict[str, Any], _path: Path) -> Level:
    """A level counts collateral as its name says, unless told otherwise."""
    return Level(
        name=value["name"],
        of=value["of"],
        scale=value["scale_ppm"],
        includes_orders=value["includes_orders"],
        open_loss=bool(value["add"]),
        weights=value.get("weights", "initial" if value["name"] == "initial" else "maintenance"),
        blocks=value["blocks"],
    )
