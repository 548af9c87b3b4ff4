"""What the clerk thinks an account is worth and must hold, from floors and rates as the rulebook states them.

    marginal   sum over brackets of rate_k x (part of the notional inside bracket k): wholes and rests summed apart,
               so that the sum is rounded once
    whole      rate of the bracket the notional is in x notional
    leverage   notional x scale / leverage, never less than its brackets

A kind of schedule, level or asset that is not named in `knows` makes the clerk leave judgements to the auditor.
"""

from solvent.codes import Level, Schedule
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.numbers import ceil_quotient, funding_due, wide_floor
from solvent.units import PPM


@step
def knows(state):
    """True when everything accounts are judged by is of a kind this file has a formula for."""
    markets = state.instruments.shape[0]
    for row in range(state.schedules.shape[0]):
        kind = state.schedules[row].kind
        if kind < Schedule.ZERO or kind > Schedule.USER_LEVERAGE:
            return False
        if state.schedules[row].bracket_count > 0 and state.schedules[row].denominator < 1 and row < 2 * markets:
            return False
    return True


@step
def required_of(state, level, market, notional, leverage):
    """Requirement of one position of this notional, rounded up."""
    schedule = state.schedules[level * state.instruments.shape[0] + market]
    if schedule.kind == Schedule.ZERO or notional == 0:
        return 0
    bound = 0
    if schedule.bracket_count > 0:
        denominator = schedule.denominator
        whole = 0
        rest = 0
        at = 0
        for place in range(schedule.bracket_count):
            bracket = state.brackets[schedule.first_bracket + place]
            if bracket.floor_quanta > notional:
                break
            at = place
            upper = notional
            if place + 1 < schedule.bracket_count:
                upper = min(notional, state.brackets[schedule.first_bracket + place + 1].floor_quanta)
            part = upper - bracket.floor_quanta
            whole += part // denominator * bracket.numerator
            rest += part % denominator * bracket.numerator
            whole += rest // denominator
            rest %= denominator
        if schedule.kind == Schedule.BRACKETS_WHOLE:
            numerator = state.brackets[schedule.first_bracket + at].numerator
            whole = notional // denominator * numerator
            rest = notional % denominator * numerator
        bound = whole + ceil_quotient(rest, denominator)
    if schedule.kind == Schedule.USER_LEVERAGE and leverage > 0:
        return max(bound, -wide_floor(-notional, schedule.scale_ppm, PPM * leverage))
    return bound


@step
def unit_of(state, clerk, market):
    """Quanta one lot is worth at the mark."""
    return clerk.mark[market] * state.contracts[market].quanta_per_lot_tick


@step
def position_required(state, clerk, account, market, level):
    """Requirement of one position, with open orders at their worst where the level counts them."""
    unit = unit_of(state, clerk, market)
    lots = clerk.lots[account, market]
    leverage = clerk.leverage[account, market]
    terms = state.levels[level]
    if terms.includes_orders == 0:
        return required_of(state, level, market, abs(lots) * unit, leverage)
    bids = clerk.bid_lots[account, market]
    asks = clerk.ask_lots[account, market]
    worst = max(abs(lots), abs(lots + bids), abs(lots - asks))
    required = required_of(state, level, market, worst * unit, leverage)
    if terms.open_loss == 1:
        required += max(clerk.bid_quanta[account, market] - bids * unit, 0)
        required += max(asks * unit - clerk.ask_quanta[account, market], 0)
    return required


@step
def requirement_of(state, clerk, account, level):
    """Sum over the markets."""
    total = 0
    for market in range(clerk.mark.shape[0]):
        total += position_required(state, clerk, account, market, level)
    return total


@step
def gain_in(state, clerk, account, market):
    """Value less cost less funding owed of one position, at the mark."""
    lots = clerk.lots[account, market]
    if lots == 0:
        return 0
    due = funding_due(lots, clerk.funding[market] - clerk.settled[account, market])
    return lots * unit_of(state, clerk, market) - clerk.cost[account, market] - due


@step
def gains_of(state, clerk, account):
    """Sum of the gains of all positions."""
    total = 0
    for market in range(clerk.mark.shape[0]):
        total += gain_in(state, clerk, account, market)
    return total


@step
def equity_of(state, clerk, account, level):
    """Wallet, gains and weighted collateral, everything accrued."""
    total = clerk.wallet[account] + gains_of(state, clerk, account)
    for asset in range(1, clerk.held.shape[1]):
        amount = clerk.held[account, asset]
        if amount > 0:
            terms = state.assets[asset]
            price = clerk.mark[terms.price_instrument] * terms.value_num
            weight = terms.maintenance_ppm if state.levels[level].maintenance_weights == 1 else terms.initial_ppm
            total += wide_floor(wide_floor(amount, price, terms.value_den), weight, PPM)
    return total


@step
def surplus_of(state, clerk, account):
    """Equity above the threshold of the first stage; below zero means distressed."""
    equity = equity_of(state, clerk, account, Level.MAINTENANCE)
    required = requirement_of(state, clerk, account, Level.MAINTENANCE)
    first = state.stages[0].or_equal
    if required == 0 and equity >= 0:
        return max(equity - first, 0)
    return equity - required - first


@step
def is_below(state, clerk, account, stage_row):
    """True when the account is below (or at, where the stage says so) the stage's threshold."""
    stage = state.stages[stage_row]
    equity = equity_of(state, clerk, account, stage.level)
    required = requirement_of(state, clerk, account, stage.level)
    if stage.or_equal == 1:
        return equity <= wide_floor(required, stage.scale_ppm, PPM)
    return equity < -wide_floor(-required, stage.scale_ppm, PPM)


@step
def free_of(state, clerk, account):
    """What may leave: equity without gains above the initial requirement and the floor on the notional."""
    policy = state.policy[0]
    notional = 0
    for market in range(clerk.mark.shape[0]):
        notional += abs(clerk.lots[account, market]) * unit_of(state, clerk, market)
    need = -wide_floor(-notional, policy.withdraw_notional_ppm, PPM)
    need = max(need, requirement_of(state, clerk, account, Level.INITIAL))
    gains = 0
    if policy.withdraw_gains == 0:
        gains = max(gains_of(state, clerk, account), 0)
    return equity_of(state, clerk, account, Level.INITIAL) - need - gains
