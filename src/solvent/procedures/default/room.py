"""Room: what liquidation may have in the market at once, of the venue and of one market (Maker's Hole and hole).

Orders and offers of all accounts in the queue are counted at the marks of now, so a stage with room costs one walk over
the queue for each visit.
"""

import numpy as np

from solvent.compiled import kernel
from solvent.risk.throttle import room_left
from solvent.state.tables import NONE
from solvent.state.values import lots_within, notional_up
from solvent.units import LIMIT, add_saturated


@kernel
def has_room_bound(stage):
    """True when the stage bounds what is in the market at once."""
    return stage.room_venue_quanta > 0 or stage.room_market_quanta > 0


@kernel
def ordered_by_market(state, stage):
    """What is ordered or on offer in each market, for all accounts in the queue, in quanta; nothing where unbounded."""
    ordered = np.zeros(state.instruments.shape[0], np.int64)
    if not has_room_bound(stage):
        return ordered
    venue = state.venue[0]
    for i in range(venue.queue_count):
        row = state.accounts[state.queue[(venue.queue_head + i) % state.queue.shape[0]]].first_position
        while row != NONE:
            position = state.positions[row]
            if position.orders != NONE:
                instrument = position.instrument
                lots = abs(state.orders[position.orders].ordered_lots)
                size = notional_up(state.contracts[instrument], lots, state.instruments[instrument].mark_ticks)
                ordered[instrument] = add_saturated(ordered[instrument], size)
            row = position.next
    return ordered


@kernel
def lots_in_room(state, stage, instrument, lots, ordered):
    """Lots there is room for; they are added to `ordered`."""
    if not has_room_bound(stage) or lots == 0:
        return lots
    total = 0
    for other in range(ordered.shape[0]):
        total = add_saturated(total, ordered[other])
    room = LIMIT + 0
    if stage.room_venue_quanta > 0:
        room = room_left(stage.room_venue_quanta, total)
    if stage.room_market_quanta > 0:
        room = min(room, room_left(stage.room_market_quanta, ordered[instrument]))
    contract = state.contracts[instrument]
    mark = state.instruments[instrument].mark_ticks
    lots = min(lots, lots_within(contract, room, mark))
    ordered[instrument] = add_saturated(ordered[instrument], notional_up(contract, lots, mark))
    return lots
