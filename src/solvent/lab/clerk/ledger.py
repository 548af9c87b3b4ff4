"""What moves money, lots and holdings in the clerk's books."""

from solvent.codes import (
    AccountKind,
    ContractKind,
)
from solvent.lab.clerk.books import (
    ROUNDINGS,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    traded,
)
from solvent.lab.clerk.laws import (
    LEDGER,
)
from solvent.lab.clerk.numbers import funding_due, wide_floor


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
    if state.contracts[market].kind == ContractKind.INVERSE:
        clerk.rounded_parts[buyer] += 1
        clerk.rounded_parts[seller] += 1
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
def hold(state, clerk, account, asset, amount):
    """An amount of collateral comes in, or goes out below zero; how much of it may be owed the auditor knows."""
    clerk.held[account, asset] += amount
    clerk.brought[asset] += amount
    if state.assets[asset].borrow_limit_amount > 0:
        return 0
    return 0 if clerk.held[account, asset] >= 0 else LEDGER + 1
