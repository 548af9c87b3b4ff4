"""A trade of two accounts, and what orders and leverage do to the margin it needs."""

from solvent.codes import AccountKind, Action, Answer, Level, Mode, Refusal, Status, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.review import accrue, review
from solvent.procedures.transfer import refusal_of_account
from solvent.risk.limits import (
    is_outside_band,
    is_reckless,
    passes_open_interest_cap,
    passes_owner_cap,
    passes_venue_cap,
    position_cap_lots,
)
from solvent.risk.margin import (
    exposure_requirement_up,
    judge,
    lowers_health,
    option_exposure_up,
    orders_requirement_up,
    requirement_change,
)
from solvent.risk.open_size import lots_to_limit
from solvent.risk.watch import forget_position
from solvent.state.ledger import exchange, post
from solvent.state.levels import is_allowed, level_of
from solvent.state.multipliers import scaled_up
from solvent.state.options import has_expired, is_option
from solvent.state.pools import is_pool
from solvent.state.positions import (
    find_position,
    free_orders_if_empty,
    free_position,
    is_empty,
    take_orders,
    take_position,
)
from solvent.state.tables import NONE
from solvent.state.validity import answer_of
from solvent.state.values import is_price_inside, marked_quanta, traded_quanta
from solvent.units import POSITIONS_MAX, WALLET_MAX


@kernel
def is_listed(state, instrument):
    """True when the instrument is a market that can be traded or priced."""
    return 0 <= instrument < state.instruments.shape[0] and state.instruments[instrument].listed == 1


@kernel
def has_no_spot(state, instrument):
    """True for an option whose underlying has no accepted price yet."""
    if not is_option(state, instrument):
        return False
    return state.instruments[state.options[instrument].underlying].mark_ticks == 0


@kernel
def doubts_side(state, account, instrument, lots):
    """True when the oracle table refuses this side: what opens risk, or what reduces it, at a price in doubt."""
    row = find_position(state, account, instrument)
    held = 0 if row == NONE else state.positions[row].lots
    if held != 0 and (held > 0) != (lots > 0) and abs(lots) <= abs(held):
        return answer_of(state, instrument, Action.REDUCE) == Answer.REFUSE
    return answer_of(state, instrument, Action.OPEN) == Answer.REFUSE


@kernel
def refusal_of_side(state, account, instrument, lots, price_ticks, fee_quanta, reduce_only):
    """Why one side of a trade may not happen, or Refusal.NONE. `lots` is signed: what the account buys."""
    row = find_position(state, account, instrument)
    held = 0 if row == NONE else state.positions[row].lots
    after = held + lots
    is_reduction = held != 0 and (held > 0) != (lots > 0) and abs(lots) <= abs(held)
    if reduce_only and not is_reduction:
        return Refusal.MARKET_REDUCE_ONLY
    if abs(after) > state.contracts[instrument].lots_max:
        return Refusal.POSITION_LIMIT
    terms = state.accounts[account]
    if terms.kind == AccountKind.SYSTEM:
        # a pool, nobody else comes here: it works its book down through ordinary trades too, and never opens by itself
        return Refusal.NONE if is_reduction else Refusal.MARKET_REDUCE_ONLY
    if abs(terms.wallet_quanta) > WALLET_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    if row == NONE:
        if terms.position_count >= POSITIONS_MAX:
            return Refusal.POSITIONS_FULL
        if terms.kind == AccountKind.ISOLATED and terms.first_position != NONE:
            return Refusal.ISOLATED_HAS_OTHER_MARKET
    if terms.status != Status.SOUND and not is_reduction:
        return Refusal.IN_LIQUIDATION
    mark = state.instruments[instrument].mark_ticks
    contract = state.contracts[instrument]
    change = marked_quanta(contract, after, mark) - marked_quanta(contract, held, mark)
    change -= traded_quanta(contract, lots, price_ticks) + fee_quanta
    equity, requirement, _gains, _notional = judge(state, account, Level.INITIAL)
    requirement_after = requirement + requirement_change(state, Level.INITIAL, account, row, instrument, after)
    has_initial = equity + change >= requirement_after and terms.status == Status.SOUND
    if not has_initial and not is_reduction:
        return Refusal.BELOW_INITIAL
    equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    requirement_after = requirement + requirement_change(state, Level.MAINTENANCE, account, row, instrument, after)
    if has_initial:
        # where both levels ask for the same, whoever just meets the one may stand at the threshold of the other
        if equity + change - requirement_after - state.stages[0].or_equal >= 0:
            return Refusal.NONE
        if not is_reduction:
            return Refusal.BELOW_MAINTENANCE
    if lowers_health(equity, change, requirement, requirement_after):
        return Refusal.HEALTH_WOULD_FALL
    return Refusal.NONE


@kernel
def clamp_ordered(state, row):
    """A liquidation order never asks for more than is still held, nor in the wrong direction."""
    orders_row = state.positions[row].orders
    if orders_row == NONE:
        return
    orders = state.orders[orders_row]
    held = state.positions[row].lots
    if orders.ordered_lots > 0:
        orders.ordered_lots = min(orders.ordered_lots, max(held, 0))
    elif orders.ordered_lots < 0:
        orders.ordered_lots = max(orders.ordered_lots, min(held, 0))
    free_orders_if_empty(state, row)


@kernel
def tidy(state, watch, row):
    """Give a position row back when nothing is left in it."""
    clamp_ordered(state, row)
    if is_empty(state.positions[row]):
        forget_position(state, watch, row)
        free_position(state, state.positions[row].account, row)


@kernel
def refusal_of_fees(value, fee, counter_fee):
    """Fees are at most the value traded; a rebate is paid out of the other side's fee, never out of thin air."""
    if abs(fee) > value or abs(counter_fee) > value or fee + counter_fee < 0:
        return Refusal.AMOUNT_OUT_OF_RANGE
    return Refusal.NONE


@kernel
def pay_fee(state, account, fee):
    """Post a trading fee, or a rebate when negative."""
    if fee >= 0:
        post(state, account, SystemAccount.FEES, fee)
    else:
        post(state, SystemAccount.FEES, account, -fee)


@kernel
def trade(state, watch, tape, command):
    """`account` buys from `counterparty`."""
    buyer = command.account
    seller = command.counterparty
    instrument = command.instrument
    lots = command.lots
    price = command.price_ticks
    if not is_listed(state, instrument):
        return Refusal.INSTRUMENT_UNKNOWN
    refusal = refusal_of_account(state, buyer)
    if refusal != Refusal.NONE and not is_pool(state, buyer):
        return refusal
    if refusal_of_account(state, seller) != Refusal.NONE and not is_pool(state, seller):
        return Refusal.COUNTERPARTY_UNKNOWN
    if buyer == seller:
        return Refusal.SELF_TRADE
    contract = state.contracts[instrument]
    market = state.instruments[instrument]
    if lots < 1 or lots > contract.lots_max:
        return Refusal.LOTS_OUT_OF_RANGE
    if not is_price_inside(contract, price):
        return Refusal.PRICE_OUT_OF_RANGE
    if market.mark_ticks == 0 or has_no_spot(state, instrument):
        return Refusal.NO_MARK
    if has_expired(state, instrument):
        return Refusal.EXPIRED
    level = level_of(state, instrument)
    if level == Mode.HALTED:
        return Refusal.MARKET_HALTED
    crosses = level == Mode.AUCTION and market.cross_ticks == price
    if level == Mode.AUCTION and not crosses:
        return Refusal.MARKET_IN_AUCTION
    if doubts_side(state, buyer, instrument, lots) or doubts_side(state, seller, instrument, -lots):
        return Refusal.PRICE_CONDITION
    value = abs(traded_quanta(contract, lots, price))
    refusal = refusal_of_fees(value, command.fee_quanta, command.counter_fee_quanta)
    if refusal != Refusal.NONE:
        return refusal
    row = find_position(state, buyer, instrument)
    held = 0 if row == NONE else state.positions[row].lots
    longs_change = max(held + lots, 0) - max(held, 0)
    row = find_position(state, seller, instrument)
    held = 0 if row == NONE else state.positions[row].lots
    longs_change += max(held - lots, 0) - max(held, 0)
    reduce_only = not is_allowed(level, Action.OPEN) and not crosses
    # a rate that grows with open interest is taken at the interest there will be
    market.open_interest_lots += longs_change
    refusal = refusal_of_side(state, buyer, instrument, lots, price, command.fee_quanta, reduce_only)
    if refusal == Refusal.NONE:
        refusal = refusal_of_side(state, seller, instrument, -lots, price, command.counter_fee_quanta, reduce_only)
    market.open_interest_lots -= longs_change
    if refusal != Refusal.NONE:
        return refusal
    if longs_change > 0 and not crosses and is_outside_band(state, instrument, price):
        return Refusal.ORDER_BAND
    # who takes what the backstop sells takes risk off the venue: no cap stops the unwinding of a liquidation
    unwinds = state.accounts[buyer].kind == AccountKind.SYSTEM or state.accounts[seller].kind == AccountKind.SYSTEM
    for turn in range(2):
        if unwinds:
            break
        side = buyer if turn == 0 else seller
        other = seller if turn == 0 else buyer
        row = find_position(state, side, instrument)
        held = 0 if row == NONE else state.positions[row].lots
        after = held + lots if turn == 0 else held - lots
        if abs(after) <= abs(held):
            continue
        if abs(after) > position_cap_lots(state, instrument):
            return Refusal.POSITION_LIMIT
        row = find_position(state, other, instrument)
        held = 0 if row == NONE else state.positions[row].lots
        other_after = held - lots if turn == 0 else held + lots
        if passes_owner_cap(state, watch, side, instrument, after, other, other_after):
            return Refusal.OWNER_CONCENTRATION
    if longs_change > 0 and passes_open_interest_cap(state, instrument, market.open_interest_lots + longs_change):
        return Refusal.OPEN_INTEREST_CAP
    if longs_change > 0 and passes_venue_cap(state, instrument, longs_change):
        return Refusal.OPEN_INTEREST_CAP

    accrue(state, tape, buyer)
    accrue(state, tape, seller)
    buyer_row = take_position(state, buyer, instrument)
    seller_row = take_position(state, seller, instrument)
    exchange(state, buyer_row, seller_row, lots, price)
    pay_fee(state, buyer, command.fee_quanta)
    pay_fee(state, seller, command.counter_fee_quanta)
    tidy(state, watch, buyer_row)
    tidy(state, watch, seller_row)

    event = tell(state, tape, EventKind.TRADED)
    event.account = buyer
    event.counterparty = seller
    event.instrument = instrument
    event.lots = lots
    event.price_ticks = price
    event.fee_quanta = command.fee_quanta
    event.counter_fee_quanta = command.counter_fee_quanta
    event.reference = command.reference
    review(state, watch, tape, buyer)
    review(state, watch, tape, seller)
    return Refusal.NONE


@kernel
def refusal_of_order(state, command):
    """What reserving and releasing refuse alike."""
    if not is_listed(state, command.instrument):
        return Refusal.INSTRUMENT_UNKNOWN
    refusal = refusal_of_account(state, command.account)
    if refusal != Refusal.NONE:
        return refusal
    contract = state.contracts[command.instrument]
    if command.lots == 0 or abs(command.lots) > contract.lots_max:
        return Refusal.LOTS_OUT_OF_RANGE
    if not is_price_inside(contract, command.price_ticks):
        return Refusal.PRICE_OUT_OF_RANGE
    if state.instruments[command.instrument].mark_ticks == 0 or has_no_spot(state, command.instrument):
        return Refusal.NO_MARK
    return Refusal.NONE


@kernel
def reserve_order(state, watch, tape, command):
    """An open order counts in the requirement from now on, at its worst."""
    refusal = refusal_of_order(state, command)
    if refusal != Refusal.NONE:
        return refusal
    account = command.account
    instrument = command.instrument
    lots = command.lots
    terms = state.accounts[account]
    mode = level_of(state, instrument)
    row = find_position(state, account, instrument)
    held = 0 if row == NONE else state.positions[row].lots
    if has_expired(state, instrument):
        return Refusal.EXPIRED
    if mode == Mode.HALTED:
        return Refusal.MARKET_HALTED
    if mode == Mode.AUCTION:
        return Refusal.MARKET_IN_AUCTION
    if mode == Mode.REDUCE_ONLY and not ((held > 0) != (lots > 0) and abs(lots) <= abs(held)):
        return Refusal.MARKET_REDUCE_ONLY
    if terms.status != Status.SOUND:
        return Refusal.IN_LIQUIDATION
    if doubts_side(state, account, instrument, lots):
        return Refusal.PRICE_CONDITION
    if row == NONE:
        if terms.position_count >= POSITIONS_MAX:
            return Refusal.POSITIONS_FULL
        if terms.kind == AccountKind.ISOLATED and terms.first_position != NONE:
            return Refusal.ISOLATED_HAS_OTHER_MARKET
    value = abs(traded_quanta(state.contracts[instrument], lots, command.price_ticks))
    had_orders = row != NONE and state.positions[row].orders != NONE
    waiting = 0
    if had_orders:
        orders = state.orders[state.positions[row].orders]
        waiting = orders.bid_lots if lots > 0 else orders.ask_lots
        if waiting + abs(lots) > state.contracts[instrument].lots_max:
            return Refusal.POSITION_LIMIT
    if held == 0 or (held > 0) == (lots > 0) or abs(lots) > abs(held):
        if is_reckless(state, instrument, command.price_ticks, lots > 0):
            return Refusal.ORDER_BAND
        if abs(lots) > lots_to_limit(held, position_cap_lots(state, instrument), waiting, lots > 0):
            return Refusal.POSITION_LIMIT
    if state.levels[Level.INITIAL].includes_orders == 1:
        equity, requirement, _gains, _notional = judge(state, account, Level.INITIAL)
        bids = 0
        bid_value = 0
        asks = 0
        ask_value = 0
        leverage = 0
        if row != NONE:
            leverage = state.positions[row].leverage
            requirement -= exposure_requirement_up(state, Level.INITIAL, row, held)
            if had_orders:
                orders = state.orders[state.positions[row].orders]
                bids = orders.bid_lots
                bid_value = orders.bid_quanta
                asks = orders.ask_lots
                ask_value = orders.ask_quanta
        if lots > 0:
            bids += lots
            bid_value += value
        else:
            asks -= lots
            ask_value += value
        if is_option(state, instrument):
            requirement += option_exposure_up(state, Level.INITIAL, instrument, held, bids, bid_value, asks, ask_value)
        else:
            asked = orders_requirement_up(
                state, Level.INITIAL, instrument, held, leverage, bids, bid_value, asks, ask_value
            )
            requirement += scaled_up(state, Level.INITIAL, instrument, held, True, asked)
        if equity < requirement:
            return Refusal.BELOW_INITIAL
    row = take_position(state, account, instrument)
    orders = state.orders[take_orders(state, row)]
    if lots > 0:
        orders.bid_lots += lots
        orders.bid_quanta += value
    else:
        orders.ask_lots -= lots
        orders.ask_quanta += value
    event = tell(state, tape, EventKind.ORDER_RESERVED)
    event.account = account
    event.instrument = instrument
    event.lots = lots
    event.price_ticks = command.price_ticks
    event.reference = command.reference
    review(state, watch, tape, account)
    return Refusal.NONE


@kernel
def release_order(state, watch, tape, command):
    """An open order, or part of it, no longer counts: filled, cancelled or expired."""
    refusal = refusal_of_order(state, command)
    if refusal != Refusal.NONE:
        return refusal
    account = command.account
    lots = command.lots
    row = find_position(state, account, command.instrument)
    if row == NONE or state.positions[row].orders == NONE:
        return Refusal.ORDER_NOT_RESERVED
    orders = state.orders[state.positions[row].orders]
    value = abs(traded_quanta(state.contracts[command.instrument], lots, command.price_ticks))
    if lots > 0:
        if (
            orders.bid_lots < lots
            or orders.bid_quanta < value
            or (orders.bid_lots == lots and orders.bid_quanta != value)
        ):
            return Refusal.ORDER_NOT_RESERVED
        orders.bid_lots -= lots
        orders.bid_quanta -= value
    else:
        if (
            orders.ask_lots < -lots
            or orders.ask_quanta < value
            or (orders.ask_lots == -lots and orders.ask_quanta != value)
        ):
            return Refusal.ORDER_NOT_RESERVED
        orders.ask_lots += lots
        orders.ask_quanta -= value
    tidy(state, watch, row)
    event = tell(state, tape, EventKind.ORDER_RELEASED)
    event.account = account
    event.instrument = command.instrument
    event.lots = lots
    event.price_ticks = command.price_ticks
    event.reference = command.reference
    review(state, watch, tape, account)
    return Refusal.NONE


@kernel
def set_leverage(state, watch, tape, command):
    """A trader chooses the leverage of a market; 0 is not a choice, the brackets' own limit is what no choice means."""
    account = command.account
    instrument = command.instrument
    if not is_listed(state, instrument):
        return Refusal.INSTRUMENT_UNKNOWN
    refusal = refusal_of_account(state, account)
    if refusal != Refusal.NONE:
        return refusal
    if command.leverage < 1 or command.leverage > 1000:
        return Refusal.LEVERAGE_OUT_OF_RANGE
    if not is_allowed(level_of(state, instrument), Action.OPEN):
        return Refusal.MARKET_REDUCE_ONLY
    terms = state.accounts[account]
    if terms.status != Status.SOUND:
        return Refusal.IN_LIQUIDATION
    row = find_position(state, account, instrument)
    if row == NONE:
        if terms.position_count >= POSITIONS_MAX:
            return Refusal.POSITIONS_FULL
        if terms.kind == AccountKind.ISOLATED and terms.first_position != NONE:
            return Refusal.ISOLATED_HAS_OTHER_MARKET
        row = take_position(state, account, instrument)
    else:
        before = state.positions[row].leverage
        state.positions[row].leverage = command.leverage
        equity, requirement, _gains, _notional = judge(state, account, Level.INITIAL)
        state.positions[row].leverage = before
        if equity < requirement and (state.positions[row].lots != 0 or state.positions[row].orders != NONE):
            return Refusal.LEVERAGE_OUT_OF_RANGE
    state.positions[row].leverage = command.leverage
    event = tell(state, tape, EventKind.LEVERAGE_SET)
    event.account = account
    event.instrument = instrument
    event.value = command.leverage
    review(state, watch, tape, account)
    return Refusal.NONE
