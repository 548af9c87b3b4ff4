"""Margin: the equity of an account and what each level of the ladder requires of it.

    equity_level  = wallet + sum(lots x mark x m - cost - funding due) + sum(weight_level x value of collateral)
    requirement   = sum over positions of schedule(notional), with open orders at their worst where the level says so

    marginal brackets   (notional x n_k - D_k) / D, rounded up; k the bracket of the notional, D the common
                        denominator, D_0 = 0 and D_k = D_(k-1) + floor_k x (n_k - n_(k-1)) exactly, so the
                        requirement is the rounded-up value of one continuous convex function (Binance calls D_k / D
                        the maintenance amount, Hyperliquid the maintenance deduction)
    whole brackets      notional x n_k / D, rounded up
    user leverage       notional / leverage, but never less than the brackets that bound it

A requirement is rounded up, an equity down. The slope of a marginal schedule is at most 1, which the watch relies on.
"""

from solvent.codes import Level, Schedule
from solvent.compiled import kernel
from solvent.state.tables import NONE
from solvent.state.validity import careful_ticks
from solvent.units import FUNDING_SCALE, PPM, mul_div_down, mul_div_up, value_quanta


@kernel
def bracket_row(state, schedule, notional_quanta):
    """Row of the bracket that contains the notional: the last whose floor is not above it."""
    row = schedule.first_bracket
    last = schedule.first_bracket + schedule.bracket_count - 1
    while row < last and state.brackets[row + 1].floor_quanta <= notional_quanta:
        row += 1
    return row


@kernel
def bracket_requirement_up(state, schedule, notional_quanta, whole):
    """Requirement of a notional under brackets, rounded up."""
    if notional_quanta == 0 or schedule.bracket_count == 0:
        return 0
    bracket = state.brackets[bracket_row(state, schedule, notional_quanta)]
    denominator = schedule.denominator
    quotient = notional_quanta // denominator
    rest = (notional_quanta - quotient * denominator) * bracket.numerator
    if whole:
        return quotient * bracket.numerator - (-rest // denominator)
    rest -= bracket.deduction_rest
    return quotient * bracket.numerator - bracket.deduction_whole - (-rest // denominator)


@kernel
def requirement_in_bracket_up(state, level, instrument, notional_quanta, bracket_of_quanta):
    """Requirement of a notional under whole brackets at the rate of the bracket another notional is in, rounded up."""
    schedule = state.schedules[level * state.instruments.shape[0] + instrument]
    if schedule.bracket_count == 0:
        return 0
    rate = state.brackets[bracket_row(state, schedule, bracket_of_quanta)].numerator
    return mul_div_up(notional_quanta, rate, schedule.denominator)


@kernel
def requirement_up(state, level, instrument, notional_quanta, leverage):
    """What one position of this notional must hold at a level, rounded up."""
    schedule = state.schedules[level * state.instruments.shape[0] + instrument]
    kind = schedule.kind
    if kind == Schedule.ZERO or notional_quanta == 0:
        return 0
    if kind == Schedule.BRACKETS_MARGINAL:
        return bracket_requirement_up(state, schedule, notional_quanta, False)
    if kind == Schedule.BRACKETS_WHOLE:
        return bracket_requirement_up(state, schedule, notional_quanta, True)
    bound = bracket_requirement_up(state, schedule, notional_quanta, False)
    if leverage == 0:
        return bound
    return max(mul_div_up(notional_quanta, schedule.scale_ppm, PPM * leverage), bound)


@kernel
def orders_requirement_up(state, level, instrument, lots, leverage, bid_lots, bid_quanta, ask_lots, ask_quanta):
    """Requirement of a position with open orders: at the worst of all bids filled or all offers filled."""
    mark = state.instruments[instrument].mark_ticks
    per_lot_tick = state.contracts[instrument].quanta_per_lot_tick
    exposed = max(abs(lots), max(abs(lots + bid_lots), abs(lots - ask_lots)))
    required = requirement_up(state, level, instrument, value_quanta(exposed, mark, per_lot_tick), leverage)
    if state.levels[level].open_loss == 1:
        required += max(bid_quanta - value_quanta(bid_lots, mark, per_lot_tick), 0)
        required += max(value_quanta(ask_lots, mark, per_lot_tick) - ask_quanta, 0)
    return required


@kernel
def exposure_requirement_up(state, level, row, lots):
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
    per_lot_tick = state.contracts[instrument].quanta_per_lot_tick
    notional = value_quanta(abs(lots), state.instruments[instrument].mark_ticks, per_lot_tick)
    return requirement_up(state, level, instrument, notional, position.leverage)


@kernel
def collateral_value_down(state, asset, amount_quanta, maintenance, careful):
    """Value of collateral, weighted for a level, rounded down: at the mark, or at the careful price when in doubt.

    Opening and leaving are careful, liquidation is not: what only time changes may not move a maintenance surplus.
    """
    mark = state.instruments[state.assets[asset].price_instrument].mark_ticks
    if careful:
        mark = careful_ticks(state, state.assets[asset].price_instrument)
    return collateral_value_at_down(state, asset, amount_quanta, mark, maintenance)


@kernel
def collateral_value_at_down(state, asset, amount_quanta, price_ticks, maintenance):
    """Value of collateral at a price, weighted for a level, rounded down."""
    terms = state.assets[asset]
    value = mul_div_down(amount_quanta, price_ticks * terms.value_num, terms.value_den)
    return mul_div_down(value, terms.maintenance_ppm if maintenance else terms.initial_ppm, PPM)


@kernel
def judge(state, account, level):
    """(equity, requirement, gains, notional) of an account at a level, all in quanta.

    `gains` is the sum over positions of value - cost; equity contains it, less the funding that is due. So whether
    funding was posted or not makes no difference to any of the four.
    """
    equity = state.accounts[account].wallet_quanta
    requirement = 0
    gains = 0
    notional = 0
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        lots = position.lots
        if lots != 0:
            instrument = state.instruments[position.instrument]
            per_lot_tick = state.contracts[position.instrument].quanta_per_lot_tick
            value = value_quanta(lots, instrument.mark_ticks, per_lot_tick)
            gains += value - position.cost_quanta
            change = instrument.funding_index - position.funding_index
            if change > 0:
                equity -= mul_div_up(lots, change, FUNDING_SCALE)
            elif change < 0:
                equity -= mul_div_up(-lots, -change, FUNDING_SCALE)
            notional += abs(value)
        requirement += exposure_requirement_up(state, level, row, lots)
        row = position.next
    equity += gains
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        equity += collateral_value_down(
            state,
            holding.asset,
            holding.amount_quanta,
            state.levels[level].maintenance_weights == 1,
            level == Level.INITIAL,
        )
        row = holding.next
    return equity, requirement, gains, notional


@kernel
def gain_of(state, row):
    """Value minus cost minus funding due of one position at the mark."""
    position = state.positions[row]
    instrument = state.instruments[position.instrument]
    per_lot_tick = state.contracts[position.instrument].quanta_per_lot_tick
    gain = value_quanta(position.lots, instrument.mark_ticks, per_lot_tick) - position.cost_quanta
    change = instrument.funding_index - position.funding_index
    if change >= 0:
        return gain - mul_div_up(position.lots, change, FUNDING_SCALE)
    return gain - mul_div_up(-position.lots, -change, FUNDING_SCALE)


@kernel
def position_notional(state, row):
    """Size of one position at the mark, in quanta."""
    position = state.positions[row]
    per_lot_tick = state.contracts[position.instrument].quanta_per_lot_tick
    return value_quanta(abs(position.lots), state.instruments[position.instrument].mark_ticks, per_lot_tick)


@kernel
def lots_to_lower_tier(state, row):
    """Least lots to close so that the position falls below the floor of its maintenance bracket; all in the first."""
    position = state.positions[row]
    instrument = position.instrument
    schedule = state.schedules[Level.MAINTENANCE * state.instruments.shape[0] + instrument]
    held = abs(position.lots)
    if schedule.bracket_count == 0:
        return held
    floor = state.brackets[bracket_row(state, schedule, position_notional(state, row))].floor_quanta
    if floor == 0:
        return held
    per_lot = value_quanta(1, state.instruments[instrument].mark_ticks, state.contracts[instrument].quanta_per_lot_tick)
    return held - (floor - 1) // per_lot


@kernel
def lots_to_health(state, row, equity_quanta, requirement_quanta, target_ppm, fee_ppm):
    """Least lots of this position to close at the mark so that equity covers target x maintenance; all if none does.

    Closing n lots at the mark costs the penalty fee_ppm of their value and frees requirement. The rulebook is refused
    if the penalty could outgrow what is freed, so the search may halve.
    """
    position = state.positions[row]
    instrument = position.instrument
    held = abs(position.lots)
    per_lot = value_quanta(1, state.instruments[instrument].mark_ticks, state.contracts[instrument].quanta_per_lot_tick)
    others = requirement_quanta - exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots)
    low = 1
    high = held
    while low < high:
        middle = (low + high) // 2
        left = exposure_requirement_up(state, Level.MAINTENANCE, row, held - middle)
        equity_after = equity_quanta - mul_div_up(per_lot * middle, fee_ppm, PPM)
        if equity_after >= mul_div_up(others + left, target_ppm, PPM):
            high = middle
        else:
            low = middle + 1
    return high
