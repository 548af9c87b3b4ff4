"""What a stage offers to keepers and bidders: lots of every position, at a price that the moment decides."""

from solvent.codes import Executor, OfferPrice
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.charges import payee_account
from solvent.procedures.default.orders import rest_after
from solvent.procedures.default.plan import plan_lots, work_space
from solvent.procedures.default.room import lots_in_room, ordered_by_market
from solvent.procedures.default.standing import rows_by_requirement
from solvent.risk.auction import (
    buffer_margin_down,
    portfolio_share_nearest,
    segment_factor,
    stairstep_price_nearest,
)
from solvent.risk.liquidation import penalty_of
from solvent.risk.margin import position_notional
from solvent.risk.offer import grown_ppm, health_factor, is_by_time, offered_ticks, widened_factor
from solvent.state.ledger import post
from solvent.state.positions import take_orders
from solvent.state.values import notional_up
from solvent.units import PPM, mul_div_down, mul_div_nearest


@kernel
def is_offered(state, account):
    """True when what the account has in the market is an offer to keepers or bidders, not an order of the venue."""
    stage_row = state.accounts[account].order_stage
    if stage_row < 0:
        return False
    executor = state.stages[stage_row].executor
    return executor == Executor.KEEPER or executor == Executor.AUCTION


@kernel
def side_multipliers(state, instrument, lots):
    """(volatility, depth) multipliers of the side of a position, in parts per million."""
    dynamic = state.dynamics[2 * instrument + (0 if lots > 0 else 1)]
    return dynamic.volatility_ppm + 0, dynamic.depth_ppm + 0


@kernel
def time_factor(state, account, stage_row):
    """Factor of an offer whose price depends on its age."""
    offer = state.offers[stage_row]
    elapsed = state.venue[0].time_ns - state.accounts[account].offered_ns
    if offer.price == OfferPrice.STAIRS:
        return stairstep_price_nearest(offer.start_ppm, offer.cut_ppm, PPM, elapsed, offer.step_ns)
    return segment_factor(offer, elapsed)


@kernel
def factor_now(state, account, stage_row, equity, requirement, volatility_ppm):
    """Factor of the mark the stage's offer stands at now, widened by the market's volatility."""
    offer = state.offers[stage_row]
    factor = offer.start_ppm + 0
    if offer.price == OfferPrice.HEALTH:
        factor = health_factor(offer, equity, requirement)
    elif is_by_time(offer):
        factor = time_factor(state, account, stage_row)
    return widened_factor(factor, grown_ppm(offer.volatility_ppm, volatility_ppm))


@kernel
def offer_price(state, row, stage_row, equity, requirement):
    """Price at which lots of a position pass to whoever claims them now."""
    position = state.positions[row]
    volatility, _depth = side_multipliers(state, position.instrument, position.lots)
    factor = factor_now(state, position.account, stage_row, equity, requirement, volatility)
    contract = state.contracts[position.instrument]
    mark = state.instruments[position.instrument].mark_ticks
    return offered_ticks(mark, position.lots, factor, max(contract.price_min_ticks, 1), contract.price_max_ticks)


@kernel
def offer_until(state, account, stage_row):
    """When the offer is over: the stage's time, shorter the wilder the market the account defaulted in."""
    stage = state.stages[stage_row]
    offer = state.offers[stage_row]
    instrument = max(state.accounts[account].default_instrument, 0)
    dynamic = state.dynamics[2 * instrument]
    other = state.dynamics[2 * instrument + 1]
    wildest = max(dynamic.volatility_ppm, other.volatility_ppm)
    time = mul_div_down(stage.timeout_ns, PPM, grown_ppm(offer.volatility_ppm, wildest))
    return state.venue[0].time_ns + max(time, 1)


@kernel
def largest_share(state, stage_row, equity, requirement, factor):
    """Most of a portfolio one bid may take: what restores its buffer; all of it once it is bankrupt."""
    if equity <= 0:
        return PPM
    buffer = buffer_margin_down(equity, equity - requirement, state.offers[stage_row].buffer_ppm, PPM)
    return portfolio_share_nearest(buffer, equity, 0, min(factor, PPM), PPM)


@kernel
def charge_start(state, tape, account, stage_row, offered_quanta, equity, requirement):
    """Beginning an offer costs its owner a share of what is offered, once in a default and never beyond the equity.

    Of a portfolio that is what the largest share would fetch at the whole mark (Derive DutchAuction).
    """
    offer = state.offers[stage_row]
    terms = state.accounts[account]
    if offer.start_fee_ppm == 0 or terms.stages_begun & (1 << stage_row) != 0:
        return
    terms.stages_begun |= 1 << stage_row
    base = offered_quanta
    if offer.portfolio == 1:
        base = mul_div_nearest(max(equity, 0), largest_share(state, stage_row, equity, requirement, PPM), PPM)
    fee = penalty_of(base, offer.start_fee_ppm, equity)
    if fee == 0:
        return
    payee = payee_account(state, offer.start_fee_payee, account, terms.default_instrument)
    post(state, account, payee, fee)
    event = tell(state, tape, EventKind.START_CHARGED)
    event.account = account
    event.counterparty = payee
    event.instrument = terms.default_instrument
    event.amount_quanta = fee
    event.value = base
    event.stage = stage_row
    event.equity_quanta = equity


@kernel
def place_offers(state, tape, account, stage_row, equity, requirement):
    """Offer what the stage closes to keepers or bidders; give in how many markets."""
    stage = state.stages[stage_row]
    terms = state.accounts[account]
    if stage.round_ns > 0 and state.venue[0].time_ns < terms.cooldown_until_ns:
        return 0  # one round at a time
    rows, planned = work_space()
    count = rows_by_requirement(state, account, rows)
    partly = plan_lots(state, account, stage_row, rows, count, equity, requirement, planned)
    ordered = ordered_by_market(state, stage)
    offered = 0
    offered_quanta = 0
    terms.offered_ns = state.venue[0].time_ns
    for i in range(count):
        row = rows[i]
        position = state.positions[row]
        lots = abs(position.lots)
        if state.offers[stage_row].portfolio == 0:
            lots = lots_in_room(state, stage, position.instrument, planned[i], ordered)
        if lots == 0:
            continue
        signed = lots if position.lots > 0 else -lots
        orders = state.orders[take_orders(state, row)]
        orders.ordered_lots = signed
        orders.limit_ticks = 0
        offered += 1
        contract = state.contracts[position.instrument]
        offered_quanta += notional_up(contract, lots, state.instruments[position.instrument].mark_ticks)
        event = tell(state, tape, EventKind.LIQUIDATION_OFFERED)
        event.account = account
        event.instrument = position.instrument
        event.lots = -signed
        event.price_ticks = offer_price(state, row, stage_row, equity, requirement)
        event.stage = stage_row
        event.reference = state.venue[0].sequence
        event.equity_quanta = equity
        event.requirement_quanta = requirement
        event.amount_quanta = position_notional(state, row)
    if offered > 0:
        terms.order_reference = state.venue[0].sequence
        terms.order_until_ns = offer_until(state, account, stage_row)
        terms.order_stage = stage_row
        terms.order_filled = 0
        rest_after(state, account, stage_row, partly)
        charge_start(state, tape, account, stage_row, offered_quanta, equity, requirement)
    return offered


@kernel
def starts_anew(state, account):
    """True when the offer is older, or cheaper, than it is meant to be, and begins again at its first price."""
    if not is_offered(state, account):
        return False
    terms = state.accounts[account]
    offer = state.offers[terms.order_stage]
    if offer.reset_ns > 0 and state.venue[0].time_ns - terms.offered_ns >= offer.reset_ns:
        return True
    if offer.reset_below_ppm == 0 or not is_by_time(offer):
        return False
    # factors are at most ten, shares at most one: the products stay below 2**44
    return time_factor(state, account, terms.order_stage) * PPM < offer.start_ppm * offer.reset_below_ppm
