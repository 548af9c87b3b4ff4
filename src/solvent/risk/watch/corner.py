"""A new corner for a sound account: triggers that spend its surplus evenly in relative price moves.

With S the surplus less 2 quanta of rounding per slot and W the sum of notional (shorts count 1 + largest rate: their
requirement grows while they lose), every price may move by the fraction S / W. Moving adversely by it costs at most S.
"""

from solvent.codes import Level, Schedule
from solvent.compiled import kernel
from solvent.risk.watch.certificate import is_certified
from solvent.risk.watch.index import (
    FALLS,
    FRACTION,
    RISES,
    column_of,
    forget_account,
    forget_position,
    give_place,
    set_loose,
    take_place,
    write_key,
)
from solvent.state.tables import NONE
from solvent.units import PPM, mul_div_down, mul_div_up, value_quanta


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
    if not is_certified(state, Level.MAINTENANCE, account):
        forget_account(state, watch, account)
        set_loose(watch, account, True)
        return
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
            if place != NONE and column_of(watch, place, instrument) != column:
                forget_position(state, watch, row)
                place = NONE
            if place == NONE:
                place = take_place(watch, column, account)
                watch.position_place[row] = place
            if place == NONE:
                complete = False
            else:
                write_key(watch, column, place, key)
            upper = watch.position_ceiling[row]
            if side == FALLS and ceiling > 0:
                if upper == NONE:
                    upper = take_place(watch, 2 * instrument + RISES, account)
                    watch.position_ceiling[row] = upper
                if upper == NONE:
                    complete = False
                else:
                    write_key(watch, 2 * instrument + RISES, upper, -ceiling)
            elif upper != NONE:
                give_place(watch, 2 * instrument + RISES, upper)
                watch.position_ceiling[row] = NONE
        row = position.next
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        instrument = state.assets[holding.asset].price_instrument
        mark = state.instruments[instrument].mark_ticks
        place = watch.holding_place[row]
        if place == NONE:
            place = take_place(watch, 2 * instrument + FALLS, account)
            watch.holding_place[row] = place
        if place == NONE:
            complete = False
        else:
            write_key(watch, 2 * instrument + FALLS, place, mark - mul_div_down(mark, fraction, FRACTION))
        row = holding.next
    set_loose(watch, account, not complete)
