"""Commands aimed at what stands behind a venue and what pays between traders: keepers, pools, votes, funding."""

from solvent.codes import Executor
from solvent.commands import CommandKind
from solvent.lab.clerk.books import TERMS_VERSION
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.drawing import begin, chance, near, some_account
from solvent.lab.clerk.judge import free_of
from solvent.units import PPM


@step
def offered_account(state, clerk, seed):
    """A flagged account with lots on offer to keepers or bidders, or -1."""
    accounts = state.venue[0].account_count
    start = chance(seed, accounts)
    for turn in range(accounts):
        account = (start + turn) % accounts
        stage = clerk.order_stage[account]
        if clerk.flagged[account] == 0 or stage < 0:
            continue
        executor = state.stages[stage].executor
        if executor != Executor.KEEPER and executor != Executor.AUCTION:
            continue
        for market in range(clerk.mark.shape[0]):
            if clerk.ordered[account, market] != 0:
                return account
    return -1


@step
def aim_claim(state, clerk, seed, command):
    """Claim lots on offer: all, a part, one too many; sometimes under an old reference or with a limit at the mark."""
    account = offered_account(state, clerk, seed)
    if account < 0:
        return False
    for market in range(clerk.mark.shape[0]):
        ordered = clerk.ordered[account, market]
        if ordered == 0 or chance(seed, 3) == 0:
            continue
        begin(command, CommandKind.CLAIM_LIQUIDATION)
        command.account = account
        command.counterparty = some_account(state, clerk, seed)
        command.instrument = market
        pick = chance(seed, 8)
        command.lots = abs(ordered) if pick < 3 else 1 + chance(seed, abs(ordered))
        if pick == 7:
            command.lots = abs(ordered) + 1
        command.reference = clerk.order_reference[account] - (1 if chance(seed, 24) == 0 else 0)
        if chance(seed, 6) == 0:
            command.price_ticks = clerk.mark[market]
        return True
    return False


@step
def aim_bid(state, clerk, seed, command):
    """Bid for a share of an account; now and then a keeper is endorsed or no longer."""
    if chance(seed, 8) == 0:
        begin(command, CommandKind.ENDORSE_KEEPER)
        command.account = some_account(state, clerk, seed)
        command.value = 1 if chance(seed, 4) > 0 else 0
        return True
    account = offered_account(state, clerk, seed)
    if account < 0:
        return False
    begin(command, CommandKind.BID_SHARE)
    command.account = account
    command.counterparty = some_account(state, clerk, seed)
    pick = chance(seed, 4)
    command.value = PPM if pick == 0 else 1 + chance(seed, 500_000 if pick == 1 else 50_000)
    command.reference = clerk.order_reference[account]
    if chance(seed, 6) == 0:
        command.rate_ppb = chance(seed, 200_000_000)
    return True


@step
def aim_pool(state, clerk, seed, command):
    """Join, give notice, leave; open a pool that has no account yet while the books have room for it."""
    if chance(seed, 40) == 0 and state.venue[0].account_count < clerk.wallet.shape[0]:
        for row in range(1, clerk.pool_account.shape[0]):
            if state.pools[row].used == 1 and clerk.pool_account[row] < 0:
                begin(command, CommandKind.OPEN_POOL)
                command.account = state.venue[0].account_count
                command.count = row
                return True
    account = some_account(state, clerk, seed)
    held = clerk.shares[account]
    if held > 0 and chance(seed, 3) > 0:
        begin(command, CommandKind.LEAVE_VAULT)
        command.shares = max(near(seed, held), 1)
        if state.pools[clerk.pool[account]].notice_ns > 0:
            if clerk.notice[account] == 0 or chance(seed, 6) == 0:
                command.kind = CommandKind.GIVE_NOTICE
            elif chance(seed, 4) > 0:
                command.shares = clerk.notice[account]
        command.account = account
        return True
    begin(command, CommandKind.JOIN_VAULT)
    command.account = account
    command.amount_quanta = max(near(seed, free_of(state, clerk, account) // (1 + chance(seed, 4))), 1)
    row = chance(seed, clerk.pool_account.shape[0])
    if row > 0 and clerk.pool_account[row] >= 0:
        command.counterparty = clerk.pool_account[row]
    return True


@step
def aim_unwind(state, clerk, seed, command):
    """Fill a part of a pool's own order, at the mark, at its limit, or one tick beyond."""
    markets = clerk.mark.shape[0]
    start = chance(seed, markets)
    for turn in range(markets):
        market = (start + turn) % markets
        ordered = clerk.unwind_lots[market]
        if ordered == 0:
            continue
        begin(command, CommandKind.UNWIND_FILL)
        command.account = clerk.pool_account[state.backings[market].pool]
        command.counterparty = some_account(state, clerk, seed)
        command.instrument = market
        command.lots = abs(ordered) + 1 if chance(seed, 12) == 0 else 1 + chance(seed, abs(ordered))
        limit = clerk.unwind_limit[market]
        pick = chance(seed, 8)
        command.price_ticks = clerk.mark[market] if pick < 5 else limit
        if pick == 7:
            command.price_ticks = max(limit + (1 if ordered > 0 else -1), 1)
        command.reference = clerk.unwind_reference[market] - (1 if chance(seed, 24) == 0 else 0)
        return True
    return False


@step
def aim_vote(state, clerk, seed, command):
    """A proposal of the next version, votes for it, a veto, and its enactment."""
    version = clerk.note[TERMS_VERSION] + 1
    pick = chance(seed, 8)
    begin(command, CommandKind.VOTE_TERMS)
    command.version = version
    command.owner = 1 + chance(seed, 4)
    if pick == 0:
        command.kind = CommandKind.VETO_TERMS
    elif pick == 1:
        command.kind = CommandKind.PROPOSE_TERMS
        command.owner = chance(seed, 4)
    elif pick == 2:
        command.kind = CommandKind.ENACT_TERMS
        command.owner = 0
    return True


@step
def aim_settlement(state, clerk, seed, command):
    """Premiums and settlements of computed funding, and rates told from outside, at their bounds."""
    market = chance(seed, clerk.mark.shape[0])
    pick = chance(seed, 6)
    if pick < 2:
        begin(command, CommandKind.REPORT_PREMIUM)
        command.rate_ppb = near(seed, 1_000_000_000) if pick == 0 else chance(seed, 6_000_000) - 3_000_000
    elif pick < 4:
        begin(command, CommandKind.SETTLE_FUNDING)
    else:
        most = state.policy[0].funding_rate_max_ppb
        begin(command, CommandKind.FUNDING_TICK)
        rate = near(seed, most) if pick == 4 else chance(seed, most // 50 + 1)
        command.rate_ppb = rate if chance(seed, 2) == 0 else -rate
    command.instrument = market
    return True
