"""What could be read of a document, and how its checks walk over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from solvent.rulebook.locate import Path
from solvent.rulebook.rules import Adl, Collateral, Index, Level, LossStage, Mark, Pool, PriceCondition, Schedule, Stage

T = TypeVar("T")


Tell = Callable[[Path, str, str], None]


PAYEES: Final = ("trader", "market_fund", "insurance_fund", "vault", "venue_capital", "venue", "surplus_buffer")


SCHEDULE_PATH: Final[Path] = ("margin", "schedule")


LEVEL_PATH: Final[Path] = ("margin", "level")


STAGE_PATH: Final[Path] = ("liquidation", "stage")


LOSS_PATH: Final[Path] = ("loss", "stage")


@dataclass(slots=True)
class Parts:
    """What could be read; None stands for what could not, `complete` names the sections read in full."""

    settlement: str | None
    index: Index | None
    mark: Mark | None
    conditions: list[PriceCondition | None]
    collateral: list[Collateral | None]
    schedules: list[Schedule | None]
    levels: list[Level | None]
    stages: list[Stage | None]
    losses: list[LossStage | None]
    pools: list[Pool | None]
    adl: Adl | None
    complete: frozenset[str]


def known_rows(items: Sequence[T | None]) -> Iterator[tuple[int, T]]:
    """Those that could be read, with their place in the document."""
    for row, item in enumerate(items):
        if item is not None:
            yield row, item


def tell_twins(names: Iterator[tuple[Path, str]], tell: Tell) -> None:
    """A name may stand once."""
    seen: set[str] = set()
    for path, name in names:
        if name in seen:
            tell(path, f"`{name}` stands here a second time", "Remove one of the two.")
        seen.add(name)


def payee_names(parts: Parts) -> tuple[str, ...]:
    """Whom a fee may go to: the fixed names and the vault's own."""
    return (*PAYEES, *(loss.id for _row, loss in known_rows(parts.losses) if loss.kind == "liquidity_vault"))
