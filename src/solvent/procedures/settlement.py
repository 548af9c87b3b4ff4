"""The end of a market: an option expires, or a contract is delisted. Every position is paid its worth at one price.

    option             from its expiry on; what it pays at the price of its underlying (solvent.state.options)
    any other          while the market is halted; its value at a price of its own, as the venue or its members decide

All rows of the market end in one command, those with the liquidation engine and of pools too, and their open orders
with them: lots were balanced before and are none afterwards. Each payment is rounded down, and what is left over, less
than a quantum for each position, is the market's fund's. Funding that is due is settled on the way, and everybody is
judged once his own position is paid. The market is not listed again.
"""

from solvent.codes import Mode, Refusal, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.review import review
from solvent.risk.funding import due_up
from solvent.risk.watch import forget_position
from solvent.state.ledger import pay_out, post, post_left_over
from solvent.state.levels import level_of
from solvent.state.options import has_expired, is_option, payoff_down
from solvent.state.positions import find_position, free_orders_if_empty, free_position
from solvent.state.tables import NONE
from solvent.state.terms import ASSETS_MAX
from solvent.state.values import is_price_inside, marked_quanta


@kernel
def is_needed(state, instrument):
    """True when collateral or a listed option is priced by the market."""
    for asset in range(1, ASSETS_MAX):
        if state.assets[asset].used == 1 and state.assets[asset].price_instrument == instrument:
            return True
    for other in range(state.instruments.shape[0]):
        if state.instruments[other].listed == 1 and is_option(state, other):
            if state.options[other].underlying == instrument:
                return True
    return False


@kernel
def refusal_of_settlement(state, instrument, price_ticks):
    """Why the market may not end at this price now, or Refusal.NONE."""
    if instrument < 0 or instrument >= state.instruments.shape[0]:
        return Refusal.INSTRUMENT_UNKNOWN
    if state.instruments[instrument].settled == 1:
        return Refusal.MARKET_SETTLED
    if state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    priced_by = instrument
    if is_option(state, instrument):
        priced_by = state.options[instrument].underlying
        if not has_expired(state, instrument):
            return Refusal.NOT_EXPIRED
    elif level_of(state, instrument) != Mode.HALTED:
        return Refusal.MARKET_OPEN
    if not is_price_inside(state.contracts[priced_by], price_ticks):
        return Refusal.PRICE_OUT_OF_RANGE
    return Refusal.MARKET_NEEDED if is_needed(state, instrument) else Refusal.NONE


@kernel
def settled_down(state, instrument, lots, price_ticks):
    """What signed lots are paid when the market ends, rounded down."""
    if is_option(state, instrument):
        return payoff_down(state.options[instrument], lots, price_ticks)
    return marked_quanta(state.contracts[instrument], lots, price_ticks)


@kernel
def drop_orders(state, row):
    """All open orders of a position end, the trader's and the liquidation engine's."""
    orders_row = state.positions[row].orders
    if orders_row == NONE:
        return
    orders = state.orders[orders_row]
    orders.bid_lots = 0
    orders.bid_quanta = 0
    orders.ask_lots = 0
    orders.ask_quanta = 0
    orders.ordered_lots = 0
    free_orders_if_empty(state, row)


@kernel
def settle_position(state, watch, tape, account, row, price_ticks):
    """Pay one position, funding first, and give its row back; give what it was paid."""
    position = state.positions[row]
    instrument = position.instrument
    lots = position.lots
    due = due_up(lots, state.instruments[instrument].funding_index - position.funding_index)
    value = settled_down(state, instrument, lots, price_ticks)
    event = tell(state, tape, EventKind.POSITION_SETTLED)
    event.account = account
    event.instrument = instrument
    event.lots = lots
    event.price_ticks = price_ticks
    event.amount_quanta = value
    event.value = value - position.cost_quanta
    event.fee_quanta = due
    if due > 0:
        post(state, account, SystemAccount.FUNDING, due)
    elif due < 0:
        post(state, SystemAccount.FUNDING, account, -due)
    pay_out(state, row, value)
    drop_orders(state, row)
    position.leverage = 0
    forget_position(state, watch, row)
    free_position(state, account, row)
    return value


@kernel
def settle_market(state, watch, tape, command):
    """Every position of a market ends at one price; the market closes for good."""
    instrument = command.instrument
    price_ticks = command.price_ticks
    refusal = refusal_of_settlement(state, instrument, price_ticks)
    if refusal != Refusal.NONE:
        return refusal
    market = state.instruments[instrument]
    interest = market.open_interest_lots
    left_over = 0
    for account in range(state.venue[0].account_count):
        row = find_position(state, account, instrument)
        if row != NONE:
            left_over -= settle_position(state, watch, tape, account, row, price_ticks)
            review(state, watch, tape, account)
    post_left_over(state, SystemAccount.MARKET_FUNDS + instrument, left_over)
    market.open_interest_lots = 0
    market.listed = 0
    market.settled = 1
    state.unwinds[instrument].lots = 0
    event = tell(state, tape, EventKind.MARKET_SETTLED)
    event.instrument = instrument
    event.price_ticks = price_ticks
    event.lots = interest
    event.amount_quanta = left_over
    return Refusal.NONE
