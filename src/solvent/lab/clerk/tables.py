"""The books against the machine's tables: rows, lists, the queue."""

from solvent.codes import AccountKind, Status
from solvent.lab.clerk.books import (
    DEFICIT,
    GATED,
    PRICE_VERSION,
    ROUNDINGS,
    TERMS_VERSION,
    TIME,
    VENUE_MODE,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.laws import (
    FUNDING,
    LEDGER,
    SCAN,
    SEQUENCED,
    STRUCTURE,
    TERMS,
)
from solvent.state.tables import NONE
from solvent.units import FUNDING_SCALE

NOBODY = -1


@step
def compare_account(state, clerk, account, seen):
    """One account against its row, its positions and its holdings."""
    row = state.accounts[account]
    if row.wallet_quanta != clerk.wallet[account]:
        return LEDGER + 20
    if row.kind != clerk.kind[account] or row.vault_shares != clerk.shares[account]:
        return LEDGER + 21
    if row.vault_shares > 0 and row.pool != clerk.pool[account]:
        return LEDGER + 28
    if (row.status == Status.DISTRESSED) != (clerk.flagged[account] == 1):
        return SCAN + 30
    if row.default_instrument != clerk.market[account] or row.order_stage != clerk.order_stage[account]:
        return STRUCTURE + 1
    place = row.first_position
    length = 0
    while place != NONE and length <= seen.shape[0]:
        position = state.positions[place]
        if position.account != account:
            return STRUCTURE + 2
        market = position.instrument
        if seen[market] == account:
            return STRUCTURE + 3
        seen[market] = account
        if position.lots != clerk.lots[account, market] or position.cost_quanta != clerk.cost[account, market]:
            return LEDGER + 22
        if position.lots != 0 and position.funding_index != clerk.settled[account, market]:
            change = clerk.funding[market] - clerk.settled[account, market]
            due = position.lots * (change >> 20) - (-(position.lots * (change & (FUNDING_SCALE - 1))) // FUNDING_SCALE)
            if position.funding_index != clerk.funding[market] or due != 0:
                return FUNDING + 20
            clerk.settled[account, market] = clerk.funding[market]
            clerk.note[ROUNDINGS] += 1
        if position.leverage != clerk.leverage[account, market]:
            return LEDGER + 23
        broken = compare_orders(state, clerk, account, market, place)
        if broken:
            return broken
        place = position.next
        length += 1
    if length != row.position_count:
        return STRUCTURE + 4
    for market in range(clerk.mark.shape[0]):
        if seen[market] != account:
            if clerk.lots[account, market] != 0 or clerk.ordered[account, market] != 0:
                return LEDGER + 24
            if clerk.bid_lots[account, market] != 0 or clerk.ask_lots[account, market] != 0:
                return LEDGER + 25
            clerk.leverage[account, market] = 0 if clerk.leverage[account, market] == 0 else -1
            if clerk.leverage[account, market] != 0:
                return LEDGER + 26
    place = row.first_holding
    holdings = 0
    while place != NONE and holdings <= clerk.held.shape[1]:
        holding = state.holdings[place]
        if holding.account != account or holding.amount_quanta != clerk.held[account, holding.asset]:
            return LEDGER + 27
        place = holding.next
        holdings += 1
    held = 0
    for asset in range(clerk.held.shape[1]):
        if clerk.held[account, asset] != 0:
            held += 1
    if holdings != row.holding_count or held != holdings:
        return STRUCTURE + 5
    return 0


@step
def compare_orders(state, clerk, account, market, place):
    """Open orders of one position row."""
    row = state.positions[place].orders
    if row == NONE:
        if clerk.bid_lots[account, market] != 0 or clerk.ask_lots[account, market] != 0:
            return LEDGER + 30
        return 0 if clerk.ordered[account, market] == 0 else LEDGER + 31
    orders = state.orders[row]
    if orders.position != place:
        return STRUCTURE + 6
    if orders.bid_lots != clerk.bid_lots[account, market] or orders.bid_quanta != clerk.bid_quanta[account, market]:
        return LEDGER + 32
    if orders.ask_lots != clerk.ask_lots[account, market] or orders.ask_quanta != clerk.ask_quanta[account, market]:
        return LEDGER + 33
    if orders.ordered_lots != clerk.ordered[account, market]:
        return LEDGER + 34
    if orders.ordered_lots != 0 and orders.limit_ticks != clerk.limit[account, market]:
        return LEDGER + 35
    return 0


@step
def free_rows(table, first, most):
    """Rows of a free list, and one more than there can be where it goes in circles."""
    free = 0
    row = first
    while row != NONE and free <= most:
        row = table[row].next
        free += 1
    return free


@step
def check_lists(state):
    """Rows that nobody owns are in the free lists, every one once."""
    venue = state.venue[0]
    owned = 0
    with_orders = 0
    for row in range(venue.position_count):
        if state.positions[row].account != NONE:
            owned += 1
            if state.positions[row].orders != NONE:
                with_orders += 1
    chained = 0
    held = 0
    for account in range(venue.account_count):
        chained += state.accounts[account].position_count
        held += state.accounts[account].holding_count
    if owned != chained:
        return STRUCTURE + 10
    if free_rows(state.positions, venue.position_free, venue.position_count) != venue.position_count - owned:
        return STRUCTURE + 11
    if free_rows(state.orders, venue.orders_free, venue.orders_count) != venue.orders_count - with_orders:
        return STRUCTURE + 12
    if free_rows(state.holdings, venue.holding_free, venue.holding_count) != venue.holding_count - held:
        return STRUCTURE + 13
    return 0


@step
def compare(state, clerk, seen):
    """The books against the machine's tables."""
    note = clerk.note
    venue = state.venue[0]
    for account in range(venue.account_count):
        seen[:] = NOBODY
        broken = compare_account(state, clerk, account, seen)
        if broken:
            return broken
    for account in range(venue.account_count, clerk.wallet.shape[0]):
        if clerk.kind[account] != AccountKind.NONE:
            return LEDGER + 40
    for market in range(clerk.mark.shape[0]):
        row = state.instruments[market]
        if row.mark_ticks != clerk.mark[market] or row.previous_mark_ticks != clerk.previous[market]:
            return LEDGER + 41
        if row.funding_index != clerk.funding[market] or row.mode != clerk.mode[market]:
            return LEDGER + 42
        if row.open_interest_lots != clerk.interest[market]:
            return LEDGER + 43
        if row.maintenance_long_ppm != clerk.charged[2 * market]:
            return LEDGER + 45
        if row.maintenance_short_ppm != clerk.charged[2 * market + 1]:
            return LEDGER + 45
    if venue.mode != note[VENUE_MODE]:
        return LEDGER + 46
    if venue.time_ns != note[TIME] or venue.price_version != note[PRICE_VERSION]:
        return SEQUENCED + 10
    if venue.terms_version != note[TERMS_VERSION]:
        return TERMS + 10
    if venue.open_deficit_quanta != note[DEFICIT]:
        return LEDGER + 44
    for pool in range(clerk.pool_shares.shape[0]):
        vault = state.vaults[pool]
        if vault.shares != clerk.pool_shares[pool] or vault.account != clerk.pool_account[pool]:
            return LEDGER + 47
    return check_lists(state)


@step
def check_queue(state, clerk):
    """The queue holds the flagged, each once; who is negative is flagged; the gate was told."""
    venue = state.venue[0]
    flagged = 0
    for account in range(venue.account_count):
        flagged += clerk.flagged[account]
    if flagged != venue.queue_count:
        return SCAN + 40
    clerk.paid_entries[:] = 0
    for place in range(venue.queue_count):
        account = state.queue[(venue.queue_head + place) % state.queue.shape[0]]
        if clerk.flagged[account] != 1 or clerk.paid_entries[account] != 0:
            return SCAN + 41
        clerk.paid_entries[account] = 1
    negative = 0
    for account in range(venue.account_count):
        if state.accounts[account].negative != 0:
            negative += 1
            if clerk.flagged[account] != 1:
                return STRUCTURE + 20
    if negative != venue.negative_count:
        return STRUCTURE + 21
    gated = 1 if negative > 0 or clerk.note[DEFICIT] > 0 else 0
    if gated != clerk.note[GATED]:
        return STRUCTURE + 22
    return 0 if venue.advance_left == 0 else STRUCTURE + 23
