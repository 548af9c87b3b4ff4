"""A rulebook as values: rates are Fractions, money is Decimal, nothing is rounded yet. Made by `document`."""

from __future__ import annotations

from dataclasses import dataclass

from solvent.rulebook.rules.adl import Adl
from solvent.rulebook.rules.borrow import Borrow
from solvent.rulebook.rules.breakers import Breaker
from solvent.rulebook.rules.collateral import Collateral, Impact, Owed, Tier
from solvent.rulebook.rules.dynamic import Dynamic
from solvent.rulebook.rules.funding import Funding
from solvent.rulebook.rules.governance import Governance
from solvent.rulebook.rules.limits import Cap, CollateralCap, Limits
from solvent.rulebook.rules.liquidation import Stage
from solvent.rulebook.rules.loss import LossStage
from solvent.rulebook.rules.margin import (
    DEFAULT_MARKET,
    Additions,
    Bracket,
    Curve,
    Level,
    OptionRates,
    Scenarios,
    Schedule,
)
from solvent.rulebook.rules.meta import Meta
from solvent.rulebook.rules.pools import Pool
from solvent.rulebook.rules.price import Component, Fill, Guard, Index, Mark, PriceCondition, Source

__all__ = [
    "DEFAULT_MARKET",
    "Additions",
    "Adl",
    "Borrow",
    "Bracket",
    "Breaker",
    "Cap",
    "Collateral",
    "CollateralCap",
    "Component",
    "Curve",
    "Dynamic",
    "Fill",
    "Funding",
    "Governance",
    "Guard",
    "Impact",
    "Index",
    "Level",
    "Limits",
    "LossStage",
    "Mark",
    "Meta",
    "OptionRates",
    "Owed",
    "Pool",
    "PriceCondition",
    "Rulebook",
    "Scenarios",
    "Schedule",
    "Source",
    "Stage",
    "Tier",
]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One dated set of rules. `text` is the whole of it, overlays joined and holes filled; `digest` is its fingerprint.

    `source` is what its author wrote, where faults find their lines.
    """

    name: str
    text: str
    source: str
    digest: str
    meta: Meta
    modes: tuple[str, ...]
    index: Index
    mark: Mark
    fill: Fill
    conditions: tuple[PriceCondition, ...]
    collateral: tuple[Collateral, ...]
    schedules: tuple[Schedule, ...]
    levels: tuple[Level, ...]
    dynamic: Dynamic
    funding: Funding
    borrow: Borrow
    governance: Governance
    stages: tuple[Stage, ...]
    routes: bool
    losses: tuple[LossStage, ...]
    pools: tuple[Pool, ...]
    adl: Adl | None
    limits: Limits
    breakers: tuple[Breaker, ...]
    accounts_per_advance: int

    def schedule(self, name: str) -> Schedule:
        """The schedule of this id."""
        return next(schedule for schedule in self.schedules if schedule.id == name)
