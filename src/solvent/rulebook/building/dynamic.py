"""From what was read to records: margin that follows the market."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules.dynamic import Dynamic
from solvent.rulebook.schema.dynamic import MULTIPLIERS


def build_dynamic(_reading: Reading, value: dict[str, Any], _path: Path) -> Dynamic:
    """Every multiplier, one where the document says nothing."""
    return Dynamic(
        multipliers={name: value[f"{name}_ppm"] for name in MULTIPLIERS},
        stressed_weight=value["stressed_weight_ppm"],
        buffer=value["buffer_ppm"],
        step=value.get("step_ppm") or Fraction(0),
        step_ms=value["step_ms"],
        step_accounts_max=value["step_accounts_max"],
        caution_initial=value["caution_initial_ppm"],
        grace_ms=value["grace_ms"],
    )
