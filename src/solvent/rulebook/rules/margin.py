"""Schedules and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil, isqrt
from typing import Final

DEFAULT_MARKET: Final = "default"


@dataclass(frozen=True, slots=True)
class Bracket:
    """From this notional on, these rates."""

    floor: Decimal
    initial: Fraction
    maintenance: Fraction


@dataclass(frozen=True, slots=True)
class Curve:
    """rate = clip(base + slope x (driver - threshold)^exponent, floor, cap), in whole steps where there is one.

    Rates are shares, the slope is in shares per unit of the driver. With `reach` the slope is the one that meets the
    cap there.
    """

    base: Fraction
    slope: Fraction
    exponent: str
    threshold: Decimal
    step: Decimal | None
    reach: Decimal | None
    floor: Fraction
    cap: Fraction

    def rate(self, driver: Fraction) -> Fraction:
        """The rate at a size of the driver, before any rounding; an irrational root to nine decimals."""
        excess = max(driver - Fraction(self.threshold), Fraction(0))
        if self.step:
            excess = Fraction(ceil(excess / Fraction(self.step)))
        if self.exponent == "2":
            excess *= excess
        elif self.exponent == "0.5":
            excess = Fraction(isqrt(int(excess * 10**18)), 10**9)
        slope = self.slope
        if self.reach is not None:
            slope = (self.cap - self.base) / (Fraction(self.reach) - Fraction(self.threshold))
        return min(max(self.base + slope * excess, self.floor), self.cap)


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Price moves with the share of their loss that counts, and the charges beside the largest loss."""

    moves: tuple[tuple[Fraction, Fraction], ...]
    market_scale: Mapping[str, Fraction]
    by_underlying: bool
    unhedged: Fraction
    hedged: Fraction
    charge_is_least: bool


@dataclass(frozen=True, slots=True)
class OptionRates:
    """Shares of the underlying a sold option holds (solvent.risk.margin.option)."""

    initial: Fraction
    initial_least: Fraction
    maintenance: Fraction


@dataclass(frozen=True, slots=True)
class Additions:
    """What a level asks for each position on top of its rates."""

    fixed: Decimal = Decimal(0)
    share: Fraction = Fraction(0)
    reward_share: Fraction = Fraction(0)
    reward_least: Decimal = Decimal(0)
    reward_most: Decimal | None = None
    skew_multiplier: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """From the size of a position to a rate."""

    id: str
    kind: str
    mode: str
    brackets: Mapping[str, tuple[Bracket, ...]]
    bounded_by: str
    driver: str = "position_notional"
    curves: Mapping[str, Curve] = field(default_factory=dict)
    scenarios: Scenarios | None = None
    rate_step_ppb: int = 1
    options: OptionRates | None = None

    def curve(self, market: str) -> Curve:
        """The curve of a market."""
        return self.curves.get(market, self.curves[DEFAULT_MARKET])


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
    additions: Additions = Additions()
