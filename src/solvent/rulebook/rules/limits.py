"""Caps."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Cap:
    """One quantity capped in up to four units: base, money, and as a multiple of depth and of supply."""

    size: Decimal | None = None
    notional: Decimal | None = None
    depth: Decimal | None = None
    supply: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CollateralCap:
    """How much of an asset is accepted, from a day on and growing for a while; of every asset where none is named."""

    asset: str | None
    cap: Decimal
    ramp_from: str | None
    ramp_ms: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of every market, account and owner, and what may leave an account and the venue."""

    open_interest: Cap
    position: Cap
    owner: Cap
    venue_open_interest: Decimal | None
    price_band: Fraction
    outflow: Fraction
    outflow_window_ms: int
    outflow_minimum: Decimal
    collateral: tuple[CollateralCap, ...]
    withdraw_floor: Fraction
    withdraw_gains: bool
