"""Money in, out and between: accounts opened, deposits, withdrawals, fund contributions and vault shares."""

from solvent.codes import AccountKind, Action, Answer, Level, Refusal, Status, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.leaving import charge_of, charge_withdrawal
from solvent.procedures.review import accrue, is_gated, review, review_less, review_more, tell_gate
from solvent.risk.breaker import is_blocked
from solvent.risk.funding import due_up
from solvent.risk.lending import may_be_lent
from solvent.risk.limits import passes_collateral_cap
from solvent.risk.margin import collateral_value_down, judge
from solvent.risk.outflow import passes_outflow_limit
from solvent.risk.watch import forget_holding
from solvent.state.inside import worth_quanta
from solvent.state.ledger import hold, post
from solvent.state.levels import is_allowed, level_of_account
from solvent.state.owners import note_owner
from solvent.state.positions import find_holding, free_holding, owes, take_holding
from solvent.state.tables import NONE
from solvent.state.terms import ASSETS_MAX
from solvent.state.validity import answer_of, refuses_account
from solvent.state.windows import record_flow
from solvent.units import HOLDINGS_MAX, PPM, VALUE_MAX, WALLET_MAX, mul_div_down, mul_div_up


@kernel
def is_open(state, account):
    """True when the row is a trader's account."""
    if account < 0 or account >= state.venue[0].account_count:
        return False
    return state.accounts[account].kind == AccountKind.CROSS or state.accounts[account].kind == AccountKind.ISOLATED


@kernel
def refusal_of_account(state, account):
    """Why this cannot be a trader's account, or Refusal.NONE."""
    if is_open(state, account):
        return Refusal.NONE
    if 0 <= account < state.venue[0].account_count and state.accounts[account].kind == AccountKind.SYSTEM:
        return Refusal.ACCOUNT_IS_SYSTEM
    return Refusal.ACCOUNT_UNKNOWN


@kernel
def open_account(state, watch, tape, command):
    """A trader opens a margin account; the engine has grown the table to hold the row."""
    account = command.account
    if command.account_kind != AccountKind.CROSS and command.account_kind != AccountKind.ISOLATED:
        return Refusal.VARIANT_UNKNOWN
    if account < 0 or account > state.venue[0].account_count:
        return Refusal.ACCOUNT_NOT_NEXT
    if account < state.venue[0].account_count:
        is_system = state.accounts[account].kind == AccountKind.SYSTEM
        return Refusal.ACCOUNT_IS_SYSTEM if is_system else Refusal.ACCOUNT_EXISTS
    terms = state.accounts[account]
    terms.kind = command.account_kind
    terms.owner = command.owner
    terms.first_position = NONE
    terms.first_holding = NONE
    terms.default_instrument = NONE
    terms.order_stage = NONE
    state.venue[0].account_count += 1
    note_owner(watch.owner_slots, watch.owner_before, state.accounts, account)
    event = tell(state, tape, EventKind.ACCOUNT_OPENED)
    event.account = account
    event.value = command.owner
    return Refusal.NONE


@kernel
def refusal_of_amount(amount):
    """Amounts are positive and no larger than a wallet may be."""
    return Refusal.NONE if 0 < amount <= WALLET_MAX else Refusal.AMOUNT_OUT_OF_RANGE


@kernel
def deposit(state, watch, tape, command):
    """Cash or collateral comes in from outside."""
    account = command.account
    refusal = refusal_of_account(state, account)
    if refusal == Refusal.NONE:
        refusal = refusal_of_amount(command.amount_quanta)
    if refusal != Refusal.NONE:
        return refusal
    asset = command.asset
    if asset < 0 or asset >= ASSETS_MAX or state.assets[asset].used == 0:
        return Refusal.ASSET_UNKNOWN
    if asset == 0:
        outside = state.accounts[SystemAccount.EXTERNAL].wallet_quanta
        if command.amount_quanta - outside > WALLET_MAX:
            return Refusal.AMOUNT_OUT_OF_RANGE
        accrued = accrue(state, tape, account)
        post(state, SystemAccount.EXTERNAL, account, command.amount_quanta)
        record_flow(state, state.instruments.shape[0], 0, -command.amount_quanta)
    else:
        row = find_holding(state, account, asset)
        if row == NONE and state.accounts[account].holding_count >= HOLDINGS_MAX:
            return Refusal.POSITIONS_FULL
        held = 0 if row == NONE else state.holdings[row].amount_quanta
        price_max = state.contracts[state.assets[asset].price_instrument].price_max_ticks
        unit_max = price_max * state.assets[asset].value_num
        if unit_max < 1:
            return Refusal.NO_MARK
        # amount x price x num / den must not pass the value of the largest position at the highest price
        if held + command.amount_quanta > mul_div_down(VALUE_MAX, state.assets[asset].value_den, unit_max):
            return Refusal.AMOUNT_OUT_OF_RANGE
        more = max(held + command.amount_quanta, 0) - max(held, 0)
        if more > 0 and passes_collateral_cap(state, asset, more):
            return Refusal.COLLATERAL_CAP
        accrued = accrue(state, tape, account)
        row = take_holding(state, account, asset)
        hold(state, account, row, command.amount_quanta)
        record_flow(state, state.instruments.shape[0], 0, -worth_quanta(state, asset, command.amount_quanta))
        if held < 0:
            accrued = True  # who has repaid may be watched by the index again
            if state.holdings[row].amount_quanta == 0:
                free_holding(state, account, row)
    event = tell(state, tape, EventKind.DEPOSITED)
    event.account = account
    event.asset = asset
    event.amount_quanta = command.amount_quanta
    review_more(state, watch, tape, account, accrued)
    return Refusal.NONE


@kernel
def free_quanta(state, account, equity_less_quanta):
    """Cash that may leave: equity (less what leaves otherwise) without gains, above the initial requirement."""
    equity, requirement, gains, notional = judge(state, account, Level.INITIAL)
    policy = state.policy[0]
    need = max(requirement, mul_div_up(notional, policy.withdraw_notional_ppm, PPM))
    free = equity - equity_less_quanta - need
    if policy.withdraw_gains == 0:
        free -= max(gains, 0)
    return free


@kernel
def is_sound_after(state, account, equity_less_quanta):
    """True when the account stays at or above its maintenance threshold with so much less equity."""
    equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    after = equity - equity_less_quanta
    return after - requirement - state.stages[0].or_equal >= 0 or (requirement == 0 and after >= 0)


@kernel
def funding_owed(state, account):
    """Funding the account has not paid yet."""
    owed = 0
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        owed += due_up(position.lots, state.instruments[position.instrument].funding_index - position.funding_index)
        row = position.next
    return owed


@kernel
def blocks_account(state, account, action):
    """True while a breaker of the venue, or of a market the account has positions in, stops the action."""
    if is_blocked(state, state.instruments.shape[0], action):
        return True
    row = state.accounts[account].first_position
    while row != NONE:
        if state.positions[row].lots != 0 and is_blocked(state, state.positions[row].instrument, action):
            return True
        row = state.positions[row].next
    return False


@kernel
def lent_cash(state):
    """(cash traders have, cash they owe), in quanta: what is above zero in their wallets, and what is below."""
    lent = 0
    owed = 0
    for account in range(state.venue[0].account_count):
        if is_open(state, account):
            lent += max(state.accounts[account].wallet_quanta, 0)
            owed += max(-state.accounts[account].wallet_quanta, 0)
    return lent, owed


@kernel
def refusal_of_owing_cash(state, account, cash, amount):
    """Why an account with so much cash may not take more than it has out of what others have, or Refusal.NONE."""
    terms = state.assets[0]
    left = cash - amount
    if -left > terms.borrow_limit_amount:
        return Refusal.BORROW_LIMIT
    lent, owed = lent_cash(state)
    wallet = state.accounts[account].wallet_quanta
    owed_after = owed - max(-wallet, 0) - left
    if lent - owed < amount or not may_be_lent(owed_after, lent - max(wallet, 0), terms.lend_max_ppm):
        return Refusal.POOL_LENT_OUT
    return Refusal.NONE


@kernel
def refusal_of_cash(state, account, amount, may_owe):
    """Why the account may not part with this cash, or Refusal.NONE; the queue's gate is asked elsewhere.

    With `may_owe` it may take more than it has where the rulebook lends cash.
    """
    if state.accounts[account].status != Status.SOUND:
        return Refusal.IN_LIQUIDATION
    if free_quanta(state, account, 0) < amount:
        return Refusal.WITHDRAWAL_EXCEEDS_FREE
    if not is_sound_after(state, account, amount):
        return Refusal.WITHDRAWAL_EXCEEDS_FREE
    cash = state.accounts[account].wallet_quanta - funding_owed(state, account)
    if state.assets[0].borrow_limit_amount > 0 and may_owe and cash < amount:
        return refusal_of_owing_cash(state, account, cash, amount)
    if state.policy[0].withdraw_gains == 0 and cash < amount:
        return Refusal.WITHDRAWAL_EXCEEDS_FREE
    return Refusal.NONE


@kernel
def owed_max(state, asset):
    """Most of an asset that one account may hold or owe: the value of the largest position at its highest price."""
    terms = state.assets[asset]
    unit_max = state.contracts[terms.price_instrument].price_max_ticks * terms.value_num
    return mul_div_down(VALUE_MAX, terms.value_den, unit_max)


@kernel
def refusal_of_taking(state, asset, held, amount):
    """Why so much of an asset may not leave an account that holds (or below zero owes) `held`, or Refusal.NONE."""
    terms = state.assets[asset]
    pool = state.held[asset]
    left = held - amount
    if left >= 0:
        return Refusal.POOL_LENT_OUT if pool.amount_quanta < amount else Refusal.NONE
    if terms.borrow_limit_amount == 0:
        return Refusal.HOLDING_TOO_SMALL
    price = terms.price_instrument
    if state.instruments[price].mark_ticks == 0 or answer_of(state, price, Action.WITHDRAW) == Answer.REFUSE:
        return Refusal.PRICE_CONDITION
    more = min(-left, amount)
    if -left > terms.borrow_limit_amount or pool.owed_quanta + more > owed_max(state, asset):
        return Refusal.BORROW_LIMIT
    deposits = pool.amount_quanta + pool.owed_quanta - max(held, 0)
    if pool.amount_quanta < amount or not may_be_lent(pool.owed_quanta + more, deposits, terms.lend_max_ppm):
        return Refusal.POOL_LENT_OUT
    return Refusal.NONE


@kernel
def withdraw(state, watch, tape, command):
    """Cash or collateral leaves; nobody leaves ahead of a loss."""
    account = command.account
    refusal = refusal_of_account(state, account)
    if refusal == Refusal.NONE:
        refusal = refusal_of_amount(command.amount_quanta)
    if refusal != Refusal.NONE:
        return refusal
    asset = command.asset
    if asset < 0 or asset >= ASSETS_MAX or state.assets[asset].used == 0:
        return Refusal.ASSET_UNKNOWN
    bears = state.policy[0].withdraw_charge == 1
    if is_gated(state) and not bears:
        return Refusal.WITHDRAWALS_GATED
    if not is_allowed(level_of_account(state, account), Action.WITHDRAW):
        return Refusal.MARKET_HALTED
    if blocks_account(state, account, Action.WITHDRAW):
        return Refusal.ACTION_BLOCKED
    if refuses_account(state, account, Action.WITHDRAW):
        return Refusal.PRICE_CONDITION
    charge = 0
    if asset == 0:
        refusal = refusal_of_cash(state, account, command.amount_quanta, True)
        if refusal != Refusal.NONE:
            return refusal
        if passes_outflow_limit(state, command.amount_quanta):
            return Refusal.OUTFLOW_LIMIT
        accrue(state, tape, account)
        if bears:
            charge, loss, held_by_all = charge_of(state, command.amount_quanta)
            charge_withdrawal(state, tape, account, charge, loss, held_by_all)
        post(state, account, SystemAccount.EXTERNAL, command.amount_quanta - charge)
        record_flow(state, state.instruments.shape[0], 0, command.amount_quanta - charge)
    else:
        row = find_holding(state, account, asset)
        held = 0 if row == NONE else state.holdings[row].amount_quanta
        refusal = refusal_of_taking(state, asset, held, command.amount_quanta)
        if refusal != Refusal.NONE:
            return refusal
        if state.accounts[account].status != Status.SOUND:
            return Refusal.IN_LIQUIDATION
        weighted_maintenance = state.levels[Level.INITIAL].maintenance_weights == 1
        left = held - command.amount_quanta
        lost = collateral_value_down(state, asset, held, weighted_maintenance, True)
        lost -= collateral_value_down(state, asset, left, weighted_maintenance, True)
        lost_maintenance = collateral_value_down(state, asset, held, True, False)
        lost_maintenance -= collateral_value_down(state, asset, left, True, False)
        worth = worth_quanta(state, asset, command.amount_quanta)
        loss = 0
        held_by_all = 0
        if bears:
            charge, loss, held_by_all = charge_of(state, worth)
        if free_quanta(state, account, lost + charge) < 0 or not is_sound_after(
            state, account, lost_maintenance + charge
        ):
            return Refusal.WITHDRAWAL_EXCEEDS_FREE
        if charge > 0 and state.accounts[account].wallet_quanta - funding_owed(state, account) < charge:
            return Refusal.WITHDRAWAL_EXCEEDS_FREE
        if passes_outflow_limit(state, worth):
            return Refusal.OUTFLOW_LIMIT
        accrue(state, tape, account)
        charge_withdrawal(state, tape, account, charge, loss, held_by_all)
        if left < 0 and state.held[asset].owed_quanta == 0:
            state.held[asset].accrued_ns = state.venue[0].time_ns
        row = take_holding(state, account, asset)
        hold(state, account, row, -command.amount_quanta)
        record_flow(state, state.instruments.shape[0], 0, worth)
        if state.holdings[row].amount_quanta == 0:
            forget_holding(state, watch, row)
            free_holding(state, account, row)
    event = tell(state, tape, EventKind.WITHDRAWN)
    event.account = account
    event.asset = asset
    event.amount_quanta = command.amount_quanta
    event.fee_quanta = charge
    if owes(state, account):
        review(state, watch, tape, account)
    else:
        review_less(state, watch, tape, account)
    return Refusal.NONE


@kernel
def transfer_margin(state, watch, tape, command):
    """Cash moves between two accounts of one owner, for example into an isolated account."""
    account = command.account
    other = command.counterparty
    refusal = refusal_of_account(state, account)
    if refusal == Refusal.NONE:
        refusal = refusal_of_amount(command.amount_quanta)
    if refusal != Refusal.NONE:
        return refusal
    if not is_open(state, other):
        return Refusal.COUNTERPARTY_UNKNOWN
    if account == other:
        return Refusal.SELF_TRADE
    if state.accounts[account].owner != state.accounts[other].owner:
        return Refusal.OWNER_DIFFERS
    if is_gated(state):
        return Refusal.WITHDRAWALS_GATED
    if not is_allowed(level_of_account(state, account), Action.WITHDRAW):
        return Refusal.MARKET_HALTED
    if blocks_account(state, account, Action.WITHDRAW):
        return Refusal.ACTION_BLOCKED
    if refuses_account(state, account, Action.WITHDRAW):
        return Refusal.PRICE_CONDITION
    refusal = refusal_of_cash(state, account, command.amount_quanta, False)
    if refusal != Refusal.NONE:
        return refusal
    accrue(state, tape, account)
    other_accrued = accrue(state, tape, other)
    post(state, account, other, command.amount_quanta)
    event = tell(state, tape, EventKind.MARGIN_TRANSFERRED)
    event.account = account
    event.counterparty = other
    event.amount_quanta = command.amount_quanta
    review_less(state, watch, tape, account)
    review_more(state, watch, tape, other, other_accrued)
    return Refusal.NONE


@kernel
def contribute_fund(state, tape, command):
    """Cash comes in for a fund, the venue's capital or the vault, or pays down the open deficit."""
    account = command.account
    if account < 0 or account >= state.venue[0].account_count or state.accounts[account].kind != AccountKind.SYSTEM:
        return Refusal.ACCOUNT_UNKNOWN
    if account == SystemAccount.EXTERNAL or account == SystemAccount.FUNDING or account == SystemAccount.FEES:
        return Refusal.ACCOUNT_IS_SYSTEM
    amount = command.amount_quanta
    if refusal_of_amount(amount) != Refusal.NONE:
        return Refusal.AMOUNT_OUT_OF_RANGE
    if amount - state.accounts[SystemAccount.EXTERNAL].wallet_quanta > WALLET_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    if account == SystemAccount.DEFICIT and amount > state.venue[0].open_deficit_quanta:
        return Refusal.AMOUNT_OUT_OF_RANGE
    post(state, SystemAccount.EXTERNAL, account, amount)
    event = tell(state, tape, EventKind.FUND_CONTRIBUTED)
    event.account = account
    event.amount_quanta = amount
    if account == SystemAccount.DEFICIT:
        was_gated = True
        state.venue[0].open_deficit_quanta -= amount
        event = tell(state, tape, EventKind.DEFICIT_COVERED)
        event.amount_quanta = amount
        event.value = state.venue[0].open_deficit_quanta
        tell_gate(state, tape, was_gated, account)
    return Refusal.NONE
