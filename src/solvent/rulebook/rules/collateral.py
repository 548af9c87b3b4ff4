"""What counts as equity."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Collateral:
    """What counts as equity; `price` is the base of the contract that prices it."""

    asset: str
    kind: str
    initial: Fraction
    maintenance: Fraction
    price: str
    decimals: int
