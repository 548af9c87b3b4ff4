"""The index of triggers: keys by instrument and side under two levels of maxima, and who owns each key.

A column per instrument and side holds keys, four bytes each: the trigger less 2**30 for what loses when prices fall,
2**30 less the trigger for what loses when prices rise. Above it stand two levels of maxima over 64. A mark only opens
nodes whose maximum it has passed. Prices are at most 2**31 ticks, so a key and its dead value fit four bytes.

An account is watched in one of these ways:

    by its corner       every position and holding has a key, and the corner is certified
    loose               judged at every price: a rule without a certificate, or no place in a column
    pending             judged at every price until its corner, which a price broke, has been made anew
    thin (besides)      the corner has no reserve for funding: judged at every funding of its markets

While `meter[CURSOR]` is not NONE the corners of accounts from there on are still to be made anew, maxima are not kept,
and every price is answered by a scan.
"""

from typing import Any, NamedTuple

import numpy as np

from solvent.codes import Level
from solvent.compiled import kernel
from solvent.risk.watch.members import blank_members, remove_member
from solvent.risk.watch.mirror import SLOTS_MAX, blank_mirror
from solvent.state.owners import blank_owners
from solvent.state.tables import NONE

FAN = 64
DEAD = -(2**31)
MIDDLE = 2**30
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

LEVEL = 0
CURSOR = 1
SCANS = 2
REPAIRED = 3
JUDGED = 4
MIRRORED = 5
SLICE = 6
WARMED = 7
METERS = 8

SLICE_MIN = 4096
"""Corners one command makes anew at least, when so many are broken: a few milliseconds of work."""

FIRED_MIN = 1024
FIRED_SHARE = 10
"""Past a tenth of the accounts a price is answered by a scan: collecting and judging one by one would cost more."""


class Watch(NamedTuple):
    """The index over a state. It is derived: no digest sees it, and it can be built again at any time."""

    columns: np.recarray
    keys: np.ndarray
    owners: np.ndarray
    nodes: np.ndarray
    roots: np.ndarray
    position_place: np.ndarray
    position_second: np.ndarray
    holding_place: np.ndarray
    funding_low: np.ndarray
    funding_high: np.ndarray
    loose: np.ndarray
    pending: np.ndarray
    thin: np.ndarray
    ordering: np.ndarray
    stale: np.ndarray
    fired: np.ndarray
    surplus: np.ndarray
    slots: np.ndarray
    meter: np.ndarray
    mirror_groups: np.ndarray
    mirror_cash: np.ndarray
    mirror_account: np.ndarray
    mirror_row: np.ndarray
    mirror_lots: np.ndarray
    mirror_code: np.ndarray
    mirror_funding: np.ndarray
    owner_slots: np.ndarray
    owner_before: np.ndarray


def fired_room(accounts: int) -> int:
    """How many keys one price may break before the scan takes over."""
    return max(accounts // FIRED_SHARE, FIRED_MIN)


def blank_watch(
    column_capacities: np.ndarray,
    accounts: int,
    positions: int,
    holdings: int,
    *,
    seconds: bool = True,
    level: Level = Level.MAINTENANCE,
) -> Watch:
    """An empty index with room for so many keys per column; capacities are rounded up to whole nodes.

    Without `seconds` there is no room for the second triggers some rules need; their holders are loose.
    """
    capacities = np.maximum(-(-np.asarray(column_capacities, dtype=np.int64) // FAN) * FAN, 0)
    columns = np.zeros(len(capacities), dtype=COLUMN).view(np.recarray)
    nodes = capacities // FAN
    roots = -(-nodes // FAN)
    columns.capacity = capacities
    columns.first[1:] = np.cumsum(capacities)[:-1]
    columns.first_node[1:] = np.cumsum(nodes)[:-1]
    columns.first_root[1:] = np.cumsum(roots)[:-1]
    columns.free = NONE
    meter = np.zeros(METERS, dtype=np.int64)
    meter[LEVEL] = level
    meter[CURSOR] = NONE
    meter[SLICE] = SLICE_MIN
    return Watch(
        columns=columns,
        keys=np.full(int(capacities.sum()), DEAD, dtype=np.int32),
        owners=np.full(int(capacities.sum()), NONE, dtype=np.int32),
        nodes=np.full(int(nodes.sum()), DEAD, dtype=np.int32),
        roots=np.full(int(roots.sum()), DEAD, dtype=np.int32),
        position_place=np.full(positions, NONE, dtype=np.int32),
        position_second=np.full(positions if seconds else 0, NONE, dtype=np.int32),
        holding_place=np.full(holdings, NONE, dtype=np.int32),
        funding_low=np.zeros(len(capacities) // 2, dtype=np.int64),
        funding_high=np.zeros(len(capacities) // 2, dtype=np.int64),
        loose=blank_members(accounts),
        pending=blank_members(accounts),
        thin=blank_members(accounts),
        ordering=blank_members(accounts),
        stale=blank_members(accounts),
        fired=np.zeros(fired_room(accounts), dtype=np.int32),
        surplus=np.zeros(fired_room(accounts), dtype=np.int64),
        slots=np.zeros((SLOTS_MAX, 2), dtype=np.int64),
        meter=meter,
        **no_mirror(len(capacities) // 2),
        **blank_owners(accounts),
    )


def no_mirror(instruments: int) -> dict[str, Any]:
    """The arrays of a mirror that mirrors nobody, by their names in the watch."""
    return blank_mirror(np.zeros(0, dtype=np.int64), instruments)


@kernel
def key_of(side, ticks):
    """The key of a trigger in a column of this side."""
    return ticks - MIDDLE if side == FALLS else MIDDLE - ticks


@kernel
def trigger_ticks(side, key):
    """The trigger a key stands for."""
    return int(key) + MIDDLE if side == FALLS else MIDDLE - int(key)


@kernel
def write_key(watch, column_row, place, key):
    """Set one key and mend the maxima above it; while all corners are made anew the maxima wait for the end."""
    column = watch.columns[column_row]
    old = watch.keys[place]
    if old == key:
        return
    watch.keys[place] = key
    if watch.meter[CURSOR] != NONE:
        return
    node = (place - column.first) // FAN
    node_place = column.first_node + node
    node_old = watch.nodes[node_place]
    if key >= node_old:
        node_new = key
    elif old == node_old:
        first = column.first + node * FAN
        node_new = int(watch.keys[first])
        for i in range(first + 1, first + FAN):
            node_new = max(node_new, int(watch.keys[i]))
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
        root_new = int(watch.nodes[first])
        for i in range(first + 1, last):
            root_new = max(root_new, int(watch.nodes[i]))
        watch.roots[root_place] = root_new


@kernel
def make_maxima(watch):
    """All maxima from the keys: after corners were made anew, while keys were written without them."""
    for row in range(watch.columns.shape[0]):
        column = watch.columns[row]
        nodes = column.capacity // FAN
        for node in range(nodes):
            first = column.first + node * FAN
            largest = watch.keys[first]
            for i in range(first + 1, first + FAN):
                largest = max(largest, watch.keys[i])
            watch.nodes[column.first_node + node] = largest
        for root in range((nodes + FAN - 1) // FAN):
            first = column.first_node + root * FAN
            largest = watch.nodes[first]
            for i in range(first + 1, column.first_node + min(root * FAN + FAN, nodes)):
                largest = max(largest, watch.nodes[i])
            watch.roots[column.first_root + root] = largest


@kernel
def take_place(watch, column_row, account):
    """A place in the column for a key of the account, or -1 when the column is full."""
    column = watch.columns[column_row]
    if column.free != NONE:
        place = column.free
        column.free = -2 - watch.owners[place]
    elif column.count < column.capacity:
        place = column.first + column.count
        column.count += 1
    else:
        return NONE
    watch.owners[place] = account
    return place


@kernel
def give_place(watch, column_row, place):
    """Return a place to its column; a free place names the next one as -2 - place."""
    write_key(watch, column_row, place, DEAD)
    watch.owners[place] = -2 - watch.columns[column_row].free
    watch.columns[column_row].free = place


@kernel
def column_of(watch, place, instrument):
    """The column of an instrument a place belongs to."""
    falls = watch.columns[2 * instrument]
    if falls.first <= place < falls.first + falls.capacity:
        return 2 * instrument
    return 2 * instrument + 1


@kernel
def second_place(watch, row):
    """Place of the second trigger of a position, or -1."""
    return watch.position_second[row] if row < watch.position_second.shape[0] else NONE


@kernel
def forget_position(state, watch, row):
    """Give back the places of a position that is closed, flipped or flagged."""
    instrument = state.positions[row].instrument
    place = watch.position_place[row]
    if place != NONE:
        give_place(watch, column_of(watch, place, instrument), place)
        watch.position_place[row] = NONE
    place = second_place(watch, row)
    if place != NONE:
        give_place(watch, column_of(watch, place, instrument), place)
        watch.position_second[row] = NONE


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
    remove_member(watch.loose, account)
    remove_member(watch.pending, account)
    remove_member(watch.thin, account)
