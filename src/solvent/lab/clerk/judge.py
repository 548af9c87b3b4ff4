"""What the clerk thinks an account is worth and must hold, from floors and rates as the rulebook states them.

    marginal   sum over brackets of rate_k x (part of the notional inside bracket k): wholes and rests summed apart,
               so that the sum is rounded once
    whole      rate of the bracket the notional is in x notional
    by size    the same, the bracket found by lots
    leverage   notional x scale / leverage, never less than its brackets
    curve      ceil(ceil(notional x clip(base + slope x excess ** exponent, floor, cap)) x scale)
    added      a sum, a share, a reward between bounds, a premium over size
    collateral at a weight, in tiers of amount or value, or less the discount of selling it at once

    scenarios  per group of markets: the worst of the stated moves, hedged and unhedged charges added or held against it
    multiplied what stands, by the multiplier of its side as it was told

Collateral counts at the mark here, and new risk without its multiplier and without caution; where that makes the
machine ask for more at the initial level, what the clerk asks there is weaker than the rule, never stronger. What is
not named in `knows` makes it leave judgements to the auditor.
"""

from solvent.codes import ContractKind, Driver, Exponent, Level, Schedule, SystemAccount, Weighting
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.numbers import SAFE, ceil_quotient, funding_due, wide_floor
from solvent.units import PPB, PPM


@step
def knows(state):
    """True when everything accounts are judged by is of a kind this file has a formula for."""
    for row in range(state.schedules.shape[0]):
        kind = state.schedules[row].kind
        if kind < Schedule.ZERO or kind > Schedule.SCENARIO:
            return False
        if state.schedules[row].exponent > Exponent.ROOT or state.schedules[row].driver > Driver.OPEN_INTEREST:
            return False
    for row in range(state.contracts.shape[0]):
        if state.contracts[row].kind > ContractKind.INVERSE:
            return False
    for row in range(1, state.assets.shape[0]):
        if state.assets[row].weighting < Weighting.FIXED or state.assets[row].weighting > Weighting.IMPACT:
            return False
    for row in range(state.assets.shape[0]):
        if state.assets[row].borrow_limit_amount > 0:
            return False  # what is owed, cash or collateral, counts otherwise, and is the auditor's
    return True


@step
def stepped(state, first, count, size, denominator):
    """(wholes, rest over the denominator) of the sum of rate x slice over the slices below a size."""
    whole = 0
    rest = 0
    for place in range(count):
        bracket = state.brackets[first + place]
        if bracket.floor_quanta >= size:
            break
        upper = size
        if place + 1 < count:
            upper = min(size, state.brackets[first + place + 1].floor_quanta)
        part = upper - bracket.floor_quanta
        whole += part // denominator * bracket.numerator
        rest += part % denominator * bracket.numerator
        whole += rest // denominator
        rest %= denominator
    return whole, rest


@step
def numerator_at(state, first, count, size):
    """The rate of the bracket a size is in."""
    numerator = 0
    for place in range(count):
        if state.brackets[first + place].floor_quanta <= size:
            numerator = state.brackets[first + place].numerator
    return numerator


@step
def root_of(number):
    """The largest whole number whose square is not above, by Newton from above."""
    if number < 2:
        return number
    guess = number
    better = (guess + 1) // 2
    while better < guess:
        guess = better
        better = (guess + number // guess) // 2
    return guess


@step
def curve_ppb(state, clerk, schedule, market, lots, notional):
    """clip(base + slope x excess ** exponent, floor, cap), in whole steps of the rate."""
    driver = 0
    if schedule.driver == Driver.SIZE:
        driver = lots
    elif schedule.driver == Driver.NOTIONAL:
        driver = notional
    elif schedule.driver == Driver.OPEN_INTEREST:
        # the floor of the size: of an inverse contract the shorts have it, of a linear one both sides
        lots = clerk.interest[market]
        if state.contracts[market].kind == ContractKind.INVERSE:
            lots = -lots
        driver = marked(state, market, lots, clerk.mark[market])
    excess = max(driver - schedule.threshold, 0)
    if schedule.step > 0:
        excess = ceil_quotient(excess, schedule.step)
    if schedule.exponent == Exponent.SQUARE:
        if schedule.slope_num > 0 and excess > SAFE // schedule.slope_num:
            return schedule.cap_ppb - schedule.cap_ppb % schedule.rate_step_ppb
        rise = wide_floor(excess, excess * schedule.slope_num, schedule.slope_den)
    elif schedule.exponent == Exponent.ROOT:
        # the root to ten binary places, rounded down
        root = root_of(excess << 20) if excess < 1 << 40 else root_of(excess) << 10
        rise = wide_floor(root, schedule.slope_num, schedule.slope_den) >> 10
    else:
        rise = wide_floor(excess, schedule.slope_num, schedule.slope_den)
    rate = min(max(schedule.base_ppb + min(rise, SAFE), schedule.floor_ppb), schedule.cap_ppb)
    return rate // schedule.rate_step_ppb * schedule.rate_step_ppb


@step
def added_to(schedule, lots, notional):
    """What a level asks on top of its rates: a sum, a share, a reward between bounds, a premium over size."""
    added = schedule.add_fixed_quanta - wide_floor(-notional, schedule.add_ppm, PPM)
    if schedule.reward_ppm > 0:
        reward = -wide_floor(-notional, schedule.reward_ppm, PPM)
        added += min(max(reward, schedule.reward_min_quanta), schedule.reward_max_quanta)
    if schedule.premium_num > 0:
        premium = -wide_floor(-lots, schedule.premium_num, schedule.premium_den)
        added -= wide_floor(-notional, premium, PPB)
    return added


@step
def required_of(state, clerk, level, market, lots, leverage):
    """Requirement of a position of so many lots (no sign), rounded up."""
    notional = sized(state, market, lots, clerk.mark[market])
    if notional == 0:
        return 0
    schedule = state.schedules[level * state.instruments.shape[0] + market]
    first = schedule.first_bracket
    count = schedule.bracket_count
    kind = schedule.kind
    bound = 0
    if kind == Schedule.CURVE or kind == Schedule.SCENARIO:
        rate = schedule.base_ppb + 0
        if kind == Schedule.CURVE:
            rate = curve_ppb(state, clerk, schedule, market, lots, notional)
        bound = -wide_floor(wide_floor(-notional, rate, PPB), schedule.scale_ppm, PPM)
    elif kind != Schedule.ZERO and count > 0:
        denominator = schedule.denominator
        if kind == Schedule.BRACKETS_MARGINAL or kind == Schedule.USER_LEVERAGE:
            whole, rest = stepped(state, first, count, notional, denominator)
            bound = whole + ceil_quotient(rest, denominator)
        else:
            size = lots if kind == Schedule.BRACKETS_BY_SIZE else notional
            bound = -wide_floor(-notional, numerator_at(state, first, count, size), denominator)
    if kind == Schedule.USER_LEVERAGE and leverage > 0:
        bound = max(bound, -wide_floor(-notional, schedule.scale_ppm, PPM * leverage))
    return bound + added_to(schedule, lots, notional)


@step
def collateral_of(state, clerk, asset, amount, level):
    """Worth of a holding at the mark, weighted for a level, rounded down."""
    terms = state.assets[asset]
    price = clerk.mark[terms.price_instrument] * terms.value_num
    if terms.weighting == Weighting.TIERS_OF_AMOUNT:
        whole, _rest = stepped(state, terms.first_bracket, terms.bracket_count, amount, PPM)
        return wide_floor(whole, price, terms.value_den)
    value = wide_floor(amount, price, terms.value_den)
    if terms.weighting == Weighting.TIERS_OF_VALUE:
        whole, _rest = stepped(state, terms.first_bracket, terms.bracket_count, value, PPM)
        return whole
    if terms.weighting == Weighting.IMPACT:
        discount = -wide_floor(-amount, terms.impact_num, terms.impact_den)
        discount = min(max(discount, terms.impact_floor_ppm), terms.impact_cap_ppm)
        return wide_floor(value, PPM - discount, PPM)
    weight = terms.maintenance_ppm if state.levels[level].maintenance_weights == 1 else terms.initial_ppm
    return wide_floor(value, weight, PPM)


@step
def marked(state, market, lots, price):
    """Value of signed lots at a price, rounded down; an inverse one is a debt of coin that shrinks as it rises."""
    unit = state.contracts[market].quanta_per_lot_tick
    if state.contracts[market].kind == ContractKind.INVERSE:
        return wide_floor(-lots, unit, price)
    return lots * price * unit


@step
def sized(state, market, lots, price):
    """Notional of so many lots at a price, rounded up: what is owed for selling them, with the sign of a debt."""
    count = abs(lots)
    if state.contracts[market].kind == ContractKind.INVERSE:
        return -marked(state, market, count, price)
    return marked(state, market, count, price)


@step
def traded(state, market, lots, price):
    """Value of signed lots that change hands, to the nearest, halves away from zero."""
    if state.contracts[market].kind != ContractKind.INVERSE:
        return marked(state, market, lots, price)
    doubled = wide_floor(2 * abs(lots), state.contracts[market].quanta_per_lot_tick, price)
    size = (doubled + 1) // 2
    return -size if lots > 0 else size


@step
def exposed(state, clerk, account, market):
    """Notional of a position at the mark with the sign of its lots: what a move of the price is taken of."""
    size = sized(state, market, clerk.lots[account, market], clerk.mark[market])
    return size if clerk.lots[account, market] > 0 else -size


@step
def lot_value(state, clerk, market):
    """About what one lot is worth at the mark, at least a quantum: for drawing, not for judging."""
    return max(sized(state, market, 1, clerk.mark[market]), 1)


@step
def unscaled_required(state, clerk, account, market, level):
    """Requirement of one position, with open orders at their worst where the level counts them, no multiplier yet."""
    lots = clerk.lots[account, market]
    if lots == 0 and clerk.bid_lots[account, market] == 0 and clerk.ask_lots[account, market] == 0:
        return 0
    leverage = clerk.leverage[account, market]
    terms = state.levels[level]
    if terms.includes_orders == 0:
        return required_of(state, clerk, level, market, abs(lots), leverage)
    bids = clerk.bid_lots[account, market]
    asks = clerk.ask_lots[account, market]
    worst = max(abs(lots), abs(lots + bids), abs(lots - asks))
    required = required_of(state, clerk, level, market, worst, leverage)
    if terms.open_loss == 1:
        price = clerk.mark[market]
        sign = -1 if state.contracts[market].kind == ContractKind.INVERSE else 1
        required += max(sign * clerk.bid_quanta[account, market] - marked(state, market, bids, price), 0)
        required += max(-marked(state, market, -asks, price) - sign * clerk.ask_quanta[account, market], 0)
    return required


@step
def position_required(state, clerk, account, market, level):
    """The same times the multiplier of its side, or of the dearer side where orders may turn it round."""
    required = unscaled_required(state, clerk, account, market, level)
    if level == Level.INITIAL or required == 0:
        return required
    lots = clerk.lots[account, market]
    times = 0
    if lots >= 0:
        times = clerk.charged[2 * market]
    if lots <= 0:
        times = max(times, clerk.charged[2 * market + 1])
    if state.levels[level].includes_orders == 1:
        if clerk.bid_lots[account, market] != 0 or clerk.ask_lots[account, market] != 0:
            times = max(clerk.charged[2 * market], clerk.charged[2 * market + 1])
    if times <= PPM:
        return required
    return -wide_floor(-required, times, PPM)


@step
def is_joint(state, level, market):
    """True when positions in the market are judged together with others, under scenarios."""
    if state.levels[level].scenario == 0:
        return False
    return state.schedules[level * state.instruments.shape[0] + market].kind == Schedule.SCENARIO


@step
def is_of_unit(state, clerk, account, level, market, unit):
    """True when the account has lots in a market of the scenario group."""
    if clerk.lots[account, market] == 0 or not is_joint(state, level, market):
        return False
    return state.policy[0].scenario_by_unit == 0 or state.contracts[market].risk_unit == unit


@step
def loss_under(state, clerk, account, level, unit, scenario):
    """What the group loses under one scenario, rounded up: wholes and rests of value x move summed apart."""
    markets = clerk.mark.shape[0]
    whole = 0
    rest = 0
    for market in range(markets):
        if is_of_unit(state, clerk, account, level, market, unit):
            value = exposed(state, clerk, account, market)
            move = state.shocks[scenario * markets + market].move_ppb
            size = abs(value)
            reach = abs(move)
            part = wide_floor(size, reach, PPB)
            left = (size % PPB) * (reach % PPB) % PPB
            if (value > 0) == (move > 0):
                whole += part
                rest += left
            else:
                whole -= part
                rest -= left
    return -(whole + rest // PPB)


@step
def unit_required(state, clerk, account, level, first, unit):
    """What one scenario group requires; `first` is its first market, whose scale counts."""
    policy = state.policy[0]
    markets = clerk.mark.shape[0]
    net = 0
    gross = 0
    for market in range(first, markets):
        if is_of_unit(state, clerk, account, level, market, unit):
            value = exposed(state, clerk, account, market)
            net += value
            gross += abs(value)
    worst = 0
    for scenario in range(policy.scenario_count):
        worst = max(worst, loss_under(state, clerk, account, level, unit, scenario))
    charge = -wide_floor(-abs(net), policy.scenario_unhedged_ppm, PPM)
    charge -= wide_floor(abs(net) - gross, policy.scenario_hedged_ppm, PPM)
    worst = max(worst, charge) if policy.scenario_charge_least == 1 else worst + charge
    return -wide_floor(-worst, state.schedules[level * markets + first].scale_ppm, PPM)


@step
def joint_required(state, clerk, account, level):
    """Positions under scenarios: their groups, what is added to each position, and what open orders ask on top."""
    markets = clerk.mark.shape[0]
    total = 0
    for market in range(markets):
        if not is_joint(state, level, market):
            continue
        lots = abs(clerk.lots[account, market])
        schedule = state.schedules[level * markets + market]
        if state.levels[level].includes_orders == 1:
            total += unscaled_required(state, clerk, account, market, level)
            total -= required_of(state, clerk, level, market, lots, 0)
        if lots == 0:
            continue
        total += added_to(schedule, lots, sized(state, market, lots, clerk.mark[market]))
        unit = state.contracts[market].risk_unit
        is_first = True
        for before in range(market):
            if is_of_unit(state, clerk, account, level, before, unit):
                is_first = False
        if is_first:
            total += unit_required(state, clerk, account, level, market, unit)
    return total


@step
def requirement_of(state, clerk, account, level):
    """Sum over the markets; what is judged together once."""
    total = 0
    for market in range(clerk.mark.shape[0]):
        if not is_joint(state, level, market):
            total += position_required(state, clerk, account, market, level)
    if state.levels[level].scenario == 1:
        total += joint_required(state, clerk, account, level)
    return total


@step
def gain_in(state, clerk, account, market):
    """Value less cost less funding owed of one position, at the mark."""
    lots = clerk.lots[account, market]
    if lots == 0:
        return 0
    due = funding_due(lots, clerk.funding[market] - clerk.settled[account, market])
    return marked(state, market, lots, clerk.mark[market]) - clerk.cost[account, market] - due


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
            total += collateral_of(state, clerk, asset, amount, level)
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
        notional += sized(state, market, clerk.lots[account, market], clerk.mark[market])
    need = -wide_floor(-notional, policy.withdraw_notional_ppm, PPM)
    need = max(need, requirement_of(state, clerk, account, Level.INITIAL))
    gains = 0
    if policy.withdraw_gains == 0:
        gains = max(gains_of(state, clerk, account), 0)
    return equity_of(state, clerk, account, Level.INITIAL) - need - gains


@step
def pool_behind(state, market):
    """Account of the pool behind a market, the vault's where none is named; -1 while the pool is not open."""
    if market < 0:
        return SystemAccount.VAULT + 0
    return state.vaults[state.backings[market].pool].account + 0


@step
def is_own_pool(state, account):
    """True when the account is the vault's or another pool's."""
    for row in range(state.vaults.shape[0]):
        if state.vaults[row].account == account:
            return True
    return False
