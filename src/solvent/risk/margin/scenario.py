"""Scenario margin: an account must survive the worst of many joint price moves.

    loss_s  = - sum over positions of value_i x move_si x weight_s             notional signed as lots, at the mark
    charge  = unhedged x |sum value_i| + hedged x (sum |value_i| - |sum value_i|)
    required = ceil(scale x (max over s of loss_s (+) charge)) + what the level adds for each position

where (+) adds the charge or takes the larger of the two, as the rulebook says. Positions of one risk unit are shocked
together: all of the account, or those of each underlying for itself, whose requirements then add up. Moves are kept
with their weight in parts per billion, `shocks`, a row for each scenario and instrument; of an inverse contract it is
the move of its value in coin, d / (1 + d) of a price that moves by d (Deribit). Sources: CME SPAN's scan risk;
Deribit, OKX, Paradex and Derive name their moves in the presets.

Arithmetic. |value| < 2**54 and moves are at most 3 x 10**9 ppb, so with value = q x 10**9 + r the sum over 64 positions
of q x move stays below 2**25 x 2**32 x 2**6, and r x move below 2**62: nothing wraps, and a loss is rounded once, up.
Open orders count as their position's own worst move, standing alone: more than any joint scenario asks.
"""

import numpy as np

from solvent.codes import Schedule
from solvent.compiled import kernel
from solvent.risk.margin.additions import additions_up
from solvent.risk.margin.position import requirement_up, unscaled_requirement_up
from solvent.state.tables import NONE
from solvent.state.values import exposure_quanta
from solvent.units import PPB, PPM, mul_div_up


@kernel
def scenario_requirement_up(state, account, level, instrument_changed, lots_changed):
    """Requirement of the account's positions under a scenario schedule, as if one of them held `lots_changed`.

    `instrument_changed` is NONE when nothing changes; a market the account is not in yet counts as well.
    """
    instruments = state.instruments.shape[0]
    room = 1
    row = state.accounts[account].first_position
    while row != NONE:
        room += 1
        row = state.positions[row].next
    values = np.empty(room, np.int64)
    markets = np.empty(room, np.int64)
    count = 0
    required = 0
    changes = instrument_changed != NONE
    row = state.accounts[account].first_position
    while row != NONE or changes:
        if row != NONE:
            instrument = np.int64(state.positions[row].instrument)
            lots = state.positions[row].lots
            if instrument == instrument_changed:
                lots = lots_changed
                changes = False
        else:
            instrument = np.int64(instrument_changed)
            lots = lots_changed
            changes = False
        schedule = state.schedules[level * instruments + instrument]
        if schedule.kind == Schedule.SCENARIO:
            value = exposure_quanta(state.contracts[instrument], lots, state.instruments[instrument].mark_ticks)
            if row != NONE and state.positions[row].orders != NONE:
                exposed = unscaled_requirement_up(state, level, row, lots)
                required += exposed - requirement_up(state, level, instrument, abs(lots), abs(value), 0)
            if lots != 0:
                values[count] = value
                markets[count] = instrument
                count += 1
                required += additions_up(schedule, abs(lots), abs(value))
        if row != NONE:
            row = state.positions[row].next
    return required + joint_requirement_within_up(state, level, markets, values, values, count)


@kernel
def joint_requirement_within_up(state, level, markets, lows, highs, count):
    """Worst joint loss, with its charge, of `count` values in these markets, each anywhere from low to high; up.

    A scenario takes most of each value at one of its ends, whichever its move says, whatever the others are. Hedging
    costs less (hedged <= unhedged), so the charge is largest at the largest net and gross. Of values that cannot move
    it is their requirement, exactly.
    """
    instruments = state.instruments.shape[0]
    policy = state.policy[0]
    chosen = np.empty(max(count, 1), np.int64)
    scale = 0
    asked = 0
    for first in range(count):
        unit = state.contracts[markets[first]].risk_unit if policy.scenario_by_unit == 1 else 0
        is_first = True
        if policy.scenario_by_unit == 1:
            for i in range(first):
                if state.contracts[markets[i]].risk_unit == unit:
                    is_first = False
        elif first > 0:
            break
        if not is_first:
            continue
        scale = state.schedules[level * instruments + markets[first]].scale_ppm
        net_low = 0
        net_high = 0
        gross = 0
        members = 0
        for i in range(first, count):
            if policy.scenario_by_unit == 0 or state.contracts[markets[i]].risk_unit == unit:
                net_low += lows[i]
                net_high += highs[i]
                gross += max(abs(lows[i]), abs(highs[i]))
                chosen[members] = i
                members += 1
        worst = 0
        for scenario in range(policy.scenario_count):
            at = scenario * instruments
            whole = 0
            rest = 0
            for k in range(members):
                i = chosen[k]
                move = state.shocks[at + markets[i]].move_ppb
                value = lows[i] if move >= 0 else highs[i]
                part = value // PPB
                whole += part * move
                part = (value - part * PPB) * move
                carry = part // PPB
                whole += carry
                rest += part - carry * PPB
            loss = -(whole + rest // PPB)
            if loss > worst:
                worst = loss
        net = max(abs(net_low), abs(net_high))
        charge = mul_div_up(net, policy.scenario_unhedged_ppm, PPM)
        charge += mul_div_up(gross - net, policy.scenario_hedged_ppm, PPM)
        worst = max(worst, charge) if policy.scenario_charge_least == 1 else worst + charge
        asked += mul_div_up(worst, scale, PPM)
    return asked
