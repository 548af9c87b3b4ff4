"""Penalties: a share of what was closed, charged once and never beyond the equity."""

from solvent.codes import FeePayee, Level, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.risk.liquidation import fee_base_quanta, penalty_of
from solvent.risk.margin import judge
from solvent.state.ledger import post
from solvent.state.pools import pool_account
from solvent.state.tables import NONE


@kernel
def payee_account(state, payee, account, instrument):
    """The account that receives a penalty or a residual."""
    if payee == FeePayee.MARKET_FUND:
        return SystemAccount.MARKET_FUNDS + max(instrument, 0)
    if payee == FeePayee.VENUE_FUND:
        return SystemAccount.VENUE_FUND + 0
    if payee == FeePayee.VAULT:
        pool = pool_account(state, instrument)
        return pool if pool != NONE else SystemAccount.VAULT + 0
    if payee == FeePayee.VENUE_CAPITAL:
        return SystemAccount.VENUE_CAPITAL + 0
    return account


@kernel
def charge_penalty(
    state,
    tape,
    account,
    stage_row,
    instrument,
    fill_quanta,
    freed_quanta,
    better_quanta,
    equity_before,
    notional_before,
):
    """Charge the stage's penalty on a fill: once per lot closed, never beyond the equity before or after it."""
    stage = state.stages[stage_row]
    if stage.fee_ppm == 0:
        return
    equity, _requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    base = fee_base_quanta(stage.fee_base, fill_quanta, freed_quanta, better_quanta, notional_before, equity_before)
    penalty = penalty_of(base, stage.fee_ppm, min(equity, equity_before))
    if penalty == 0:
        return
    payee = payee_account(state, stage.fee_payee, account, instrument)
    post(state, account, payee, penalty)
    event = tell(state, tape, EventKind.PENALTY_CHARGED)
    event.account = account
    event.counterparty = payee
    event.instrument = instrument
    event.amount_quanta = penalty
    event.value = base
    event.stage = stage_row
    event.equity_quanta = equity
