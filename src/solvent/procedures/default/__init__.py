"""One default, in the order of a clearing house's rulebook: orders, takeover, deleveraging, and who pays the rest.

`work` is one visit of the liquidation engine to one account. It ends in one of four ways: the account is sound
again; an order is in the market; the account is flat and its loss has been paid; or nothing could be done and the
account waits in the queue, which is told. Positions in halted markets are left alone.
"""

import numpy as np

from solvent.codes import AccountKind, AdlPrice, Executor, Level
from solvent.compiled import kernel
from solvent.events import EventKind
from solvent.procedures.default.deleveraging import deleverage
from solvent.procedures.default.offers import place_offers, starts_anew
from solvent.procedures.default.orders import cancel_orders, drop_own_orders, place_orders
from solvent.procedures.default.routing import marginal_ppm, route
from solvent.procedures.default.settling import leave_queue, settle_flat, wait
from solvent.procedures.default.standing import has_orders, is_flat
from solvent.procedures.default.takeover import take_over
from solvent.procedures.default.triggers import may_deleverage
from solvent.procedures.review import accrue, review, set_negative
from solvent.risk.liquidation import stage_order, untried_first
from solvent.risk.margin import judge
from solvent.risk.oracle import doubt_of
from solvent.state.positions import owes
from solvent.state.tables import NONE
from solvent.state.terms import LEVELS, STAGES_MAX
from solvent.units import add_saturated


@kernel
def is_paid_by_price(state):
    """True when the price of deleveraging may be better for the defaulter than the mark: winners pay by it."""
    price = state.policy[0].adl_price
    return price == AdlPrice.PREVIOUS_MARK or price == AdlPrice.ZERO_PRICE


@kernel
def work(state, watch, tape, account):
    """One visit to one distressed account; give True when it left the queue."""
    terms = state.accounts[account]
    accrue(state, tape, account)
    drop_own_orders(state, tape, account)
    nobody = np.empty(0, np.int64)
    if is_flat(state, account):
        lends_cash = state.assets[0].borrow_limit_amount > 0
        if owes(state, account) or (lends_cash and terms.wallet_quanta < 0):
            equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
            set_negative(state, tape, account, 1 if equity < 0 else 0)
            if equity >= 0 and (terms.wallet_quanta >= 0 or lends_cash):
                # what it holds is worth what it owes again: the debt stays its owner's
                leave_queue(state, watch, tape, account, EventKind.ACCOUNT_RECOVERED)
                return True
        return settle_flat(state, watch, tape, account, NONE, 0, nobody, nobody, 0)
    equity_by_level = np.zeros(LEVELS, np.int64)
    requirement_by_level = np.zeros(LEVELS, np.int64)
    for level in range(LEVELS):
        if state.levels[level].used == 1:
            equity, requirement, _gains, _notional = judge(state, account, level)
            equity_by_level[level] = equity
            requirement_by_level[level] = requirement
    equity = equity_by_level[Level.MAINTENANCE]
    requirement = requirement_by_level[Level.MAINTENANCE]
    set_negative(state, tape, account, 1 if equity < 0 else 0)
    order = np.empty(STAGES_MAX, np.int64)
    breached = stage_order(state, equity_by_level, requirement_by_level, order)
    is_sound = breached == 0
    if terms.kind == AccountKind.SYSTEM:
        is_sound = equity >= 0
    if is_sound:
        leave_queue(state, watch, tape, account, EventKind.ACCOUNT_RECOVERED)
        return True
    doubt = doubt_of(state, account)
    if doubt > 0 and terms.kind != AccountKind.SYSTEM and equity >= -doubt:
        if add_saturated(equity, doubt) - requirement - state.stages[0].or_equal >= 0:
            # the doubt about a price is large enough to be the whole reason: wait for a better one
            cancel_orders(state, tape, account)
            wait(state, tape, account, equity, requirement)
            return False
    anew = False
    if has_orders(state, account):
        anew = state.venue[0].time_ns < terms.order_until_ns
        if anew and not starts_anew(state, account):
            return False
        cancel_orders(state, tape, account)
    costs = np.zeros(STAGES_MAX, np.int64)
    routes = state.policy[0].routes == 1
    if routes:
        breached = route(state, tape, account, equity, requirement, requirement_by_level, order, breached, costs)
    if terms.order_stage != NONE and terms.order_filled == 0 and not anew:
        terms.tried_stages |= 1 << terms.order_stage
    terms.tried_stages = untried_first(order, breached, terms.tried_stages)
    refused = False
    behind = NONE
    for turn in range(breached):
        stage_row = order[turn]
        executor = state.stages[stage_row].executor
        if executor == Executor.ENGINE:
            margin = NONE
            if routes:
                margin = marginal_ppm(state, account, equity, order, breached, stage_row, costs)
            if behind == NONE and place_orders(state, tape, account, stage_row, equity, requirement, margin) > 0:
                if not routes:
                    return False
                behind = stage_row
        elif executor == Executor.KEEPER or executor == Executor.AUCTION:
            if behind == NONE and place_offers(state, tape, account, stage_row, equity, requirement) > 0:
                return False
        elif executor == Executor.BACKSTOP_VAULT:
            if take_over(state, watch, tape, account, stage_row, equity, requirement, behind):
                if is_flat(state, account):
                    return settle_flat(state, watch, tape, account, stage_row, 0, nobody, nobody, 0)
                return False
            refused = True
        elif behind == NONE and may_deleverage(state, account, equity, refused):
            room = state.venue[0].position_count + 1
            winners = np.empty(room, np.int64)
            gains = np.empty(room, np.int64)
            found = deleverage(state, watch, tape, account, stage_row, equity, requirement, winners, gains, 0)
            declared = 0
            if is_paid_by_price(state) and terms.first_holding == NONE:
                declared = max(-equity, 0)
            flat = is_flat(state, account)
            left = False
            if flat:
                left = settle_flat(state, watch, tape, account, stage_row, declared, winners, gains, found)
            for i in range(found):
                review(state, watch, tape, winners[i])
            if flat:
                return left
            if found > 0:
                return False
    if behind == NONE:
        wait(state, tape, account, equity, requirement)
    return False
