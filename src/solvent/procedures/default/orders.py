"""Orders of the liquidation engine: placed, taken back, and the trader's own cancelled first."""

import numpy as np

from solvent.codes import Level, PriceLimit, Size
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.standing import rows_by_requirement
from solvent.risk.bankruptcy import health_spread_down
from solvent.risk.liquidation import bankruptcy_limit_ticks, lots_of_size
from solvent.risk.margin import exposure_requirement_up, lots_to_health, lots_to_lower_tier, position_notional
from solvent.state.positions import free_orders_if_empty, take_orders
from solvent.state.tables import NONE
from solvent.units import POSITIONS_MAX, mul_div_down


@kernel
def cancel_orders(state, tape, account):
    """Take back what the liquidation engine still has in the market for the account."""
    row = state.accounts[account].first_position
    while row != NONE:
        orders_row = state.positions[row].orders
        if orders_row != NONE and state.orders[orders_row].ordered_lots != 0:
            event = tell(state, tape, EventKind.LIQUIDATION_CANCELLED)
            event.account = account
            event.instrument = state.positions[row].instrument
            event.lots = -state.orders[orders_row].ordered_lots
            event.reference = state.accounts[account].order_reference
            state.orders[orders_row].ordered_lots = 0
            state.orders[orders_row].limit_ticks = 0
            free_orders_if_empty(state, row)
        row = state.positions[row].next


@kernel
def drop_own_orders(state, tape, account):
    """Cancel the trader's own open orders: they may not re-open what is being closed."""
    row = state.accounts[account].first_position
    while row != NONE:
        orders_row = state.positions[row].orders
        if orders_row != NONE:
            orders = state.orders[orders_row]
            if orders.bid_lots != 0 or orders.ask_lots != 0:
                event = tell(state, tape, EventKind.ORDER_RELEASED)
                event.account = account
                event.instrument = state.positions[row].instrument
                event.lots = orders.bid_lots - orders.ask_lots
                orders.bid_lots = 0
                orders.bid_quanta = 0
                orders.ask_lots = 0
                orders.ask_quanta = 0
                free_orders_if_empty(state, row)
        row = state.positions[row].next


@kernel
def place_orders(state, tape, account, stage_row, equity, requirement):
    """Send the stage's orders to the venue; give how many."""
    stage = state.stages[stage_row]
    terms = state.accounts[account]
    now = state.venue[0].time_ns
    in_cooldown = now < terms.cooldown_until_ns
    rows = np.empty(POSITIONS_MAX * 8, np.int64)
    count = rows_by_requirement(state, account, rows)
    placed = 0
    partly = False
    equity_left = equity
    requirement_left = requirement
    shared = requirement
    if state.levels[Level.MAINTENANCE].scenario == 1:
        # judged together positions need less than each alone: equity is shared by what each needs alone
        shared = 0
        for i in range(count):
            shared += exposure_requirement_up(state, Level.MAINTENANCE, rows[i], state.positions[rows[i]].lots)
    for i in range(count):
        row = rows[i]
        position = state.positions[row]
        held = abs(position.lots)
        notional = position_notional(state, row)
        lower = 0
        health = 0
        if stage.sizing == Size.TO_LOWER_TIER:
            lower = lots_to_lower_tier(state, row)
        elif stage.sizing == Size.TO_HEALTH:
            if equity_left >= requirement_left and requirement_left < requirement:
                break
            if placed > 0 and state.levels[Level.MAINTENANCE].scenario == 1:
                break  # what the next one frees is known only when this one is filled
            health = lots_to_health(state, row, equity_left, requirement_left, stage.size_ppm, stage.fee_ppm)
            requirement_left += exposure_requirement_up(
                state, Level.MAINTENANCE, row, held - health
            ) - exposure_requirement_up(state, Level.MAINTENANCE, row, held)
        lots = lots_of_size(stage, held, notional, in_cooldown, lower, health)
        if lots == 0:
            continue
        if lots < held:
            partly = True
        signed = lots if position.lots > 0 else -lots
        limit = 0
        if stage.price_limit != PriceLimit.NONE:
            own = exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots)
            if stage.price_limit == PriceLimit.HEALTH_DISCOUNT:
                part = health_spread_down(own, equity, requirement, stage.adjustment_ppm, stage.spread_ppm)
            elif shared > 0:
                part = mul_div_down(equity, own, shared)
            else:
                part = equity // count
            limit = bankruptcy_limit_ticks(
                state.instruments[position.instrument].mark_ticks,
                position.lots,
                state.contracts[position.instrument].quanta_per_lot_tick,
                part,
                state.contracts[position.instrument].price_max_ticks,
            )
        orders = state.orders[take_orders(state, row)]
        orders.ordered_lots = signed
        orders.limit_ticks = limit
        placed += 1
        event = tell(state, tape, EventKind.LIQUIDATION_ORDERED)
        event.account = account
        event.instrument = position.instrument
        event.lots = -signed
        event.price_ticks = limit
        event.stage = stage_row
        event.reference = state.venue[0].sequence
        event.equity_quanta = equity
        event.requirement_quanta = requirement
        event.amount_quanta = notional
    if placed > 0:
        terms.order_reference = state.venue[0].sequence
        terms.order_until_ns = now + stage.timeout_ns
        terms.order_stage = stage_row
        terms.order_filled = 0
        if partly and not in_cooldown and stage.cooldown_ns > 0:
            terms.cooldown_until_ns = now + stage.cooldown_ns
    return placed
