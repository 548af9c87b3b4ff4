"""Whom a price concerns: accounts whose certificate a moved mark breaks, and those that are judged at every price."""

from solvent.codes import AccountKind, Status
from solvent.compiled import kernel
from solvent.risk.watch.index import FALLS, FAN, LOOSE_COUNT, RISES, TICK
from solvent.state.tables import NONE


@kernel
def _collect_column(watch, column_row, bound, found):
    """Add the accounts whose key in the column is above the bound; each account once per tick."""
    column = watch.columns[column_row]
    tick = watch.meter[TICK]
    nodes = column.capacity // FAN
    for root in range((nodes + FAN - 1) // FAN):
        if watch.roots[column.first_root + root] <= bound:
            continue
        for node in range(root * FAN, min(root * FAN + FAN, nodes)):
            if watch.nodes[column.first_node + node] <= bound:
                continue
            first = column.first + node * FAN
            for place in range(first, first + FAN):
                if watch.keys[place] > bound:
                    account = watch.owners[place]
                    if watch.stamps[account] != tick:
                        watch.stamps[account] = tick
                        watch.fired[found] = account
                        found += 1
    return found


@kernel
def _sort_ascending(accounts, count):
    """Shell's sort with Knuth's gaps: account numbers are few, and the library's sort alone compiles for seconds."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, count):
            account = accounts[i]
            j = i
            while j >= gap and accounts[j - gap] > account:
                accounts[j] = accounts[j - gap]
                j -= gap
            accounts[j] = account
        gap //= 3


@kernel
def collect(watch, instrument, old_ticks, new_ticks):
    """Number of accounts whose certificate a moved mark breaks; `watch.fired` holds them in ascending order."""
    watch.meter[TICK] += 1
    found = 0
    if new_ticks < old_ticks:
        found = _collect_column(watch, 2 * instrument + FALLS, new_ticks, found)
    elif new_ticks > old_ticks:
        found = _collect_column(watch, 2 * instrument + RISES, -new_ticks, found)
    tick = watch.meter[TICK]
    for i in range(watch.meter[LOOSE_COUNT]):
        account = watch.loose[i]
        if watch.stamps[account] != tick:
            watch.stamps[account] = tick
            watch.fired[found] = account
            found += 1
    _sort_ascending(watch.fired, found)
    return found


@kernel
def collect_market(state, watch, instrument):
    """All watched accounts with a position or collateral in the market, in ascending order: for what is no price."""
    watch.meter[TICK] += 1
    tick = watch.meter[TICK]
    found = 0
    for account in range(state.venue[0].account_count):
        if state.accounts[account].status != Status.SOUND or state.accounts[account].kind == AccountKind.SYSTEM:
            continue
        touched = False
        row = state.accounts[account].first_position
        while row != NONE and not touched:
            touched = state.positions[row].instrument == instrument or instrument == NONE
            row = state.positions[row].next
        row = state.accounts[account].first_holding
        while row != NONE and not touched:
            touched = state.assets[state.holdings[row].asset].price_instrument == instrument or instrument == NONE
            row = state.holdings[row].next
        if touched:
            watch.stamps[account] = tick
            watch.fired[found] = account
            found += 1
    return found
