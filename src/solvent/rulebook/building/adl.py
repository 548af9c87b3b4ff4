"""From what was read to records: how winners close against a defaulter."""

from __future__ import annotations

from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Adl


def build_adl(_reading: Reading, value: dict[str, Any], _path: Path) -> Adl:
    """The section as it stands; the oracle is the mark of a venue whose mark is its index."""
    price = "mark" if value["price"] == "oracle" else value["price"]
    return Adl(value["score"], value["combine"], price, value["unit"])
