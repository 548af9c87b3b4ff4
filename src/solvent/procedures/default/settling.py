"""The end of a case: collateral sold, the shortfall paid, the account its owner's again."""

from solvent.codes import AccountKind, Level, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.charges import payee_account
from solvent.procedures.default.orders import cancel_orders
from solvent.procedures.review import review, set_negative
from solvent.procedures.shortfall import pay_shortfall, waits_for_block
from solvent.procedures.trade import tidy
from solvent.risk.margin import judge
from solvent.state.inside import worth_quanta
from solvent.state.ledger import post
from solvent.state.positions import owes
from solvent.state.tables import NONE


@kernel
def order_collateral(state, tape, account):
    """Ask the venue to sell collateral of a flat account and to buy what it owes, unless it has been asked.

    Nothing is sold where its cash covers what it owes at the marks.
    """
    now = state.venue[0].time_ns
    terms = state.accounts[account]
    if now < terms.order_until_ns and terms.order_stage != NONE:
        return
    owed = -terms.wallet_quanta
    row = terms.first_holding
    while row != NONE:
        holding = state.holdings[row]
        owed += worth_quanta(state, holding.asset, max(-holding.amount_quanta, 0))
        row = holding.next
    row = terms.first_holding
    while row != NONE:
        holding = state.holdings[row]
        if holding.amount_quanta < 0 or owed > 0:
            kind = EventKind.DEBT_ORDERED if holding.amount_quanta < 0 else EventKind.COLLATERAL_ORDERED
            event = tell(state, tape, kind)
            event.account = account
            event.asset = holding.asset
            event.amount_quanta = abs(holding.amount_quanta)
            event.value = owed
            event.reference = state.venue[0].sequence
        row = holding.next
    terms.order_reference = state.venue[0].sequence
    terms.order_until_ns = now + state.stages[0].timeout_ns
    terms.order_stage = 0


@kernel
def wait(state, tape, account, equity, requirement):
    """Nothing could be done for the account: it stays in the queue, and that is told."""
    event = tell(state, tape, EventKind.ACCOUNT_WAITING)
    event.account = account
    event.instrument = state.accounts[account].default_instrument
    event.equity_quanta = equity
    event.requirement_quanta = requirement


@kernel
def leave_queue(state, watch, tape, account, kind):
    """The account is its owner's again."""
    terms = state.accounts[account]
    cancel_orders(state, tape, account)
    set_negative(state, tape, account, 0)
    terms.status = Status.SOUND
    terms.order_stage = NONE
    terms.order_filled = 0
    terms.tried_stages = 0
    terms.order_until_ns = 0
    terms.cooldown_until_ns = 0
    terms.stages_begun = 0
    event = tell(state, tape, kind)
    event.account = account
    event.instrument = terms.default_instrument
    event.amount_quanta = terms.wallet_quanta
    event.reference = terms.flagged_sequence
    terms.default_instrument = NONE
    row = terms.first_position
    while row != NONE:
        following = state.positions[row].next
        tidy(state, watch, row)
        row = following
    review(state, watch, tape, account)


@kernel
def settle_flat(state, watch, tape, account, stage_row, declared, winners, gains, found):
    """Close the case of an account without positions; give True when it left the queue."""
    terms = state.accounts[account]
    if (terms.wallet_quanta < 0 and terms.first_holding != NONE) or owes(state, account):
        order_collateral(state, tape, account)
        return False
    owed = max(-terms.wallet_quanta, 0)
    total = max(declared, owed)
    if found == 0 and total > 0 and waits_for_block(state, account, owed):
        equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
        wait(state, tape, account, equity, requirement)
        return False
    if total > 0:
        pay_shortfall(state, watch, tape, account, total, total - owed, winners, gains, found)
    elif stage_row != NONE and terms.wallet_quanta > 0 and terms.kind != AccountKind.SYSTEM:
        payee = payee_account(state, state.stages[stage_row].residual_payee, account, terms.default_instrument)
        if payee != account:
            event = tell(state, tape, EventKind.RESIDUAL_TAKEN)
            event.account = account
            event.counterparty = payee
            event.amount_quanta = terms.wallet_quanta
            event.stage = stage_row
            post(state, account, payee, terms.wallet_quanta)
    leave_queue(state, watch, tape, account, EventKind.DEFAULT_CLOSED)
    return True
