"""The equity of an account and what each level of the ladder requires of it.

    equity_level  = wallet + sum(value at the mark - cost - funding due) + sum(value of collateral at the level)
    requirement   = sum over positions of what each must hold, with open orders at their worst where the level says so;
                    positions under scenarios are judged together

A requirement is rounded up, an equity down.
"""

from solvent.codes import Level, Schedule
from solvent.compiled import kernel
from solvent.risk.margin.collateral import collateral_value_down
from solvent.risk.margin.option import option_exposure_up
from solvent.risk.margin.position import exposure_requirement_up, lots_requirement_up
from solvent.risk.margin.scenario import scenario_requirement_up
from solvent.state.multipliers import scaled_up
from solvent.state.options import is_option
from solvent.state.tables import NONE
from solvent.state.values import marked_quanta, notional_up
from solvent.units import FUNDING_SCALE, mul_div_down, mul_div_up


@kernel
def requirement_change(state, level, account, row, instrument, lots_after):
    """By how much the requirement of the account changes when its position becomes `lots_after`; row may be NONE."""
    schedule = state.schedules[level * state.instruments.shape[0] + instrument]
    if schedule.kind == Schedule.SCENARIO:
        return scenario_requirement_up(state, account, level, instrument, lots_after) - scenario_requirement_up(
            state, account, level, NONE, 0
        )
    if row == NONE and is_option(state, instrument):
        return option_exposure_up(state, level, instrument, lots_after, 0, 0, 0, 0)
    if row != NONE:
        return exposure_requirement_up(state, level, row, lots_after) - exposure_requirement_up(
            state, level, row, state.positions[row].lots
        )
    required = lots_requirement_up(state, level, instrument, lots_after)
    return scaled_up(state, level, instrument, lots_after, False, required)


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
            contract = state.contracts[position.instrument]
            gains += marked_quanta(contract, lots, instrument.mark_ticks) - position.cost_quanta
            change = instrument.funding_index - position.funding_index
            if change > 0:
                equity -= mul_div_up(lots, change, FUNDING_SCALE)
            elif change < 0:
                equity -= mul_div_up(-lots, -change, FUNDING_SCALE)
            notional += notional_up(contract, abs(lots), instrument.mark_ticks)
        if state.levels[level].scenario == 0:
            requirement += exposure_requirement_up(state, level, row, lots)
        elif state.schedules[level * state.instruments.shape[0] + position.instrument].kind != Schedule.SCENARIO:
            requirement += exposure_requirement_up(state, level, row, lots)
        row = position.next
    equity += gains
    if state.levels[level].scenario == 1:
        requirement += scenario_requirement_up(state, account, level, NONE, 0)
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
def lowers_health(equity, change, requirement, requirement_after):
    """True when equity / requirement falls by so much change of equity; without equity, when any is lost.

    The ratios are compared by multiplying across; quanta, requirements not negative.
    """
    if equity <= 0:
        return change < 0
    if equity + change < 0:
        return True
    return requirement_after > 0 and mul_div_down(equity + change, requirement, requirement_after) < equity
