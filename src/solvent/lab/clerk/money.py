"""Money in and out, funds and the vault; the traders' own orders."""

from solvent.codes import (
    Level,
    SystemAccount,
)
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.clerk.books import (
    DEFICIT,
    LOST,
    SHARES,
    UNJUDGED,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    equity_of,
    traded,
)
from solvent.lab.clerk.laws import (
    LEDGER,
    LIQUIDATION,
    OUTFLOW,
    TOLD,
    WATERFALL,
)
from solvent.lab.clerk.ledger import hold, move
from solvent.lab.clerk.numbers import wide_floor

VIRTUAL_SHARES = 1_000
VIRTUAL_QUANTA = 1


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
