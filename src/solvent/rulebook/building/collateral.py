"""From what was read to records: what counts as equity."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Collateral


def build_collateral(_reading: Reading, value: dict[str, Any], _path: Path) -> Collateral:
    """At par what is not weighted."""
    return Collateral(
        asset=value["asset"],
        kind=value["kind"],
        initial=value.get("initial_ppm", Fraction(1)),
        maintenance=value.get("maintenance_ppm", Fraction(1)),
        price=value.get("price", value["asset"]),
        decimals=value.get("decimals", 0),
    )
