"""After anything has touched an account: judge it, then watch it or hand it to the liquidation queue."""

import numpy as np

from solvent.codes import AccountKind, Level, Metric, Schedule, Status, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.risk.funding import due_up
from solvent.risk.margin import (
    additions_up,
    collateral_value_at_down,
    joint_requirement_within_up,
    judge,
    position_notional,
    requirement_in_bracket_up,
    requirement_up,
)
from solvent.risk.watch import (
    DEAD,
    FALLS,
    RISES,
    SMOOTH,
    add_member,
    forget_account,
    has_member,
    hide_from_scan,
    is_bent,
    is_debt,
    is_joint,
    least_ticks,
    mark_stale,
    roundings,
    second_place,
    set_corner,
    slope_ppm,
    trigger_ticks,
)
from solvent.state.ledger import post
from solvent.state.multipliers import scaled_up
from solvent.state.tables import NONE
from solvent.state.terms import BREAKERS_MAX, POOLS_MAX
from solvent.state.values import exposure_quanta, marked_quanta, notional_up
from solvent.units import add_saturated

GUESSES_MAX = 5
"""Each guess spends a quarter of the one before: the fifth a 256th of the surplus."""


@kernel
def accrue(state, tape, account):
    """Post the funding every position of the account owes or is owed, up to this sequence; True when any index moved.

    A sum rounded in two parts may cost a quantum more than rounded at once: whoever relies on a corner looks again.
    """
    moved = False
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        index = state.instruments[position.instrument].funding_index
        if position.funding_index != index:
            due = due_up(position.lots, index - position.funding_index)
            position.funding_index = index
            moved = True
            if due != 0:
                if due > 0:
                    post(state, account, SystemAccount.FUNDING, due)
                else:
                    post(state, SystemAccount.FUNDING, account, -due)
                event = tell(state, tape, EventKind.FUNDING_PAID)
                event.account = account
                event.instrument = position.instrument
                event.lots = position.lots
                event.amount_quanta = due
        row = position.next
    return moved


@kernel
def set_negative(state, tape, account, negative):
    """Keep count of accounts whose equity is below zero; the first gates withdrawals, the last releases them."""
    if state.accounts[account].negative == negative:
        return
    was_gated = state.venue[0].negative_count > 0 or state.venue[0].open_deficit_quanta > 0
    state.accounts[account].negative = negative
    state.venue[0].negative_count += 1 if negative == 1 else -1
    tell_gate(state, tape, was_gated, account)


@kernel
def tell_gate(state, tape, was_gated, account):
    """Tell when withdrawals close or open again."""
    is_gated = state.venue[0].negative_count > 0 or state.venue[0].open_deficit_quanta > 0
    if is_gated and not was_gated:
        event = tell(state, tape, EventKind.WITHDRAWALS_GATED)
        event.account = account
    elif was_gated and not is_gated:
        event = tell(state, tape, EventKind.WITHDRAWALS_RELEASED)
        event.account = account


@kernel
def enqueue(state, account):
    """Put the account at the end of the liquidation queue."""
    venue = state.venue[0]
    state.queue[(venue.queue_head + venue.queue_count) % state.queue.shape[0]] = account
    venue.queue_count += 1


@kernel
def flag(state, tape, account, equity, requirement):
    """The account is distressed: the liquidation engine has it now. The caller lets the watch forget it."""
    accounts = state.accounts
    accounts[account].status = Status.DISTRESSED
    accounts[account].flagged_sequence = state.venue[0].sequence
    accounts[account].order_stage = NONE
    accounts[account].order_filled = 0
    accounts[account].tried_stages = 0
    accounts[account].order_until_ns = 0
    accounts[account].cooldown_until_ns = 0
    largest = -1
    row = accounts[account].first_position
    while row != NONE:
        notional = position_notional(state, row)
        if notional > largest:
            largest = notional
            accounts[account].default_instrument = state.positions[row].instrument
        row = state.positions[row].next
    enqueue(state, account)
    event = tell(state, tape, EventKind.ACCOUNT_FLAGGED)
    event.account = account
    event.instrument = accounts[account].default_instrument
    event.equity_quanta = equity
    event.requirement_quanta = requirement
    event.amount_quanta = max(largest, 0)


@kernel
def stop_watching(state, watch, account):
    """Neither the index nor a scan looks at the account until it is reviewed as sound."""
    forget_account(state, watch, account)
    hide_from_scan(watch, account)


@kernel
def review(state, watch, tape, account):
    """Judge one account at the maintenance level; flag it, or give it a new corner. At most two events."""
    if state.accounts[account].kind == AccountKind.SYSTEM:
        return
    mark_stale(watch, account)
    equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    # the first stage is the outermost of the action ladder: the rulebook is refused otherwise
    surplus = equity - requirement - state.stages[0].or_equal
    if state.accounts[account].status == Status.SOUND:
        if surplus >= 0 or (requirement == 0 and equity >= 0):
            give_corner(state, watch, account, max(surplus, 0))
            return
        flag(state, tape, account, equity, requirement)
    stop_watching(state, watch, account)
    set_negative(state, tape, account, 1 if equity < 0 else 0)


@kernel
def corner_surplus(state, watch, account):
    """Surplus of a sound account at its corner: every price at its trigger, every index at the worse end of its band.

    Below zero when the corner is no certificate, or there is none. A holding without a key counts for nothing.
    """
    if has_member(watch.loose, account) or has_member(watch.pending, account):
        return NONE
    level = Level.MAINTENANCE + 0
    is_thin = has_member(watch.thin, account)
    surplus = state.accounts[account].wallet_quanta - state.stages[0].or_equal
    room = state.accounts[account].position_count + 1 if state.levels[level].scenario == 1 else 1
    markets = np.empty(room, np.int64)
    lows = np.empty(room, np.int64)
    highs = np.empty(room, np.int64)
    joint = 0
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        lots = position.lots
        instrument = position.instrument
        if lots != 0:
            place = watch.position_place[row]
            if place == NONE or watch.keys[place] == DEAD:
                return NONE
            side = FALLS if lots > 0 else RISES
            ticks = trigger_ticks(side, watch.keys[place])
            contract = state.contracts[instrument]
            value = marked_quanta(contract, lots, ticks)
            index = state.instruments[instrument].funding_index
            if not is_thin:
                index = watch.funding_high[instrument] if lots > 0 else watch.funding_low[instrument]
            surplus += value - position.cost_quanta - due_up(lots, index - position.funding_index)
            schedule = state.schedules[level * state.instruments.shape[0] + instrument]
            bent = is_bent(state, level, instrument, slope_ppm(state, level, instrument, position.leverage))
            together = is_joint(state, level, instrument)
            debt = is_debt(contract, lots)
            if together or not bent:
                rounded = roundings(state, level, instrument)
                if rounded > SMOOTH:
                    surplus -= rounded
            far = ticks + 0
            if bent and (together or not debt):
                # the value is least at the trigger where it loses, the requirement may be largest at the other one
                second = second_place(watch, row)
                far = contract.price_max_ticks + 0 if side == FALLS else least_ticks(contract)
                if second != NONE:
                    if watch.keys[second] == DEAD:
                        return NONE
                    far = trigger_ticks(1 - side, watch.keys[second])
            if together:
                low = exposure_quanta(contract, lots, ticks)
                high = exposure_quanta(contract, lots, far)
                markets[joint] = instrument
                lows[joint] = min(low, high)
                highs[joint] = max(low, high)
                surplus -= additions_up(schedule, abs(lots), max(abs(low), abs(high)))
                joint += 1
            else:
                notional = notional_up(contract, abs(lots), far)
                if not debt and schedule.kind == Schedule.BRACKETS_WHOLE and not bent:
                    # on the way to its trigger it may stand in a dearer bracket than at the trigger
                    now = position_notional(state, row)
                    required = requirement_in_bracket_up(state, level, instrument, lots, notional, now)
                else:
                    required = requirement_up(state, level, instrument, abs(lots), notional, position.leverage)
                surplus -= scaled_up(state, level, instrument, lots, False, required)
        row = position.next
    if joint > 0:
        surplus -= joint_requirement_within_up(state, level, markets, lows, highs, joint)
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        place = watch.holding_place[row]
        if place != NONE:
            if watch.keys[place] == DEAD:
                return NONE
            ticks = trigger_ticks(FALLS, watch.keys[place])
            weighted = state.levels[level].maintenance_weights == 1
            surplus += collateral_value_at_down(state, holding.asset, holding.amount_quanta, ticks, weighted)
        row = holding.next
    return surplus


@kernel
def give_corner(state, watch, account, surplus):
    """Give a sound account new triggers; one that rests on a guess is judged, and asked for again with a quarter."""
    spend = surplus
    for _ in range(GUESSES_MAX):
        if not set_corner(state, watch, account, spend) or corner_surplus(state, watch, account) >= 0:
            return
        spend >>= 2
    if set_corner(state, watch, account, 0) and corner_surplus(state, watch, account) < 0:
        forget_account(state, watch, account)
        add_member(watch.loose, account)


@kernel
def review_more(state, watch, tape, account, accrued):
    """The account has more than before: a corner stays good, unless rounding of funding may have taken its part."""
    if accrued or state.accounts[account].status != Status.SOUND:
        review(state, watch, tape, account)


@kernel
def review_less(state, watch, tape, account):
    """The account has less than before: its corner is judged again, and only a corner that fails is replaced."""
    mark_stale(watch, account)
    if state.accounts[account].status != Status.SOUND or corner_surplus(state, watch, account) < 0:
        review(state, watch, tape, account)


@kernel
def insolvent_requirement(state):
    """Maintenance of the accounts with the liquidation engine whose equity is below zero; nobody asks: zero."""
    asked = False
    for row in range(BREAKERS_MAX):
        if state.breakers[row].used == 1 and state.breakers[row].metric == Metric.INSOLVENT_REQUIREMENT:
            asked = True
    if not asked:
        return 0
    venue = state.venue[0]
    required = 0
    for i in range(venue.queue_count):
        account = state.queue[(venue.queue_head + i) % state.queue.shape[0]]
        equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
        if equity < 0:
            required = add_saturated(required, requirement)
    return required


@kernel
def is_gated(state):
    """True while somebody's loss has no payer yet: an open deficit, or a negative equity seen or still in the queue."""
    venue = state.venue[0]
    if venue.negative_count > 0 or venue.open_deficit_quanta > 0:
        return True
    for i in range(venue.queue_count):
        account = state.queue[(venue.queue_head + i) % state.queue.shape[0]]
        equity, _requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
        if equity < 0:
            return True
    for row in range(POOLS_MAX):
        if state.vaults[row].account != NONE:
            equity, _requirement, _gains, _notional = judge(state, state.vaults[row].account, Level.MAINTENANCE)
            if equity < 0:
                return True
    return False
