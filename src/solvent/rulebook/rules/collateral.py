"""What counts as equity."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Tier:
    """The slice above `floor` counts with this share."""

    floor: Decimal
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Impact:
    """Discount of an amount: clip(amount / scale x scalar, floor, cap)."""

    scale: Decimal
    scalar: Decimal
    floor: Fraction
    cap: Fraction


@dataclass(frozen=True, slots=True)
class Owed:
    """Most one account may owe, what that counts for at the two levels, and what share of the deposits may be lent."""

    limit: Decimal
    initial: Fraction
    maintenance: Fraction
    lent_most: Fraction


@dataclass(frozen=True, slots=True)
class Collateral:
    """What counts as equity; `price` is the base of the contract that prices it."""

    asset: str
    kind: str
    initial: Fraction
    maintenance: Fraction
    price: str
    decimals: int
    tiers: tuple[Tier, ...] = ()
    by_value: bool = False
    impact: Impact | None = None
    owed: Owed | None = None
