"""What one position must hold at a level.

    requirement = schedule(notional) + fixed + share x notional + clip(reward share x notional) + premium over skew

    user leverage     notional / leverage, but never less than the brackets that bound it
    curve             ceil(ceil(notional x rate) x scale): rounded at each step, as dYdX v4 does
    scenario          the worst of the moves for this position alone; an account is judged on all of them together

A requirement is rounded up. The slope of everything a position is asked for is at most 1 in its notional, which the
watch relies on.
"""

from solvent.codes import Schedule
from solvent.compiled import kernel
from solvent.risk.margin.additions import additions_up
from solvent.risk.margin.brackets import bracket_requirement_up, bracket_row
from solvent.risk.margin.curve import curve_rate_ppb, driver_of
from solvent.risk.margin.option import option_requirement_up, option_row_up
from solvent.state.multipliers import scaled_up
from solvent.state.options import is_option
from solvent.state.tables import NONE
from solvent.state.values import marked_quanta, notional_up, open_loss_quanta
from solvent.units import FUNDING_SCALE, PPB, PPM, mul_div_up


@kernel
def requirement_up(state, level, instrument, lots, notional_quanta, leverage):
    """What one position of this size, in lots and in notional, must hold at a level, rounded up."""
    schedule = state.schedules[level * state.instruments.shape[0] + instrument]
    kind = schedule.kind
    if notional_quanta == 0:
        return 0
    required = 0
    if kind == Schedule.BRACKETS_MARGINAL:
        required = bracket_requirement_up(state, schedule, notional_quanta, notional_quanta, True)
    elif kind == Schedule.BRACKETS_WHOLE:
        required = bracket_requirement_up(state, schedule, notional_quanta, notional_quanta, False)
    elif kind == Schedule.BRACKETS_BY_SIZE:
        required = bracket_requirement_up(state, schedule, notional_quanta, lots, False)
    elif kind == Schedule.USER_LEVERAGE:
        required = bracket_requirement_up(state, schedule, notional_quanta, notional_quanta, True)
        if leverage > 0:
            required = max(mul_div_up(notional_quanta, schedule.scale_ppm, PPM * leverage), required)
    elif kind == Schedule.CURVE:
        driver = driver_of(state, schedule.driver, instrument, lots, notional_quanta)
        rate = curve_rate_ppb(schedule, driver)
        required = mul_div_up(mul_div_up(notional_quanta, rate, PPB), schedule.scale_ppm, PPM)
    elif kind == Schedule.SCENARIO:
        required = mul_div_up(mul_div_up(notional_quanta, schedule.base_ppb, PPB), schedule.scale_ppm, PPM)
    return required + additions_up(schedule, lots, notional_quanta)


@kernel
def lots_requirement_up(state, level, instrument, lots):
    """What signed lots must hold at a level, standing alone: no leverage of their owner's, no multiplier."""
    if is_option(state, instrument):
        return option_requirement_up(state, level, instrument, lots)
    notional = notional_up(state.contracts[instrument], abs(lots), state.instruments[instrument].mark_ticks)
    return requirement_up(state, level, instrument, abs(lots), notional, 0)


@kernel
def requirement_in_bracket_up(state, level, instrument, lots, notional_quanta, bracket_of_quanta):
    """Requirement of a notional under whole brackets at the rate of the bracket another notional is in, rounded up."""
    schedule = state.schedules[level * state.instruments.shape[0] + instrument]
    added = additions_up(schedule, lots, notional_quanta)
    if schedule.bracket_count == 0:
        return added
    rate = state.brackets[bracket_row(state, schedule, bracket_of_quanta)].numerator
    return mul_div_up(notional_quanta, rate, schedule.denominator) + added


@kernel
def orders_requirement_up(state, level, instrument, lots, leverage, bid_lots, bid_quanta, ask_lots, ask_quanta):
    """Requirement of a position with open orders: at the worst of all bids filled or all offers filled."""
    mark = state.instruments[instrument].mark_ticks
    contract = state.contracts[instrument]
    exposed = max(abs(lots), max(abs(lots + bid_lots), abs(lots - ask_lots)))
    notional = notional_up(contract, exposed, mark)
    required = requirement_up(state, level, instrument, exposed, notional, leverage)
    if state.levels[level].open_loss == 1:
        required += open_loss_quanta(contract, bid_lots, bid_quanta, ask_lots, ask_quanta, mark)
    return required


@kernel
def exposure_requirement_up(state, level, row, lots):
    """Requirement of a position row as if it held `lots`, orders at their worst, times the market's multiplier."""
    position = state.positions[row]
    if is_option(state, position.instrument):
        return option_row_up(state, level, row, lots)
    waiting = False
    if position.orders != NONE and state.levels[level].includes_orders == 1:
        orders = state.orders[position.orders]
        waiting = orders.bid_lots != 0 or orders.ask_lots != 0
    required = unscaled_requirement_up(state, level, row, lots)
    return scaled_up(state, level, position.instrument, lots, waiting, required)


@kernel
def unscaled_requirement_up(state, level, row, lots):
    """Requirement of a position row as if it held `lots`, with its open orders at their worst if the level asks."""
    position = state.positions[row]
    instrument = position.instrument
    if position.orders != NONE and state.levels[level].includes_orders == 1:
        orders = state.orders[position.orders]
        return orders_requirement_up(
            state,
            level,
            instrument,
            lots,
            position.leverage,
            orders.bid_lots,
            orders.bid_quanta,
            orders.ask_lots,
            orders.ask_quanta,
        )
    notional = notional_up(state.contracts[instrument], abs(lots), state.instruments[instrument].mark_ticks)
    return requirement_up(state, level, instrument, abs(lots), notional, position.leverage)


@kernel
def position_notional(state, row):
    """Size of one position at the mark, in quanta."""
    position = state.positions[row]
    mark = state.instruments[position.instrument].mark_ticks
    return notional_up(state.contracts[position.instrument], abs(position.lots), mark)


@kernel
def gain_of(state, row):
    """Value minus cost minus funding due of one position at the mark."""
    position = state.positions[row]
    instrument = state.instruments[position.instrument]
    contract = state.contracts[position.instrument]
    gain = marked_quanta(contract, position.lots, instrument.mark_ticks) - position.cost_quanta
    change = instrument.funding_index - position.funding_index
    if change >= 0:
        return gain - mul_div_up(position.lots, change, FUNDING_SCALE)
    return gain - mul_div_up(-position.lots, -change, FUNDING_SCALE)
