"""The clerk books one event, and says which law it breaks if it does: law x 1000 + a place in this file, or 0."""

from solvent.codes import (
    AccountKind,
    AdlPrice,
    ContractKind,
    Executor,
    FeeBase,
    FeePayee,
    Level,
    Mode,
    PriceLimit,
    Size,
    SystemAccount,
)
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.clerk.books import (
    BOUNDED,
    DEFICIT,
    GATED,
    LOST,
    PENALTY_EQUITY,
    PENALTY_MARKET,
    PENALTY_OF,
    PENALTY_STAGE,
    PENALTY_VALUE,
    PRICE_VERSION,
    ROUNDINGS,
    SEQUENCE,
    SHARES,
    TERMS_VERSION,
    UNJUDGED,
    VENUE_MODE,
    WINNERS_OF,
    WORK_COUNT,
    WORK_HIGH,
    WORK_LAST,
    WORK_LOW,
    WORK_TOLD,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    equity_of,
    is_below,
    is_own_pool,
    marked,
    pool_behind,
    position_required,
    requirement_of,
    sized,
    surplus_of,
    traded,
)
from solvent.lab.clerk.laws import (
    DELEVERAGE,
    FUNDING,
    JUDGED,
    LEDGER,
    LIQUIDATION,
    OUTFLOW,
    PENALTY,
    SCAN,
    SEQUENCED,
    TERMS,
    TOLD,
    WATERFALL,
)
from solvent.lab.clerk.numbers import ceil_quotient, funding_due, wide_floor
from solvent.lab.clerk.waterfall import draw, open_case, open_deficit
from solvent.units import FUNDING_SCALE, PPB, PPM

NOBODY = -1
VIRTUAL_SHARES = 1_000
WORKLIST_PRIME = 2**31 - 1
VIRTUAL_QUANTA = 1


@step
def move(clerk, debit, credit, amount):
    """Cash from one wallet to another."""
    clerk.wallet[debit] -= amount
    clerk.wallet[credit] += amount


@step
def settle_index(clerk, account, market):
    """Before contracts move all funding is settled: what is left rounds to nothing. False when it does not."""
    if clerk.lots[account, market] != 0 and clerk.settled[account, market] != clerk.funding[market]:
        if funding_due(clerk.lots[account, market], clerk.funding[market] - clerk.settled[account, market]) != 0:
            return False
        clerk.note[ROUNDINGS] += 1
    clerk.settled[account, market] = clerk.funding[market]
    return True


@step
def change_side(state, clerk, account, market, lots, price):
    """One side of an exchange: closing turns cost into cash, opening adds cost."""
    held = clerk.lots[account, market]
    closed = 0
    proceeds = 0
    if (held > 0 and lots < 0) or (held < 0 and lots > 0):
        closed = min(abs(lots), abs(held))
        share = wide_floor(clerk.cost[account, market], closed, abs(held))
        if lots < 0:
            closed = -closed
        proceeds = traded(state, market, -closed, price)
        clerk.wallet[account] += proceeds - share
        clerk.cost[account, market] -= share
    if closed != lots:
        # both sides exchange one rounded value; what is opened is what of it was not closed
        clerk.cost[account, market] += traded(state, market, lots, price) + proceeds
    clerk.lots[account, market] = held + lots
    after = held + lots
    if clerk.ordered[account, market] > 0:
        clerk.ordered[account, market] = min(clerk.ordered[account, market], max(after, 0))
    elif clerk.ordered[account, market] < 0:
        clerk.ordered[account, market] = max(clerk.ordered[account, market], min(after, 0))


@step
def exchange(state, clerk, buyer, seller, market, lots, price):
    """Contracts pass from seller to buyer at a price; False when funding was not settled first."""
    settled = settle_index(clerk, buyer, market)
    settled = settle_index(clerk, seller, market) and settled
    change_side(state, clerk, buyer, market, lots, price)
    change_side(state, clerk, seller, market, -lots, price)
    longs = 0
    for account in range(clerk.lots.shape[0]):
        longs += max(clerk.lots[account, market], 0)
    clerk.interest[market] = longs
    return settled


@step
def is_flat(clerk, account):
    """True when the account holds no contract."""
    for market in range(clerk.mark.shape[0]):
        if clerk.lots[account, market] != 0:
            return False
    return True


@step
def is_trader(clerk, account):
    """True when the account is not the venue's own."""
    return clerk.kind[account] == AccountKind.CROSS or clerk.kind[account] == AccountKind.ISOLATED


@step
def payee_of(state, payee, account, market):
    """The account behind a payee of the rulebook."""
    if payee == FeePayee.TRADER:
        return account
    if payee == FeePayee.MARKET_FUND:
        return SystemAccount.MARKET_FUNDS + market
    if payee == FeePayee.VENUE_FUND:
        return SystemAccount.VENUE_FUND + 0
    if payee == FeePayee.VAULT:
        pool = pool_behind(state, market)
        return pool if pool != NOBODY else SystemAccount.VAULT + 0
    return SystemAccount.VENUE_CAPITAL + 0


@step
def penalty_due(state, clerk):
    """What the last fill or takeover owes as a penalty."""
    note = clerk.note
    fee = ceil_quotient(note[PENALTY_VALUE] * state.stages[note[PENALTY_STAGE]].fee_ppm, PPM)
    if state.stages[note[PENALTY_STAGE]].fee_ppm > 0 and note[PENALTY_VALUE] > 2**42:
        fee = -wide_floor(-note[PENALTY_VALUE], state.stages[note[PENALTY_STAGE]].fee_ppm, PPM)
    left = equity_of(state, clerk, note[PENALTY_OF], Level.MAINTENANCE)
    return min(fee, max(0, min(note[PENALTY_EQUITY], left)))


@step
def end_penalty(state, clerk):
    """What was filled or taken over owed no penalty, when another event follows."""
    is_of_value = state.stages[clerk.note[PENALTY_STAGE]].fee_base == FeeBase.VALUE
    if clerk.note[UNJUDGED] == 0 and is_of_value and penalty_due(state, clerk) != 0:
        return PENALTY + 1
    clerk.note[PENALTY_OF] = NOBODY
    return 0


@step
def judged(state, clerk, event):
    """Equity and requirement as told."""
    if clerk.note[UNJUDGED] != 0:
        return 0
    if event.equity_quanta != equity_of(state, clerk, event.account, Level.MAINTENANCE):
        return JUDGED + 1
    if event.requirement_quanta != requirement_of(state, clerk, event.account, Level.MAINTENANCE):
        return JUDGED + 2
    return 0


@step
def leave_queue(clerk, event):
    """The account is its owner's again."""
    account = event.account
    if clerk.flagged[account] == 0:
        return SCAN + 10
    if event.amount_quanta != clerk.wallet[account]:
        return TOLD + 10
    if event.reference != clerk.flagged_sequence[account]:
        return TOLD + 11
    for market in range(clerk.mark.shape[0]):
        if clerk.ordered[account, market] != 0 or clerk.bid_lots[account, market] != 0:
            return LIQUIDATION + 10
        if clerk.ask_lots[account, market] != 0:
            return LIQUIDATION + 11
    clerk.flagged[account] = 0
    clerk.market[account] = NOBODY
    clerk.order_stage[account] = NOBODY
    return 0


@step
def note_work(clerk, account):
    """The worklist's two residues, as they stand with this account."""
    note = clerk.note
    if note[WORK_COUNT] == 0:
        note[WORK_LOW] = note[PRICE_VERSION] % WORKLIST_PRIME
        note[WORK_HIGH] = note[WORK_LOW]
        note[WORK_LAST] = NOBODY
    note[WORK_COUNT] += 1
    note[WORK_LOW] = (note[WORK_LOW] * 48_271 + account + 1) % WORKLIST_PRIME
    note[WORK_HIGH] = (note[WORK_HIGH] * 69_621 + account + 1) % WORKLIST_PRIME
    if account < note[WORK_LAST]:
        note[WORK_TOLD] = NOBODY  # out of order
    note[WORK_LAST] = account


@step
def tell_worklist(clerk, event):
    """Number and hash of what was flagged, in the order of the accounts."""
    note = clerk.note
    if event.lots != note[WORK_COUNT] or event.lots == 0 or note[WORK_TOLD] != 0:
        return SCAN + 5
    note[WORK_TOLD] = 1
    return 0 if event.value == note[WORK_HIGH] * 2**31 + note[WORK_LOW] else SCAN + 6


@step
def flag(state, clerk, event):
    """An account came into the queue: it is below its threshold, and the market named is its largest."""
    account = event.account
    broken = judged(state, clerk, event)
    if broken:
        return broken
    if clerk.flagged[account] != 0:
        return SCAN + 1
    if clerk.note[UNJUDGED] == 0:
        if is_trader(clerk, account):
            if surplus_of(state, clerk, account) >= 0:
                return SCAN + 2
        elif event.equity_quanta >= 0:
            return SCAN + 3
    largest = 0
    for market in range(clerk.mark.shape[0]):
        largest = max(largest, sized(state, market, clerk.lots[account, market], clerk.mark[market]))
    if max(event.amount_quanta, 0) != largest:
        return JUDGED + 3
    if largest > 0:
        named = event.instrument
        if named < 0 or named >= clerk.mark.shape[0]:
            return JUDGED + 4
        if sized(state, named, clerk.lots[account, named], clerk.mark[named]) != largest:
            return JUDGED + 5
    clerk.flagged[account] = 1
    clerk.flagged_now[account] = 1
    note_work(clerk, account)
    clerk.market[account] = event.instrument
    clerk.flagged_sequence[account] = clerk.note[SEQUENCE]
    clerk.order_stage[account] = NOBODY
    return 0


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
def order_liquidation(state, clerk, event):
    """An order of the liquidation engine: opposite, inside the position, at the limit of its stage."""
    account = event.account
    market = event.instrument
    broken = judged(state, clerk, event)
    if broken == 0:
        broken = visit(state, clerk, event, Executor.ENGINE)
    if broken:
        return broken
    held = clerk.lots[account, market]
    if held == 0 or (event.lots > 0) == (held > 0) or event.lots == 0 or abs(event.lots) > abs(held):
        return LIQUIDATION + 6
    if clerk.ordered[account, market] != 0:
        return LIQUIDATION + 7
    if event.reference != clerk.note[SEQUENCE]:
        return TOLD + 1
    if event.amount_quanta != sized(state, market, held, clerk.mark[market]):
        return TOLD + 2
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
    _expect_penalty(clerk, account, event.stage, market, value, equity)
    return 0


@step
def _expect_penalty(clerk, account, stage, market, value, equity):
    clerk.note[PENALTY_OF] = account
    clerk.note[PENALTY_STAGE] = stage
    clerk.note[PENALTY_MARKET] = market
    clerk.note[PENALTY_VALUE] = value
    clerk.note[PENALTY_EQUITY] = equity


@step
def charge_penalty(state, clerk, event):
    """A penalty: charged = credited = the stage's fee, never more than the equity, to the stage's payee."""
    note = clerk.note
    if note[PENALTY_OF] == NOBODY:
        return PENALTY + 2
    account = note[PENALTY_OF]
    stage = note[PENALTY_STAGE]
    market = note[PENALTY_MARKET]
    if event.account != account or event.stage != stage or event.instrument != market:
        return PENALTY + 3
    if state.stages[stage].fee_base != FeeBase.VALUE:
        note[PENALTY_VALUE] = event.value  # what was freed or improved: the auditor knows
    elif event.value != note[PENALTY_VALUE]:
        return PENALTY + 4
    if event.amount_quanta <= 0 or event.amount_quanta > max(0, note[PENALTY_EQUITY]):
        return PENALTY + 5
    if clerk.note[UNJUDGED] == 0:
        if event.amount_quanta != penalty_due(state, clerk):
            return PENALTY + 6
        if event.equity_quanta != equity_of(state, clerk, account, Level.MAINTENANCE):
            return JUDGED + 6
    if event.counterparty != payee_of(state, state.stages[stage].fee_payee, account, market):
        return PENALTY + 7
    move(clerk, account, event.counterparty, event.amount_quanta)
    note[PENALTY_OF] = NOBODY
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
    if apart < 0 or apart > wide_floor(mark, max(state.stages[event.stage].price_ppm, off), PPM):
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
    _expect_penalty(clerk, account, event.stage, market, value, clerk.visit_equity[account])
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


@step
def hold(clerk, account, asset, amount):
    """An amount of collateral comes in, or goes out below zero."""
    clerk.held[account, asset] += amount
    clerk.brought[asset] += amount
    return 0 if clerk.held[account, asset] >= 0 else LEDGER + 1


@step
def book_money(state, clerk, event, command):
    """Deposits, withdrawals, transfers, funds and the vault."""
    kind = event.kind
    account = event.account
    amount = event.amount_quanta
    outside = SystemAccount.EXTERNAL + 0
    vault = SystemAccount.VAULT + 0
    note = clerk.note
    if kind == EventKind.DEPOSITED or kind == EventKind.WITHDRAWN:
        signed = amount if kind == EventKind.DEPOSITED else -amount
        if amount <= 0:
            return LEDGER + 2
        if event.asset == 0:
            move(clerk, outside, account, signed)
            return 0
        return hold(clerk, account, event.asset, signed)
    if kind == EventKind.MARGIN_TRANSFERRED:
        if clerk.owner[account] != clerk.owner[event.counterparty] or amount <= 0:
            return OUTFLOW + 1
        move(clerk, account, event.counterparty, amount)
        return 0
    if kind == EventKind.FUND_CONTRIBUTED:
        if amount <= 0:
            return LEDGER + 3
        move(clerk, outside, account, amount)
        if account == SystemAccount.DEFICIT:
            note[DEFICIT] -= amount
            if note[DEFICIT] < 0:
                return WATERFALL + 1
        return 0
    if kind == EventKind.DEFICIT_COVERED:
        return 0 if event.value == note[DEFICIT] and amount == command.amount_quanta else TOLD + 6
    if event.counterparty != 0:
        note[LOST] = 1  # another pool's shares: the auditor follows them
        return 0
    value = equity_of(state, clerk, vault, Level.MAINTENANCE) + VIRTUAL_QUANTA
    shares = note[SHARES] + VIRTUAL_SHARES
    if kind == EventKind.VAULT_JOINED:
        if clerk.note[UNJUDGED] == 0 and event.shares != wide_floor(amount, shares, value):
            return LEDGER + 4
        if event.shares <= 0:
            return LEDGER + 5
        move(clerk, account, vault, amount)
        clerk.shares[account] += event.shares
        note[SHARES] += event.shares
        return 0
    if clerk.note[UNJUDGED] == 0 and amount != wide_floor(event.shares, value, shares):
        return LEDGER + 6
    move(clerk, vault, account, amount)
    clerk.shares[account] -= event.shares
    note[SHARES] -= event.shares
    return 0 if clerk.shares[account] >= 0 else LEDGER + 7


@step
def book_orders(state, clerk, event, command):
    """Open orders of traders, and what the liquidation engine takes back."""
    account = event.account
    market = event.instrument
    if event.kind == EventKind.LIQUIDATION_CANCELLED:
        if event.lots != -clerk.ordered[account, market] or event.lots == 0:
            return TOLD + 7
        if event.reference != clerk.order_reference[account]:
            return TOLD + 8
        clerk.ordered[account, market] = 0
        return 0
    value = abs(traded(state, market, event.lots, max(event.price_ticks, 1)))
    if event.kind == EventKind.ORDER_RELEASED:
        if command.kind == CommandKind.ADVANCE:
            if clerk.flagged[account] == 0:
                return LIQUIDATION + 50
            if event.lots != clerk.bid_lots[account, market] - clerk.ask_lots[account, market]:
                return TOLD + 9
            clerk.bid_lots[account, market] = 0
            clerk.bid_quanta[account, market] = 0
            clerk.ask_lots[account, market] = 0
            clerk.ask_quanta[account, market] = 0
            return 0
        value = -value
    if event.lots > 0:
        clerk.bid_lots[account, market] += event.lots if value > 0 else -event.lots
        clerk.bid_quanta[account, market] += value
    else:
        clerk.ask_lots[account, market] -= event.lots if value > 0 else -event.lots
        clerk.ask_quanta[account, market] += value
    if clerk.bid_lots[account, market] < 0 or clerk.ask_lots[account, market] < 0:
        return LEDGER + 8
    if clerk.bid_quanta[account, market] < 0 or clerk.ask_quanta[account, market] < 0:
        return LEDGER + 9
    return 0


@step
def change_mode(state, clerk, event, command):
    """The mode of a market, or of the venue: the operator's, or a breaker's that is stricter."""
    markets = clerk.mode.shape[0]
    place = markets if event.instrument == NOBODY else event.instrument
    if place < 0 or place > markets or event.mode < Mode.ACTIVE or event.mode > Mode.HALTED:
        return TOLD + 26
    before = clerk.mode[place] if place < markets else clerk.note[VENUE_MODE]
    if event.value != before or event.mode == before:
        return TOLD + 21
    if command.kind == CommandKind.SET_MODE or command.kind == CommandKind.SET_VENUE_MODE:
        if event.mode != command.mode:
            return TOLD + 25
    else:
        if event.mode < clerk.operated[place]:
            return TOLD + 22  # time and breakers do not undo what the operator decided
        has_breaker = event.mode == clerk.operated[place]
        for row in range(state.breakers.shape[0]):
            if state.breakers[row].used == 1 and state.breakers[row].mode == event.mode:
                has_breaker = True
        if not has_breaker:
            return TOLD + 23
    if place < markets:
        clerk.mode[place] = event.mode
        if event.mode != Mode.AUCTION:
            clerk.crossed[place] = 0
    else:
        clerk.note[VENUE_MODE] = event.mode
    return 0


@step
def step_margin(clerk, event):
    """What stands is charged more from now on: never less than before, never beyond what was wanted."""
    place = 2 * event.instrument + (0 if event.lots > 0 else 1)
    before = max(clerk.charged[place], PPM)
    if event.amount_quanta != before:
        return TOLD + 36
    if event.value < before or event.value > event.requirement_quanta:
        return TERMS + 30
    clerk.charged[place] = event.value
    return 0


@step
def note_charges(state, clerk):
    """New terms may lower what stands is charged, and raise it never."""
    for market in range(clerk.mark.shape[0]):
        row = state.instruments[market]
        if row.maintenance_long_ppm > clerk.charged[2 * market]:
            return TERMS + 31
        if row.maintenance_short_ppm > clerk.charged[2 * market + 1]:
            return TERMS + 31
        clerk.charged[2 * market] = row.maintenance_long_ppm
        clerk.charged[2 * market + 1] = row.maintenance_short_ppm
    return 0


@step
def book_prices(state, clerk, event, command):
    """Marks, modes, funding."""
    kind = event.kind
    market = event.instrument
    note = clerk.note
    if kind == EventKind.MARK_MOVED:
        if market != command.instrument or event.value != clerk.mark[market] or event.price_ticks == event.value:
            return TOLD + 20
        # how reports become a mark is the auditor's to follow; here it must be a price of this contract
        if event.price_ticks < 1 or event.price_ticks > state.contracts[market].price_max_ticks:
            return SEQUENCED + 20
        clerk.previous[market] = clerk.mark[market]
        clerk.mark[market] = event.price_ticks
        note[PRICE_VERSION] += 1
        return 0
    if kind == EventKind.MODE_CHANGED:
        return change_mode(state, clerk, event, command)
    if kind == EventKind.FUNDING_TICKED:
        rate = event.value
        is_told = command.kind == CommandKind.FUNDING_TICK  # what is computed the auditor computes again
        if (is_told and rate != command.rate_ppb) or event.price_ticks != clerk.mark[market]:
            return TOLD + 24
        if abs(rate) > state.policy[0].funding_rate_max_ppb:
            return FUNDING + 10
        # to the nearest, halves away from zero: a quotient of the doubled product
        price = clerk.mark[market]
        unit = state.contracts[market].quanta_per_lot_tick
        if state.contracts[market].kind == ContractKind.INVERSE:
            step_of = wide_floor(unit, 2 * abs(rate) * FUNDING_SCALE, PPB * price)
        else:
            step_of = wide_floor(unit * price, 2 * abs(rate) * FUNDING_SCALE, PPB)
        step_of = (step_of + 1) // 2
        clerk.funding[market] += step_of if rate >= 0 else -step_of
        return 0
    account = event.account
    due = funding_due(clerk.lots[account, market], clerk.funding[market] - clerk.settled[account, market])
    if event.amount_quanta != due or due == 0:
        return FUNDING + 11
    if event.lots != clerk.lots[account, market]:
        return FUNDING + 12
    move(clerk, account, SystemAccount.FUNDING, due)
    clerk.settled[account, market] = clerk.funding[market]
    note[ROUNDINGS] += 1
    return 0


@step
def book(state, clerk, event, command):
    """Book one event of an accepted command."""
    kind = event.kind
    account = event.account
    note = clerk.note
    if kind == EventKind.TRADED:
        if not exchange(state, clerk, account, event.counterparty, event.instrument, event.lots, event.price_ticks):
            return FUNDING + 4
        move(clerk, account, SystemAccount.FEES, event.fee_quanta)
        move(clerk, event.counterparty, SystemAccount.FEES, event.counter_fee_quanta)
        return 0
    if kind == EventKind.MARK_MOVED or kind == EventKind.MODE_CHANGED:
        return book_prices(state, clerk, event, command)
    if kind == EventKind.FUNDING_TICKED or kind == EventKind.FUNDING_PAID:
        return book_prices(state, clerk, event, command)
    if kind == EventKind.ACCOUNT_FLAGGED:
        return flag(state, clerk, event)
    if kind == EventKind.DEPOSITED or kind == EventKind.WITHDRAWN or kind == EventKind.MARGIN_TRANSFERRED:
        return book_money(state, clerk, event, command)
    if kind == EventKind.FUND_CONTRIBUTED or kind == EventKind.DEFICIT_COVERED:
        return book_money(state, clerk, event, command)
    if kind == EventKind.VAULT_JOINED or kind == EventKind.VAULT_LEFT:
        return book_money(state, clerk, event, command)
    if kind == EventKind.ORDER_RESERVED or kind == EventKind.ORDER_RELEASED or kind == EventKind.LIQUIDATION_CANCELLED:
        return book_orders(state, clerk, event, command)
    if kind == EventKind.LIQUIDATION_ORDERED:
        return order_liquidation(state, clerk, event)
    if kind == EventKind.LIQUIDATION_FILLED:
        return fill_liquidation(state, clerk, event, command)
    if kind == EventKind.PENALTY_CHARGED:
        return charge_penalty(state, clerk, event)
    if kind == EventKind.POSITION_TAKEN_OVER:
        return take_over(state, clerk, event)
    if kind == EventKind.POSITION_DELEVERAGED:
        return deleverage(state, clerk, event)
    if kind == EventKind.RESIDUAL_TAKEN:
        return take_residual(state, clerk, event)
    if kind == EventKind.SHORTFALL_DECLARED:
        return open_case(state, clerk, event)
    if kind == EventKind.TRANCHE_DRAWN:
        return draw(state, clerk, event)
    if kind == EventKind.DEFICIT_OPENED:
        return open_deficit(state, clerk, event)
    if kind == EventKind.ACCOUNT_WAITING:
        return judged(state, clerk, event) if clerk.flagged[account] != 0 else LIQUIDATION + 60
    if kind == EventKind.ACCOUNT_RECOVERED:
        if note[UNJUDGED] == 0:
            if is_trader(clerk, account):
                if surplus_of(state, clerk, account) < 0:
                    return SCAN + 20
            elif equity_of(state, clerk, account, Level.MAINTENANCE) < 0:
                return SCAN + 21
        return leave_queue(clerk, event)
    if kind == EventKind.DEFAULT_CLOSED:
        if not is_flat(clerk, account):
            return LIQUIDATION + 61
        if clerk.wallet[account] < 0:
            return WATERFALL + 2
        return leave_queue(clerk, event)
    if kind == EventKind.COLLATERAL_ORDERED:
        if clerk.flagged[account] == 0 or not is_flat(clerk, account) or clerk.wallet[account] >= 0:
            return LIQUIDATION + 62
        if event.amount_quanta != clerk.held[account, event.asset] or event.value != -clerk.wallet[account]:
            return TOLD + 30
        if event.reference != note[SEQUENCE]:
            return TOLD + 31
        clerk.order_reference[account] = event.reference
        clerk.order_stage[account] = 0
        return 0
    if kind == EventKind.COLLATERAL_SOLD:
        if clerk.flagged[account] == 0 or event.reference != clerk.order_reference[account]:
            return LIQUIDATION + 63
        if event.value != command.proceeds_quanta:
            return TOLD + 32
        move(clerk, SystemAccount.EXTERNAL, account, event.value)
        return hold(clerk, account, event.asset, -event.amount_quanta)
    if kind == EventKind.LEVERAGE_SET:
        if event.value != command.leverage:
            return TOLD + 33
        clerk.leverage[account, event.instrument] = command.leverage
        return 0
    if kind == EventKind.ACCOUNT_OPENED:
        if clerk.kind[account] != AccountKind.NONE:
            return TOLD + 34
        clerk.kind[account] = command.account_kind
        clerk.owner[account] = command.owner
        clerk.market[account] = NOBODY
        clerk.order_stage[account] = NOBODY
        return 0
    if kind == EventKind.TERMS_ENACTED:
        if event.value != command.version or event.value != note[TERMS_VERSION] + 1:
            return TERMS + 1
        note[TERMS_VERSION] += 1
        return note_charges(state, clerk)
    if kind == EventKind.WITHDRAWALS_GATED:
        if note[GATED] != 0:
            return OUTFLOW + 2
        note[GATED] = 1
        return 0
    if kind == EventKind.WITHDRAWALS_RELEASED:
        if note[GATED] != 1:
            return OUTFLOW + 3
        note[GATED] = 0
        return 0
    if kind == EventKind.INSTRUMENT_LISTED or kind == EventKind.TERM_STAGED:
        return 0
    if kind == EventKind.WORKLIST_TOLD:
        return tell_worklist(clerk, event)
    if kind == EventKind.TAKEOVER_LIMITED:
        note[BOUNDED] = 1
        return 0
    if kind == EventKind.UNWIND_ORDERED or kind == EventKind.STAGE_SKIPPED:
        return 0
    if kind == EventKind.JUDGED_BY_SCAN or kind == EventKind.ACT_RECORDED:
        return 0
    if kind == EventKind.PRICE_CONDITION_CHANGED or kind == EventKind.SOURCES_DROPPED or kind == EventKind.MARK_CLAMPED:
        return 0  # how reports are believed the auditor follows; nothing is booked
    if kind == EventKind.PREMIUM_REPORTED or kind == EventKind.FUNDING_COMPUTED:
        return 0  # the rate comes with FUNDING_TICKED; how it was made the auditor makes again
    if kind == EventKind.TERMS_PROPOSED or kind == EventKind.TERMS_VOTED or kind == EventKind.TERMS_VETOED:
        return 0  # nothing binds before TERMS_ENACTED
    if kind == EventKind.MARGIN_STEPPED:
        return step_margin(clerk, event)
    if kind == EventKind.INTEREST_REPORTED:
        clerk.crossed[event.instrument] = 0
        return 0 if clerk.mode[event.instrument] == Mode.AUCTION else TOLD + 37
    if kind == EventKind.AUCTION_CROSSED:
        clerk.crossed[event.instrument] = event.price_ticks
        return 0 if event.lots > 0 and event.price_ticks > 0 else TOLD + 38
    note[LOST] = 1  # an event this file does not know: the books are opened anew after the command
    return 0
