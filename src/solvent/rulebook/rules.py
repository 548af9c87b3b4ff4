"""A rulebook as values: rates are Fractions, money is Decimal, nothing is rounded yet. Made by `document`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

DEFAULT_MARKET: Final = "default"


@dataclass(frozen=True, slots=True)
class Meta:
    """Where the rules come from."""

    venue: str
    product: str
    settlement: str
    as_of: str
    sources: tuple[str, ...]
    unverified: tuple[str, ...]
    not_expressed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A feed and its weight."""

    id: str
    weight: int


@dataclass(frozen=True, slots=True)
class Index:
    """How spot reports are joined, and which reports are not believed."""

    kind: str
    sources: tuple[Source, ...]
    default_weight: int
    minimum_sources: int
    age_max_ms: int | None
    step_max: Fraction | None
    future_max_ms: int | None


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the mark."""

    kind: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """How the parts become the mark."""

    kind: str
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Collateral:
    """What counts as equity; `price` is the base of the contract that prices it."""

    asset: str
    kind: str
    initial: Fraction
    maintenance: Fraction
    price: str
    decimals: int


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


@dataclass(frozen=True, slots=True)
class Funding:
    """What the machine must know about funding."""

    kind: str
    cap: Fraction


@dataclass(frozen=True, slots=True)
class Stage:
    """A rung of the action ladder. `share` is the fraction closed or the health restored, by `size`."""

    id: str
    level: str
    or_equal: bool
    scale: Fraction
    executor: str
    size: str
    share: Fraction | None
    min_notional: Decimal
    cooldown_ms: int
    price: str
    price_limit: str
    takeover_at: str
    fee: Fraction
    fee_to: str
    residual_to: str
    accept: str
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class LossStage:
    """A layer of the waterfall."""

    kind: str
    to: str
    scope: str
    id: str
    cap: Fraction


@dataclass(frozen=True, slots=True)
class Adl:
    """How winners close against a defaulter."""

    score: tuple[str, ...]
    combine: str
    price: str
    unit: Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of every market, and what may leave an account."""

    open_interest_notional: Decimal | None
    open_interest_size: Decimal | None
    withdraw_floor: Fraction
    withdraw_gains: bool


@dataclass(frozen=True, slots=True)
class Breaker:
    """What slows or stops a market whose mark moves too far."""

    move: Fraction
    window_ms: int
    action: str
    release_ms: int


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One dated set of rules, as written: `text` is the source and `digest` its fingerprint."""

    name: str
    text: str
    digest: str
    meta: Meta
    modes: tuple[str, ...]
    index: Index
    mark: Mark
    collateral: tuple[Collateral, ...]
    schedules: tuple[Schedule, ...]
    levels: tuple[Level, ...]
    funding: Funding
    stages: tuple[Stage, ...]
    losses: tuple[LossStage, ...]
    adl: Adl | None
    limits: Limits
    breakers: tuple[Breaker, ...]
    accounts_per_advance: int

    def schedule(self, name: str) -> Schedule:
        """The schedule of this id."""
        return next(schedule for schedule in self.schedules if schedule.id == name)
