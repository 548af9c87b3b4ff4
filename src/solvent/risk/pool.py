"""Pools: what a share is worth, when a pool takes positions over, how much of them, and how it works them down.

One value serves those who join and those who leave: equity at the mark with everything accrued. One virtual quantum
and a thousand virtual shares are added so that the first member cannot inflate the price of a share.
Joining rounds shares down, leaving rounds cash down: rounding stays in the vault.

A pool takes no more than its room, the least of

    per market        |inventory| <= cap
    per hour          value taken over <= cap, of the market and of the pool
    concentration     rho x |sum of s| + (1 - rho) x sum of |s| <= share x equity

with s the signed values of its positions: at rho = 0 markets are told apart and every position counts, at rho = 1 they
move as one and only the net does. What merely nets inventory the pool holds is no concentration.
"""

from solvent.codes import Accept
from solvent.compiled import kernel
from solvent.state.positions import find_position
from solvent.state.tables import NONE
from solvent.state.values import exposure_quanta, lots_within, notional_up
from solvent.state.windows import taken_in_hour
from solvent.units import PPM, add_saturated, mul_div_down, mul_div_up

VIRTUAL_SHARES = 1_000
VIRTUAL_QUANTA = 1


@kernel
def shares_for(amount_quanta, vault_equity_quanta, shares):
    """Shares that cash buys, rounded down."""
    return mul_div_down(amount_quanta, shares + VIRTUAL_SHARES, vault_equity_quanta + VIRTUAL_QUANTA)


@kernel
def cash_for(shares_sold, vault_equity_quanta, shares):
    """Cash that shares fetch, rounded down."""
    return mul_div_down(shares_sold, vault_equity_quanta + VIRTUAL_QUANTA, shares + VIRTUAL_SHARES)


@kernel
def accepts(accept, shortfall_quanta, cover_quanta, equity_after_quanta, requirement_after_quanta):
    """True when the backstop takes an account over.

    ALWAYS: whatever it costs. COVERED: the layers before deleveraging can pay the whole shortfall. MARGINED: that,
    and the vault keeps its own initial requirement with the new positions.
    """
    if accept == Accept.ALWAYS:
        return True
    if shortfall_quanta > cover_quanta:
        return False
    return accept == Accept.COVERED or equity_after_quanta >= requirement_after_quanta


@kernel
def concentration_up(net_quanta, gross_quanta, correlation_ppm):
    """What an inventory counts for: one part of it net over the markets, the rest gross."""
    together = mul_div_up(abs(net_quanta), correlation_ppm, PPM)
    return together + mul_div_up(gross_quanta, PPM - correlation_ppm, PPM)


@kernel
def inventory(state, account, but):
    """(net, gross) value of an account's positions at their marks, of all markets but one."""
    net = 0
    gross = 0
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        if position.instrument != but and position.lots != 0:
            mark = state.instruments[position.instrument].mark_ticks
            value = exposure_quanta(state.contracts[position.instrument], position.lots, mark)
            net = add_saturated(net, value)
            gross = add_saturated(gross, abs(value))
        row = position.next
    return net, gross


@kernel
def taken_by_pool(state, pool):
    """Value a pool has taken over in the last hour, in all its markets."""
    taken = 0
    for instrument in range(state.instruments.shape[0]):
        if state.backings[instrument].pool == pool:
            taken = add_saturated(taken, taken_in_hour(state, instrument))
    return taken


@kernel
def room_lots(state, instrument, lots, equity_quanta, already_quanta):
    """How many of `lots` (signed) the market's pool may take over now; `already_quanta` it takes in the same step."""
    backing = state.backings[instrument]
    pool = state.pools[backing.pool]
    contract = state.contracts[instrument]
    mark = state.instruments[instrument].mark_ticks
    account = state.vaults[backing.pool].account
    row = find_position(state, account, instrument)
    held = 0 if row == NONE else state.positions[row].lots
    along = held if lots > 0 else -held
    room = abs(lots)
    if backing.hour_cap_quanta > 0:
        left = max(backing.hour_cap_quanta - taken_in_hour(state, instrument), 0)
        room = min(room, lots_within(contract, left, mark))
    if pool.hour_cap_quanta > 0:
        left = max(pool.hour_cap_quanta - taken_by_pool(state, backing.pool) - already_quanta, 0)
        room = min(room, lots_within(contract, left, mark))
    if backing.cap_quanta > 0:
        room = min(room, max(lots_within(contract, backing.cap_quanta, mark) - along, 0))
    netting = min(max(-along, 0), room)
    if pool.concentration_ppm == 0 or room == netting:
        return room
    bound = mul_div_down(max(equity_quanta, 0), pool.concentration_ppm, PPM)
    net, gross = inventory(state, account, instrument)
    if lots < 0:
        net = -net
    low = netting
    high = room
    while low < high:
        middle = low + (high - low + 1) // 2
        own = exposure_quanta(contract, along + middle, mark)
        together = abs(add_saturated(net, own)) + already_quanta
        if concentration_up(together, gross + abs(own) + already_quanta, pool.correlation_ppm) <= bound:
            low = middle
        else:
            high = middle - 1
    return low


@kernel
def unwind_lots(pool, contract, excess_lots, depth_lots, mark_ticks):
    """Lots of the next order of a pool that is `excess_lots` (signed) from its target: a share of the depth at most.

    What is worth little goes whole; where the depth is not stated nothing bounds the order but its limit.
    """
    most = abs(excess_lots)
    if depth_lots == 0 or notional_up(contract, most, mark_ticks) <= pool.unwind_whole_quanta:
        return most
    return min(most, max(mul_div_down(depth_lots, pool.unwind_depth_ppm, PPM), 1))
