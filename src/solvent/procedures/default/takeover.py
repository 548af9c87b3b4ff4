"""Pools take positions over: each the ones of the markets it backs, up to its room, at its stated price."""

import numpy as np

from solvent.codes import Level
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.charges import charge_penalty
from solvent.procedures.default.orders import rest_after
from solvent.procedures.default.plan import equity_share, plan_lots, shared_requirement, work_space
from solvent.procedures.default.standing import rows_by_requirement
from solvent.procedures.review import accrue
from solvent.procedures.shortfall import cover_before_adl
from solvent.procedures.trade import tidy
from solvent.risk.liquidation import pool_fill_ticks, transfer_ticks
from solvent.risk.margin import exposure_requirement_up, judge, lots_requirement_up
from solvent.risk.pool import accepts, room_lots
from solvent.risk.skew import skew_fill_ticks_nearest
from solvent.state.ledger import exchange
from solvent.state.pools import is_pool
from solvent.state.positions import find_position, ordered_lots, take_position
from solvent.state.tables import NONE
from solvent.state.terms import POOLS_MAX
from solvent.state.values import notional_up, traded_quanta
from solvent.state.windows import record_flow, record_taken
from solvent.units import POSITIONS_MAX


@kernel
def plan_behind(state, account, behind, rows, count, equity, requirement, planned):
    """What an order of an earlier stage leaves: never more than that stage would have closed and did not order."""
    if behind == NONE:
        return
    _rows, ahead = work_space()
    plan_lots(state, account, behind, rows, count, equity, requirement, ahead)
    for i in range(count):
        planned[i] = min(planned[i], max(ahead[i] - abs(ordered_lots(state, rows[i])), 0))


@kernel
def plan_room(state, tape, account, stage_row, rows, count, planned, equities, needs):
    """Cut what is planned to the room of each market's pool; add what the pool would then require to `needs`.

    Gives False when a pool cannot hold the positions at all: too many, or larger than the contract allows.
    """
    already = np.zeros(POOLS_MAX, np.int64)
    markets = np.zeros(POOLS_MAX, np.int64)
    for i in range(count):
        position = state.positions[rows[i]]
        if planned[i] == 0:
            continue
        instrument = position.instrument
        pool = state.backings[instrument].pool
        vault = state.vaults[pool].account
        if vault == NONE:
            planned[i] = 0
            continue
        lots = planned[i] if position.lots > 0 else -planned[i]
        room = room_lots(state, instrument, lots, equities[pool], already[pool])
        if room < planned[i]:
            event = tell(state, tape, EventKind.TAKEOVER_LIMITED)
            event.account = account
            event.counterparty = vault
            event.instrument = instrument
            event.lots = lots
            event.value = room
            event.stage = stage_row
            planned[i] = room
            lots = room if lots > 0 else -room
            if room == 0:
                continue
        row = find_position(state, vault, instrument)
        held = 0 if row == NONE else state.positions[row].lots
        if row == NONE:
            markets[pool] += 1
        if abs(held + lots) > state.contracts[instrument].lots_max:
            return False
        if state.accounts[vault].position_count + markets[pool] > POSITIONS_MAX:
            return False
        mark = state.instruments[instrument].mark_ticks
        contract = state.contracts[instrument]
        taken = notional_up(contract, abs(lots), mark)
        already[pool] += taken
        if state.levels[Level.INITIAL].scenario == 1:
            # moves of several positions at once: no more than each would need alone
            needs[pool] += lots_requirement_up(state, Level.INITIAL, instrument, lots)
            continue
        needs[pool] += lots_requirement_up(state, Level.INITIAL, instrument, held + lots)
        needs[pool] -= lots_requirement_up(state, Level.INITIAL, instrument, held)
    return True


@kernel
def plan_accepted(state, account, stage_row, rows, count, planned, equity, equities, needs):
    """Leave out the positions of pools that do not accept; give how many lots are left."""
    shortfall = max(-equity, 0)
    cover = cover_before_adl(state, account)
    accept = state.stages[stage_row].accept
    left = 0
    for i in range(count):
        pool = state.backings[state.positions[rows[i]].instrument].pool
        if not accepts(accept, shortfall, cover, equities[pool] - shortfall, needs[pool]):
            planned[i] = 0
        left += planned[i]
    return left


@kernel
def take_over(state, watch, tape, account, stage_row, equity, requirement, behind):
    """Pools take what the stage closes of the account's positions, at their price; give whether any was taken.

    That is the mark or less, or where the market's fills follow the skew the mean of its price before and after.

    `behind` is a stage whose order is in the market for a part: only what it leaves is taken. -1 where there is none.
    """
    stage = state.stages[stage_row]
    if is_pool(state, account):
        return False
    if stage.round_ns > 0 and state.venue[0].time_ns < state.accounts[account].cooldown_until_ns:
        return False  # one round at a time
    rows, planned = work_space()
    count = rows_by_requirement(state, account, rows)
    _equity, _requirement, _gains, notional = judge(state, account, Level.MAINTENANCE)
    partly = plan_lots(state, account, stage_row, rows, count, equity, requirement, planned)
    plan_behind(state, account, behind, rows, count, equity, requirement, planned)
    equities = np.zeros(POOLS_MAX, np.int64)
    needs = np.zeros(POOLS_MAX, np.int64)
    for pool in range(POOLS_MAX):
        if state.vaults[pool].account != NONE:
            own, need, _gains, _notional = judge(state, state.vaults[pool].account, Level.INITIAL)
            equities[pool] = own
            needs[pool] = need
    if not plan_room(state, tape, account, stage_row, rows, count, planned, equities, needs):
        return False
    if plan_accepted(state, account, stage_row, rows, count, planned, equity, equities, needs) == 0:
        return False
    shared = shared_requirement(state, rows, count, requirement)
    shares = np.empty(count, np.int64)
    for i in range(count):
        shares[i] = equity_share(state, rows[i], equity, shared, count)
    for i in range(count):
        row = rows[i]
        position = state.positions[row]
        instrument = position.instrument
        lots = planned[i] if position.lots > 0 else -planned[i]
        if lots == 0:
            continue
        pool = state.vaults[state.backings[instrument].pool]
        vault = pool.account
        mark = state.instruments[instrument].mark_ticks
        contract = state.contracts[instrument]
        price = mark
        off_ppm = max(stage.price_ppm, state.backings[instrument].discount_ppm)
        if off_ppm > 0:
            price = transfer_ticks(contract, mark, position.lots, shares[i], off_ppm)
        scale = state.markets[instrument].fill_skew_lots
        if scale > 0:
            # what traders hold together is the other side of the pool's inventory
            inventory = find_position(state, vault, instrument)
            skew = 0 if inventory == NONE else -state.positions[inventory].lots
            fill = skew_fill_ticks_nearest(mark, skew, -lots, scale)
            price = pool_fill_ticks(contract, fill, mark, position.lots, shares[i])
        before = exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots)
        accrue(state, tape, vault)
        vault_row = take_position(state, vault, instrument)
        if lots > 0:
            exchange(state, vault_row, row, lots, price)
        else:
            exchange(state, row, vault_row, -lots, price)
        event = tell(state, tape, EventKind.POSITION_TAKEN_OVER)
        event.account = account
        event.counterparty = vault
        event.instrument = instrument
        event.lots = lots
        event.price_ticks = price
        event.stage = stage_row
        value = abs(traded_quanta(contract, lots, price))
        event.amount_quanta = value
        pool.taken_quanta += value
        record_taken(state, instrument, value)
        record_flow(state, instrument, value, 0)
        freed = before - exposure_requirement_up(state, Level.MAINTENANCE, row, state.positions[row].lots)
        charge_penalty(state, tape, account, stage_row, instrument, value, freed, 0, equity, notional)
        tidy(state, watch, vault_row)
        tidy(state, watch, row)
    rest_after(state, account, stage_row, partly)
    return True
