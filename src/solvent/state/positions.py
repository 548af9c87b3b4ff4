"""Rows of positions and holdings: found, taken and given back. Nothing here judges or moves money."""

from solvent.compiled import kernel
from solvent.state.tables import NONE


@kernel
def find_position(state, account, instrument):
    """Row of the account's position in the market, or -1."""
    row = state.accounts[account].first_position
    while row != NONE and state.positions[row].instrument != instrument:
        row = state.positions[row].next
    return row


@kernel
def take_position(state, account, instrument):
    """Row of the account's position in the market, taken from the free rows if there was none.

    The engine has made sure that free rows exist. New rows go to the front of the account's list.
    """
    row = find_position(state, account, instrument)
    if row != NONE:
        return row
    venue = state.venue[0]
    if venue.position_free != NONE:
        row = venue.position_free
        venue.position_free = state.positions[row].next
    else:
        row = venue.position_count
        venue.position_count += 1
    position = state.positions[row]
    position.lots = 0
    position.cost_quanta = 0
    position.funding_index = state.instruments[instrument].funding_index
    position.orders = NONE
    position.leverage = 0
    position.account = account
    position.instrument = instrument
    position.next = state.accounts[account].first_position
    state.accounts[account].first_position = row
    state.accounts[account].position_count += 1
    return row


@kernel
def is_empty(position):
    """True when nothing would be forgotten with the row."""
    return position.lots == 0 and position.orders == NONE and position.leverage == 0


@kernel
def free_position(state, account, row):
    """Give an empty row of the account back."""
    accounts = state.accounts
    positions = state.positions
    if accounts[account].first_position == row:
        accounts[account].first_position = positions[row].next
    else:
        before = accounts[account].first_position
        while positions[before].next != row:
            before = positions[before].next
        positions[before].next = positions[row].next
    accounts[account].position_count -= 1
    positions[row].account = NONE
    positions[row].funding_index = 0
    positions[row].cost_quanta = 0
    positions[row].next = state.venue[0].position_free
    state.venue[0].position_free = row


@kernel
def take_orders(state, position_row):
    """Row of the position's open orders, taken from the free rows if there was none."""
    row = state.positions[position_row].orders
    if row != NONE:
        return row
    venue = state.venue[0]
    if venue.orders_free != NONE:
        row = venue.orders_free
        venue.orders_free = state.orders[row].next
    else:
        row = venue.orders_count
        venue.orders_count += 1
    orders = state.orders[row]
    orders.bid_lots = 0
    orders.bid_quanta = 0
    orders.ask_lots = 0
    orders.ask_quanta = 0
    orders.ordered_lots = 0
    orders.limit_ticks = 0
    orders.next = NONE
    orders.position = position_row
    state.positions[position_row].orders = row
    return row


@kernel
def free_orders_if_empty(state, position_row):
    """Give the row of open orders back when it holds none."""
    row = state.positions[position_row].orders
    if row == NONE:
        return
    orders = state.orders[row]
    if orders.bid_lots != 0 or orders.ask_lots != 0 or orders.ordered_lots != 0:
        return
    orders.limit_ticks = 0
    orders.position = NONE
    orders.next = state.venue[0].orders_free
    state.venue[0].orders_free = row
    state.positions[position_row].orders = NONE


@kernel
def ordered_lots(state, position_row):
    """Lots of the position that are with the liquidation engine."""
    row = state.positions[position_row].orders
    if row == NONE:
        return 0
    return state.orders[row].ordered_lots


@kernel
def find_holding(state, account, asset):
    """Row of the account's collateral in the asset, or -1."""
    row = state.accounts[account].first_holding
    while row != NONE and state.holdings[row].asset != asset:
        row = state.holdings[row].next
    return row


@kernel
def owes(state, account):
    """True when the account owes some asset."""
    row = state.accounts[account].first_holding
    while row != NONE:
        if state.holdings[row].amount_quanta < 0:
            return True
        row = state.holdings[row].next
    return False


@kernel
def take_holding(state, account, asset):
    """Row of the account's collateral in the asset, taken from the free rows if there was none."""
    row = find_holding(state, account, asset)
    if row != NONE:
        return row
    venue = state.venue[0]
    if venue.holding_free != NONE:
        row = venue.holding_free
        venue.holding_free = state.holdings[row].next
    else:
        row = venue.holding_count
        venue.holding_count += 1
    holding = state.holdings[row]
    holding.amount_quanta = 0
    holding.account = account
    holding.asset = asset
    holding.next = state.accounts[account].first_holding
    state.accounts[account].first_holding = row
    state.accounts[account].holding_count += 1
    return row


@kernel
def free_holding(state, account, row):
    """Give the empty holding row back."""
    accounts = state.accounts
    holdings = state.holdings
    if accounts[account].first_holding == row:
        accounts[account].first_holding = holdings[row].next
    else:
        before = accounts[account].first_holding
        while holdings[before].next != row:
            before = holdings[before].next
        holdings[before].next = holdings[row].next
    accounts[account].holding_count -= 1
    holdings[row].account = NONE
    holdings[row].next = state.venue[0].holding_free
    state.venue[0].holding_free = row
