"""What a stage offers to keepers and bidders, and how it adapts to its market."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Offer:
    """Factors of the mark and times in milliseconds; what a kind of price does not use is zero."""

    price: str
    start: Fraction = Fraction(1)
    first: Fraction = Fraction(0)
    first_ms: int = 0
    second: Fraction = Fraction(0)
    second_ms: int = 0
    cut: Fraction = Fraction(0)
    step_ms: int = 0
    reset_ms: int = 0
    slope: Fraction = Fraction(0)
    endorsed: bool = False
    portfolio: bool = False
    buffer: Fraction = Fraction(0)
    reward_flat: Decimal = Decimal(0)
    reward: Fraction = Fraction(0)
    reward_least: Decimal = Decimal(0)
    reward_most: Decimal = Decimal(0)
    reset_below: Fraction = Fraction(0)
    start_fee: Fraction = Fraction(0)
    start_fee_to: str = ""
    bonus_fee: Fraction = Fraction(0)
    bonus_fee_to: str = ""


@dataclass(frozen=True, slots=True)
class Adapt:
    """How much of a market's multipliers a stage follows: discount and pace volatility, size depth."""

    volatility: Fraction = Fraction(0)
    depth: Fraction = Fraction(0)


STEADY = Adapt()
"""A stage that follows nothing."""
