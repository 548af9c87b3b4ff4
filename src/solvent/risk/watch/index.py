"""The index of triggers: keys by instrument and side under two levels of maxima, and who owns each key.

A column per instrument and side holds keys (the trigger for what loses when prices fall, minus the trigger for what
loses when prices rise); above it two levels of maxima over 64. A mark only opens nodes whose maximum it has passed.
"""

from typing import NamedTuple

import numpy as np

from solvent.compiled import kernel
from solvent.state.tables import NONE

FAN = 64
DEAD = -(2**63)
FRACTION = 2**30
FALLS = 0
RISES = 1

COLUMN = np.dtype(
    [
        ("first", np.int64),
        ("first_node", np.int64),
        ("first_root", np.int64),
        ("capacity", np.int32),
        ("count", np.int32),
        ("free", np.int32),
        ("unused", np.int32),
    ]
)

TICK = 0
LOOSE_COUNT = 1
MISSED = 2


class Watch(NamedTuple):
    """The index over a state. It is derived: no digest sees it, and it can be built again at any time."""

    columns: np.recarray
    keys: np.ndarray
    owners: np.ndarray
    nodes: np.ndarray
    roots: np.ndarray
    position_place: np.ndarray
    position_ceiling: np.ndarray
    holding_place: np.ndarray
    stamps: np.ndarray
    fired: np.ndarray
    loose: np.ndarray
    loose_place: np.ndarray
    meter: np.ndarray


def blank_watch(column_capacities: np.ndarray, accounts: int, positions: int, holdings: int) -> Watch:
    """An empty index with room for so many keys per column; capacities are rounded up to whole nodes."""
    capacities = np.maximum(-(-np.asarray(column_capacities, dtype=np.int64) // FAN) * FAN, 0)
    columns = np.zeros(len(capacities), dtype=COLUMN).view(np.recarray)
    nodes = capacities // FAN
    roots = -(-nodes // FAN)
    columns.capacity = capacities
    columns.first[1:] = np.cumsum(capacities)[:-1]
    columns.first_node[1:] = np.cumsum(nodes)[:-1]
    columns.first_root[1:] = np.cumsum(roots)[:-1]
    columns.free = NONE
    return Watch(
        columns=columns,
        keys=np.full(int(capacities.sum()), DEAD, dtype=np.int64),
        owners=np.full(int(capacities.sum()), NONE, dtype=np.int32),
        nodes=np.full(int(nodes.sum()), DEAD, dtype=np.int64),
        roots=np.full(int(roots.sum()), DEAD, dtype=np.int64),
        position_place=np.full(positions, NONE, dtype=np.int32),
        position_ceiling=np.full(positions, NONE, dtype=np.int32),
        holding_place=np.full(holdings, NONE, dtype=np.int32),
        stamps=np.zeros(accounts, dtype=np.int64),
        fired=np.zeros(accounts, dtype=np.int32),
        loose=np.zeros(accounts, dtype=np.int32),
        loose_place=np.full(accounts, NONE, dtype=np.int32),
        meter=np.zeros(3, dtype=np.int64),
    )


@kernel
def write_key(watch, column_row, place, key):
    """Set one key and mend the maxima above it."""
    column = watch.columns[column_row]
    old = watch.keys[place]
    if old == key:
        return
    watch.keys[place] = key
    node = (place - column.first) // FAN
    node_place = column.first_node + node
    node_old = watch.nodes[node_place]
    if key >= node_old:
        node_new = key
    elif old == node_old:
        first = column.first + node * FAN
        node_new = watch.keys[first]
        for i in range(first + 1, first + FAN):
            if watch.keys[i] > node_new:
                node_new = watch.keys[i]
    else:
        return
    if node_new == node_old:
        return
    watch.nodes[node_place] = node_new
    root = node // FAN
    root_place = column.first_root + root
    root_old = watch.roots[root_place]
    if node_new >= root_old:
        watch.roots[root_place] = node_new
    elif node_old == root_old:
        first = column.first_node + root * FAN
        last = min(first + FAN, column.first_node + column.capacity // FAN)
        root_new = watch.nodes[first]
        for i in range(first + 1, last):
            if watch.nodes[i] > root_new:
                root_new = watch.nodes[i]
        watch.roots[root_place] = root_new


@kernel
def take_place(watch, column_row, account):
    """A place in the column for a key of the account, or -1 when the column is full."""
    column = watch.columns[column_row]
    if column.free != NONE:
        place = column.free
        column.free = watch.owners[place]
    elif column.count < column.capacity:
        place = column.first + column.count
        column.count += 1
    else:
        return NONE
    watch.owners[place] = account
    return place


@kernel
def give_place(watch, column_row, place):
    """Return a place to its column."""
    write_key(watch, column_row, place, DEAD)
    watch.owners[place] = watch.columns[column_row].free
    watch.columns[column_row].free = place


@kernel
def column_of(watch, place, instrument):
    """The column of an instrument a place belongs to."""
    falls = watch.columns[2 * instrument]
    if falls.first <= place < falls.first + falls.capacity:
        return 2 * instrument
    return 2 * instrument + 1


@kernel
def set_loose(watch, account, loose):
    """Put the account on the list that is judged at every price, or take it off."""
    place = watch.loose_place[account]
    if loose and place == NONE:
        watch.loose[watch.meter[LOOSE_COUNT]] = account
        watch.loose_place[account] = watch.meter[LOOSE_COUNT]
        watch.meter[LOOSE_COUNT] += 1
    elif not loose and place != NONE:
        watch.meter[LOOSE_COUNT] -= 1
        last = watch.loose[watch.meter[LOOSE_COUNT]]
        watch.loose[place] = last
        watch.loose_place[last] = place
        watch.loose_place[account] = NONE


@kernel
def forget_position(state, watch, row):
    """Give back the places of a position that is closed, flipped or flagged."""
    instrument = state.positions[row].instrument
    place = watch.position_place[row]
    if place != NONE:
        give_place(watch, column_of(watch, place, instrument), place)
        watch.position_place[row] = NONE
    place = watch.position_ceiling[row]
    if place != NONE:
        give_place(watch, 2 * instrument + RISES, place)
        watch.position_ceiling[row] = NONE


@kernel
def forget_holding(state, watch, row):
    """Give back the place of a collateral holding."""
    place = watch.holding_place[row]
    if place != NONE:
        give_place(watch, 2 * state.assets[state.holdings[row].asset].price_instrument + FALLS, place)
        watch.holding_place[row] = NONE


@kernel
def forget_account(state, watch, account):
    """Stop watching an account: it is with the liquidation engine, or it is the venue's own."""
    row = state.accounts[account].first_position
    while row != NONE:
        forget_position(state, watch, row)
        row = state.positions[row].next
    row = state.accounts[account].first_holding
    while row != NONE:
        forget_holding(state, watch, row)
        row = state.holdings[row].next
    set_loose(watch, account, False)
