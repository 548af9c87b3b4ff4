"""From what was read to records: layers of the waterfall."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import LossStage


def build_loss(_reading: Reading, value: dict[str, Any], _path: Path) -> LossStage:
    """A layer; what its kind does not use stays empty."""
    return LossStage(
        kind=value["kind"],
        to=value.get("to", ""),
        scope=value.get("scope", ""),
        id=value.get("id", ""),
        cap=value.get("draw_cap_ppm", Fraction(1)),
    )
