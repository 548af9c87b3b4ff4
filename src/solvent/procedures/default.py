"""One default, in the order of a clearing house's rulebook: orders, takeover, deleveraging, and who pays the rest.

`work` is one visit of the liquidation engine to one account. It ends in one of four ways: the account is sound
again; an order is in the market; the account is flat and its loss has been paid; or nothing could be done and the
account waits in the queue, which is told. Positions in halted markets are left alone.
"""

import numpy as np

from solvent.codes import (
    AccountKind,
    Action,
    AdlPolicy,
    AdlPrice,
    Answer,
    Executor,
    FeePayee,
    Level,
    PriceLimit,
    Size,
    Status,
    SystemAccount,
)
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.review import accrue, review, set_negative
from solvent.procedures.shortfall import cover_before_adl, pay_shortfall
from solvent.procedures.trade import tidy
from solvent.risk.bankruptcy import health_spread_down
from solvent.risk.deleverage import pair_pro_rata, pair_queue, score_of
from solvent.risk.liquidation import bankruptcy_limit_ticks, lots_of_size, penalty_of, stage_order
from solvent.risk.margin import (
    exposure_requirement_up,
    judge,
    lots_to_health,
    lots_to_lower_tier,
    position_notional,
    requirement_change,
    requirement_up,
)
from solvent.risk.oracle import doubt_of
from solvent.risk.pool import accepts
from solvent.state.ledger import exchange, post
from solvent.state.levels import is_allowed, is_in_grace, level_of
from solvent.state.positions import find_position, free_orders_if_empty, take_orders, take_position
from solvent.state.tables import NONE
from solvent.state.terms import LEVELS, STAGES_MAX
from solvent.state.validity import answer_of
from solvent.state.windows import record_flow
from solvent.units import POSITIONS_MAX, add_saturated, mix, mul_div_down, value_quanta


@kernel
def payee_account(payee, account, instrument):
    """The account that receives a penalty or a residual."""
    if payee == FeePayee.MARKET_FUND:
        return SystemAccount.MARKET_FUNDS + max(instrument, 0)
    if payee == FeePayee.VENUE_FUND:
        return SystemAccount.VENUE_FUND + 0
    if payee == FeePayee.VAULT:
        return SystemAccount.VAULT + 0
    if payee == FeePayee.VENUE_CAPITAL:
        return SystemAccount.VENUE_CAPITAL + 0
    return account


@kernel
def charge_penalty(state, tape, account, stage_row, instrument, fill_quanta, equity_before):
    """Charge the stage's penalty on a fill: once per lot closed, never beyond the equity before or after it."""
    stage = state.stages[stage_row]
    if stage.fee_ppm == 0:
        return
    equity, _requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    penalty = penalty_of(fill_quanta, stage.fee_ppm, min(equity, equity_before))
    if penalty == 0:
        return
    payee = payee_account(stage.fee_payee, account, instrument)
    post(state, account, payee, penalty)
    event = tell(state, tape, EventKind.PENALTY_CHARGED)
    event.account = account
    event.counterparty = payee
    event.instrument = instrument
    event.amount_quanta = penalty
    event.value = fill_quanta
    event.stage = stage_row
    event.equity_quanta = equity


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
def has_orders(state, account):
    """True while a liquidation order of the account is in the market."""
    row = state.accounts[account].first_position
    while row != NONE:
        orders_row = state.positions[row].orders
        if orders_row != NONE and state.orders[orders_row].ordered_lots != 0:
            return True
        row = state.positions[row].next
    return False


@kernel
def is_flat(state, account):
    """True when the account holds no contract."""
    row = state.accounts[account].first_position
    while row != NONE:
        if state.positions[row].lots != 0:
            return False
        row = state.positions[row].next
    return True


@kernel
def is_workable(state, account, instrument):
    """True when positions in the market may be closed now: open, no grace, no doubt of its price that forbids it."""
    if not is_allowed(level_of(state, instrument), Action.LIQUIDATE) or is_in_grace(state, account, instrument):
        return False
    return answer_of(state, instrument, Action.LIQUIDATE) != Answer.REFUSE


@kernel
def rows_by_requirement(state, account, rows):
    """Positions of the account that can be worked, largest maintenance requirement first; give their number."""
    count = 0
    sizes = np.empty(POSITIONS_MAX * 8, np.int64)
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        if position.lots != 0 and is_workable(state, account, position.instrument):
            size = exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots)
            place = count
            while place > 0 and (
                sizes[place - 1] < size
                or (sizes[place - 1] == size and state.positions[rows[place - 1]].instrument > position.instrument)
            ):
                sizes[place] = sizes[place - 1]
                rows[place] = rows[place - 1]
                place -= 1
            sizes[place] = size
            rows[place] = row
            count += 1
        row = position.next
    return count


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


@kernel
def take_over(state, watch, tape, account, stage_row, equity):
    """The backstop takes the account's positions at the mark; give whether it did."""
    stage = state.stages[stage_row]
    vault = SystemAccount.VAULT + 0
    if account == vault:
        return False
    rows = np.empty(POSITIONS_MAX * 8, np.int64)
    count = rows_by_requirement(state, account, rows)
    if count == 0:
        return False
    vault_equity, vault_requirement, _gains, _notional = judge(state, vault, Level.INITIAL)
    vault_positions = state.accounts[vault].position_count
    for i in range(count):
        position = state.positions[rows[i]]
        row = find_position(state, vault, position.instrument)
        held = 0 if row == NONE else state.positions[row].lots
        if row == NONE:
            vault_positions += 1
        if abs(held + position.lots) > state.contracts[position.instrument].lots_max or vault_positions > POSITIONS_MAX:
            return False
        mark = state.instruments[position.instrument].mark_ticks
        per_lot_tick = state.contracts[position.instrument].quanta_per_lot_tick
        if state.levels[Level.INITIAL].scenario == 1:
            # moves of several positions at once: no more than each would need alone
            taken = value_quanta(abs(position.lots), mark, per_lot_tick)
            vault_requirement += requirement_up(state, Level.INITIAL, position.instrument, abs(position.lots), taken, 0)
            continue
        after = value_quanta(abs(held + position.lots), mark, per_lot_tick)
        before = value_quanta(abs(held), mark, per_lot_tick)
        vault_requirement += requirement_up(
            state, Level.INITIAL, position.instrument, abs(held + position.lots), after, 0
        ) - requirement_up(state, Level.INITIAL, position.instrument, abs(held), before, 0)
    shortfall = max(-equity, 0)
    cover = cover_before_adl(state, account)
    if not accepts(stage.accept, shortfall, cover, vault_equity - shortfall, vault_requirement):
        return False
    accrue(state, tape, vault)
    for i in range(count):
        row = rows[i]
        position = state.positions[row]
        instrument = position.instrument
        lots = position.lots
        mark = state.instruments[instrument].mark_ticks
        vault_row = take_position(state, vault, instrument)
        if lots > 0:
            exchange(state, vault_row, row, lots, mark)
        else:
            exchange(state, row, vault_row, -lots, mark)
        event = tell(state, tape, EventKind.POSITION_TAKEN_OVER)
        event.account = account
        event.counterparty = vault
        event.instrument = instrument
        event.lots = lots
        event.price_ticks = mark
        event.stage = stage_row
        value = value_quanta(abs(lots), mark, state.contracts[instrument].quanta_per_lot_tick)
        event.amount_quanta = value
        record_flow(state, instrument, value, 0)
        charge_penalty(state, tape, account, stage_row, instrument, value, equity)
        tidy(state, watch, vault_row)
        tidy(state, watch, row)
    return True


@kernel
def deleverage(state, watch, tape, account, stage_row, winners, gains, found):
    """Close the account's positions against winners on the other side; give how many winners are now recorded.

    `winners[:n]` and `gains[:n]` remember who closed at a gain and how large it was: they bear what the waterfall's
    deleveraging layer asks, each at most that gain.
    """
    policy = state.policy[0]
    rows = np.empty(POSITIONS_MAX * 8, np.int64)
    count = rows_by_requirement(state, account, rows)
    room = state.venue[0].position_count
    other_rows = np.empty(room, np.int64)
    accounts = np.empty(room, np.int64)
    available = np.empty(room, np.int64)
    scores = np.empty(room, np.int64)
    paired = np.empty(room, np.int64)
    for i in range(count):
        row = rows[i]
        instrument = state.positions[row].instrument
        lots = state.positions[row].lots
        market = state.instruments[instrument]
        per_lot_tick = state.contracts[instrument].quanta_per_lot_tick
        price = market.mark_ticks
        if policy.adl_price == AdlPrice.PREVIOUS_MARK and market.previous_mark_ticks > 0:
            # never a price that is worse for the defaulter than the mark: the funds would pay the winners
            if lots > 0:
                price = max(market.previous_mark_ticks, price)
            else:
                price = min(market.previous_mark_ticks, price)
        candidates = 0
        for other in range(state.venue[0].position_count):
            position = state.positions[other]
            if position.account == NONE or position.instrument != instrument or position.lots == 0:
                continue
            if (position.lots > 0) == (lots > 0) or position.account == account:
                continue
            if state.accounts[position.account].status != Status.SOUND:
                continue
            value = value_quanta(position.lots, price, per_lot_tick)
            gain = value - position.cost_quanta
            if gain <= 0:
                continue
            # closing away from the mark may not make the winner liquidatable
            moved = value_quanta(position.lots, market.mark_ticks - price, per_lot_tick)
            if moved > 0:
                equity, requirement, _gains, _notional = judge(state, position.account, Level.MAINTENANCE)
                requirement += requirement_change(
                    state, Level.MAINTENANCE, position.account, other, position.instrument, 0
                )
                if equity - moved - requirement - state.stages[0].or_equal < 0:
                    continue
            other_rows[candidates] = other
            accounts[candidates] = position.account
            available[candidates] = abs(position.lots)
            if policy.adl_policy == AdlPolicy.PRO_RATA:
                candidates += 1  # a share needs no rank
                continue
            equity, _requirement, _gains, _notional = judge(state, position.account, Level.MAINTENANCE)
            if equity <= 0:
                continue
            scores[candidates] = score_of(
                policy.adl_score,
                position.lots,
                value,
                position.cost_quanta,
                gain,
                state.accounts[position.account].wallet_quanta,
                equity,
                exposure_requirement_up(state, Level.MAINTENANCE, other, position.lots),
            )
            candidates += 1
        if candidates == 0:
            continue
        if policy.adl_policy == AdlPolicy.PRO_RATA:
            unit_lots = policy.adl_unit_quanta // value_quanta(1, price, per_lot_tick)
            pair_pro_rata(abs(lots), available, candidates, paired, unit_lots, mix(state.venue[0].sequence, account))
        else:
            pair_queue(abs(lots), available, scores, accounts, candidates, paired)
        for k in range(candidates):
            if paired[k] == 0:
                continue
            other = other_rows[k]
            winner = state.positions[other].account
            accrue(state, tape, winner)
            held = state.positions[other].lots
            closed_cost = mul_div_down(state.positions[other].cost_quanta, paired[k], abs(held))
            signed = paired[k] if held > 0 else -paired[k]
            gain = value_quanta(signed, price, per_lot_tick) - closed_cost
            if lots > 0:
                exchange(state, other, row, paired[k], price)
            else:
                exchange(state, row, other, paired[k], price)
            event = tell(state, tape, EventKind.POSITION_DELEVERAGED)
            event.account = account
            event.counterparty = winner
            event.instrument = instrument
            event.lots = paired[k] if lots > 0 else -paired[k]
            event.price_ticks = price
            event.stage = stage_row
            event.amount_quanta = value_quanta(paired[k], price, per_lot_tick)
            event.value = gain
            tidy(state, watch, other)
            if found < winners.shape[0]:
                winners[found] = winner
                gains[found] = max(gain, 0)
                found += 1
        tidy(state, watch, row)
    return found


@kernel
def order_collateral(state, tape, account):
    """Ask the venue to sell collateral of a flat account that owes cash; give how many orders are out."""
    now = state.venue[0].time_ns
    terms = state.accounts[account]
    if now < terms.order_until_ns and terms.order_stage != NONE:
        return 1
    placed = 0
    row = terms.first_holding
    while row != NONE:
        holding = state.holdings[row]
        event = tell(state, tape, EventKind.COLLATERAL_ORDERED)
        event.account = account
        event.asset = holding.asset
        event.amount_quanta = holding.amount_quanta
        event.value = -terms.wallet_quanta
        event.reference = state.venue[0].sequence
        placed += 1
        row = holding.next
    terms.order_reference = state.venue[0].sequence
    terms.order_until_ns = now + state.stages[0].timeout_ns
    terms.order_stage = 0
    return placed


@kernel
def leave_queue(state, watch, tape, account, kind):
    """The account is its owner's again."""
    terms = state.accounts[account]
    cancel_orders(state, tape, account)
    set_negative(state, tape, account, 0)
    terms.status = Status.SOUND
    terms.order_stage = NONE
    terms.order_filled = 0
    terms.order_until_ns = 0
    terms.cooldown_until_ns = 0
    event = tell(state, tape, kind)
    event.account = account
    event.instrument = terms.default_instrument
    event.amount_quanta = terms.wallet_quanta
    event.reference = terms.flagged_sequence
    terms.default_instrument = NONE
    row = terms.first_position
    while row != NONE:
        following = state.positions[row].next
        tidy(state, watch, row)
        row = following
    review(state, watch, tape, account)


@kernel
def settle_flat(state, watch, tape, account, stage_row, declared, winners, gains, found):
    """Close the case of an account without positions; give True when it left the queue."""
    terms = state.accounts[account]
    if terms.wallet_quanta < 0 and terms.first_holding != NONE:
        if order_collateral(state, tape, account) > 0:
            return False
    owed = max(-terms.wallet_quanta, 0)
    total = max(declared, owed)
    if total > 0:
        pay_shortfall(state, watch, tape, account, total, total - owed, winners, gains, found)
    elif stage_row != NONE and terms.wallet_quanta > 0 and terms.kind != AccountKind.SYSTEM:
        payee = payee_account(state.stages[stage_row].residual_payee, account, terms.default_instrument)
        if payee != account:
            event = tell(state, tape, EventKind.RESIDUAL_TAKEN)
            event.account = account
            event.counterparty = payee
            event.amount_quanta = terms.wallet_quanta
            event.stage = stage_row
            post(state, account, payee, terms.wallet_quanta)
    leave_queue(state, watch, tape, account, EventKind.DEFAULT_CLOSED)
    return True


@kernel
def wait(state, tape, account, equity, requirement):
    """Nothing could be done for the account: it stays in the queue, and that is told."""
    event = tell(state, tape, EventKind.ACCOUNT_WAITING)
    event.account = account
    event.instrument = state.accounts[account].default_instrument
    event.equity_quanta = equity
    event.requirement_quanta = requirement


@kernel
def work(state, watch, tape, account):
    """One visit to one distressed account; give True when it left the queue."""
    terms = state.accounts[account]
    accrue(state, tape, account)
    drop_own_orders(state, tape, account)
    nobody = np.empty(0, np.int64)
    if is_flat(state, account):
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
    if has_orders(state, account):
        if state.venue[0].time_ns < terms.order_until_ns:
            return False
        cancel_orders(state, tape, account)
    first = 0
    if terms.order_stage != NONE and terms.order_filled == 0:
        # nothing of the last order was filled: fall through to the stages after it, if it is still breached
        for i in range(breached):
            if order[i] == terms.order_stage:
                first = i + 1
    for turn in range(breached):
        stage_row = order[(first + turn) % breached]
        executor = state.stages[stage_row].executor
        if executor == Executor.ENGINE:
            if place_orders(state, tape, account, stage_row, equity, requirement) > 0:
                return False
        elif executor == Executor.BACKSTOP_VAULT:
            if take_over(state, watch, tape, account, stage_row, equity):
                if is_flat(state, account):
                    return settle_flat(state, watch, tape, account, stage_row, 0, nobody, nobody, 0)
                return False
        else:
            room = state.venue[0].position_count + 1
            winners = np.empty(room, np.int64)
            gains = np.empty(room, np.int64)
            found = deleverage(state, watch, tape, account, stage_row, winners, gains, 0)
            declared = 0
            if state.policy[0].adl_price == AdlPrice.PREVIOUS_MARK and terms.first_holding == NONE:
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
    wait(state, tape, account, equity, requirement)
    return False
