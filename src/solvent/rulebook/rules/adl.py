"""How winners close against a defaulter."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Adl:
    """How winners close against a defaulter."""

    score: tuple[str, ...]
    combine: str
    price: str
    unit: Decimal
