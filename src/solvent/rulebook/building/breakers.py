"""From what was read to records: what slows or stops a market."""

from __future__ import annotations

from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Breaker


def build_breaker(_reading: Reading, value: dict[str, Any], _path: Path) -> Breaker:
    """Its trigger flattened."""
    trigger = value["trigger"]
    return Breaker(trigger["value"], trigger["window_ms"], value["action"], value["release_ms"])
