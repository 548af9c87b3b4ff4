"""How much of each position a stage closes, and which part of the account's equity stands behind each position."""

import numpy as np

from solvent.codes import FeeBase, Level, Size
from solvent.compiled import kernel
from solvent.risk.liquidation import lots_by_close_factor, lots_of_size, part_of_lots_up
from solvent.risk.margin import (
    exposure_requirement_up,
    lots_down_tiers,
    lots_to_health,
    position_notional,
    requirement_change,
)
from solvent.risk.offer import adapted_lots, grown_ppm
from solvent.state.tables import NONE
from solvent.state.values import notional_up
from solvent.units import POSITIONS_MAX, PPM, mul_div_down, mul_div_up

DEPTH_WITHIN_PPM = 10_000
"""The distance from the mark within which the terms state a market's depth."""


@kernel
def shared_requirement(state, rows, count, requirement):
    """What equity is shared by: the requirement; where positions are judged together, what each needs alone."""
    if state.levels[Level.MAINTENANCE].scenario == 0:
        return requirement
    shared = 0
    for i in range(count):
        shared += exposure_requirement_up(state, Level.MAINTENANCE, rows[i], state.positions[rows[i]].lots)
    return shared


@kernel
def equity_share(state, row, equity, shared, count):
    """The part of the equity that stands behind one position, rounded down."""
    if shared > 0:
        own = exposure_requirement_up(state, Level.MAINTENANCE, row, state.positions[row].lots)
        return mul_div_down(equity, own, shared)
    return equity // count


@kernel
def closing_fee_up(state, stage, row, lots):
    """What the stage's penalty would be for closing so many lots of a position at the mark."""
    position = state.positions[row]
    if stage.fee_base == FeeBase.IMPROVEMENT:
        return 0
    if stage.fee_base == FeeBase.REQUIREMENT:
        held = abs(position.lots)
        freed = exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots) - exposure_requirement_up(
            state, Level.MAINTENANCE, row, (held - lots) if position.lots > 0 else lots - held
        )
        return mul_div_up(max(freed, 0), stage.fee_ppm, PPM)
    mark = state.instruments[position.instrument].mark_ticks
    value = notional_up(state.contracts[position.instrument], lots, mark)
    return mul_div_up(value, stage.fee_ppm, PPM)


@kernel
def lots_after_fee(state, stage, row, equity, requirement):
    """Least lots to close so that equity, less a penalty on the requirement freed, covers the target; all if none does.

    The rulebook is refused if the penalty could outgrow what is freed, so the search may halve.
    """
    position = state.positions[row]
    held = abs(position.lots)
    low = 1
    high = held
    while low < high:
        middle = (low + high) // 2
        after = (held - middle) if position.lots > 0 else middle - held
        left = requirement + requirement_change(
            state, Level.MAINTENANCE, position.account, row, position.instrument, after
        )
        if equity - closing_fee_up(state, stage, row, middle) >= mul_div_up(max(left, 0), stage.size_ppm, PPM):
            high = middle
        else:
            low = middle + 1
    return high


@kernel
def is_restored(state, stage, rows, count, steps, equity, requirement):
    """True when equity covers the target after every position has shrunk by so many steps and paid for it."""
    shrunk = 0
    fees = 0
    for i in range(count):
        position = state.positions[rows[i]]
        held = abs(position.lots)
        lots = part_of_lots_up(held, steps, stage.step_ppm)
        after = (held - lots) if position.lots > 0 else lots - held
        shrunk += exposure_requirement_up(state, Level.MAINTENANCE, rows[i], position.lots) - exposure_requirement_up(
            state, Level.MAINTENANCE, rows[i], after
        )
        fees += closing_fee_up(state, stage, rows[i], lots)
    left = requirement - shrunk
    if state.levels[Level.MAINTENANCE].scenario == 1:
        # positions that shrink alike need together what they needed, in proportion
        left = mul_div_up(requirement, max(PPM - steps * stage.step_ppm, 0), PPM)
    return equity - fees >= mul_div_up(max(left, 0), stage.size_ppm, PPM)


@kernel
def steps_to_health(state, stage, rows, count, equity, requirement):
    """Least number of steps by which all positions must shrink alike to restore the target; all of them if none does.

    The rulebook is refused if the penalty could outgrow what is freed, so the search may halve.
    """
    low = 1
    high = (PPM + stage.step_ppm - 1) // stage.step_ppm
    while low < high:
        middle = (low + high) // 2
        if is_restored(state, stage, rows, count, middle, equity, requirement):
            high = middle
        else:
            low = middle + 1
    return high


@kernel
def adapted(state, stage_row, row, held, notional, lots):
    """What a stage closes of a position in a market as thin as it is now; as planned where the stage does not adapt."""
    share = state.offers[stage_row].depth_ppm
    if share == 0 or lots == 0:
        return lots
    position = state.positions[row]
    dynamic = state.dynamics[2 * position.instrument + (0 if position.lots > 0 else 1)]
    grown = grown_ppm(share, dynamic.depth_ppm)
    return adapted_lots(state.stages[stage_row].size_min_quanta, lots, held, notional, grown)


@kernel
def plan_lots(state, account, stage_row, rows, count, equity, requirement, lots):
    """Write into `lots` how much of each of `rows` the stage closes now; give whether part of the account is left."""
    stage = state.stages[stage_row]
    in_cooldown = stage.round_ns == 0 and state.venue[0].time_ns < state.accounts[account].cooldown_until_ns
    alike = 0
    if stage.sizing == Size.SAME_SHARE and count > 0:
        alike = steps_to_health(state, stage, rows, count, equity, requirement)
    partly = False
    planned = 0
    requirement_left = requirement
    for i in range(count):
        row = rows[i]
        held = abs(state.positions[row].lots)
        notional = position_notional(state, row)
        lots[i] = 0
        lower = 0
        health = 0
        if stage.sizing == Size.TO_LOWER_TIER:
            lower = lots_down_tiers(state, row, stage.tiers_down)
        elif stage.sizing == Size.SAME_SHARE:
            health = part_of_lots_up(held, alike, stage.step_ppm)
        elif stage.sizing == Size.TO_HEALTH:
            if equity >= requirement_left and requirement_left < requirement:
                continue
            if planned > 0 and state.levels[Level.MAINTENANCE].scenario == 1:
                continue  # what the next one frees is known only when this one is filled
            if stage.fee_base == FeeBase.VALUE:
                health = lots_to_health(state, row, equity, requirement_left, stage.size_ppm, stage.fee_ppm)
            else:
                health = lots_after_fee(state, stage, row, equity, requirement_left)
            requirement_left += exposure_requirement_up(
                state, Level.MAINTENANCE, row, held - health
            ) - exposure_requirement_up(state, Level.MAINTENANCE, row, held)
        if stage.sizing == Size.CLOSE_FACTOR:
            lots[i] = lots_by_close_factor(stage, held, notional, equity, requirement)
        else:
            lots[i] = lots_of_size(stage, held, notional, in_cooldown, lower, health)
        lots[i] = adapted(state, stage_row, row, held, notional, lots[i])
        planned += 1
        if lots[i] < held:
            partly = True
    return partly


@kernel
def work_space():
    """Rows and lots of one account's positions: as many as it may hold, and room for what a takeover adds."""
    return np.empty(POSITIONS_MAX * 8, np.int64), np.empty(POSITIONS_MAX * 8, np.int64)


@kernel
def lots_to_margin(state, instrument, lots, margin_ppm):
    """Lots an order takes of a book until the next would cost `margin_ppm`; all without one, or without a depth."""
    depth = state.markets[instrument].depth_lots
    if margin_ppm == NONE or depth == 0:
        return lots
    return min(lots, mul_div_down(depth, margin_ppm, DEPTH_WITHIN_PPM))
