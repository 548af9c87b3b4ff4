"""How winners close against a defaulter."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class AdlTrigger:
    """A condition of deleveraging; what its kind does not use is zero."""

    kind: str
    share: Fraction
    stop: Fraction
    window_ms: int
    least: Decimal


@dataclass(frozen=True, slots=True)
class Adl:
    """How winners close against a defaulter."""

    score: tuple[str, ...]
    combine: str
    price: str
    unit: Decimal
    triggers: tuple[AdlTrigger, ...] = ()
