"""From the waterfall to rows of absorbers."""

from __future__ import annotations

from typing import Final

from solvent.codes import Tranche
from solvent.rulebook.compile.work import Work
from solvent.rulebook.rules import LossStage
from solvent.rulebook.rules.loss import ON_WITHDRAWAL
from solvent.state.terms import Terms
from solvent.units import PPM

TRANCHES: Final = {
    ("insurance_fund", "market"): Tranche.MARKET_FUND,
    ("insurance_fund", "venue"): Tranche.VENUE_FUND,
    ("venue_capital", ""): Tranche.VENUE_CAPITAL,
    ("liquidity_vault", ""): Tranche.LIQUIDITY_VAULT,
    ("adl", ""): Tranche.ADL,
    ("haircut_gains", ""): Tranche.HAIRCUT_GAINS,
    ("haircut_all", ""): Tranche.HAIRCUT_ALL,
}


def write_losses(work: Work, terms: Terms) -> None:
    """The waterfall; the residual of accounts is a payee of the stages, not a layer."""
    layers = [loss for loss in work.rulebook.losses if loss.kind not in ("account_residual", ON_WITHDRAWAL)]
    terms.policy[0].withdraw_charge = int(any(loss.kind == ON_WITHDRAWAL for loss in work.rulebook.losses))
    for row, loss in enumerate(layers):
        terms.absorbers[row] = (1, tranche_of(loss), int(loss.cap * PPM))


def tranche_of(loss: LossStage) -> Tranche:
    """The code of a layer."""
    return TRANCHES[loss.kind, loss.scope]
