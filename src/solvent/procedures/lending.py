"""Interest on what is owed of an asset, and a debt that is bought back.

An accrual charges everybody who owes the asset and pays everybody who holds it at once, in whole quanta, in ascending
order of the accounts; what rounding and the venue's share leave is held by the venue's capital. So a holding is always
what its owner has, and nothing has to be added to it when it is judged. The indices are kept for whoever checks it.
"""

from solvent.codes import Refusal, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.answer import tell_worklist
from solvent.procedures.fill import refusal_of_exchange
from solvent.procedures.review import review, review_less, review_more
from solvent.procedures.transfer import is_open, lent_cash, owed_max
from solvent.risk.lending import (
    INDEX_ONE,
    growth_up,
    index_after,
    interest_up,
    rate_up,
    share_down,
    utilisation_up,
)
from solvent.state.ledger import hold, post
from solvent.state.positions import find_holding, free_holding, take_holding
from solvent.state.tables import NONE
from solvent.state.terms import ASSETS_MAX
from solvent.units import PPM, WALLET_MAX, mul_div_up


@kernel
def charged_in_all(state, asset, growth):
    """What all who owe the asset are charged together, everyone rounded up."""
    total = 0
    for account in range(state.venue[0].account_count):
        row = find_holding(state, account, asset)
        if row != NONE and state.holdings[row].amount_quanta < 0:
            total += interest_up(-state.holdings[row].amount_quanta, growth)
    return total


@kernel
def post_interest(state, tape, account, row, amount):
    """Book interest to one holding, charged below zero, and tell it."""
    if amount == 0:
        return
    hold(state, account, row, amount)
    event = tell(state, tape, EventKind.INTEREST_POSTED)
    event.account = account
    event.asset = state.holdings[row].asset
    event.amount_quanta = amount
    event.value = state.holdings[row].amount_quanta


@kernel
def post_cash(state, tape, account, other, amount):
    """Book interest in cash from one account to another, and tell it of the trader, who is charged below zero."""
    if amount > 0:
        post(state, account, other, amount)
    else:
        post(state, other, account, -amount)
    event = tell(state, tape, EventKind.INTEREST_POSTED)
    event.account = other
    event.amount_quanta = amount
    event.value = state.accounts[other].wallet_quanta


@kernel
def accrue_cash(state, watch, tape):
    """Wallets below zero pay for the time since the last accrual, and those above are paid; the rest is the venue's.

    A wallet falls below zero by losses as well as by what is taken out, so the time is counted from accrual to accrual.
    """
    terms = state.assets[0]
    if terms.borrow_limit_amount == 0:
        return Refusal.ASSET_NOT_LENT
    pool = state.held[0]
    now = state.venue[0].time_ns
    elapsed = now - pool.accrued_ns if pool.accrued_ns > 0 else 0
    if pool.accrued_ns > 0 and elapsed < max(terms.interest_ns, 1):
        return Refusal.INTEREST_TOO_SOON
    if terms.interest_ns > 0:
        elapsed -= elapsed % terms.interest_ns
    lent, owed = lent_cash(state)
    rate = rate_up(terms, utilisation_up(owed, lent))
    growth = growth_up(rate, elapsed)
    charged = 0
    for account in range(state.venue[0].account_count):
        if is_open(state, account):
            charged += interest_up(max(-state.accounts[account].wallet_quanta, 0), growth)
    if owed + charged > WALLET_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    paid = charged - mul_div_up(charged, terms.interest_kept_ppm, PPM)
    flagged_before = state.venue[0].queue_count
    pool.accrued_ns = now if pool.accrued_ns == 0 else pool.accrued_ns + elapsed
    pool.borrow_index = index_after(pool.borrow_index, growth, INDEX_ONE)
    pool.deposit_index = index_after(pool.deposit_index, paid, max(lent, 1))
    event = tell(state, tape, EventKind.INTEREST_ACCRUED)
    event.value = rate
    event.amount_quanta = charged
    event.fee_quanta = paid
    event.reference = elapsed
    venue = SystemAccount.VENUE_CAPITAL + 0
    for account in range(state.venue[0].account_count):
        if not is_open(state, account):
            continue
        wallet = state.accounts[account].wallet_quanta
        due = -interest_up(-wallet, growth) if wallet < 0 else share_down(wallet, paid, max(lent, 1))
        if due != 0:
            post_cash(state, tape, venue, account, due)
    for account in range(state.venue[0].account_count):
        if is_open(state, account) and state.accounts[account].wallet_quanta < 0:
            review_less(state, watch, tape, account)
    tell_worklist(state, tape, flagged_before)
    return Refusal.NONE


@kernel
def accrue_interest(state, watch, tape, command):
    """Who owes the asset pays for the time since the last accrual, and who holds it is paid."""
    asset = command.asset
    if asset < 0 or asset >= ASSETS_MAX or state.assets[asset].used == 0:
        return Refusal.ASSET_UNKNOWN
    if asset == 0:
        return accrue_cash(state, watch, tape)
    terms = state.assets[asset]
    pool = state.held[asset]
    if pool.owed_quanta == 0:
        return Refusal.ASSET_NOT_LENT
    elapsed = state.venue[0].time_ns - pool.accrued_ns
    if elapsed < max(terms.interest_ns, 1):
        return Refusal.INTEREST_TOO_SOON
    if terms.interest_ns > 0:
        elapsed -= elapsed % terms.interest_ns
    deposits = pool.amount_quanta + pool.owed_quanta
    rate = rate_up(terms, utilisation_up(pool.owed_quanta, deposits))
    growth = growth_up(rate, elapsed)
    charged = charged_in_all(state, asset, growth)
    if pool.owed_quanta + charged > owed_max(state, asset):
        return Refusal.AMOUNT_OUT_OF_RANGE
    paid = charged - mul_div_up(charged, terms.interest_kept_ppm, PPM)
    flagged_before = state.venue[0].queue_count
    pool.accrued_ns += elapsed
    pool.borrow_index = index_after(pool.borrow_index, growth, INDEX_ONE)
    pool.deposit_index = index_after(pool.deposit_index, paid, deposits)
    event = tell(state, tape, EventKind.INTEREST_ACCRUED)
    event.asset = asset
    event.value = rate
    event.amount_quanta = charged
    event.fee_quanta = paid
    event.reference = elapsed
    kept = charged
    for account in range(state.venue[0].account_count):
        row = find_holding(state, account, asset)
        if row == NONE:
            continue
        held = state.holdings[row].amount_quanta
        if held < 0:
            post_interest(state, tape, account, row, -interest_up(-held, growth))
        else:
            part = share_down(held, paid, deposits)
            kept -= part
            post_interest(state, tape, account, row, part)
    if kept > 0:
        venue = SystemAccount.VENUE_CAPITAL + 0
        post_interest(state, tape, venue, take_holding(state, venue, asset), kept)
    for account in range(state.venue[0].account_count):
        row = find_holding(state, account, asset)
        if row == NONE:
            continue
        if state.holdings[row].amount_quanta < 0:
            review(state, watch, tape, account)
        else:
            review_more(state, watch, tape, account, False)
    tell_worklist(state, tape, flagged_before)
    return Refusal.NONE


@kernel
def cover_debt(state, watch, tape, command):
    """What an account in liquidation owes of an asset was bought outside; the account pays the cash."""
    account = command.account
    refusal = refusal_of_exchange(state, command)
    if refusal != Refusal.NONE:
        return refusal
    row = find_holding(state, account, command.asset)
    if row == NONE or -state.holdings[row].amount_quanta < command.amount_quanta:
        return Refusal.DEBT_TOO_SMALL
    if command.proceeds_quanta - state.accounts[account].wallet_quanta > WALLET_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    hold(state, account, row, command.amount_quanta)
    if state.holdings[row].amount_quanta == 0:
        free_holding(state, account, row)
    post(state, account, SystemAccount.EXTERNAL, command.proceeds_quanta)
    event = tell(state, tape, EventKind.DEBT_COVERED)
    event.account = account
    event.asset = command.asset
    event.amount_quanta = command.amount_quanta
    event.value = command.proceeds_quanta
    event.reference = command.reference
    review(state, watch, tape, account)
    return Refusal.NONE
