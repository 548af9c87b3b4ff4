"""Pools: opened, joined, left after a notice; and their inventory worked back to its target.

One value serves who joins and who leaves: the pool's equity with everything accrued. Nobody leaves ahead of a loss:
a notice runs longer than the rulebook takes to recognise one, shares that wait for it bear what happens meanwhile, and
while a loss has no payer nobody joins or leaves.
"""

from solvent.codes import AccountKind, Action, Level, Refusal, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.review import accrue, is_gated, review, review_less, review_more
from solvent.procedures.trade import is_listed, refusal_of_side, tidy
from solvent.procedures.transfer import blocks_account, refusal_of_account, refusal_of_amount, refusal_of_cash
from solvent.risk.margin import judge, requirement_change
from solvent.risk.pool import cash_for, shares_for, unwind_lots
from solvent.state.ledger import exchange, post
from solvent.state.levels import is_allowed, level_of, level_of_account
from solvent.state.pools import pool_account, pool_row
from solvent.state.positions import find_position, take_position
from solvent.state.tables import NONE
from solvent.state.terms import POOLS_MAX
from solvent.state.validity import refuses_account
from solvent.state.values import is_price_inside, notional_up, traded_quanta
from solvent.units import PPM, WALLET_MAX, mul_div_down

UNWINDS_MAX = 64
"""Orders of pools in one `Advance`: one command is bounded work; the markets after them have their turn at the next."""


@kernel
def open_pool(state, tape, command):
    """A pool of the terms gets its account; the engine has grown the table to hold the row."""
    account = command.account
    row = command.count
    if row < 1 or row >= POOLS_MAX or state.pools[row].used == 0:
        return Refusal.POOL_UNKNOWN
    if state.vaults[row].account != NONE:
        return Refusal.POOL_IS_OPEN
    if account != state.venue[0].account_count:
        return Refusal.ACCOUNT_NOT_NEXT
    terms = state.accounts[account]
    terms.kind = AccountKind.SYSTEM
    terms.first_position = NONE
    terms.first_holding = NONE
    terms.default_instrument = NONE
    terms.order_stage = NONE
    state.venue[0].account_count += 1
    state.vaults[row].account = account
    event = tell(state, tape, EventKind.POOL_OPENED)
    event.account = account
    event.value = row
    return Refusal.NONE


@kernel
def join_vault(state, watch, tape, command):
    """A member buys shares of a pool with free cash."""
    account = command.account
    refusal = refusal_of_account(state, account)
    if refusal == Refusal.NONE:
        refusal = refusal_of_amount(command.amount_quanta)
    if refusal == Refusal.NONE:
        refusal = refusal_of_cash(state, account, command.amount_quanta, False)
    if refusal != Refusal.NONE:
        return refusal
    row = 0 if command.counterparty == 0 else pool_row(state, command.counterparty)
    if row == NONE:
        return Refusal.POOL_UNKNOWN
    if state.accounts[account].vault_shares > 0 and state.accounts[account].pool != row:
        return Refusal.POOL_DIFFERS
    pool = state.vaults[row].account
    if is_gated(state):
        return Refusal.WITHDRAWALS_GATED
    if not is_allowed(max(level_of_account(state, account), level_of_account(state, pool)), Action.MINT):
        return Refusal.MARKET_IN_CAUTION
    if refuses_account(state, account, Action.MINT) or refuses_account(state, pool, Action.MINT):
        return Refusal.PRICE_CONDITION
    # not negative: the gate above is closed while it is
    equity, _requirement, _gains, _notional = judge(state, pool, Level.MAINTENANCE)
    cap = state.pools[row].deposit_cap_quanta
    if cap > 0 and equity + command.amount_quanta > cap:
        return Refusal.POOL_FULL
    shares = shares_for(command.amount_quanta, equity, state.vaults[row].shares)
    if shares <= 0 or shares + state.vaults[row].shares > WALLET_MAX:
        return Refusal.SHARES_TOO_FEW
    accrue(state, tape, account)
    post(state, account, pool, command.amount_quanta)
    state.accounts[account].pool = row
    state.accounts[account].vault_shares += shares
    state.vaults[row].shares += shares
    event = tell(state, tape, EventKind.VAULT_JOINED)
    event.account = account
    event.counterparty = command.counterparty
    event.amount_quanta = command.amount_quanta
    event.shares = shares
    review_less(state, watch, tape, account)
    return Refusal.NONE


@kernel
def refusal_of_member(state, account, shares):
    """Why these cannot be shares the account has, or Refusal.NONE."""
    refusal = refusal_of_account(state, account)
    if refusal == Refusal.NONE and (shares <= 0 or shares > state.accounts[account].vault_shares):
        refusal = Refusal.SHARES_TOO_FEW
    return refusal


@kernel
def give_notice(state, tape, command):
    """A member says how many shares it will sell; a later notice replaces an earlier one and runs from its own time."""
    account = command.account
    refusal = refusal_of_member(state, account, command.shares)
    if refusal != Refusal.NONE:
        return refusal
    terms = state.accounts[account]
    terms.notice_shares = command.shares
    terms.notice_until_ns = state.venue[0].time_ns + state.pools[terms.pool].notice_ns
    event = tell(state, tape, EventKind.NOTICE_GIVEN)
    event.account = account
    event.shares = command.shares
    event.value = terms.notice_until_ns
    return Refusal.NONE


@kernel
def leave_vault(state, watch, tape, command):
    """A member sells shares back, after its notice; the pool keeps what its own positions require."""
    account = command.account
    refusal = refusal_of_member(state, account, command.shares)
    if refusal != Refusal.NONE:
        return refusal
    terms = state.accounts[account]
    row = terms.pool
    if state.pools[row].notice_ns > 0:
        if command.shares > terms.notice_shares or state.venue[0].time_ns < terms.notice_until_ns:
            return Refusal.SHARES_UNDER_NOTICE
    pool = state.vaults[row].account
    if is_gated(state):
        return Refusal.WITHDRAWALS_GATED
    if not is_allowed(level_of_account(state, pool), Action.WITHDRAW):
        return Refusal.MARKET_HALTED
    if blocks_account(state, pool, Action.WITHDRAW):
        return Refusal.ACTION_BLOCKED
    if refuses_account(state, pool, Action.WITHDRAW):
        return Refusal.PRICE_CONDITION
    equity, requirement, _gains, _notional = judge(state, pool, Level.INITIAL)
    if equity <= 0:
        return Refusal.VAULT_WITHOUT_VALUE
    cash = cash_for(command.shares, equity, state.vaults[row].shares)
    if cash > state.accounts[pool].wallet_quanta or equity - cash < requirement:
        return Refusal.FUND_WOULD_BE_NEGATIVE
    accrued = accrue(state, tape, account)
    post(state, pool, account, cash)
    terms.vault_shares -= command.shares
    terms.notice_shares = max(terms.notice_shares - command.shares, 0)
    state.vaults[row].shares -= command.shares
    event = tell(state, tape, EventKind.VAULT_LEFT)
    event.account = account
    event.counterparty = pool if row > 0 else 0
    event.amount_quanta = cash
    event.shares = command.shares
    review_more(state, watch, tape, account, accrued)
    return Refusal.NONE


@kernel
def excess_lots(state, instrument, account):
    """How far a pool's inventory of a market is above its target, in signed lots."""
    row = find_position(state, account, instrument)
    held = 0 if row == NONE else state.positions[row].lots
    return held - state.backings[instrument].target_lots


@kernel
def order_unwinds(state, tape):
    """Pools ask the venue for the next step towards their targets, in every market whose last order is over."""
    told = 0
    for instrument in range(state.instruments.shape[0]):
        row = state.backings[instrument].pool
        pool = state.pools[row]
        account = state.vaults[row].account
        unwind = state.unwinds[instrument]
        market = state.instruments[instrument]
        if pool.unwind_ns == 0 or account == NONE or told >= UNWINDS_MAX or market.mark_ticks == 0:
            continue
        if market.settled == 1:
            continue
        if state.venue[0].time_ns < unwind.until_ns or state.accounts[account].status != Status.SOUND:
            continue
        unwind.lots = 0
        excess = excess_lots(state, instrument, account)
        if excess == 0 or not is_allowed(level_of(state, instrument), Action.REDUCE):
            continue
        contract = state.contracts[instrument]
        lots = unwind_lots(pool, contract, excess, state.markets[instrument].depth_lots, market.mark_ticks)
        away = mul_div_down(market.mark_ticks, pool.unwind_limit_ppm, PPM)
        unwind.lots = -lots if excess > 0 else lots
        unwind.limit_ticks = market.mark_ticks - away if excess > 0 else market.mark_ticks + away
        least = max(contract.price_min_ticks, 1)
        unwind.limit_ticks = min(max(unwind.limit_ticks, least), contract.price_max_ticks)
        unwind.reference = state.venue[0].sequence
        unwind.until_ns = state.venue[0].time_ns + pool.unwind_ns
        told += 1
        event = tell(state, tape, EventKind.UNWIND_ORDERED)
        event.account = account
        event.instrument = instrument
        event.lots = unwind.lots
        event.price_ticks = unwind.limit_ticks
        event.reference = unwind.reference
        event.amount_quanta = notional_up(contract, lots, market.mark_ticks)
        event.value = excess


@kernel
def refusal_of_unwind(state, command):
    """Why this fill cannot be of a pool's order, or Refusal.NONE."""
    instrument = command.instrument
    if not is_listed(state, instrument):
        return Refusal.INSTRUMENT_UNKNOWN
    account = command.account
    if pool_row(state, account) == NONE or pool_account(state, instrument) != account:
        return Refusal.POOL_UNKNOWN
    if refusal_of_account(state, command.counterparty) != Refusal.NONE:
        return Refusal.COUNTERPARTY_UNKNOWN
    if state.accounts[account].status != Status.SOUND:
        return Refusal.IN_LIQUIDATION
    unwind = state.unwinds[instrument]
    if state.venue[0].time_ns >= unwind.until_ns:
        return Refusal.NO_UNWIND_ORDER
    excess = excess_lots(state, instrument, account)
    most = min(abs(unwind.lots), abs(excess)) if (unwind.lots < 0) == (excess > 0) else 0
    if command.lots < 1 or command.lots > most:
        return Refusal.NO_UNWIND_ORDER
    if command.reference != unwind.reference:
        return Refusal.REFERENCE_UNKNOWN
    price = command.price_ticks
    if not is_price_inside(state.contracts[instrument], price):
        return Refusal.PRICE_OUT_OF_RANGE
    if price < unwind.limit_ticks if unwind.lots < 0 else price > unwind.limit_ticks:
        return Refusal.BEYOND_LIMIT_PRICE
    bought = command.lots if unwind.lots > 0 else -command.lots
    row = find_position(state, account, instrument)
    held = 0 if row == NONE else state.positions[row].lots
    if abs(held + bought) > abs(held):
        equity, requirement, _gains, _notional = judge(state, account, Level.INITIAL)
        requirement += requirement_change(state, Level.INITIAL, account, row, instrument, held + bought)
        if equity < requirement:
            return Refusal.BELOW_INITIAL
    return refusal_of_side(state, command.counterparty, instrument, -bought, price, 0, False)


@kernel
def fill_unwind(state, watch, tape, command):
    """The venue has worked a part of a pool's order; what it cost against the mark is the pool's, and told."""
    refusal = refusal_of_unwind(state, command)
    if refusal != Refusal.NONE:
        return refusal
    pool = command.account
    other = command.counterparty
    instrument = command.instrument
    lots = command.lots
    price = command.price_ticks
    unwind = state.unwinds[instrument]
    bought = lots if unwind.lots > 0 else -lots
    accrue(state, tape, pool)
    accrue(state, tape, other)
    row = take_position(state, pool, instrument)
    other_row = take_position(state, other, instrument)
    if bought > 0:
        exchange(state, row, other_row, lots, price)
    else:
        exchange(state, other_row, row, lots, price)
    contract = state.contracts[instrument]
    mark = state.instruments[instrument].mark_ticks
    cost = traded_quanta(contract, bought, price) - traded_quanta(contract, bought, mark)
    vault = state.vaults[state.backings[instrument].pool]
    value = abs(traded_quanta(contract, lots, price))
    vault.unwound_quanta += value
    vault.unwind_cost_quanta += cost
    unwind.lots -= bought
    event = tell(state, tape, EventKind.POOL_UNWOUND)
    event.account = pool
    event.counterparty = other
    event.instrument = instrument
    event.lots = bought
    event.price_ticks = price
    event.amount_quanta = value
    event.value = cost
    event.reference = command.reference
    tidy(state, watch, row)
    tidy(state, watch, other_row)
    review(state, watch, tape, other)
    return Refusal.NONE
