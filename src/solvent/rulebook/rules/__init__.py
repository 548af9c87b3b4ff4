"""A rulebook as values: rates are Fractions, money is Decimal, nothing is rounded yet. Made by `document`."""

from __future__ import annotations

from dataclasses import dataclass

from solvent.rulebook.rules.adl import Adl
from solvent.rulebook.rules.breakers import Breaker
from solvent.rulebook.rules.collateral import Collateral
from solvent.rulebook.rules.funding import Funding
from solvent.rulebook.rules.limits import Limits
from solvent.rulebook.rules.liquidation import Stage
from solvent.rulebook.rules.loss import LossStage
from solvent.rulebook.rules.margin import DEFAULT_MARKET, Bracket, Level, Schedule
from solvent.rulebook.rules.meta import Meta
from solvent.rulebook.rules.price import Component, Index, Mark, Source

__all__ = [
    "DEFAULT_MARKET",
    "Adl",
    "Bracket",
    "Breaker",
    "Collateral",
    "Component",
    "Funding",
    "Index",
    "Level",
    "Limits",
    "LossStage",
    "Mark",
    "Meta",
    "Rulebook",
    "Schedule",
    "Source",
    "Stage",
]


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
