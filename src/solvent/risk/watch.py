"""The watch: from a moved mark to the accounts that may have become distressed, without looking at the others.

Certificate ("safe corner"). Each sound account holds one trigger price per position and per collateral holding:

    (I1) judged exactly with every price at its trigger, the account is still at or above its maintenance threshold;
    (I2) every long and every holding has mark >= trigger, every short has mark <= trigger.

While (I2) holds the account is sound, by monotonicity: a long's value minus requirement never falls when its price
rises (a marginal requirement grows by at most one quantum per quantum of notional), a short's never rises, a
holding's never falls. So (I1) bounds the surplus from below, whatever path the prices took; a bound never goes stale.
When a mark breaks (I2) for some account it is judged exactly and given a new corner, or flagged.

Conditions. Prices are the only thing that moves between judgements: trades, transfers, funding and terms judge the
touched accounts again. Under whole brackets a long that grows into the next bracket loses surplus while its price
rises; such a long carries a second trigger, the last price before that bracket, and a short's trigger stops there too.

The corner spends the surplus evenly in relative price moves: with S the surplus less 2 quanta of rounding per slot
and W the sum of notional (shorts count 1 + largest rate: their requirement grows while they lose), every price may
move by the fraction S / W. Moving adversely by it costs at most S, which is (I1).

Index. A column per instrument and side holds keys (trigger for what loses when prices fall, minus trigger for what
loses when prices rise); above it two levels of maxima over 64. A mark only opens nodes whose maximum it has passed.
Accounts that found no place in a column are `loose` and judged at every price. Sources: geometric monitoring
(Sharfman, Schuster, Keren, PODS 2008) applied to margin.
"""

from typing import NamedTuple

import numpy as np

from solvent.codes import AccountKind, Level, Schedule, Status
from solvent.compiled import kernel
from solvent.state.tables import NONE
from solvent.units import PPM, mul_div_down, mul_div_up, value_quanta

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
def _write_key(watch, column_row, place, key):
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
def _take_place(watch, column_row, account):
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
def _give_place(watch, column_row, place):
    """Return a place to its column."""
    _write_key(watch, column_row, place, DEAD)
    watch.owners[place] = watch.columns[column_row].free
    watch.columns[column_row].free = place


@kernel
def _column_of(watch, place, instrument):
    """The column of an instrument a place belongs to."""
    falls = watch.columns[2 * instrument]
    if falls.first <= place < falls.first + falls.capacity:
        return 2 * instrument
    return 2 * instrument + 1


@kernel
def forget_position(state, watch, row):
    """Give back the places of a position that is closed, flipped or flagged."""
    instrument = state.positions[row].instrument
    place = watch.position_place[row]
    if place != NONE:
        _give_place(watch, _column_of(watch, place, instrument), place)
        watch.position_place[row] = NONE
    place = watch.position_ceiling[row]
    if place != NONE:
        _give_place(watch, 2 * instrument + RISES, place)
        watch.position_ceiling[row] = NONE


@kernel
def forget_holding(state, watch, row):
    """Give back the place of a collateral holding."""
    place = watch.holding_place[row]
    if place != NONE:
        _give_place(watch, 2 * state.assets[state.holdings[row].asset].price_instrument + FALLS, place)
        watch.holding_place[row] = NONE


@kernel
def _set_loose(watch, account, loose):
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
    _set_loose(watch, account, False)


@kernel
def _last_price_of_bracket(state, schedule, lots, per_lot_tick, mark_ticks):
    """Largest price at which a position stays in the bracket it is in at the mark; 0 when it is the last bracket."""
    notional = value_quanta(abs(lots), mark_ticks, per_lot_tick)
    row = schedule.first_bracket
    last = schedule.first_bracket + schedule.bracket_count - 1
    while row < last and state.brackets[row + 1].floor_quanta <= notional:
        row += 1
    if row == last:
        return 0
    return (state.brackets[row + 1].floor_quanta - 1) // value_quanta(abs(lots), 1, per_lot_tick)


@kernel
def set_corner(state, watch, account, surplus_quanta):
    """Give a sound account new triggers that spend its surplus (equity above the threshold, not negative)."""
    instruments = state.instruments.shape[0]
    slots = 0
    weight = 0
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        if position.lots != 0:
            per_lot_tick = state.contracts[position.instrument].quanta_per_lot_tick
            notional = value_quanta(abs(position.lots), state.instruments[position.instrument].mark_ticks, per_lot_tick)
            weight += notional
            if position.lots < 0:
                rate = state.schedules[Level.MAINTENANCE * instruments + position.instrument].rate_max_ppm
                weight += mul_div_up(notional, rate, PPM)
            slots += 1
        row = position.next
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        asset = state.assets[holding.asset]
        mark = state.instruments[asset.price_instrument].mark_ticks
        weight += mul_div_up(holding.amount_quanta, mark * asset.value_num, asset.value_den)
        slots += 1
        row = holding.next
    spend = surplus_quanta - 2 * slots - 2
    fraction = 0
    if spend >= weight:
        fraction = FRACTION
    elif spend > 0:
        while weight >= 2**32:
            spend >>= 1
            weight = (weight >> 1) + 1
        fraction = min(spend * FRACTION // weight, FRACTION)

    complete = True
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        instrument = position.instrument
        if position.lots == 0:
            forget_position(state, watch, row)
        else:
            mark = state.instruments[instrument].mark_ticks
            schedule = state.schedules[Level.MAINTENANCE * instruments + instrument]
            ceiling = 0
            if schedule.kind == Schedule.BRACKETS_WHOLE:
                per_lot_tick = state.contracts[instrument].quanta_per_lot_tick
                ceiling = _last_price_of_bracket(state, schedule, position.lots, per_lot_tick, mark)
            move = mul_div_down(mark, fraction, FRACTION)
            side = FALLS if position.lots > 0 else RISES
            key = mark - move
            if side == RISES:
                trigger = mark + move
                if ceiling > 0:
                    trigger = min(trigger, ceiling)
                key = -trigger
            column = 2 * instrument + side
            place = watch.position_place[row]
            if place != NONE and _column_of(watch, place, instrument) != column:
                forget_position(state, watch, row)
                place = NONE
            if place == NONE:
                place = _take_place(watch, column, account)
                watch.position_place[row] = place
            if place == NONE:
                complete = False
            else:
                _write_key(watch, column, place, key)
            upper = watch.position_ceiling[row]
            if side == FALLS and ceiling > 0:
                if upper == NONE:
                    upper = _take_place(watch, 2 * instrument + RISES, account)
                    watch.position_ceiling[row] = upper
                if upper == NONE:
                    complete = False
                else:
                    _write_key(watch, 2 * instrument + RISES, upper, -ceiling)
            elif upper != NONE:
                _give_place(watch, 2 * instrument + RISES, upper)
                watch.position_ceiling[row] = NONE
        row = position.next
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        instrument = state.assets[holding.asset].price_instrument
        mark = state.instruments[instrument].mark_ticks
        place = watch.holding_place[row]
        if place == NONE:
            place = _take_place(watch, 2 * instrument + FALLS, account)
            watch.holding_place[row] = place
        if place == NONE:
            complete = False
        else:
            _write_key(watch, 2 * instrument + FALLS, place, mark - mul_div_down(mark, fraction, FRACTION))
        row = holding.next
    _set_loose(watch, account, not complete)


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
