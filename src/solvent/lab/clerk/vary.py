"""The next command of a campaign: one of a recorded story, aimed anew at the state as it is, or one drawn fresh.

The story was made by a `World` and followed by the slow auditor, so every kind of command a world knows is varied
here without being named. Aiming: time moves on, references name the order in force, reports are newer, versions are
the next. Some commands are skipped, told twice, given to another account, or have one number moved to an edge: of the
free margin, the wallet, the position, the order, the mark.
"""

from solvent.codes import Level, Mode, Status, SystemAccount
from solvent.commands import CommandKind
from solvent.lab.clerk.aim_backed import aim_bid, aim_claim, aim_pool, aim_settlement, aim_unwind, aim_vote
from solvent.lab.clerk.books import TERMS_VERSION, TIME
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.drawing import begin, chance, clear, near, some_account
from solvent.lab.clerk.judge import equity_of, free_of, lot_value, requirement_of, surplus_of, traded
from solvent.state.terms import SOURCES_MAX

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND


@step
def moved_price(state, seed, market, mark):
    """A price near a mark, sometimes far from it, inside the contract."""
    pick = chance(seed, 16)
    if pick < 9:
        size = chance(seed, 30)  # up to 3 per cent
    elif pick < 14:
        size = chance(seed, 120)
    else:
        size = chance(seed, 400)
    price = mark + (mark * size + 500) // 1_000 if chance(seed, 2) == 0 else mark - (mark * size + 500) // 1_000
    if pick == 0:
        price = mark + 1
    if pick == 1:
        price = mark - 1
    return min(max(price, 1), state.contracts[market].price_max_ticks)


@step
def price_to_threshold(state, clerk, seed, account, market):
    """A price at, one above or one below where the account becomes distressed, by halving; the mark where it cannot."""
    held = clerk.lots[account, market]
    kept = clerk.mark[market]
    low = 1 if held > 0 else kept
    high = kept if held > 0 else state.contracts[market].price_max_ticks
    while low + 1 < high:
        middle = (low + high) // 2
        clerk.mark[market] = middle
        sound = surplus_of(state, clerk, account) >= 0
        if sound == (held > 0):
            high = middle
        else:
            low = middle
    clerk.mark[market] = kept
    if abs(low - kept) > kept // 2:
        return kept
    return min(max(low + chance(seed, 4) - 1, 1), state.contracts[market].price_max_ticks)


@step
def aim_fill(state, clerk, seed, command):
    """Answer an order of the liquidation engine; False when there is none."""
    accounts = state.venue[0].account_count
    start = chance(seed, accounts)
    for turn in range(accounts):
        account = (start + turn) % accounts
        if clerk.flagged[account] == 0:
            continue
        for market in range(clerk.mark.shape[0]):
            ordered = clerk.ordered[account, market]
            if ordered == 0:
                continue
            begin(command, CommandKind.LIQUIDATION_FILL)
            command.account = account
            command.counterparty = some_account(state, clerk, seed)
            command.instrument = market
            command.lots = abs(ordered) if chance(seed, 2) == 0 else 1 + chance(seed, abs(ordered))
            limit = clerk.limit[account, market]
            pick = chance(seed, 4)
            command.price_ticks = clerk.mark[market]
            if pick == 0 and limit > 0:
                command.price_ticks = limit
            elif pick == 1:
                command.price_ticks = moved_price(state, seed, market, clerk.mark[market])
            if chance(seed, 20) == 0:
                command.lots += 1
            if chance(seed, 20) == 0 and limit > 0:
                command.price_ticks = max(limit - 1 if ordered > 0 else limit + 1, 1)
            command.reference = clerk.order_reference[account] + (1 if chance(seed, 30) == 0 else 0)
            return True
    return False


@step
def aim_sale(state, clerk, seed, command):
    """Sell collateral of an account in liquidation; False when there is none."""
    accounts = state.venue[0].account_count
    start = chance(seed, accounts)
    for turn in range(accounts):
        account = (start + turn) % accounts
        if clerk.flagged[account] == 0:
            continue
        for asset in range(1, clerk.held.shape[1]):
            amount = clerk.held[account, asset]
            if amount == 0:
                continue
            begin(command, CommandKind.COLLATERAL_SALE)
            command.account = account
            command.asset = asset
            command.amount_quanta = amount if chance(seed, 2) == 0 else 1 + chance(seed, min(amount, 2**31))
            terms = state.assets[asset]
            worth = command.amount_quanta * terms.value_num // terms.value_den
            worth = min(worth, 2**40) * clerk.mark[terms.price_instrument]
            command.proceeds_quanta = worth * chance(seed, 120) // 100
            command.reference = clerk.order_reference[account]
            return True
    return False


@step
def aim_trade(state, clerk, seed, command):
    """A trade of two accounts, as large as the poorer can still bear or smaller; often a reduction."""
    market = chance(seed, clerk.mark.shape[0])
    mark = clerk.mark[market]
    if mark == 0:
        return False
    buyer = some_account(state, clerk, seed)
    seller = some_account(state, clerk, seed)
    begin(command, CommandKind.TRADE)
    command.instrument = market
    lots = 1
    if chance(seed, 3) == 0:
        # look for two who both can reduce
        accounts = state.venue[0].account_count
        start = chance(seed, accounts)
        long = 0
        short = 0
        for turn in range(accounts):
            account = (start + turn) % accounts
            if clerk.lots[account, market] > 0 and (long == 0 or chance(seed, 3) == 0):
                long = account
            if clerk.lots[account, market] < 0 and (short == 0 or chance(seed, 3) == 0):
                short = account
        if long == 0 or short == 0:
            return False
        buyer = short
        seller = long
        most = min(clerk.lots[long, market], -clerk.lots[short, market])
        lots = most if chance(seed, 2) == 0 else 1 + chance(seed, most)
        if chance(seed, 10) == 0:
            lots += 1
    else:
        poorest = 2**60
        for place in range(2):
            account = buyer if place == 0 else seller
            room = equity_of(state, clerk, account, Level.INITIAL) - requirement_of(
                state, clerk, account, Level.INITIAL
            )
            poorest = min(poorest, room)
        most = max(poorest, 0) // max(lot_value(state, clerk, market) // 12, 1)
        most = min(max(most, 1), state.contracts[market].lots_max)
        lots = near(seed, most) if chance(seed, 3) == 0 else 1 + chance(seed, most)
    command.account = buyer
    command.counterparty = seller
    command.lots = lots
    command.price_ticks = mark if chance(seed, 2) == 0 else moved_price(state, seed, market, mark)
    value = abs(traded(state, market, lots, max(command.price_ticks, 1)))
    if chance(seed, 4) == 0:
        command.fee_quanta = value * (1 + chance(seed, 8)) // 10_000
        pick = chance(seed, 4)
        if pick == 0:
            command.counter_fee_quanta = -command.fee_quanta
        elif pick == 1:
            command.counter_fee_quanta = command.fee_quanta
        elif pick == 2 and chance(seed, 4) == 0:
            command.counter_fee_quanta = -command.fee_quanta - 1
    if chance(seed, 25) == 0:
        command.counterparty = SystemAccount.VAULT
    elif chance(seed, 25) == 0:
        command.account = SystemAccount.VAULT
    return True


@step
def aim_price(state, clerk, seed, command):
    """A report of one source: near the mark, or where some account stands at its edge."""
    market = chance(seed, clerk.mark.shape[0])
    mark = clerk.mark[market]
    if mark == 0:
        return False
    heard = 0
    for source in range(SOURCES_MAX):
        if state.feeds[market * SOURCES_MAX + source].weight > 0:
            heard = source + 1
    begin(command, CommandKind.PRICE_REPORT)
    command.instrument = market
    command.source = chance(seed, max(heard, 1))
    command.price_ticks = moved_price(state, seed, market, mark)
    if chance(seed, 3) == 0:
        accounts = state.venue[0].account_count
        start = chance(seed, accounts)
        for turn in range(accounts):
            account = (start + turn) % accounts
            if clerk.lots[account, market] != 0 and clerk.flagged[account] == 0:
                command.price_ticks = price_to_threshold(state, clerk, seed, account, market)
                break
    return True


@step
def aim_money(state, clerk, seed, command):
    """Money that leaves or comes, at the edge of what may leave."""
    account = some_account(state, clerk, seed)
    clear(command)
    pick = chance(seed, 8)
    command.account = account
    if pick < 3:
        command.kind = CommandKind.WITHDRAW
        command.amount_quanta = near(seed, free_of(state, clerk, account))
    elif pick < 5:
        command.kind = CommandKind.DEPOSIT
        command.amount_quanta = max(near(seed, -surplus_of(state, clerk, account)), 1)
        if command.amount_quanta > 2**40:
            command.amount_quanta = 1
    elif pick == 5:
        command.kind = CommandKind.TRANSFER_MARGIN
        command.counterparty = some_account(state, clerk, seed)
        command.amount_quanta = near(seed, free_of(state, clerk, account))
    elif pick == 6:
        command.kind = CommandKind.JOIN_VAULT
        command.amount_quanta = near(seed, free_of(state, clerk, account) // (1 + chance(seed, 3)))
    else:
        command.kind = CommandKind.LEAVE_VAULT
        command.shares = near(seed, clerk.shares[account])
    return True


@step
def aim_fund(state, clerk, seed, command):
    """Cash for a fund, often for the deficit that keeps the gate shut."""
    begin(command, CommandKind.CONTRIBUTE_FUND)
    deficit = -clerk.wallet[SystemAccount.DEFICIT]
    if deficit > 0 and chance(seed, 4) > 0:
        command.account = SystemAccount.DEFICIT
        command.amount_quanta = deficit + (1 if chance(seed, 8) == 0 else 0)
    else:
        command.account = SystemAccount.VENUE_CAPITAL + chance(seed, 3)
        command.amount_quanta = 1 + chance(seed, 1_000_000)
    return True


@step
def aim_mode(state, clerk, seed, command):
    """A market opened again, or given another mode."""
    begin(command, CommandKind.SET_MODE)
    command.instrument = chance(seed, clerk.mark.shape[0])
    command.mode = Mode.ACTIVE if chance(seed, 4) > 0 else chance(seed, Mode.HALTED + 1)
    return True


@step
def aim_advance(state, clerk, seed, command):
    """Let the queue be worked."""
    begin(command, CommandKind.ADVANCE)
    command.count = min(state.policy[0].advance_max, 1 + chance(seed, 50))
    return True


@step
def aim_recorded(state, clerk, seed, command):
    """Aim a recorded command at the present state; sometimes move one of its numbers."""
    kind = command.kind
    if kind == CommandKind.LIQUIDATION_FILL or kind == CommandKind.COLLATERAL_SALE:
        account = command.account
        if 0 <= account < clerk.wallet.shape[0] and chance(seed, 4) > 0:
            command.reference = clerk.order_reference[account]
    if kind == CommandKind.ENACT_TERMS and chance(seed, 8) > 0:
        command.version = clerk.note[TERMS_VERSION] + 1
    if chance(seed, 4) > 0:
        return
    pick = chance(seed, 6)
    if pick == 0 and command.account != 0:
        command.account = some_account(state, clerk, seed)
    elif pick == 1 and command.counterparty != 0:
        command.counterparty = some_account(state, clerk, seed)
    elif pick == 2 and command.amount_quanta != 0:
        command.amount_quanta = near(seed, command.amount_quanta)
    elif pick == 3 and command.lots != 0:
        command.lots = near(seed, command.lots)
    elif pick == 4 and command.price_ticks != 0 and 0 <= command.instrument < clerk.mark.shape[0]:
        command.price_ticks = moved_price(state, seed, command.instrument, max(clerk.mark[command.instrument], 1))
    elif pick == 5 and command.shares != 0:
        command.shares = near(seed, clerk.pool_shares[0])


@step
def pass_time(clerk, seed, command):
    """Time goes on a little, or a while; a report is as new as the command."""
    pick = chance(seed, 32)
    now = clerk.note[TIME]
    if pick < 12:
        now += MILLISECOND
    elif pick < 22:
        now += 20 * MILLISECOND
    elif pick < 28:
        now += SECOND
    elif pick < 31:
        now += 7 * SECOND
    else:
        now += (30 + chance(seed, 700)) * SECOND
    command.time_ns = now
    if command.kind == CommandKind.PRICE_REPORT:
        command.source_time_ns = now
        if chance(seed, 24) == 0:
            command.source_time_ns = now - MILLISECOND


@step
def next_command(state, clerk, story, at, seed, out):
    """Write the next command into out[0]; `at[0]` is the place in the story."""
    command = out[0]
    pick = chance(seed, 100)
    done = False
    if pick < 18:
        done = aim_price(state, clerk, seed, command)
    elif pick < 32:
        done = aim_trade(state, clerk, seed, command)
    elif pick < 40:
        done = aim_advance(state, clerk, seed, command)
    elif pick < 50:
        done = aim_fill(state, clerk, seed, command)
    elif pick < 53:
        done = aim_sale(state, clerk, seed, command)
    elif pick < 59:
        done = aim_money(state, clerk, seed, command)
    elif pick < 61:
        done = aim_fund(state, clerk, seed, command)
    elif pick < 62:
        done = aim_mode(state, clerk, seed, command)
    elif pick < 67:
        done = aim_claim(state, clerk, seed, command)
    elif pick < 68:
        done = aim_bid(state, clerk, seed, command)
    elif pick < 70:
        done = aim_pool(state, clerk, seed, command)
    elif pick < 72:
        done = aim_unwind(state, clerk, seed, command)
    elif pick < 73:
        done = aim_vote(state, clerk, seed, command)
    elif pick < 75:
        done = aim_settlement(state, clerk, seed, command)
    if not done:
        if chance(seed, 12) == 0:
            at[0] += chance(seed, 8)
        out[0] = story[at[0] % story.shape[0]]
        if chance(seed, 24) > 0:
            at[0] += 1
        aim_recorded(state, clerk, seed, out[0])
    if chance(seed, 200) > 0:
        pass_time(clerk, seed, out[0])


@step
def is_distressed(state, account):
    """True when the machine has the account in its queue."""
    return state.accounts[account].status == Status.DISTRESSED
