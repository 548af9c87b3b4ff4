"""From what was read to records: where the rules come from."""

from __future__ import annotations

from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Meta


def build_meta(_reading: Reading, value: dict[str, Any], _path: Path) -> Meta:
    """What is not said is empty."""
    return Meta(**{name: value.get(name, ()) for name in Meta.__dataclass_fields__})
