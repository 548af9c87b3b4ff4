"""What the venue did with a liquidation order: contracts closed, collateral sold."""

from solvent.codes import Level, Refusal, Status, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.charges import charge_penalty
from solvent.procedures.default.offers import is_offered
from solvent.procedures.review import accrue, review
from solvent.procedures.trade import is_listed, refusal_of_side, tidy
from solvent.procedures.transfer import refusal_of_account
from solvent.risk.margin import exposure_requirement_up, judge
from solvent.risk.watch import forget_holding
from solvent.state.ledger import exchange, hold, post
from solvent.state.pools import is_pool
from solvent.state.positions import find_holding, find_position, free_holding, take_position
from solvent.state.tables import NONE
from solvent.state.values import is_price_inside, traded_quanta
from solvent.state.windows import record_flow
from solvent.units import WALLET_MAX


@kernel
def fill_liquidation(state, watch, tape, command):
    """Part of a liquidation order was closed with a counterparty; halts do not undo what has happened."""
    account = command.account
    other = command.counterparty
    instrument = command.instrument
    lots = command.lots
    price = command.price_ticks
    if not is_listed(state, instrument):
        return Refusal.INSTRUMENT_UNKNOWN
    refusal = refusal_of_account(state, account)
    if refusal != Refusal.NONE and not is_pool(state, account):
        return refusal
    if refusal_of_account(state, other) != Refusal.NONE:
        return Refusal.COUNTERPARTY_UNKNOWN
    if account == other:
        return Refusal.SELF_TRADE
    terms = state.accounts[account]
    row = find_position(state, account, instrument)
    if terms.status != Status.DISTRESSED or row == NONE or state.positions[row].orders == NONE:
        return Refusal.NO_LIQUIDATION_ORDER
    if is_offered(state, account):
        return Refusal.NO_LIQUIDATION_ORDER
    orders = state.orders[state.positions[row].orders]
    if lots < 1 or lots > abs(orders.ordered_lots):
        return Refusal.NO_LIQUIDATION_ORDER
    if command.reference != terms.order_reference:
        return Refusal.REFERENCE_UNKNOWN
    if not is_price_inside(state.contracts[instrument], price):
        return Refusal.PRICE_OUT_OF_RANGE
    closes_long = orders.ordered_lots > 0
    if orders.limit_ticks > 0 and (price < orders.limit_ticks if closes_long else price > orders.limit_ticks):
        return Refusal.BEYOND_LIMIT_PRICE
    bought = lots if closes_long else -lots
    refusal = refusal_of_side(state, other, instrument, bought, price, 0, False)
    if refusal != Refusal.NONE:
        return refusal

    accrue(state, tape, account)
    accrue(state, tape, other)
    equity_before, _requirement, _gains, notional = judge(state, account, Level.MAINTENANCE)
    required_before = exposure_requirement_up(state, Level.MAINTENANCE, row, state.positions[row].lots)
    other_row = take_position(state, other, instrument)
    stage_row = terms.order_stage
    if closes_long:
        exchange(state, other_row, row, lots, price)
        orders.ordered_lots -= lots
    else:
        exchange(state, row, other_row, lots, price)
        orders.ordered_lots += lots
    terms.order_filled = 1
    terms.tried_stages = 0
    value = abs(traded_quanta(state.contracts[instrument], lots, price))
    event = tell(state, tape, EventKind.LIQUIDATION_FILLED)
    event.account = account
    event.counterparty = other
    event.instrument = instrument
    event.lots = -lots if closes_long else lots
    event.price_ticks = price
    event.stage = stage_row
    event.reference = command.reference
    event.amount_quanta = value
    record_flow(state, instrument, value, 0)
    freed = required_before - exposure_requirement_up(state, Level.MAINTENANCE, row, state.positions[row].lots)
    better = 0
    if orders.limit_ticks > 0:
        contract = state.contracts[instrument]
        better = abs(traded_quanta(contract, lots, price) - traded_quanta(contract, lots, orders.limit_ticks))
    charge_penalty(state, tape, account, stage_row, instrument, value, freed, better, equity_before, notional)
    tidy(state, watch, row)
    tidy(state, watch, other_row)
    review(state, watch, tape, account)
    review(state, watch, tape, other)
    return Refusal.NONE


@kernel
def refusal_of_exchange(state, command):
    """Why an asset may not be sold or bought outside under the liquidation order of an account, or Refusal.NONE."""
    refusal = refusal_of_account(state, command.account)
    if refusal != Refusal.NONE:
        return refusal
    if command.amount_quanta < 1 or command.proceeds_quanta < 0 or command.proceeds_quanta > WALLET_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    terms = state.accounts[command.account]
    if terms.status != Status.DISTRESSED or terms.order_stage == NONE:
        return Refusal.NO_LIQUIDATION_ORDER
    if command.reference != terms.order_reference:
        return Refusal.REFERENCE_UNKNOWN
    return Refusal.NONE


@kernel
def sell_collateral(state, watch, tape, command):
    """Collateral of an account in liquidation was sold outside; the proceeds come in as cash."""
    account = command.account
    refusal = refusal_of_exchange(state, command)
    if refusal != Refusal.NONE:
        return refusal
    row = find_holding(state, account, command.asset)
    if row == NONE or state.holdings[row].amount_quanta < command.amount_quanta:
        return Refusal.HOLDING_TOO_SMALL
    if command.proceeds_quanta - state.accounts[SystemAccount.EXTERNAL].wallet_quanta > WALLET_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    hold(state, account, row, -command.amount_quanta)
    if state.holdings[row].amount_quanta == 0:
        forget_holding(state, watch, row)
        free_holding(state, account, row)
    post(state, SystemAccount.EXTERNAL, account, command.proceeds_quanta)
    event = tell(state, tape, EventKind.COLLATERAL_SOLD)
    event.account = account
    event.asset = command.asset
    event.amount_quanta = command.amount_quanta
    event.value = command.proceeds_quanta
    event.reference = command.reference
    review(state, watch, tape, account)
    return Refusal.NONE
