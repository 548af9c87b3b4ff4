"""Winners on the other side close against the defaulter."""

import numpy as np

from solvent.codes import AdlPolicy, AdlPrice, Level, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.standing import rows_by_requirement
from solvent.procedures.review import accrue
from solvent.procedures.trade import tidy
from solvent.risk.deleverage import pair_pro_rata, pair_queue, score_of
from solvent.risk.margin import exposure_requirement_up, judge, requirement_change
from solvent.state.ledger import exchange
from solvent.state.tables import NONE
from solvent.units import POSITIONS_MAX, mix, mul_div_down, value_quanta


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
