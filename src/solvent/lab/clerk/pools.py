"""Pools: opened, joined, left after a notice, their inventory worked down; room and pace the auditor knows."""

from solvent.codes import AccountKind, Level
from solvent.events import EventKind
from solvent.lab.clerk.books import SEQUENCE, TIME, UNJUDGED
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import equity_of, traded
from solvent.lab.clerk.laws import FUNDING, LEDGER, POOL, TOLD
from solvent.lab.clerk.ledger import exchange, move
from solvent.lab.clerk.numbers import wide_floor

NOBODY = -1
VIRTUAL_SHARES = 1_000
VIRTUAL_QUANTA = 1


@step
def open_pool(clerk, event, command):
    """A pool of the terms gets the next row of the accounts."""
    if event.account != command.account or event.value != command.count:
        return TOLD + 14
    if event.value < 1 or event.value >= clerk.pool_account.shape[0] or clerk.pool_account[event.value] != NOBODY:
        return POOL + 1
    if clerk.kind[event.account] != AccountKind.NONE:
        return POOL + 2
    clerk.kind[event.account] = AccountKind.SYSTEM
    clerk.market[event.account] = NOBODY
    clerk.order_stage[event.account] = NOBODY
    clerk.pool_account[event.value] = event.account
    return 0


@step
def pool_named(clerk, event):
    """Row of the pool an event of joining or leaving names, the vault's without a name; -1 where it is none."""
    if event.counterparty == 0:
        return 0
    for row in range(1, clerk.pool_account.shape[0]):
        if clerk.pool_account[row] == event.counterparty:
            return row
    return NOBODY


@step
def join_or_leave(state, clerk, event):
    """Shares against cash at the equity of the pool, both ways, what rounding leaves to the pool."""
    account = event.account
    amount = event.amount_quanta
    row = pool_named(clerk, event)
    if row == NOBODY:
        return POOL + 3
    pool = clerk.pool_account[row]
    value = equity_of(state, clerk, pool, Level.MAINTENANCE) + VIRTUAL_QUANTA
    shares = clerk.pool_shares[row] + VIRTUAL_SHARES
    if event.kind == EventKind.VAULT_JOINED:
        if clerk.shares[account] > 0 and clerk.pool[account] != row:
            return POOL + 4
        if clerk.note[UNJUDGED] == 0 and event.shares != wide_floor(amount, shares, value):
            return LEDGER + 4
        if event.shares <= 0:
            return LEDGER + 5
        cap = state.pools[row].deposit_cap_quanta
        if cap > 0 and clerk.note[UNJUDGED] == 0 and value - VIRTUAL_QUANTA + amount > cap:
            return POOL + 5
        move(clerk, account, pool, amount)
        clerk.pool[account] = row
        clerk.shares[account] += event.shares
        clerk.pool_shares[row] += event.shares
        return 0
    if clerk.pool[account] != row:
        return POOL + 6
    if clerk.note[UNJUDGED] == 0 and amount != wide_floor(event.shares, value, shares):
        return LEDGER + 6
    if state.pools[row].notice_ns > 0:
        if event.shares > clerk.notice[account] or clerk.note[TIME] < clerk.notice_until[account]:
            return POOL + 7
    move(clerk, pool, account, amount)
    clerk.notice[account] = max(clerk.notice[account] - event.shares, 0)
    clerk.shares[account] -= event.shares
    clerk.pool_shares[row] -= event.shares
    return 0 if clerk.shares[account] >= 0 else LEDGER + 7


@step
def give_notice(state, clerk, event):
    """A notice is of shares that are held, and runs for the pool's time."""
    account = event.account
    if event.shares <= 0 or event.shares > clerk.shares[account]:
        return POOL + 8
    if event.value != clerk.note[TIME] + state.pools[clerk.pool[account]].notice_ns:
        return POOL + 9
    clerk.notice[account] = event.shares
    clerk.notice_until[account] = event.value
    return 0


@step
def order_unwind(state, clerk, event):
    """A pool that is sound asks for a part of what it holds beyond its target."""
    market = event.instrument
    backing = state.backings[market]
    if event.account == NOBODY or clerk.pool_account[backing.pool] != event.account:
        return POOL + 10
    excess = clerk.lots[event.account, market] - backing.target_lots
    if clerk.flagged[event.account] != 0 or event.value != excess:
        return POOL + 11
    if event.lots == 0 or (event.lots > 0) == (excess > 0) or abs(event.lots) > abs(excess):
        return POOL + 12
    if event.reference != clerk.note[SEQUENCE]:
        return TOLD + 15
    clerk.unwind_lots[market] = event.lots
    clerk.unwind_limit[market] = event.price_ticks
    clerk.unwind_reference[market] = event.reference
    return 0


@step
def unwind(state, clerk, event, command):
    """A fill inside a pool's order, towards the target, not beyond the order's limit; its cost is against the mark."""
    market = event.instrument
    account = event.account
    ordered = clerk.unwind_lots[market]
    lots = abs(event.lots)
    if clerk.pool_account[state.backings[market].pool] != account or event.reference != clerk.unwind_reference[market]:
        return POOL + 20
    if lots != command.lots or lots > abs(ordered) or lots == 0 or (event.lots > 0) != (ordered > 0):
        return POOL + 21
    excess = clerk.lots[account, market] - state.backings[market].target_lots
    if excess == 0 or (event.lots > 0) == (excess > 0):
        return POOL + 22
    limit = clerk.unwind_limit[market]
    if event.price_ticks > limit if event.lots > 0 else event.price_ticks < limit:
        return POOL + 23
    at_mark = traded(state, market, event.lots, clerk.mark[market])
    if event.value != traded(state, market, event.lots, event.price_ticks) - at_mark:
        return POOL + 24
    if event.amount_quanta != abs(traded(state, market, lots, event.price_ticks)):
        return TOLD + 16
    clerk.unwind_lots[market] -= event.lots
    if event.lots > 0:
        settled = exchange(state, clerk, account, event.counterparty, market, lots, event.price_ticks)
    else:
        settled = exchange(state, clerk, event.counterparty, account, market, lots, event.price_ticks)
    return 0 if settled else FUNDING + 6
