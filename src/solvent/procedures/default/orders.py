"""Orders of the liquidation engine: placed, taken back, and the trader's own cancelled first."""

from solvent.codes import Level, PriceLimit
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.plan import equity_share, lots_to_margin, plan_lots, shared_requirement, work_space
from solvent.procedures.default.room import lots_in_room, ordered_by_market
from solvent.procedures.default.standing import rows_by_requirement
from solvent.procedures.shortfall import begin_block
from solvent.risk.bankruptcy import health_spread_down
from solvent.risk.liquidation import spread_limit_ticks
from solvent.risk.margin import exposure_requirement_up, position_notional
from solvent.state.positions import free_orders_if_empty, take_orders
from solvent.state.tables import NONE
from solvent.state.values import closing_limit_ticks, lots_within, notional_up


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
def rest_after(state, account, stage_row, partly):
    """Begin the pause that follows: after every round, or after a part where none was running."""
    stage = state.stages[stage_row]
    terms = state.accounts[account]
    now = state.venue[0].time_ns
    if stage.round_ns > 0:
        terms.cooldown_until_ns = now + stage.round_ns
    elif partly and stage.cooldown_ns > 0 and now >= terms.cooldown_until_ns:
        terms.cooldown_until_ns = now + stage.cooldown_ns


@kernel
def place_orders(state, tape, account, stage_row, equity, requirement, margin_ppm):
    """Send the stage's orders to the venue, no further into a book than `margin_ppm` (-1: all); give how many."""
    stage = state.stages[stage_row]
    terms = state.accounts[account]
    venue = state.venue[0]
    now = venue.time_ns
    if stage.round_ns > 0 and now < terms.cooldown_until_ns:
        return 0  # one round at a time
    begin_block(state)
    rows, planned = work_space()
    count = rows_by_requirement(state, account, rows)
    partly = plan_lots(state, account, stage_row, rows, count, equity, requirement, planned)
    shared = shared_requirement(state, rows, count, requirement)
    ordered = ordered_by_market(state, stage)
    placed = 0
    for i in range(count):
        row = rows[i]
        position = state.positions[row]
        notional = position_notional(state, row)
        lots = lots_to_margin(state, position.instrument, planned[i], margin_ppm)
        contract = state.contracts[position.instrument]
        mark = state.instruments[position.instrument].mark_ticks
        if stage.one_market == 1 and placed > 0:
            continue
        lots = lots_in_room(state, stage, position.instrument, lots, ordered)
        if stage.block_quanta > 0:
            room = max(stage.block_quanta - venue.block_quanta, 0)
            lots = min(lots, lots_within(contract, room, mark))
            venue.block_quanta += notional_up(contract, lots, mark)
        if lots == 0:
            continue
        signed = lots if position.lots > 0 else -lots
        limit = 0
        if stage.price_limit == PriceLimit.SPREAD:
            limit = spread_limit_ticks(contract, mark, position.lots, stage.price_ppm)
        elif stage.price_limit != PriceLimit.NONE:
            if stage.price_limit == PriceLimit.HEALTH_DISCOUNT:
                own = exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots)
                part = health_spread_down(own, equity, requirement, stage.adjustment_ppm, stage.spread_ppm)
            else:
                part = equity_share(state, row, equity, shared, count)
            limit = closing_limit_ticks(contract, position.lots, mark, part)
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
        event.reference = venue.sequence
        event.equity_quanta = equity
        event.requirement_quanta = requirement
        event.amount_quanta = notional
    if placed > 0:
        terms.order_reference = venue.sequence
        terms.order_until_ns = now + stage.timeout_ns
        terms.order_stage = stage_row
        terms.order_filled = 0
        rest_after(state, account, stage_row, partly)
    return placed
