"""From what was read to records: what slows or stops a market."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Breaker
from solvent.rulebook.schema.breakers import METRICS
from solvent.units import PPM

ACTIONS = ("caution", "reduce_only", "reset_auction", "halt_market", "halt_liquidation", "halt_withdrawal")

BY_COMMAND = ("command", "governance")
STEP = Fraction(1, PPM)
"""What is beyond a figure begins one millionth after it."""


def build_breaker(reading: Reading, value: dict[str, Any], path: Path) -> Breaker | None:
    """Its trigger flattened; one the machine does not run is left out."""
    trigger = value["trigger"]
    if trigger["metric"] not in METRICS or value["action"] not in ACTIONS:
        return None
    if trigger.get("value") is None:
        reading.tell((*path, "trigger", "value"), "a move is a number", "Write parts per million, as 100000.")
        return None
    if "release_ms" not in value and value.get("release") in (*BY_COMMAND, "auto"):
        value = value | {"release_ms": 0}
    if "release_ms" not in value:
        if value["release"] == "after_ms":
            reading.tell(path, "it is not said when it lets go", "Add release_ms.")
        return None
    return Breaker(
        trigger["value"] + (STEP if trigger["cmp"] == "gt" else 0),
        trigger["window_ms"],
        value["action"],
        value["release_ms"],
        trigger["metric"],
        trigger.get("exit") or Fraction(0),
        value.get("release") in BY_COMMAND,
    )
