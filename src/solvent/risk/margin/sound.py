"""Which schedules, weights and scenarios the machine's arithmetic and order can rely on.

Rates never fall with size and never ask more than the notional, weights of collateral never rise with its amount, and
no product can wrap: what is refused here could break the certificate of the watch or a bound of the units.
"""

from solvent.codes import ContractKind, Driver, Exponent, Schedule, Weighting
from solvent.compiled import kernel
from solvent.risk.margin.curve import curve_rate_ppb
from solvent.state.terms import MOVE_MAX_PPM, SCENARIOS_MAX
from solvent.units import LIMIT, PPB, PPM, RATE_DENOMINATOR_MAX, VALUE_MAX, mul_div_down, mul_div_up, mul_saturated


@kernel
def are_brackets_sound(state, first, count, denominator, marginal, falling):
    """True when the brackets exist, rise in floor and rate (or fall in rate), and their deductions follow."""
    if count < 1 or first < 0 or first + count > state.brackets.shape[0]:
        return False
    if denominator < 1 or denominator > RATE_DENOMINATOR_MAX:
        return False
    whole = 0
    rest = 0
    for row in range(first, first + count):
        bracket = state.brackets[row]
        if bracket.numerator < 0 or bracket.numerator > denominator:
            return False
        if row == first:
            if bracket.floor_quanta != 0:
                return False
        else:
            before = state.brackets[row - 1]
            if bracket.floor_quanta <= before.floor_quanta or bracket.floor_quanta > LIMIT:
                return False
            step = bracket.numerator - before.numerator
            if (step > 0 and falling) or (step < 0 and not falling):
                return False
            if marginal:
                # D_k = D_(k-1) + floor_k x (n_k - n_(k-1)), in wholes and rests of the denominator
                more = mul_div_down(bracket.floor_quanta, abs(step), denominator)
                left = bracket.floor_quanta % denominator * abs(step) % denominator
                if step >= 0:
                    whole += more + (rest + left) // denominator
                    rest = (rest + left) % denominator
                else:
                    whole += -more + (rest - left) // denominator
                    rest = (rest - left) % denominator
        if bracket.deduction_whole != whole or bracket.deduction_rest != rest:
            return False
    return True


@kernel
def largest_slope_ppm(state, schedule, lots_max):
    """Largest slope in the notional of all that a position is asked for, rounded up."""
    slope = 0
    kind = schedule.kind
    if kind == Schedule.CURVE:
        rate = schedule.cap_ppb
        if schedule.driver == Driver.NONE:
            rate = curve_rate_ppb(schedule, 0)
        elif schedule.driver == Driver.SIZE:
            rate = curve_rate_ppb(schedule, lots_max)
        slope = mul_div_up(mul_div_up(rate, PPM, PPB), schedule.scale_ppm, PPM)
    elif kind == Schedule.SCENARIO:
        slope = mul_div_up(mul_div_up(schedule.base_ppb, PPM, PPB), schedule.scale_ppm, PPM)
    elif kind != Schedule.ZERO and kind != Schedule.OPTION:
        last = state.brackets[schedule.first_bracket + schedule.bracket_count - 1]
        slope = mul_div_up(last.numerator, PPM, schedule.denominator)
    if schedule.premium_num > 0:
        slope += mul_div_up(mul_div_up(lots_max, schedule.premium_num, schedule.premium_den), PPM, PPB)
    return slope + schedule.add_ppm + schedule.reward_ppm


@kernel
def are_additions_sound(schedule):
    """True when what is added is not negative and small enough to be added up."""
    if schedule.add_fixed_quanta < 0 or schedule.add_fixed_quanta > VALUE_MAX:
        return False
    if schedule.add_ppm < 0 or schedule.add_ppm > PPM or schedule.reward_ppm < 0 or schedule.reward_ppm > PPM:
        return False
    if schedule.reward_min_quanta < 0 or schedule.reward_max_quanta < schedule.reward_min_quanta:
        return False
    if schedule.reward_max_quanta > VALUE_MAX or schedule.premium_num < 0 or schedule.premium_num > LIMIT:
        return False
    return schedule.premium_num == 0 or (schedule.premium_den >= 1 and schedule.premium_den <= LIMIT)


@kernel
def is_curve_sound(schedule, lots_max):
    """True when the curve never falls, stays between its bounds and cannot wrap."""
    if schedule.driver < Driver.NONE or schedule.driver > Driver.OPEN_INTEREST:
        return False
    if schedule.exponent < Exponent.LINE or schedule.exponent > Exponent.ROOT:
        return False
    if (
        schedule.base_ppb < 0
        or schedule.floor_ppb < 0
        or schedule.cap_ppb > PPB
        or schedule.base_ppb > schedule.cap_ppb
    ):
        return False
    if schedule.floor_ppb > schedule.cap_ppb or schedule.rate_step_ppb < 1 or schedule.rate_step_ppb > PPM:
        return False
    if schedule.slope_num < 0 or schedule.slope_num > LIMIT or schedule.slope_den < 1 or schedule.slope_den > LIMIT:
        return False
    if schedule.threshold < 0 or schedule.threshold > LIMIT or schedule.step < 0 or schedule.step > VALUE_MAX:
        return False
    if schedule.exponent == Exponent.SQUARE and schedule.driver == Driver.SIZE:
        return mul_saturated(lots_max, schedule.slope_num) < LIMIT
    return True


@kernel
def is_schedule_sound(state, schedule, lots_max):
    """True when everything a position of at most `lots_max` can be asked for rises with size and is never above it."""
    kind = schedule.kind
    if kind < Schedule.ZERO or kind > Schedule.OPTION:
        return False
    if not are_additions_sound(schedule):
        return False
    if schedule.scale_ppm < 0 or schedule.scale_ppm > 10 * PPM:
        return False
    if kind == Schedule.CURVE:
        if not is_curve_sound(schedule, lots_max):
            return False
    elif kind == Schedule.SCENARIO:
        if schedule.base_ppb < 0 or schedule.base_ppb > MOVE_MAX_PPM * 1_000:
            return False
    elif kind == Schedule.OPTION:
        if schedule.floor_ppb < 0 or schedule.floor_ppb > schedule.base_ppb or schedule.base_ppb > PPB:
            return False
        if schedule.cap_ppb < 0 or schedule.cap_ppb > PPB:
            return False
    elif kind != Schedule.ZERO:
        marginal = kind == Schedule.BRACKETS_MARGINAL or kind == Schedule.USER_LEVERAGE
        if not are_brackets_sound(
            state, schedule.first_bracket, schedule.bracket_count, schedule.denominator, marginal, False
        ):
            return False
    # the watch spends a short's surplus at this rate: too small a one would break its certificate
    if schedule.rate_max_ppm < largest_slope_ppm(state, schedule, lots_max):
        return False
    return schedule.rate_max_ppm <= PPM or kind == Schedule.SCENARIO


@kernel
def is_weighting_sound(state, asset):
    """True when an amount of the asset is worth at most its price, and never less for more of it at the margin."""
    kind = asset.weighting
    if kind < Weighting.FIXED or kind > Weighting.IMPACT:
        return False
    if kind == Weighting.TIERS_OF_AMOUNT or kind == Weighting.TIERS_OF_VALUE:
        return are_brackets_sound(state, asset.first_bracket, asset.bracket_count, PPM, True, True)
    if kind == Weighting.IMPACT:
        if asset.impact_num < 0 or asset.impact_num > LIMIT or asset.impact_den < 1 or asset.impact_den > LIMIT:
            return False
        if asset.impact_floor_ppm < 0 or asset.impact_floor_ppm > asset.impact_cap_ppm:
            return False
        return asset.impact_cap_ppm <= PPM
    return True


@kernel
def are_scenarios_sound(state):
    """True when the scenarios fit the table, their moves fit the arithmetic, and hedging costs less."""
    policy = state.policy[0]
    instruments = state.instruments.shape[0]
    if policy.scenario_count < 0 or policy.scenario_count > SCENARIOS_MAX:
        return False
    if policy.scenario_count * instruments > state.shocks.shape[0]:
        return False
    for row in range(policy.scenario_count * instruments):
        move = state.shocks[row].move_ppb
        # the value of an inverse contract in coin has no least move: a price that falls by half doubles it
        least = -PPB
        if state.contracts[row % instruments].kind == ContractKind.INVERSE:
            least = -MOVE_MAX_PPM * 1_000
        if move < least or move > MOVE_MAX_PPM * 1_000:
            return False
    if policy.scenario_hedged_ppm < 0 or policy.scenario_hedged_ppm > policy.scenario_unhedged_ppm:
        return False
    return policy.scenario_unhedged_ppm <= PPM
