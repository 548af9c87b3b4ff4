"""The end of a case: collateral sold, the shortfall paid, the account its owner's again."""

from solvent.codes import AccountKind, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.charges import payee_account
from solvent.procedures.default.orders import cancel_orders
from solvent.procedures.review import review, set_negative
from solvent.procedures.shortfall import pay_shortfall
from solvent.procedures.trade import tidy
from solvent.state.ledger import post
from solvent.state.tables import NONE


@kernel
def order_collateral(state, tape, account):
    """Ask the venue to sell the collateral of a flat account that owes cash, unless it has been asked."""
    now = state.venue[0].time_ns
    terms = state.accounts[account]
    if now < terms.order_until_ns and terms.order_stage != NONE:
        return
    row = terms.first_holding
    while row != NONE:
        holding = state.holdings[row]
        event = tell(state, tape, EventKind.COLLATERAL_ORDERED)
        event.account = account
        event.asset = holding.asset
        event.amount_quanta = holding.amount_quanta
        event.value = -terms.wallet_quanta
        event.reference = state.venue[0].sequence
        row = holding.next
    terms.order_reference = state.venue[0].sequence
    terms.order_until_ns = now + state.stages[0].timeout_ns
    terms.order_stage = 0


@kernel
def leave_queue(state, watch, tape, account, kind):
    """The account is its owner's again."""
    terms = state.accounts[account]
    cancel_orders(state, tape, account)
    set_negative(state, tape, account, 0)
    terms.status = Status.SOUND
    terms.order_stage = NONE
    terms.order_filled = 0
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
    if terms.wallet_quanta < 0 and terms.first_holding != NONE:
        order_collateral(state, tape, account)
        return False
    owed = max(-terms.wallet_quanta, 0)
    total = max(declared, owed)
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
