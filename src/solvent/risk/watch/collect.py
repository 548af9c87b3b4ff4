"""Whom a change concerns: accounts whose certificate a mark breaks, those always judged, and all holders of a market.

`watch.fired` holds them in ascending order, each once. When more than `fired_room` keys are broken the collecting
stops and says so with -1: a scan is then cheaper, and the caller takes it.
"""

from solvent.compiled import kernel
from solvent.risk.watch.index import FALLS, FAN, RISES, WARMED, key_of
from solvent.risk.watch.members import COUNT, add_member, next_member, remove_member
from solvent.state.tables import NONE

WARM_DEPTH = 3
"""So many positions of each account are asked for together."""

SORTED_MAX = 96
"""More are put in order through a set of bits."""


@kernel
def _collect_column(watch, column_row, bound, found):
    """Add the owners of keys above the bound; -1 when there are more than there is room for."""
    column = watch.columns[column_row]
    room = watch.fired.shape[0]
    nodes = column.capacity // FAN
    for root in range((nodes + FAN - 1) // FAN):
        if watch.roots[column.first_root + root] <= bound:
            continue
        for node in range(root * FAN, min(root * FAN + FAN, nodes)):
            if watch.nodes[column.first_node + node] <= bound:
                continue
            first = column.first + node * FAN
            if found + FAN > room:
                return NONE
            for place in range(first, first + FAN):
                if watch.keys[place] > bound:
                    watch.fired[found] = watch.owners[place]
                    found += 1
    return found


@kernel
def _collect_members(watch, members, found):
    """Add everybody of a set; -1 when there are more than there is room for."""
    if members[COUNT] == 0:
        return found
    if found + members[COUNT] > watch.fired.shape[0]:
        return NONE
    account = next_member(members, 0)
    while account != NONE:
        watch.fired[found] = account
        found += 1
        account = next_member(members, account + 1)
    return found


@kernel
def _in_order(watch, found):
    """Ascending, each once; give how many are left."""
    fired = watch.fired
    if found <= SORTED_MAX:
        for i in range(1, found):
            account = fired[i]
            j = i
            while j > 0 and fired[j - 1] > account:
                fired[j] = fired[j - 1]
                j -= 1
            fired[j] = account
        left = 0
        for i in range(found):
            if i == 0 or fired[i] != fired[i - 1]:
                fired[left] = fired[i]
                left += 1
        return left
    for i in range(found):
        add_member(watch.ordering, fired[i])
    return drain_in_order(watch)


@kernel
def drain_in_order(watch):
    """Move the set `ordering` into `fired`, as far as there is room, and leave it empty."""
    left = 0
    account = next_member(watch.ordering, 0)
    while account != NONE and left < watch.fired.shape[0]:
        watch.fired[left] = account
        left += 1
        remove_member(watch.ordering, account)
        account = next_member(watch.ordering, account + 1)
    return left


@kernel
def collect(watch, instrument, old_ticks, new_ticks):
    """Number of accounts to judge after a mark moved, or -1: too many to be looked up one by one."""
    found = 0
    if new_ticks < old_ticks:
        found = _collect_column(watch, 2 * instrument + FALLS, key_of(FALLS, new_ticks), found)
    elif new_ticks > old_ticks:
        found = _collect_column(watch, 2 * instrument + RISES, key_of(RISES, new_ticks), found)
    if found >= 0:
        found = _collect_members(watch, watch.loose, found)
    if found >= 0:
        found = _collect_members(watch, watch.pending, found)
    if found > 1:
        found = _in_order(watch, found)
    return found


@kernel
def find_passed(watch, instrument, mark_ticks):
    """Put the owners of keys the mark has passed unseen, while nobody was collected, into `watch.pending`."""
    for side in range(2):
        bound = key_of(side, mark_ticks)
        column = watch.columns[2 * instrument + side]
        for node in range(column.capacity // FAN):
            if watch.nodes[column.first_node + node] > bound:
                first = column.first + node * FAN
                for place in range(first, first + FAN):
                    if watch.keys[place] > bound:
                        add_member(watch.pending, watch.owners[place])


@kernel
def warm(state, watch, found):
    """Ask for the rows of everybody in `watch.fired` side by side: the processor waits for them once, not in turn."""
    touched = 0
    for i in range(found):
        terms = state.accounts[watch.fired[i]]
        touched ^= int(terms.status)
        watch.surplus[i] = terms.first_position
    for _depth in range(WARM_DEPTH):
        for i in range(found):
            row = watch.surplus[i]
            if row != NONE:
                position = state.positions[row]
                place = watch.position_place[row]
                if place != NONE:
                    touched ^= int(watch.keys[place])
                watch.surplus[i] = position.next
    watch.meter[WARMED] = touched


@kernel
def _collect_owners(watch, column_row, found):
    """Add every owner of a place in the column; -1 when there are more than there is room for."""
    column = watch.columns[column_row]
    if found + column.count > watch.fired.shape[0]:
        return NONE
    for place in range(column.first, column.first + column.count):
        if watch.owners[place] >= 0:
            watch.fired[found] = watch.owners[place]
            found += 1
    return found


@kernel
def collect_holders(watch, instrument, only_thin):
    """Number of watched accounts a funding of the market concerns, or -1.

    Within the band these are the thin ones; beyond it everybody with a key in the market. Loose and pending accounts
    are always among them.
    """
    found = 0
    if only_thin:
        found = _collect_members(watch, watch.thin, found)
    else:
        found = _collect_owners(watch, 2 * instrument + FALLS, found)
        if found >= 0:
            found = _collect_owners(watch, 2 * instrument + RISES, found)
    if found >= 0:
        found = _collect_members(watch, watch.loose, found)
    if found >= 0:
        found = _collect_members(watch, watch.pending, found)
    if found > 1:
        found = _in_order(watch, found)
    return found
