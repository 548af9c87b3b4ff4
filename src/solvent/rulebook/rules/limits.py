"""Caps."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of every market, and what may leave an account."""

    open_interest_notional: Decimal | None
    open_interest_size: Decimal | None
    withdraw_floor: Fraction
    withdraw_gains: bool
