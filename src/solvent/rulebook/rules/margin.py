"""Schedules and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

DEFAULT_MARKET: Final = "default"


@dataclass(frozen=True, slots=True)
class Bracket:
    """From this notional on, these rates."""

    floor: Decimal
    initial: Fraction
    maintenance: Fraction


@dataclass(frozen=True, slots=True)
class Schedule:
    """From the size of a position to a rate."""

    id: str
    kind: str
    mode: str
    brackets: Mapping[str, tuple[Bracket, ...]]
    bounded_by: str


@dataclass(frozen=True, slots=True)
class Level:
    """A rung of the margin ladder."""

    name: str
    of: str
    scale: Fraction
    includes_orders: bool
    open_loss: bool
    weights: str
    blocks: tuple[str, ...]
