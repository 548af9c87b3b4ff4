"""How reports become the mark."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Source:
    """A feed and its weight."""

    id: str
    weight: int
    member: int = 0
    floor: Decimal = Decimal(0)
    ceiling: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Guard:
    """A bound on reports or marks: a share of the price or a time, by its kind."""

    kind: str
    share: Fraction
    time_ms: int
    window_ms: int
    clamp: bool
    breaches: int = 0


@dataclass(frozen=True, slots=True)
class PriceCondition:
    """One row of the oracle table: what is answered to each action."""

    kind: str
    open: str
    reduce: str
    liquidate: str
    withdraw: str
    mint: str


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
    inner: str = "weighted_median"
    guards: tuple[Guard, ...] = ()


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
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """Where fills come from; `skew_scale`, in base, where a pool moves its price with the skew."""

    kind: str
    skew_scale: Decimal | None
