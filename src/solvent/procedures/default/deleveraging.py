"""Winners on the other side close against the defaulter."""

import numpy as np

from solvent.codes import AdlMetric, AdlPolicy, AdlPrice, Level, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.orders import rest_after
from solvent.procedures.default.plan import equity_share, plan_lots, shared_requirement, work_space
from solvent.procedures.default.standing import rows_by_requirement
from solvent.procedures.review import accrue
from solvent.procedures.trade import tidy
from solvent.risk.deleverage import (
    metric_at,
    metric_of,
    pair_in_turn,
    pair_pro_rata,
    pair_queue,
    rank_columns,
    score_of,
)
from solvent.risk.liquidation import transfer_ticks, zero_price_ticks
from solvent.risk.margin import exposure_requirement_up, judge, requirement_change
from solvent.state.ledger import exchange
from solvent.state.tables import NONE
from solvent.state.terms import METRICS_MAX
from solvent.state.values import lots_within, marked_quanta, traded_quanta
from solvent.units import mix, mul_div_down


@kernel
def execution_ticks(state, instrument, lots, share_quanta):
    """The price at which winners close against a position of `lots`, with `share_quanta` of the equity behind it."""
    policy = state.policy[0]
    market = state.instruments[instrument]
    contract = state.contracts[instrument]
    mark = market.mark_ticks
    if policy.adl_price == AdlPrice.PREVIOUS_MARK and market.previous_mark_ticks > 0:
        # never a price that is worse for the defaulter than the mark: the funds would pay the winners
        if lots > 0:
            return max(market.previous_mark_ticks, mark)
        return min(market.previous_mark_ticks, mark)
    if policy.adl_price == AdlPrice.SPREAD:
        return transfer_ticks(contract, mark, lots, share_quanta, policy.adl_spread_ppm)
    if policy.adl_price == AdlPrice.ZERO_PRICE:
        return zero_price_ticks(contract, mark, lots, share_quanta)
    return mark


@kernel
def deleverage(state, watch, tape, account, stage_row, equity, requirement, winners, gains, found):
    """Close the account's positions against winners on the other side; give how many winners are now recorded.

    `winners[:n]` and `gains[:n]` remember who closed at a gain and how large it was: they bear what the waterfall's
    deleveraging layer asks, each at most that gain.
    """
    policy = state.policy[0]
    stage = state.stages[stage_row]
    if stage.round_ns > 0 and state.venue[0].time_ns < state.accounts[account].cooldown_until_ns:
        return found  # one round at a time
    rows, planned = work_space()
    count = rows_by_requirement(state, account, rows)
    partly = plan_lots(state, account, stage_row, rows, count, equity, requirement, planned)
    shared = shared_requirement(state, rows, count, requirement)
    shares = np.empty(count, np.int64)
    for i in range(count):
        shares[i] = equity_share(state, rows[i], equity, shared, count)
    room = state.venue[0].position_count
    other_rows = np.empty(room, np.int64)
    accounts = np.empty(room, np.int64)
    available = np.empty(room, np.int64)
    scores = np.empty(room, np.int64)
    paired = np.empty(room, np.int64)
    columns = np.empty((METRICS_MAX, room), np.int64)
    used = 0
    while used < METRICS_MAX and metric_at(policy.adl_metrics, used) != AdlMetric.NONE:
        used += 1
    before_all = found
    for i in range(count):
        row = rows[i]
        instrument = state.positions[row].instrument
        lots = state.positions[row].lots
        market = state.instruments[instrument]
        contract = state.contracts[instrument]
        if planned[i] == 0:
            continue
        price = execution_ticks(state, instrument, lots, shares[i])
        candidates = 0
        for other in range(state.venue[0].position_count):
            position = state.positions[other]
            if position.account == NONE or position.instrument != instrument or position.lots == 0:
                continue
            if (position.lots > 0) == (lots > 0) or position.account == account:
                continue
            if state.accounts[position.account].status != Status.SOUND:
                continue
            value = marked_quanta(contract, position.lots, price)
            gain = value - position.cost_quanta
            if gain <= 0:
                continue
            # closing away from the mark may not make the winner liquidatable
            moved = marked_quanta(contract, position.lots, market.mark_ticks)
            moved -= traded_quanta(contract, position.lots, price)
            if moved > 0:
                left, needed, _gains, _notional = judge(state, position.account, Level.MAINTENANCE)
                needed += requirement_change(state, Level.MAINTENANCE, position.account, other, position.instrument, 0)
                if left - moved - needed - state.stages[0].or_equal < 0:
                    continue
            other_rows[candidates] = other
            accounts[candidates] = position.account
            available[candidates] = abs(position.lots)
            if policy.adl_policy == AdlPolicy.PRO_RATA or policy.adl_policy == AdlPolicy.PSEUDO_RANDOM:
                candidates += 1  # a share, or a turn, needs no rank
                continue
            equity_of, _requirement, _gains, _notional = judge(state, position.account, Level.MAINTENANCE)
            if equity_of <= 0:
                continue
            needed = exposure_requirement_up(state, Level.MAINTENANCE, other, position.lots)
            wallet = state.accounts[position.account].wallet_quanta
            if policy.adl_policy == AdlPolicy.LEXICOGRAPHIC:
                for k in range(used):
                    columns[k, candidates] = metric_of(
                        metric_at(policy.adl_metrics, k),
                        value,
                        position.cost_quanta,
                        gain,
                        wallet,
                        equity_of,
                        needed,
                    )
            else:
                scores[candidates] = score_of(
                    policy.adl_score, value, position.cost_quanta, gain, wallet, equity_of, needed
                )
            candidates += 1
        if candidates == 0:
            continue
        if policy.adl_policy == AdlPolicy.PRO_RATA:
            unit_lots = lots_within(contract, policy.adl_unit_quanta, price)
            pair_pro_rata(planned[i], available, candidates, paired, unit_lots, mix(state.venue[0].sequence, account))
        elif policy.adl_policy == AdlPolicy.PSEUDO_RANDOM:
            pair_in_turn(planned[i], available, candidates, paired, mix(state.venue[0].sequence, account))
        else:
            if policy.adl_policy == AdlPolicy.LEXICOGRAPHIC:
                rank_columns(columns, candidates, used, scores)
            pair_queue(planned[i], available, scores, accounts, candidates, paired)
        for k in range(candidates):
            if paired[k] == 0:
                continue
            other = other_rows[k]
            winner = state.positions[other].account
            accrue(state, tape, winner)
            held = state.positions[other].lots
            closed_cost = mul_div_down(state.positions[other].cost_quanta, paired[k], abs(held))
            signed = paired[k] if held > 0 else -paired[k]
            gain = traded_quanta(contract, signed, price) - closed_cost
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
            event.amount_quanta = abs(traded_quanta(contract, paired[k], price))
            event.value = gain
            tidy(state, watch, other)
            winners[found] = winner  # each position is paired once: there is room for all
            gains[found] = max(gain, 0)
            found += 1
        tidy(state, watch, row)
    if found > before_all:
        rest_after(state, account, stage_row, partly)
    return found
