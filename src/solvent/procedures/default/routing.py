"""Routing: stages of one threshold go by what closing costs there, and none that would lower the account's health.

    order in the market    a book of depth D within 1 %: the lot after q costs 1 % x q / D, and the penalty
    pool                   its stated discount, and the penalty
    keeper, auction        the discount of the moment, and the penalty

The market gets lots up to the point where the next one costs what the next stage asks; the rest goes there in the same
visit. A step at cost c lowers health where c > health x rate, that is where closing everything at c would cost more
than the equity there is (the toxicity condition of Warmuz and others, 2212.07306, for proportional margin). A stage
that closes until health is restored closes everything where its penalty alone passes the equity: the penalty is then
what equity there is, nothing is left whose health could fall, and only the price is asked. Where the depth of a market
is not stated its book costs nothing but the penalty.
"""

import numpy as np

from solvent.codes import Executor, OfferPrice, Size
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.offers import factor_now
from solvent.procedures.default.standing import rows_by_requirement
from solvent.risk.liquidation import threshold_up
from solvent.risk.margin import position_notional
from solvent.state.terms import STAGES_MAX
from solvent.units import LIMIT, POSITIONS_MAX, PPM, add_saturated, mul_div_down, mul_div_up


@kernel
def part_cost_up(state, account, stage_row, row, equity, requirement):
    """What closing one whole position at the stage costs, without its penalty, in quanta."""
    position = state.positions[row]
    notional = position_notional(state, row)
    executor = state.stages[stage_row].executor
    if executor == Executor.ENGINE:
        return 0  # the first lot of a book costs nothing; how far in an order may go is bounded by the margin
    if executor == Executor.BACKSTOP_VAULT:
        off = max(state.stages[stage_row].price_ppm, state.backings[position.instrument].discount_ppm)
        return mul_div_up(notional, off, PPM)
    factor = state.offers[stage_row].start_ppm + 0
    if state.offers[stage_row].price == OfferPrice.HEALTH or state.accounts[account].order_stage == stage_row:
        factor = factor_now(state, account, stage_row, equity, requirement, 0)
    return mul_div_up(notional, max(PPM - factor, 0), PPM)


@kernel
def stage_cost_ppm(state, account, stage_row, equity, requirement, rows, count):
    """What closing at a stage costs, its penalty included, in parts per million of the value; deleveraging is last."""
    if state.stages[stage_row].executor == Executor.ADL:
        return LIMIT
    cost = 0
    value = 0
    for i in range(count):
        cost = add_saturated(cost, part_cost_up(state, account, stage_row, rows[i], equity, requirement))
        value = add_saturated(value, position_notional(state, rows[i]))
    if value == 0:
        return 0
    return mul_div_up(cost, PPM, value) + state.stages[stage_row].fee_ppm


@kernel
def bearable_ppm(state, equity, rows, count):
    """The cost at which a step leaves health as it is: equity over the value of all positions."""
    value = 0
    for i in range(count):
        value = add_saturated(value, position_notional(state, rows[i]))
    return mul_div_down(max(equity, 0), PPM, max(value, 1))


@kernel
def penalty_asked(stage, bearable):
    """The part of a cost that its penalty is, in parts per million; none where the stage ends flat because of it."""
    closes_all = stage.sizing == Size.FULL or stage.sizing == Size.TO_HEALTH or stage.sizing == Size.SAME_SHARE
    return 0 if closes_all and stage.fee_ppm >= bearable else stage.fee_ppm + 0


@kernel
def skip_stage(state, tape, account, stage_row, cost, bearable):
    """A stage that would lower the account's health is passed over, and that is told."""
    event = tell(state, tape, EventKind.STAGE_SKIPPED)
    event.account = account
    event.instrument = state.accounts[account].default_instrument
    event.stage = stage_row
    event.value = cost
    event.amount_quanta = bearable


@kernel
def route(state, tape, account, equity, requirement, requirement_by_level, order, breached, costs):
    """Sort stages of one threshold by their cost; give how many stages are left once toxic ones are passed over.

    `costs` by stage row. Nothing is toxic for a bankrupt account: there the waterfall pays.
    """
    rows = np.empty(POSITIONS_MAX * 8, np.int64)
    count = rows_by_requirement(state, account, rows)
    bearable = bearable_ppm(state, equity, rows, count)
    left = 0
    depths = np.empty(STAGES_MAX, np.int64)
    for i in range(breached):
        stage_row = order[i]
        cost = stage_cost_ppm(state, account, stage_row, equity, requirement, rows, count)
        stage = state.stages[stage_row]
        costs[stage_row] = cost
        asked = cost - stage.fee_ppm + penalty_asked(stage, bearable) if cost < LIMIT else 0
        if equity > 0 and asked > bearable:
            skip_stage(state, tape, account, stage_row, cost, bearable)
            continue
        depth = threshold_up(requirement_by_level[stage.level], stage.scale_ppm)
        place = left
        while place > 0 and depths[place - 1] == depth and costs[order[place - 1]] > cost:
            depths[place] = depths[place - 1]
            order[place] = order[place - 1]
            place -= 1
        depths[place] = depth
        order[place] = stage_row
        left += 1
    return left


@kernel
def marginal_ppm(state, account, equity, order, left, stage_row, costs):
    """How far into the book an order may go: to the cost of the next stage, or of the step that would lower health."""
    rows = np.empty(POSITIONS_MAX * 8, np.int64)
    count = rows_by_requirement(state, account, rows)
    stage = state.stages[stage_row]
    most = PPM
    if equity > 0:
        bearable = bearable_ppm(state, equity, rows, count)
        # up to the price at which nothing is left, the penalty of this stage on top where it is asked
        most = bearable + stage.fee_ppm - penalty_asked(stage, bearable)
    found = False
    for i in range(left):
        if order[i] == stage_row:
            found = True
        elif found and costs[order[i]] < LIMIT:
            most = min(most, costs[order[i]])
            break
    return max(most - stage.fee_ppm, 0)
