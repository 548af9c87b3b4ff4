"""Keepers and bidders: whoever claims an offer first takes the lots, at the price of that moment.

A claim is refused where it would lower the account's health, that is where the discount and the penalty cost more than
closing frees (the step is toxic); only a stage for accounts already bankrupt may cost more, and the waterfall pays it.
The reward is paid out of the penalty, by whoever received it, and is never more than was charged.
"""

from solvent.codes import AccountKind, Action, Answer, Level, Refusal, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.charges import charge_penalty, payee_account
from solvent.procedures.default.offers import factor_now, is_offered, largest_share, offer_price, starts_anew
from solvent.procedures.default.plan import closing_fee_up
from solvent.procedures.default.standing import is_workable
from solvent.procedures.review import accrue, review
from solvent.procedures.trade import is_listed, refusal_of_side, tidy
from solvent.procedures.transfer import is_open, refusal_of_account
from solvent.risk.margin import exposure_requirement_up, judge, lowers_health, requirement_change
from solvent.risk.offer import reward_of
from solvent.state.ledger import exchange, post
from solvent.state.levels import is_allowed, level_of
from solvent.state.positions import find_position, take_position
from solvent.state.tables import NONE
from solvent.state.validity import answer_of
from solvent.state.values import traded_quanta
from solvent.state.windows import record_flow
from solvent.units import POSITIONS_MAX, PPM, WALLET_MAX, mul_div_down, mul_div_up


@kernel
def endorse_keeper(state, tape, command):
    """The venue names a keeper it trusts, or no longer does."""
    refusal = refusal_of_account(state, command.account)
    if refusal != Refusal.NONE:
        return refusal
    if command.value < 0 or command.value > 1:
        return Refusal.VARIANT_UNKNOWN
    state.accounts[command.account].endorsed = command.value
    event = tell(state, tape, EventKind.KEEPER_ENDORSED)
    event.account = command.account
    event.value = command.value
    return Refusal.NONE


@kernel
def refusal_of_keeper(state, command):
    """Why this keeper may not act on this account under this reference, or Refusal.NONE."""
    account = command.account
    keeper = command.counterparty
    refusal = refusal_of_account(state, account)
    if refusal != Refusal.NONE:
        return refusal
    if not is_open(state, keeper):
        return Refusal.COUNTERPARTY_UNKNOWN
    if account == keeper:
        return Refusal.SELF_TRADE
    terms = state.accounts[account]
    if terms.status != Status.DISTRESSED or not is_offered(state, account):
        return Refusal.NO_OFFER
    if command.reference != terms.order_reference:
        return Refusal.REFERENCE_UNKNOWN
    if state.venue[0].time_ns >= terms.order_until_ns or starts_anew(state, account):
        return Refusal.OFFER_OVER
    if state.offers[terms.order_stage].endorsed == 1 and state.accounts[keeper].endorsed == 0:
        return Refusal.KEEPER_NOT_ENDORSED
    return Refusal.NONE


@kernel
def is_toxic(state, row, lots, price, fee_quanta):
    """True when closing so many lots at a price, and paying for it, leaves the account less healthy than it is."""
    position = state.positions[row]
    account = position.account
    after = position.lots - lots if position.lots > 0 else position.lots + lots
    signed = lots if position.lots > 0 else -lots
    contract = state.contracts[position.instrument]
    mark = state.instruments[position.instrument].mark_ticks
    change = traded_quanta(contract, signed, price) - traded_quanta(contract, signed, mark) - fee_quanta
    equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    left = requirement + requirement_change(state, Level.MAINTENANCE, account, row, position.instrument, after)
    return lowers_health(equity, change, requirement, left)


@kernel
def reward_keeper(state, tape, account, keeper, stage_row, instrument, value, before):
    """Pay the keeper out of the penalty that was charged on a value; `before` is what its payee had."""
    payee = payee_account(state, state.stages[stage_row].fee_payee, account, instrument)
    if payee == account:
        return
    reward = reward_of(state.offers[stage_row], value, state.accounts[payee].wallet_quanta - before)
    if reward <= 0:
        return
    post(state, payee, keeper, reward)
    event = tell(state, tape, EventKind.KEEPER_REWARDED)
    event.account = payee
    event.counterparty = keeper
    event.instrument = instrument
    event.amount_quanta = reward
    event.value = value
    event.stage = stage_row
    event.reference = account


@kernel
def bonus_of(contract, signed_lots, price_ticks, mark_ticks):
    """What whoever takes signed lots at a price gains against the mark, in quanta; none where it loses."""
    return max(traded_quanta(contract, signed_lots, mark_ticks) - traded_quanta(contract, signed_lots, price_ticks), 0)


@kernel
def share_bonus(state, tape, account, keeper, stage_row, instrument, bonus):
    """The keeper hands a share of its bonus on, rounded up, to whom the stage names."""
    offer = state.offers[stage_row]
    share = mul_div_up(bonus, offer.bonus_fee_ppm, PPM)
    payee = payee_account(state, offer.bonus_fee_payee, account, instrument)
    if share == 0 or payee == keeper:
        return
    post(state, keeper, payee, share)
    event = tell(state, tape, EventKind.BONUS_SHARED)
    event.account = keeper
    event.counterparty = payee
    event.instrument = instrument
    event.amount_quanta = share
    event.value = bonus
    event.stage = stage_row
    event.reference = account


@kernel
def pass_lots(state, watch, tape, row, keeper, lots, price, equity_before, notional_before):
    """Lots of an offered position pass to the keeper; the penalty is charged and the reward paid out of it."""
    position = state.positions[row]
    account = position.account
    instrument = position.instrument
    stage_row = state.accounts[account].order_stage
    closes_long = position.lots > 0
    held_requirement = exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots)
    orders = state.orders[position.orders]
    keeper_row = take_position(state, keeper, instrument)
    if closes_long:
        exchange(state, keeper_row, row, lots, price)
        orders.ordered_lots -= lots
    else:
        exchange(state, row, keeper_row, lots, price)
        orders.ordered_lots += lots
    state.accounts[account].order_filled = 1
    state.accounts[account].tried_stages = 0
    value = abs(traded_quanta(state.contracts[instrument], lots, price))
    event = tell(state, tape, EventKind.POSITION_CLAIMED)
    event.account = account
    event.counterparty = keeper
    event.instrument = instrument
    event.lots = -lots if closes_long else lots
    event.price_ticks = price
    event.stage = stage_row
    event.reference = state.accounts[account].order_reference
    event.amount_quanta = value
    record_flow(state, instrument, value, 0)
    payee = payee_account(state, state.stages[stage_row].fee_payee, account, instrument)
    before = state.accounts[payee].wallet_quanta + 0
    freed = held_requirement - exposure_requirement_up(state, Level.MAINTENANCE, row, state.positions[row].lots)
    charge_penalty(state, tape, account, stage_row, instrument, value, freed, 0, equity_before, notional_before)
    reward_keeper(state, tape, account, keeper, stage_row, instrument, value, before)
    tidy(state, watch, row)
    tidy(state, watch, keeper_row)


@kernel
def claim_liquidation(state, watch, tape, command):
    """A keeper takes lots of one position on offer."""
    instrument = command.instrument
    if not is_listed(state, instrument):
        return Refusal.INSTRUMENT_UNKNOWN
    refusal = refusal_of_keeper(state, command)
    if refusal != Refusal.NONE:
        return refusal
    account = command.account
    keeper = command.counterparty
    stage_row = state.accounts[account].order_stage
    row = find_position(state, account, instrument)
    if row == NONE or state.positions[row].orders == NONE or state.offers[stage_row].portfolio == 1:
        return Refusal.NO_OFFER
    ordered = state.orders[state.positions[row].orders].ordered_lots
    lots = command.lots
    if lots < 1:
        return Refusal.LOTS_OUT_OF_RANGE
    if lots > abs(ordered):
        return Refusal.OFFER_TAKEN
    if not is_workable(state, account, instrument):
        return Refusal.MARKET_HALTED
    equity, requirement, _gains, notional = judge(state, account, Level.MAINTENANCE)
    price = offer_price(state, row, stage_row, equity, requirement)
    if command.price_ticks > 0:
        if price > command.price_ticks if ordered > 0 else price < command.price_ticks:
            return Refusal.BEYOND_LIMIT_PRICE
    stage = state.stages[stage_row]
    fee = closing_fee_up(state, stage, row, lots)
    if stage.scale_ppm > 0 and is_toxic(state, row, lots, price, min(fee, max(equity, 0))):
        return Refusal.STEP_IS_TOXIC
    signed = lots if ordered > 0 else -lots
    bonus = bonus_of(state.contracts[instrument], signed, price, state.instruments[instrument].mark_ticks)
    handed_on = mul_div_up(bonus, state.offers[stage_row].bonus_fee_ppm, PPM)
    refusal = refusal_of_side(state, keeper, instrument, signed, price, handed_on, False)
    if refusal != Refusal.NONE:
        return refusal
    accrue(state, tape, account)
    accrue(state, tape, keeper)
    pass_lots(state, watch, tape, row, keeper, lots, price, equity, notional)
    share_bonus(state, tape, account, keeper, stage_row, instrument, bonus)
    review(state, watch, tape, account)
    review(state, watch, tape, keeper)
    return Refusal.NONE


@kernel
def share_of_lots(state, row, share_ppm):
    """Lots of a position in a share of the account, rounded down; none of one that is not on offer."""
    position = state.positions[row]
    if position.orders == NONE:
        return 0
    return min(mul_div_down(abs(position.lots), share_ppm, PPM), abs(state.orders[position.orders].ordered_lots))


@kernel
def refusal_of_shares(state, account, bidder, share_ppm):
    """Why the bidder cannot take this share of every position, or Refusal.NONE: as if each were traded at the mark."""
    taken = 0
    markets = 0
    initial, need, _gains, _notional = judge(state, bidder, Level.INITIAL)
    equity, requirement, _gains, _notional = judge(state, bidder, Level.MAINTENANCE)
    terms = state.accounts[bidder]
    if terms.status != Status.SOUND:
        return Refusal.IN_LIQUIDATION
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        instrument = position.instrument
        lots = share_of_lots(state, row, share_ppm)
        if lots > 0:
            if not is_workable(state, account, instrument):
                return Refusal.MARKET_HALTED
            if not is_allowed(level_of(state, instrument), Action.OPEN):
                return Refusal.MARKET_REDUCE_ONLY
            if answer_of(state, instrument, Action.OPEN) == Answer.REFUSE:
                return Refusal.PRICE_CONDITION
            other = find_position(state, bidder, instrument)
            held = 0 if other == NONE else state.positions[other].lots
            after = held + lots if position.lots > 0 else held - lots
            if abs(after) > state.contracts[instrument].lots_max:
                return Refusal.POSITION_LIMIT
            if other == NONE:
                markets += 1
            change = requirement_change(state, Level.INITIAL, bidder, other, instrument, after)
            need += max(change, 0)
            requirement += max(requirement_change(state, Level.MAINTENANCE, bidder, other, instrument, after), 0)
            taken += lots
        row = position.next
    if taken == 0:
        return Refusal.SHARE_TOO_LARGE
    if abs(terms.wallet_quanta) > WALLET_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    if terms.position_count + markets > POSITIONS_MAX:
        return Refusal.POSITIONS_FULL
    if markets > 0 and terms.kind == AccountKind.ISOLATED and terms.position_count + markets > 1:
        return Refusal.ISOLATED_HAS_OTHER_MARKET
    if initial < need:
        return Refusal.BELOW_INITIAL
    if equity - requirement - state.stages[0].or_equal < 0:
        return Refusal.BELOW_MAINTENANCE
    return Refusal.NONE


@kernel
def bid_share(state, watch, tape, command):
    """A bidder takes a share of every position at the mark, and is paid the discount on what that frees.

    A solvent account pays it out of its equity, in proportion to the requirement freed, so its health cannot fall. For
    a bankrupt one the discount is of the requirement freed, and the waterfall pays when the case is closed.
    """
    refusal = refusal_of_keeper(state, command)
    if refusal != Refusal.NONE:
        return refusal
    account = command.account
    bidder = command.counterparty
    stage_row = state.accounts[account].order_stage
    if state.offers[stage_row].portfolio == 0:
        return Refusal.NO_OFFER
    share = command.value
    equity, requirement, _gains, notional = judge(state, account, Level.MAINTENANCE)
    if equity < 0 and state.stages[stage_row].scale_ppm > 0:
        return Refusal.STEP_IS_TOXIC
    factor = min(factor_now(state, account, stage_row, equity, requirement, 0), PPM)
    if share < 1 or share > largest_share(state, stage_row, equity, requirement, factor):
        return Refusal.SHARE_TOO_LARGE
    refusal = refusal_of_shares(state, account, bidder, share)
    if refusal != Refusal.NONE:
        return refusal
    base = equity if equity > 0 else requirement
    if (PPM - factor) * 1_000 < command.rate_ppb:
        return Refusal.BEYOND_LIMIT_PRICE
    accrue(state, tape, account)
    accrue(state, tape, bidder)
    row = state.accounts[account].first_position
    while row != NONE:
        following = state.positions[row].next
        lots = share_of_lots(state, row, share)
        if lots > 0:
            mark = state.instruments[state.positions[row].instrument].mark_ticks
            pass_lots(state, watch, tape, row, bidder, lots, mark, equity, notional)
        row = following
    equity_left, left, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    freed = max(requirement - left, 0)
    paid = mul_div_down(mul_div_down(base, PPM - factor, PPM), freed, max(requirement, 1))
    if equity > 0:
        # whatever the penalties took, equity over requirement stays what it was
        paid = min(paid, max(equity_left - mul_div_up(equity, left, max(requirement, 1)), 0))
    post(state, account, bidder, paid)
    event = tell(state, tape, EventKind.SHARE_TAKEN)
    event.account = account
    event.counterparty = bidder
    event.amount_quanta = paid
    event.value = share
    event.stage = stage_row
    event.reference = command.reference
    event.equity_quanta = equity
    event.requirement_quanta = requirement
    event.lots = freed
    share_bonus(state, tape, account, bidder, stage_row, state.accounts[account].default_instrument, paid)
    review(state, watch, tape, account)
    review(state, watch, tape, bidder)
    return Refusal.NONE
