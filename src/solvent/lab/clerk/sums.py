"""Sums and signs of the whole, and fingerprints of it."""

from solvent.codes import AccountKind, SystemAccount
from solvent.lab.clerk.books import (
    DEFICIT,
    ROUNDINGS,
    UNJUDGED,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    is_own_pool,
    surplus_of,
)
from solvent.lab.clerk.laws import (
    FUNDING,
    LEDGER,
    SCAN,
    WATERFALL,
)
from solvent.lab.clerk.ledger import is_trader
from solvent.units import FUNDING_SCALE, LIMIT

WORDS = 0x3FFFFFFFFFFFFFFF


@step
def mixed(sum_so_far, words, count):
    """A fingerprint of some words, going on from another; equal in compiled and in plain Python.

    Four sums side by side: each product waits for the one before it, and a processor makes four in that time.
    """
    first = int(sum_so_far)
    second = 1
    third = 2
    fourth = 3
    place = 0
    while place + 3 < count:
        first = ((first ^ (int(words[place]) & WORDS)) * 1_000_003 + place) & WORDS
        second = ((second ^ (int(words[place + 1]) & WORDS)) * 1_000_003 + place) & WORDS
        third = ((third ^ (int(words[place + 2]) & WORDS)) * 1_000_003 + place) & WORDS
        fourth = ((fourth ^ (int(words[place + 3]) & WORDS)) * 1_000_003 + place) & WORDS
        place += 4
    while place < count:
        first = ((first ^ (int(words[place]) & WORDS)) * 1_000_003 + place) & WORDS
        place += 1
    total = (first * 1_000_003 + second) & WORDS
    total = (total * 1_000_003 + third) & WORDS
    return (total * 1_000_003 + fourth) & WORDS


@step
def fingerprint_of_rules(state):
    """A fingerprint of the rules in force."""
    return mixed(11, state.cells, state.cells.shape[0])


@step
def fingerprint(state, raw, rules):
    """A fingerprint of everything but the sequence and the place where the ring of the queue begins.

    `rules` is that of the rules in force.
    """
    venue = state.venue[0]
    total = mixed(rules, raw.venue[1:11], 10)
    total = mixed(total, raw.venue[12:], raw.venue.shape[0] - 12)
    total = mixed(total, raw.accounts, venue.account_count * (raw.accounts.shape[0] // state.accounts.shape[0]))
    total = mixed(total, raw.positions, venue.position_count * (raw.positions.shape[0] // state.positions.shape[0]))
    total = mixed(total, raw.orders, venue.orders_count * (raw.orders.shape[0] // state.orders.shape[0]))
    total = mixed(total, raw.holdings, venue.holding_count * (raw.holdings.shape[0] // state.holdings.shape[0]))
    total = mixed(total, raw.others, raw.others.shape[0])
    total = mixed(total, raw.reports, raw.reports.shape[0])
    total = mixed(total, raw.anchors, raw.anchors.shape[0])
    for place in range(venue.queue_count):
        account = state.queue[(venue.queue_head + place) % state.queue.shape[0]]
        total = ((total ^ int(account)) * 1_000_003) & WORDS
    return mixed(total, state.staged, state.staged.shape[0])


@step
def check_laws(state, clerk):
    """Sums and signs of the whole, and nobody below the threshold outside the queue."""
    note = clerk.note
    accounts = state.venue[0].account_count
    total = 0
    for account in range(accounts):
        wallet = clerk.wallet[account]
        total += wallet
        if abs(wallet) >= LIMIT:
            return LEDGER + 50
        if clerk.kind[account] == AccountKind.SYSTEM and wallet < 0:
            own = account == SystemAccount.EXTERNAL or is_own_pool(state, account)
            if not own and account != SystemAccount.FUNDING and account != SystemAccount.DEFICIT:
                return WATERFALL + 60
    owed_whole = 0
    owed_rest = 0
    for market in range(clerk.mark.shape[0]):
        lots = 0
        longs = 0
        for account in range(accounts):
            held = clerk.lots[account, market]
            lots += held
            longs += max(held, 0)
            total -= clerk.cost[account, market]
            change = clerk.funding[market] - clerk.settled[account, market]
            owed_whole += held * (change >> 20)
            owed_rest += held * (change & (FUNDING_SCALE - 1))
        if lots != 0:
            return LEDGER + 51
        if longs != clerk.interest[market]:
            return LEDGER + 52
    if total != 0:
        return LEDGER + 53
    for pool in range(clerk.pool_shares.shape[0]):
        shares = 0
        for account in range(accounts):
            if clerk.pool[account] == pool:
                shares += clerk.shares[account]
        if shares != clerk.pool_shares[pool]:
            return LEDGER + 54
    if clerk.wallet[SystemAccount.DEFICIT] != -note[DEFICIT] or note[DEFICIT] < 0:
        return WATERFALL + 61
    for asset in range(clerk.held.shape[1]):
        held = 0
        for account in range(accounts):
            held += clerk.held[account, asset]
        if held != clerk.brought[asset]:
            return LEDGER + 55
    # suspense + owed, exact in units of 1 / FUNDING_SCALE: not below zero, less than one quantum a settlement
    whole = clerk.wallet[SystemAccount.FUNDING] + owed_whole + (owed_rest >> 20)
    rest = owed_rest & (FUNDING_SCALE - 1)
    if whole < 0 or whole > note[ROUNDINGS] or (whole == note[ROUNDINGS] and rest > 0):
        return FUNDING + 30
    if note[UNJUDGED] == 0:
        for account in range(accounts):
            if is_trader(clerk, account) and clerk.flagged[account] == 0 and surplus_of(state, clerk, account) < 0:
                return SCAN + 50
    return 0
