"""How many lots a stage must close to bring a position down a bracket, or its account back to health."""

from solvent.codes import Level, Schedule
from solvent.compiled import kernel
from solvent.risk.margin.account import requirement_change
from solvent.risk.margin.brackets import bracket_row
from solvent.risk.margin.position import position_notional
from solvent.state.values import lots_within, notional_up
from solvent.units import PPM, mul_div_up


@kernel
def lots_to_lower_tier(state, row):
    """Least lots to close so that the position falls below the floor of its maintenance bracket; all in the first."""
    position = state.positions[row]
    instrument = position.instrument
    schedule = state.schedules[Level.MAINTENANCE * state.instruments.shape[0] + instrument]
    held = abs(position.lots)
    if schedule.kind == Schedule.BRACKETS_BY_SIZE:
        floor = state.brackets[bracket_row(state, schedule, held)].floor_quanta
        return held if floor == 0 else held - (floor - 1)
    contract = state.contracts[instrument]
    mark = state.instruments[instrument].mark_ticks
    notional = position_notional(state, row)
    if schedule.kind == Schedule.CURVE and schedule.step > 0:
        # the steps of a curve are brackets of equal width, their floors inside the cheaper one
        steps = max(notional - schedule.threshold + schedule.step - 1, 0) // schedule.step
        if steps == 0:
            return held
        return held - lots_within(contract, schedule.threshold + (steps - 1) * schedule.step, mark)
    if schedule.bracket_count == 0:
        return held
    floor = state.brackets[bracket_row(state, schedule, notional)].floor_quanta
    if floor == 0:
        return held
    return held - lots_within(contract, floor - 1, mark)


@kernel
def lots_down_tiers(state, row, tiers):
    """Least lots to close so that the position falls `tiers` brackets; all of it where it has no more below (OKX)."""
    if tiers <= 1:
        return lots_to_lower_tier(state, row)
    position = state.positions[row]
    instrument = position.instrument
    schedule = state.schedules[Level.MAINTENANCE * state.instruments.shape[0] + instrument]
    held = abs(position.lots)
    contract = state.contracts[instrument]
    mark = state.instruments[instrument].mark_ticks
    notional = position_notional(state, row)
    if schedule.kind == Schedule.CURVE and schedule.step > 0:
        steps = max(notional - schedule.threshold + schedule.step - 1, 0) // schedule.step
        if steps < tiers:
            return held
        return held - lots_within(contract, schedule.threshold + (steps - tiers) * schedule.step, mark)
    if schedule.bracket_count == 0:
        return held
    by_size = schedule.kind == Schedule.BRACKETS_BY_SIZE
    place = bracket_row(state, schedule, held if by_size else notional) - schedule.first_bracket
    if place < tiers:
        return held
    floor = state.brackets[schedule.first_bracket + place - tiers + 1].floor_quanta
    return held - ((floor - 1) if by_size else lots_within(contract, floor - 1, mark))


@kernel
def lots_to_health(state, row, equity_quanta, requirement_quanta, target_ppm, fee_ppm):
    """Least lots of this position to close at the mark so that equity covers target x maintenance; all if none does.

    Closing n lots at the mark costs the penalty fee_ppm of their value and frees requirement. The rulebook is refused
    if the penalty could outgrow what is freed, so the search may halve. Under scenarios closing a hedge may free
    nothing: then what halving finds still restores the target, or is everything.
    """
    position = state.positions[row]
    instrument = position.instrument
    held = abs(position.lots)
    sign = 1 if position.lots > 0 else -1
    contract = state.contracts[instrument]
    mark = state.instruments[instrument].mark_ticks
    low = 1
    high = held
    while low < high:
        middle = (low + high) // 2
        left = requirement_change(state, Level.MAINTENANCE, position.account, row, instrument, sign * (held - middle))
        equity_after = equity_quanta - mul_div_up(notional_up(contract, middle, mark), fee_ppm, PPM)
        if equity_after >= mul_div_up(requirement_quanta + left, target_ppm, PPM):
            high = middle
        else:
            low = middle + 1
    return high
