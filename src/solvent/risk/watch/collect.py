"""Whom a change concerns: accounts whose certificate a mark breaks, those always judged, and all holders of a market.

A key that a mark has passed is taken out of its column on the way: it has done its duty, and its owner is judged now
or `pending` until a corner is written for it. `watch.fired` holds the owners in ascending order, each once. When there
are more than `fired_room` they all become pending instead and the answer is -1: a scan is then cheaper, and the caller
takes it. An account with the liquidation engine may still own keys; they are taken out when a mark passes them.
"""

from solvent.compiled import kernel
from solvent.risk.watch.index import DEAD, FALLS, FAN, RISES, WARMED, key_of
from solvent.risk.watch.members import COUNT, add_member, next_member, remove_member
from solvent.state.tables import NONE

WARM_CHUNK = 64
"""So many accounts are asked for together: what they touch stays in the nearest caches until it is used."""

SORTED_MAX = 96
"""More are put in order through a set of bits."""


@kernel
def _let_wait(watch, found):
    """Make the first `found` of `watch.fired` pending."""
    for i in range(found):
        add_member(watch.pending, watch.fired[i])


@kernel
def _take_passed(watch, column_row, bound, room):
    """Take keys above the bound out of a column; their owners go to `watch.fired`, give how many they are.

    Without so much room they all become pending instead, and the answer is -1.
    """
    column = watch.columns[column_row]
    nodes = column.capacity // FAN
    found = 0
    is_full = False
    for root in range((nodes + FAN - 1) // FAN):
        root_place = column.first_root + root
        if watch.roots[root_place] <= bound:
            continue
        root_left = DEAD + 0
        for node in range(root * FAN, min(root * FAN + FAN, nodes)):
            node_place = column.first_node + node
            left = int(watch.nodes[node_place])
            if left > bound:
                if not is_full and found + FAN > room:
                    _let_wait(watch, found)
                    is_full = True
                left = DEAD + 0
                first = column.first + node * FAN
                for place in range(first, first + FAN):
                    key = int(watch.keys[place])
                    if key > bound:
                        watch.keys[place] = DEAD
                        if is_full:
                            add_member(watch.pending, watch.owners[place])
                        else:
                            watch.fired[found] = watch.owners[place]
                            found += 1
                    elif key > left:
                        left = key
                watch.nodes[node_place] = left
            root_left = max(root_left, left)
        watch.roots[root_place] = root_left
    return NONE if is_full else found


@kernel
def _collect_members(watch, members, found):
    """Add everybody of a set to the found; -1 when there are more than there is room for."""
    if found < 0 or members[COUNT] == 0:
        return found
    if found + members[COUNT] > watch.fired.shape[0]:
        _let_wait(watch, found)
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
    room = watch.fired.shape[0]
    if new_ticks < old_ticks:
        found = _take_passed(watch, 2 * instrument + FALLS, key_of(FALLS, new_ticks), room)
    elif new_ticks > old_ticks:
        found = _take_passed(watch, 2 * instrument + RISES, key_of(RISES, new_ticks), room)
    found = _collect_members(watch, watch.loose, found)
    found = _collect_members(watch, watch.pending, found)
    if found > 1:
        found = _in_order(watch, found)
    return found


@kernel
def find_passed(watch, instrument, mark_ticks):
    """Make the owners of keys pending that the mark has passed unseen, while nobody was collected."""
    for side in range(2):
        _take_passed(watch, 2 * instrument + side, key_of(side, mark_ticks), 0)


@kernel
def warm(state, watch, accounts, rows, count, with_keys):
    """Ask for the rows, and keys, of so many accounts side by side: the processor waits for them once, not in turn.

    `rows` is room for as many numbers. Each pass branches only on what the pass before has already brought. Even for
    one account it pays: its keys come while its list of positions is walked.
    """
    touched = 0
    open_lists = 0
    for i in range(count):
        terms = state.accounts[accounts[i]]
        touched ^= terms.wallet_quanta
        if terms.first_position != NONE:
            rows[open_lists] = terms.first_position
            open_lists += 1
    for i in range(count):
        row = state.accounts[accounts[i]].first_holding
        if row != NONE:
            touched ^= state.holdings[row].amount_quanta
            if with_keys and watch.holding_place[row] != NONE:
                touched ^= int(watch.keys[watch.holding_place[row]])
    while open_lists > 0:
        left = 0
        for i in range(open_lists):
            row = rows[i]
            if with_keys:
                place = watch.position_place[row]
                if place != NONE:
                    touched ^= int(watch.keys[place])
            row = state.positions[row].next
            if row != NONE:
                rows[left] = row
                left += 1
        open_lists = left
    watch.meter[WARMED] = touched


@kernel
def _collect_owners(watch, column_row, found):
    """Add every owner of a place in the column; -1, and all of them pending, when there is no room for them."""
    column = watch.columns[column_row]
    is_full = found < 0 or found + column.count > watch.fired.shape[0]
    if is_full and found > 0:
        _let_wait(watch, found)
    for place in range(column.first, column.first + column.count):
        if watch.owners[place] >= 0:
            if is_full:
                add_member(watch.pending, watch.owners[place])
            else:
                watch.fired[found] = watch.owners[place]
                found += 1
    return NONE if is_full else found


@kernel
def collect_holders(watch, instrument, only_thin):
    """Number of watched accounts a funding of the market concerns, or -1.

    Within the band these are the thin ones; beyond it everybody with a key in the market. Loose and pending accounts
    are always among them.
    """
    found = 0
    if only_thin:
        if watch.thin[COUNT] > watch.fired.shape[0]:
            keep_thin(watch)
            return NONE
        found = _collect_members(watch, watch.thin, found)
    else:
        found = _collect_owners(watch, 2 * instrument + FALLS, found)
        found = _collect_owners(watch, 2 * instrument + RISES, found)
    found = _collect_members(watch, watch.loose, found)
    found = _collect_members(watch, watch.pending, found)
    if found > 1:
        found = _in_order(watch, found)
    return found


@kernel
def keep_thin(watch):
    """The thin accounts wait as pending after a funding nobody was collected for."""
    account = next_member(watch.thin, 0)
    while account != NONE:
        add_member(watch.pending, account)
        account = next_member(watch.thin, account + 1)


@kernel
def collect_within(watch, instrument, side, bound_ticks, room):
    """Put the owners of keys that the mark would pass on its way to a price into `watch.ordering`; change nothing else.

    False when they are more than `room`.
    """
    column = watch.columns[2 * instrument + side]
    bound = key_of(side, bound_ticks)
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
                    add_member(watch.ordering, watch.owners[place])
            if watch.ordering[COUNT] > room:
                return False
    return True
