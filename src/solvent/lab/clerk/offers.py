"""Offers to keepers and bidders, claims, rewards and shares.

What an offer's price is at its age, and how large a share may be, the auditor knows.
"""

from solvent.codes import Executor
from solvent.lab.clerk.books import REWARD_ACCOUNT, REWARD_BEFORE, TIME
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import traded
from solvent.lab.clerk.laws import FUNDING, JUDGED, KEEPER, TOLD
from solvent.lab.clerk.ledger import exchange, move
from solvent.lab.clerk.liquidation import check_closing
from solvent.lab.clerk.numbers import wide_floor
from solvent.lab.clerk.penalty import expect_penalty, payee_of
from solvent.units import PPM


@step
def ends_at(state, clerk, account, stage_row):
    """When an offer made now is over: the stage's time, shorter the wilder the market of the default."""
    market = max(clerk.market[account], 0)
    wildest = max(state.dynamics[2 * market].volatility_ppm, state.dynamics[2 * market + 1].volatility_ppm)
    wider = PPM + wide_floor(max(wildest - PPM, 0), state.offers[stage_row].volatility_ppm, PPM)
    return clerk.note[TIME] + max(wide_floor(state.stages[stage_row].timeout_ns, PPM, wider), 1)


@step
def offer(state, clerk, event):
    """What a stage closes is on offer: opposite, inside the position, nothing of it ordered already."""
    account = event.account
    market = event.instrument
    executor = Executor.KEEPER + 0
    if 0 <= event.stage < state.stages.shape[0]:
        executor = state.stages[event.stage].executor + 0
    if executor != Executor.KEEPER and executor != Executor.AUCTION:
        return KEEPER + 1
    broken = check_closing(state, clerk, event, executor)
    if broken:
        return broken
    contract = state.contracts[market]
    if event.price_ticks < max(contract.price_min_ticks, 1) or event.price_ticks > contract.price_max_ticks:
        return KEEPER + 2
    clerk.ordered[account, market] = -event.lots
    clerk.limit[account, market] = 0
    clerk.order_reference[account] = event.reference
    clerk.order_stage[account] = event.stage
    clerk.offer_until[account] = ends_at(state, clerk, account, event.stage)
    return 0


@step
def claim(state, clerk, event, command):
    """Lots on offer pass to a keeper who may act, in time, under the offer's reference; a penalty may follow."""
    account = event.account
    market = event.instrument
    stage = event.stage
    if clerk.flagged[account] == 0 or event.counterparty != command.counterparty or event.counterparty == account:
        return KEEPER + 10
    if event.reference != clerk.order_reference[account] or event.reference != command.reference:
        return KEEPER + 11
    if stage != clerk.order_stage[account]:
        return KEEPER + 12
    if clerk.note[TIME] >= clerk.offer_until[account]:
        return KEEPER + 13
    if state.offers[stage].endorsed != 0 and clerk.endorsed[event.counterparty] == 0:
        return KEEPER + 14
    ordered = clerk.ordered[account, market]
    lots = abs(event.lots)
    if ordered == 0 or (event.lots > 0) == (ordered > 0) or lots == 0 or lots > abs(ordered):
        return KEEPER + 15
    if state.offers[stage].portfolio != 0:
        if event.price_ticks != clerk.mark[market]:
            return KEEPER + 16
        if lots != min(wide_floor(abs(clerk.lots[account, market]), command.value, PPM), abs(ordered)):
            return KEEPER + 17
    else:
        if lots != command.lots:
            return KEEPER + 18
        if command.price_ticks != 0:
            worse = event.price_ticks > command.price_ticks if ordered > 0 else event.price_ticks < command.price_ticks
            if worse:
                return KEEPER + 19
    value = abs(traded(state, market, lots, event.price_ticks))
    if event.amount_quanta != value:
        return TOLD + 12
    equity = clerk.side[1, 3]
    clerk.ordered[account, market] += event.lots
    if event.lots < 0:
        settled = exchange(state, clerk, event.counterparty, account, market, lots, event.price_ticks)
    else:
        settled = exchange(state, clerk, account, event.counterparty, market, lots, event.price_ticks)
    if not settled:
        return FUNDING + 5
    expect_penalty(clerk, account, stage, market, value, equity)
    payee = payee_of(state, state.stages[stage].fee_payee, account, market)
    clerk.note[REWARD_ACCOUNT] = payee
    clerk.note[REWARD_BEFORE] = clerk.wallet[payee]
    return 0


@step
def reward(state, clerk, event, command):
    """The keeper is paid by whoever received the penalty, out of it and never beyond it."""
    payee = clerk.note[REWARD_ACCOUNT]
    if event.account != payee or event.counterparty != command.counterparty:
        return KEEPER + 20
    terms = state.offers[event.stage]
    due = terms.reward_flat_quanta + wide_floor(event.value, terms.reward_ppm, PPM)
    if terms.reward_max_quanta > 0:
        due = min(due, terms.reward_max_quanta)
    due = min(max(due, terms.reward_min_quanta), clerk.wallet[payee] - clerk.note[REWARD_BEFORE])
    if event.amount_quanta != due or due <= 0:
        return KEEPER + 21
    move(clerk, payee, event.counterparty, due)
    return 0


@step
def take_share(state, clerk, event, command):
    """A share of the account is paid for: within its equity, or for a bankrupt one within what it required."""
    if event.value != command.value or event.account != command.account:
        return KEEPER + 30
    if event.equity_quanta != clerk.side[1, 3] or event.requirement_quanta != clerk.side[1, 4]:
        return JUDGED + 10
    base = event.equity_quanta if event.equity_quanta > 0 else event.requirement_quanta
    if event.amount_quanta < 0 or event.amount_quanta > max(base, 0):
        return KEEPER + 31
    move(clerk, event.account, event.counterparty, event.amount_quanta)
    return 0
