"""Orders of the engine and their fills, takeovers, residuals, deleveraging."""

from solvent.codes import (
    AdlPrice,
    Executor,
    Level,
    Mode,
    PriceLimit,
    Size,
)
from solvent.lab.clerk.books import (
    BOUNDED,
    SEQUENCE,
    UNJUDGED,
    WINNERS_OF,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    equity_of,
    is_below,
    is_own_pool,
    marked,
    pool_behind,
    position_required,
    sized,
    traded,
)
from solvent.lab.clerk.laws import (
    DELEVERAGE,
    FUNDING,
    LIQUIDATION,
    PENALTY,
    TOLD,
)
from solvent.lab.clerk.ledger import exchange, is_flat, is_trader, move
from solvent.lab.clerk.numbers import wide_floor
from solvent.lab.clerk.penalty import expect_penalty, payee_of
from solvent.lab.clerk.queue import judged
from solvent.units import PPM


@step
def visit(state, clerk, event, executor):
    """A stage acts: it is in use and of this executor, on a flagged account below its threshold, not in a halt."""
    account = event.account
    if clerk.flagged[account] == 0:
        return LIQUIDATION + 1
    if event.stage < 0 or event.stage >= state.stages.shape[0]:
        return LIQUIDATION + 2
    stage = state.stages[event.stage]
    if stage.used != 1 or stage.executor != executor:
        return LIQUIDATION + 3
    if clerk.mode[event.instrument] == Mode.HALTED:
        return LIQUIDATION + 4
    if clerk.visited[account] == 0:
        clerk.visited[account] = 1
        clerk.visit_equity[account] = equity_of(state, clerk, account, Level.MAINTENANCE)
        if clerk.note[UNJUDGED] == 0 and not is_below(state, clerk, account, event.stage):
            return LIQUIDATION + 5
    return 0


@step
def is_limit(state, clerk, market, held, price, share):
    """The loss at the limit is within the share, and one tick further is not; the value at it to the real number."""
    now = marked(state, market, held, clerk.mark[market])
    worse = price - 1 if held > 0 else price + 1
    # a real value is at least a whole number exactly when its floor is
    least = now - share
    if marked(state, market, held, price) < least:
        return False
    return marked(state, market, held, worse) < least


@step
def check_closing(state, clerk, event, executor):
    """What a stage asks for: judged as told, opposite, inside the position, nothing of it asked for already."""
    account = event.account
    market = event.instrument
    broken = judged(state, clerk, event)
    if broken == 0:
        broken = visit(state, clerk, event, executor)
    if broken:
        return broken
    held = clerk.lots[account, market]
    if held == 0 or (event.lots > 0) == (held > 0) or event.lots == 0 or abs(event.lots) > abs(held):
        return LIQUIDATION + 6
    if clerk.ordered[account, market] != 0:
        return LIQUIDATION + 7
    if event.reference != clerk.note[SEQUENCE]:
        return TOLD + 1
    if clerk.note[UNJUDGED] == 0 and event.amount_quanta != sized(state, market, held, clerk.mark[market]):
        return TOLD + 2
    return 0


@step
def order_liquidation(state, clerk, event):
    """An order of the liquidation engine: opposite, inside the position, at the limit of its stage."""
    account = event.account
    market = event.instrument
    broken = check_closing(state, clerk, event, Executor.ENGINE)
    if broken:
        return broken
    held = clerk.lots[account, market]
    if state.stages[event.stage].price_limit == PriceLimit.NONE:
        if event.price_ticks != 0:
            return LIQUIDATION + 8
    elif state.stages[event.stage].price_limit == PriceLimit.BANKRUPTCY and clerk.note[UNJUDGED] == 0:
        own = position_required(state, clerk, account, market, Level.MAINTENANCE)
        if event.requirement_quanta == 0 or state.levels[Level.MAINTENANCE].scenario == 1:
            share = 0  # shared among the positions that may be closed: the auditor knows which those are
        else:
            share = wide_floor(event.equity_quanta, own, event.requirement_quanta)
        contract = state.contracts[market]
        lowest = max(contract.price_min_ticks, 1)
        at_edge = event.price_ticks == lowest or event.price_ticks == contract.price_max_ticks
        judged_here = event.requirement_quanta > 0 and state.levels[Level.MAINTENANCE].scenario == 0 and not at_edge
        if judged_here and not is_limit(state, clerk, market, held, event.price_ticks, share):
            return LIQUIDATION + 9
    clerk.ordered[account, market] = -event.lots
    clerk.limit[account, market] = event.price_ticks
    clerk.order_reference[account] = event.reference
    clerk.order_stage[account] = event.stage
    return 0


@step
def fill_liquidation(state, clerk, event, command):
    """A fill: inside its order, of its stage and reference, not beyond its limit."""
    account = event.account
    market = event.instrument
    if clerk.flagged[account] == 0:
        return LIQUIDATION + 20
    ordered = clerk.ordered[account, market]
    if ordered == 0 or (event.lots > 0) == (ordered > 0) or abs(event.lots) > abs(ordered) or event.lots == 0:
        return LIQUIDATION + 21
    if abs(event.lots) != command.lots:
        return LIQUIDATION + 22
    if event.reference != clerk.order_reference[account] or event.stage != clerk.order_stage[account]:
        return LIQUIDATION + 23
    limit = clerk.limit[account, market]
    if limit > 0:
        if ordered > 0 and event.price_ticks < limit:
            return LIQUIDATION + 24
        if ordered < 0 and event.price_ticks > limit:
            return LIQUIDATION + 25
    value = abs(traded(state, market, command.lots, event.price_ticks))
    if event.amount_quanta != value:
        return TOLD + 3
    equity = equity_of(state, clerk, account, Level.MAINTENANCE)
    clerk.ordered[account, market] += event.lots
    if event.lots < 0:
        settled = exchange(state, clerk, event.counterparty, account, market, command.lots, event.price_ticks)
    else:
        settled = exchange(state, clerk, account, event.counterparty, market, command.lots, event.price_ticks)
    if not settled:
        return FUNDING + 1
    expect_penalty(clerk, account, event.stage, market, value, equity)
    return 0


@step
def take_over(state, clerk, event):
    """A pool takes a position or a part of it, at the mark or within the stage's spread of it."""
    account = event.account
    market = event.instrument
    vault = pool_behind(state, market)
    broken = visit(state, clerk, event, Executor.BACKSTOP_VAULT)
    if broken:
        return broken
    held = clerk.lots[account, market]
    if event.counterparty != vault or is_own_pool(state, account):
        return LIQUIDATION + 30
    mark = clerk.mark[market]
    off = state.backings[market].discount_ppm
    apart = (mark - event.price_ticks) if held > 0 else event.price_ticks - mark
    scale = state.markets[market].fill_skew_lots
    if scale > 0:
        # the mean of the skewed prices before and after, or nearer to the mark where the account bears no more
        moved = -2 * clerk.lots[vault, market] - event.lots
        fill = mark + (wide_floor(moved, mark, scale) + 1) // 2
        fill = min(max(fill, max(state.contracts[market].price_min_ticks, 1)), state.contracts[market].price_max_ticks)
        most = mark - fill if held > 0 else fill - mark
        if apart != most and (apart > most or apart < 0):
            return LIQUIDATION + 34
    elif apart < 0 or apart > wide_floor(mark, max(state.stages[event.stage].price_ppm, off), PPM):
        return LIQUIDATION + 31
    if held == 0 or (event.lots > 0) != (held > 0) or event.lots == 0 or abs(event.lots) > abs(held):
        return LIQUIDATION + 32
    if state.stages[event.stage].sizing == Size.FULL and event.lots != held and clerk.note[BOUNDED] == 0:
        return LIQUIDATION + 33
    lots = abs(event.lots)
    value = abs(traded(state, market, lots, event.price_ticks))
    if event.amount_quanta != value:
        return TOLD + 4
    if held > 0:
        settled = exchange(state, clerk, vault, account, market, lots, event.price_ticks)
    else:
        settled = exchange(state, clerk, account, vault, market, lots, event.price_ticks)
    if not settled:
        return FUNDING + 2
    expect_penalty(clerk, account, event.stage, market, value, clerk.visit_equity[account])
    return 0


@step
def take_residual(state, clerk, event):
    """What is left of an account that was taken over goes to the stage's payee."""
    account = event.account
    stage = state.stages[event.stage]
    if clerk.visited[account] == 0 or stage.executor == Executor.ENGINE:
        return LIQUIDATION + 40
    if clerk.flagged[account] == 0 or not is_flat(clerk, account) or not is_trader(clerk, account):
        return LIQUIDATION + 41
    if event.amount_quanta != clerk.wallet[account] or event.amount_quanta <= 0:
        return PENALTY + 10
    payee = payee_of(state, stage.residual_payee, account, clerk.market[account])
    if event.counterparty != payee or payee == account:
        return PENALTY + 11
    move(clerk, account, payee, event.amount_quanta)
    return 0


@step
def deleverage(state, clerk, event):
    """Contracts close against an opposite, profitable, sound position, at the rulebook's price."""
    account = event.account
    winner = event.counterparty
    market = event.instrument
    broken = visit(state, clerk, event, Executor.ADL)
    if broken:
        return broken
    lots = abs(event.lots)
    held = clerk.lots[account, market]
    other = clerk.lots[winner, market]
    if winner == account or clerk.flagged[winner] != 0 or not is_trader(clerk, winner):
        if not is_own_pool(state, winner) or clerk.flagged[winner] != 0:
            return DELEVERAGE + 1
    if held == 0 or other == 0 or (held > 0) == (other > 0) or lots == 0:
        return DELEVERAGE + 2
    if lots > abs(held) or lots > abs(other):
        return DELEVERAGE + 3
    if (event.lots > 0) != (held > 0):
        return DELEVERAGE + 4
    mark = clerk.mark[market]
    price = event.price_ticks
    fair = price == mark
    if state.policy[0].adl_price == AdlPrice.PREVIOUS_MARK and clerk.previous[market] > 0:
        before = clerk.previous[market]
        fair = price == before or price == (max(mark, before) if held > 0 else min(mark, before))
    if not fair and state.policy[0].adl_price <= AdlPrice.BANKRUPTCY:
        return DELEVERAGE + 5  # what a share of the equity allows beside the mark, the auditor knows
    if marked(state, market, other, price) <= clerk.cost[winner, market]:
        return DELEVERAGE + 6
    share = wide_floor(clerk.cost[winner, market], lots, abs(other))
    gain = traded(state, market, lots if other > 0 else -lots, price) - share
    if event.value != gain:
        return DELEVERAGE + 7
    if event.amount_quanta != abs(traded(state, market, lots, price)):
        return TOLD + 5
    if held > 0:
        settled = exchange(state, clerk, winner, account, market, lots, price)
    else:
        settled = exchange(state, clerk, account, winner, market, lots, price)
    if not settled:
        return FUNDING + 3
    if clerk.note[WINNERS_OF] != account:
        clerk.note[WINNERS_OF] = account
        clerk.gain[:] = 0
        clerk.entries[:] = 0
    clerk.gain[winner] += max(gain, 0)
    clerk.entries[winner] += 1
    clerk.won[winner] = 1
    return 0
