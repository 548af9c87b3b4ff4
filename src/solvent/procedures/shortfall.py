"""Who pays a shortfall: the walk down the waterfall, layer by layer, until nothing is left or it stays as a deficit."""

import numpy as np

from solvent.codes import AccountKind, AdlPrice, Level, Status, SystemAccount, Tranche
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.review import review, tell_gate
from solvent.risk.margin import gain_of, judge
from solvent.risk.waterfall import share_out, take
from solvent.state.ledger import post
from solvent.state.pools import is_pool, pool_account
from solvent.state.tables import NONE
from solvent.state.terms import ABSORBERS_MAX
from solvent.units import LIMIT


@kernel
def means_of(state, tranche, account):
    """What a layer that one account owns could pay for the default of `account`."""
    if tranche == Tranche.MARKET_FUND:
        if state.accounts[account].default_instrument == NONE:
            return 0
        fund = SystemAccount.MARKET_FUNDS + state.accounts[account].default_instrument
        return state.accounts[fund].wallet_quanta
    if tranche == Tranche.VENUE_FUND:
        return state.accounts[SystemAccount.VENUE_FUND].wallet_quanta
    if tranche == Tranche.VENUE_CAPITAL:
        return state.accounts[SystemAccount.VENUE_CAPITAL].wallet_quanta
    # the pool of the market of the default, and no other: what one group loses the others do not pay
    pool = pool_account(state, state.accounts[account].default_instrument)
    if pool == NONE or is_pool(state, account):
        return 0
    equity, _requirement, _gains, _notional = judge(state, pool, Level.MAINTENANCE)
    return min(equity, state.accounts[pool].wallet_quanta)


@kernel
def owner_of_layer(state, tranche, account):
    """The account that stands behind a layer."""
    if tranche == Tranche.MARKET_FUND:
        return SystemAccount.MARKET_FUNDS + max(state.accounts[account].default_instrument, 0)
    if tranche == Tranche.VENUE_FUND:
        return SystemAccount.VENUE_FUND + 0
    if tranche == Tranche.VENUE_CAPITAL:
        return SystemAccount.VENUE_CAPITAL + 0
    return pool_account(state, state.accounts[account].default_instrument)


@kernel
def cover_before_adl(state, account):
    """What the layers before deleveraging and haircuts could pay for this account."""
    cover = 0
    for row in range(ABSORBERS_MAX):
        absorber = state.absorbers[row]
        if absorber.used == 1 and absorber.tranche < Tranche.ADL:
            cover += take(LIMIT, means_of(state, absorber.tranche, account), absorber.cap_ppm)
    return cover


@kernel
def begin_block(state):
    """An `Advance` is a block: what it has ordered and drawn is counted from nothing."""
    venue = state.venue[0]
    if venue.block_sequence != venue.sequence:
        venue.block_sequence = venue.sequence
        venue.block_quanta = 0
        venue.block_drawn_quanta = 0


@kernel
def drawable(state):
    """What one block may still draw on the funds."""
    most = state.policy[0].block_draw_quanta
    begin_block(state)
    return LIMIT if most == 0 else max(most - state.venue[0].block_drawn_quanta, 0)


@kernel
def waits_for_block(state, account, owed_quanta):
    """True when the funds would pay more for the account than this block may still draw and a later one may.

    What alone is more than a block may draw waits for no other: the rest is asked of the layers after the funds.
    """
    room = drawable(state)
    if room == LIMIT or state.venue[0].block_drawn_quanta == 0:
        return False
    asked = 0
    for row in range(ABSORBERS_MAX):
        absorber = state.absorbers[row]
        if absorber.used == 1 and (absorber.tranche == Tranche.MARKET_FUND or absorber.tranche == Tranche.VENUE_FUND):
            asked += take(owed_quanta - asked, means_of(state, absorber.tranche, account), absorber.cap_ppm)
    return asked > room


@kernel
def bearable(state, account, most):
    """What an account can be charged without being made liquidatable by it."""
    equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    return max(min(most, equity - requirement - state.stages[0].or_equal), 0)


@kernel
def draw(state, watch, tape, account, payer, tranche, amount):
    """One posting of the waterfall, and its event."""
    post(state, payer, account, amount)
    event = tell(state, tape, EventKind.TRANCHE_DRAWN)
    event.account = account
    event.counterparty = payer
    event.tranche = tranche
    event.amount_quanta = amount
    event.instrument = state.accounts[account].default_instrument
    event.reference = state.accounts[account].flagged_sequence
    review(state, watch, tape, payer)


@kernel
def draw_shared(state, watch, tape, account, tranche, remaining, payers, means, count):
    """A layer that many share: proportional to what each can bear, exact to the quantum; give what was paid."""
    total = 0
    for i in range(count):
        total += means[i]
    amount = min(remaining, total)
    if amount <= 0:
        return 0
    parts = np.zeros(count, np.int64)
    share_out(amount, means, count, parts)
    for i in range(count):
        if parts[i] > 0:
            draw(state, watch, tape, account, payers[i], tranche, parts[i])
    return amount


@kernel
def gains_of_all(state, account, tranche, payers, means):
    """Fill in who can bear a haircut and how much: their gains, or with HAIRCUT_ALL their whole free equity."""
    count = 0
    for other in range(state.venue[0].account_count):
        terms = state.accounts[other]
        if other == account or terms.status != Status.SOUND:
            continue
        if terms.kind != AccountKind.CROSS and terms.kind != AccountKind.ISOLATED:
            continue
        most = LIMIT
        if tranche == Tranche.HAIRCUT_GAINS:
            most = 0
            row = terms.first_position
            while row != NONE:
                most += max(gain_of(state, row), 0)
                row = state.positions[row].next
        if most == 0:
            continue
        able = bearable(state, other, most)
        if able > 0:
            payers[count] = other
            means[count] = able
            count += 1
    return count


@kernel
def pay_shortfall(state, watch, tape, account, declared, paid_by_price, winners, gains, found):
    """Walk the waterfall for a flat account with a negative wallet; what nobody can bear stays as an open deficit.

    `declared` is the loss at the mark when the account was closed, of which deleveraging at another price has already
    paid `paid_by_price`.
    """
    event = tell(state, tape, EventKind.SHORTFALL_DECLARED)
    event.account = account
    event.instrument = state.accounts[account].default_instrument
    event.amount_quanta = declared
    event.reference = state.accounts[account].flagged_sequence
    if paid_by_price > 0:
        event = tell(state, tape, EventKind.TRANCHE_DRAWN)
        event.account = account
        event.counterparty = account
        event.tranche = Tranche.ADL
        event.amount_quanta = paid_by_price
        event.instrument = state.accounts[account].default_instrument
        event.reference = state.accounts[account].flagged_sequence
    remaining = max(-state.accounts[account].wallet_quanta, 0)
    for row in range(ABSORBERS_MAX):
        absorber = state.absorbers[row]
        if absorber.used == 0 or remaining == 0:
            continue
        tranche = absorber.tranche
        if tranche < Tranche.ADL:
            amount = take(remaining, means_of(state, tranche, account), absorber.cap_ppm)
            if tranche == Tranche.MARKET_FUND or tranche == Tranche.VENUE_FUND:
                amount = min(amount, drawable(state))
                state.venue[0].block_drawn_quanta += amount
            if amount > 0:
                draw(state, watch, tape, account, owner_of_layer(state, tranche, account), tranche, amount)
                remaining -= amount
        elif tranche == Tranche.ADL:
            if state.policy[0].adl_price != AdlPrice.BANKRUPTCY:
                continue  # at a mark the winners have lost their position, and that is all they lose
            means = np.zeros(max(found, 1), np.int64)
            for i in range(found):
                # one winner may have closed in several markets: what it can bear is counted once
                charged = 0
                for k in range(i):
                    if winners[k] == winners[i]:
                        charged += means[k]
                means[i] = max(min(bearable(state, winners[i], LIMIT) - charged, gains[i]), 0)
            remaining -= draw_shared(state, watch, tape, account, tranche, remaining, winners, means, found)
        else:
            payers = np.empty(state.venue[0].account_count, np.int64)
            means = np.zeros(state.venue[0].account_count, np.int64)
            count = gains_of_all(state, account, tranche, payers, means)
            remaining -= draw_shared(state, watch, tape, account, tranche, remaining, payers, means, count)
    if remaining > 0:
        was_gated = state.venue[0].negative_count > 0 or state.venue[0].open_deficit_quanta > 0
        post(state, SystemAccount.DEFICIT, account, remaining)
        state.venue[0].open_deficit_quanta += remaining
        event = tell(state, tape, EventKind.DEFICIT_OPENED)
        event.account = account
        event.amount_quanta = remaining
        event.value = state.venue[0].open_deficit_quanta
        event.reference = state.accounts[account].flagged_sequence
        tell_gate(state, tape, was_gated, account)
