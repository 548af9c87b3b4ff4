"""Layers in their order, each once; winners are asked only where they were paired."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.checks.parts import LOSS_PATH, Parts, Tell, known_rows, payee_names
from solvent.rulebook.locate import Path
from solvent.rulebook.rules import LossStage
from solvent.rulebook.rules.loss import ON_WITHDRAWAL

LOSS_ORDER: Final = (
    "account_residual",
    "insurance_fund of the market",
    "insurance_fund of the venue",
    "venue_capital",
    "liquidity_vault",
    "adl",
    "haircut_gains",
    "haircut_all",
    ON_WITHDRAWAL,
)


def rank_of(loss: LossStage) -> int:
    """Place of a layer in the one order there is."""
    return LOSS_ORDER.index(f"{loss.kind} of the {loss.scope}" if loss.scope else loss.kind)


def check_losses(parts: Parts, tell: Tell) -> None:
    """Layers in their order, each once; winners are asked only where they were paired."""
    known = payee_names(parts)
    before: LossStage | None = None
    for row, loss in known_rows(parts.losses):
        path: Path = (*LOSS_PATH, row)
        if before is not None and rank_of(loss) == rank_of(before):
            tell(
                (*path, "kind"),
                f"`{LOSS_ORDER[rank_of(loss)]}` stands here a second time",
                "Remove one of the two.",
            )
        elif before is not None and rank_of(loss) < rank_of(before):
            tell(
                (*path, "kind"),
                f"`{LOSS_ORDER[rank_of(loss)]}` comes after `{LOSS_ORDER[rank_of(before)]}`",
                f"Keep the order: {', '.join(LOSS_ORDER)}.",
            )
        if loss.to and loss.to not in known and "loss.stage" in parts.complete:
            tell((*path, "to"), f"there is no payee `{loss.to}`", f"Name one of: {', '.join(known)}.")
        if before is None or rank_of(loss) > rank_of(before):
            before = loss
    layer = next((row for row, loss in known_rows(parts.losses) if loss.kind == "adl"), None)
    closes = any(stage.executor == "adl" for _row, stage in known_rows(parts.stages))
    if layer is not None and not closes and "liquidation.stage" in parts.complete:
        tell(
            (*LOSS_PATH, layer),
            "winners are asked to pay, but no stage closes against them",
            'Add a [[liquidation.stage]] with executor = "adl".',
        )
