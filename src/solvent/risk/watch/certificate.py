"""Which rules have a certificate: only what is named here. Whoever holds anything else is judged at every price.

The proof of the safe corner (see the package) needs a lower bound of an account's surplus that never rises while any
trigger is approached, and that nothing but prices and funding moves it between two judgements. With N the notional of
a position and need(N) its requirement, multiplier included, a position is worth N or owes it:

    debt        a linear short, an inverse long (solvent.state.values): its notional grows while it loses
    worth       a linear long, an inverse short: its notional grows while it gains

    slope at most 1     value less need moves the position's way with its price, and so does the whole account under
                        joint scenarios: each scenario, and the charge, is linear in every value at a slope of at most
                        scale x (worst move + charge). One trigger where it loses
    whole brackets      the same inside a bracket; a second trigger before the next one
    any other rise      need never falls while N grows. A debt loses by value and need at once: one trigger. Any other
                        is worth at least its value at the trigger where it loses less its need at the second one,
                        where it gains: `is_bent`
    joint, steeper      a slope above 1 may take more of another position's hedge than the price gives: every position
                        has two triggers. The account is worth at least its values where each loses, less what any
                        scenario asks of values anywhere between the triggers (`joint_requirement_within_up`)

What moves with anything else has none: a curve over open interest moves with what others do. A rule without one may be
right all the same; until somebody has written its certificate the account that is judged by it is `loose`: judged at
every price, which is slow and not wrong. `EventKind.JUDGED_BY_SCAN` tells it when such terms bind, the compiler of
rulebooks notes it, and the audit counts the accounts.

A new kind of rule changes nothing here. A new certificate is a line here, a way to set its triggers in `corner`, and
a brute-force test.
"""

from solvent.codes import ContractKind, Driver, Level, Schedule
from solvent.compiled import kernel
from solvent.risk.watch.mirror import SLOTS_MAX
from solvent.state.tables import NONE
from solvent.units import PPB, PPM, mul_div_up

SMOOTH = 2
ROUGH = 16
JOINT = 40
"""A joint requirement is rounded three times and scaled by at most ten: so many quanta for each position are enough."""


@kernel
def multiplier_most_ppm(state, level, instrument):
    """The larger multiplier of both sides of a market at a level below the initial one."""
    market = state.instruments[instrument]
    if level == Level.INITIAL:
        return max(market.initial_long_ppm, market.initial_short_ppm, PPM)
    return max(market.maintenance_long_ppm, market.maintenance_short_ppm, PPM)


@kernel
def is_joint(tables, level, instrument):
    """True when positions of the market are judged together by scenarios at the level."""
    schedule = tables.schedules[level * tables.contracts.shape[0] + instrument]
    return tables.levels[level].scenario == 1 and schedule.kind == Schedule.SCENARIO


@kernel
def joint_slope_ppm(tables, level, instrument):
    """Largest slope of an account's joint requirement in the value of one position, additions included, rounded up."""
    instruments = tables.contracts.shape[0]
    schedule = tables.schedules[level * instruments + instrument]
    policy = tables.policy[0]
    worst = 0
    for scenario in range(policy.scenario_count):
        worst = max(worst, abs(tables.shocks[scenario * instruments + instrument].move_ppb))
    slope = mul_div_up(worst, PPM, PPB)
    charge = policy.scenario_unhedged_ppm
    slope = max(slope, charge) if policy.scenario_charge_least == 1 else slope + charge
    slope = mul_div_up(slope, schedule.scale_ppm, PPM) + schedule.add_ppm + schedule.reward_ppm
    if schedule.premium_num > 0:
        most = mul_div_up(tables.contracts[instrument].lots_max, schedule.premium_num, schedule.premium_den)
        slope += mul_div_up(most, PPM, PPB)
    return slope


@kernel
def slope_ppm(state, level, instrument, leverage):
    """Largest slope of a position's requirement in its notional, multiplier included, rounded up.

    Of a curve over notional it is a guess: twice its rate. What is built on it is judged before it is relied on.
    """
    if is_joint(state, level, instrument):
        return joint_slope_ppm(state, level, instrument)
    schedule = state.schedules[level * state.contracts.shape[0] + instrument]
    slope = schedule.rate_max_ppm + 0
    if schedule.kind == Schedule.USER_LEVERAGE and leverage > 0:
        slope = max(slope, -(-schedule.scale_ppm // leverage) + schedule.add_ppm + schedule.reward_ppm)
    if schedule.kind == Schedule.CURVE and schedule.driver == Driver.NOTIONAL:
        slope *= 2
    multiplier = multiplier_most_ppm(state, level, instrument)
    return slope if multiplier == PPM else mul_div_up(slope, multiplier, PPM)


@kernel
def is_debt(contract, lots):
    """True for a position that owes its notional, which grows while it loses: a linear short, an inverse long."""
    return (lots < 0) == (contract.kind == ContractKind.LINEAR)


@kernel
def is_bent(state, level, instrument, slope):
    """True when a position may lose surplus while its price moves its way other than at the edge of a bracket."""
    if is_joint(state, level, instrument):
        return slope > PPM
    schedule = state.schedules[level * state.contracts.shape[0] + instrument]
    return slope > PPM or (schedule.kind == Schedule.CURVE and schedule.driver == Driver.NOTIONAL)


@kernel
def has_schedule_certificate(tables, level, instrument):
    """True when what a position of the market is asked for at the level has a certificate."""
    schedule = tables.schedules[level * tables.contracts.shape[0] + instrument]
    kind = schedule.kind
    if kind == Schedule.CURVE:
        return schedule.driver != Driver.OPEN_INTEREST
    return kind >= Schedule.ZERO and kind <= Schedule.SCENARIO


@kernel
def roundings(state, level, instrument):
    """Quanta by which all roundings of a requirement may differ from its real value, at most.

    One ceiling moves by at most one quantum for a quantum of notional, and two is enough. Several together may move by
    several where a price moves favourably: a curve's scale is at most ten, and four things may be added. A multiplier
    multiplies them, and is rounded up itself. An inverse value is rounded down and its notional up: a quantum of each.
    """
    uneven = 0
    if state.contracts[instrument].kind == ContractKind.INVERSE:
        uneven = SMOOTH - (-slope_ppm(state, level, instrument, 1) // PPM)
    if is_joint(state, level, instrument):
        return JOINT + uneven
    schedule = state.schedules[level * state.contracts.shape[0] + instrument]
    added = schedule.add_ppm + schedule.reward_ppm + schedule.premium_num
    rounded = ROUGH if schedule.kind == Schedule.CURVE or schedule.kind == Schedule.SCENARIO or added > 0 else SMOOTH
    multiplier = multiplier_most_ppm(state, level, instrument)
    return uneven + (rounded if multiplier == PPM else rounded * -(-multiplier // PPM) + SMOOTH)


@kernel
def has_contract_certificate(contract):
    """True when a position's value and its size move with its own price alone, the way the triggers of a corner say."""
    return contract.kind == ContractKind.LINEAR or contract.kind == ContractKind.INVERSE


@kernel
def has_level_certificate(level):
    """True when the level row judges positions alone: open orders move with another size than the position's."""
    return level.includes_orders == 0


@kernel
def is_certified(state, level, account):
    """True when everything the account is judged by at the level has a certificate.

    Collateral always has: a fixed weight, a discount of the amount and tiers of the amount are constant factors, and
    tiers of the value have falling weights between nothing and one. A vault may have more slots than a corner.
    """
    terms = state.accounts[account]
    if terms.position_count > SLOTS_MAX:
        return False
    counts_orders = not has_level_certificate(state.levels[level])
    row = terms.first_position
    while row != NONE:
        position = state.positions[row]
        if counts_orders and position.orders != NONE:
            return False
        if position.lots != 0 and not has_schedule_certificate(state, level, position.instrument):
            return False
        if position.lots != 0 and not has_contract_certificate(state.contracts[position.instrument]):
            return False
        row = position.next
    row = terms.first_holding
    while row != NONE:
        if state.holdings[row].amount_quanta < 0:
            return False  # what is owed costs more as its price rises: no trigger is set on that side
        row = state.holdings[row].next
    return True
