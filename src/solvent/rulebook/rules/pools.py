"""Pools and the markets they back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

VAULT = "vault"
"""The pool that is always there, and backs what no other does."""


@dataclass(frozen=True, slots=True)
class Unwind:
    """How inventory goes back to its target."""

    interval_ms: int
    depth: Fraction
    limit: Fraction
    whole_below: Decimal


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool; caps of zero are none."""

    id: str
    markets: tuple[str, ...]
    notice_ms: int
    deposit_cap: Decimal
    market_cap: Decimal
    market_hour_cap: Decimal
    hour_cap: Decimal
    concentration: Fraction
    correlation: Fraction
    discount: Fraction
    unwind: Unwind | None
    targets: Mapping[str, Decimal]
