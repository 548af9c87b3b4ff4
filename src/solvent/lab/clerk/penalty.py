"""A penalty: due after what was closed, charged once, to whom the rules say."""

from solvent.codes import (
    FeeBase,
    FeePayee,
    Level,
    SystemAccount,
)
from solvent.lab.clerk.books import (
    PENALTY_EQUITY,
    PENALTY_MARKET,
    PENALTY_OF,
    PENALTY_STAGE,
    PENALTY_VALUE,
    UNJUDGED,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    equity_of,
    pool_behind,
)
from solvent.lab.clerk.laws import (
    JUDGED,
    PENALTY,
)
from solvent.lab.clerk.ledger import move
from solvent.lab.clerk.numbers import ceil_quotient, wide_floor
from solvent.units import PPM

NOBODY = -1


@step
def payee_of(state, payee, account, market):
    """The account behind a payee of the rulebook."""
    if payee == FeePayee.TRADER:
        return account
    if payee == FeePayee.MARKET_FUND:
        return SystemAccount.MARKET_FUNDS + market
    if payee == FeePayee.VENUE_FUND:
        return SystemAccount.VENUE_FUND + 0
    if payee == FeePayee.VAULT:
        pool = pool_behind(state, market)
        return pool if pool != NOBODY else SystemAccount.VAULT + 0
    return SystemAccount.VENUE_CAPITAL + 0


@step
def penalty_due(state, clerk):
    """What the last fill or takeover owes as a penalty."""
    note = clerk.note
    fee = ceil_quotient(note[PENALTY_VALUE] * state.stages[note[PENALTY_STAGE]].fee_ppm, PPM)
    if state.stages[note[PENALTY_STAGE]].fee_ppm > 0 and note[PENALTY_VALUE] > 2**42:
        fee = -wide_floor(-note[PENALTY_VALUE], state.stages[note[PENALTY_STAGE]].fee_ppm, PPM)
    left = equity_of(state, clerk, note[PENALTY_OF], Level.MAINTENANCE)
    return min(fee, max(0, min(note[PENALTY_EQUITY], left)))


@step
def end_penalty(state, clerk):
    """What was filled or taken over owed no penalty, when another event follows."""
    is_of_value = state.stages[clerk.note[PENALTY_STAGE]].fee_base == FeeBase.VALUE
    if clerk.note[UNJUDGED] == 0 and is_of_value and penalty_due(state, clerk) != 0:
        return PENALTY + 1
    clerk.note[PENALTY_OF] = NOBODY
    return 0


@step
def expect_penalty(clerk, account, stage, market, value, equity):
    """A penalty may follow what was just closed."""
    clerk.note[PENALTY_OF] = account
    clerk.note[PENALTY_STAGE] = stage
    clerk.note[PENALTY_MARKET] = market
    clerk.note[PENALTY_VALUE] = value
    clerk.note[PENALTY_EQUITY] = equity


@step
def charge_penalty(state, clerk, event):
    """A penalty: charged = credited = the stage's fee, never more than the equity, to the stage's payee."""
    note = clerk.note
    if note[PENALTY_OF] == NOBODY:
        return PENALTY + 2
    account = note[PENALTY_OF]
    stage = note[PENALTY_STAGE]
    market = note[PENALTY_MARKET]
    if event.account != account or event.stage != stage or event.instrument != market:
        return PENALTY + 3
    if state.stages[stage].fee_base != FeeBase.VALUE:
        note[PENALTY_VALUE] = event.value  # what was freed or improved: the auditor knows
    elif event.value != note[PENALTY_VALUE]:
        return PENALTY + 4
    if event.amount_quanta <= 0 or event.amount_quanta > max(0, note[PENALTY_EQUITY]):
        return PENALTY + 5
    if clerk.note[UNJUDGED] == 0:
        if event.amount_quanta != penalty_due(state, clerk):
            return PENALTY + 6
        if event.equity_quanta != equity_of(state, clerk, account, Level.MAINTENANCE):
            return JUDGED + 6
    if event.counterparty != payee_of(state, state.stages[stage].fee_payee, account, market):
        return PENALTY + 7
    move(clerk, account, event.counterparty, event.amount_quanta)
    note[PENALTY_OF] = NOBODY
    return 0
