"""Money in and out, and funds; the traders' own orders."""

from solvent.codes import SystemAccount
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.clerk.books import (
    CHARGE,
    DEFICIT,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import traded
from solvent.lab.clerk.laws import (
    LEDGER,
    LIQUIDATION,
    OUTFLOW,
    TOLD,
    WATERFALL,
)
from solvent.lab.clerk.ledger import hold, move


@step
def book_money(state, clerk, event, command):
    """Deposits, withdrawals and what they are charged, transfers and funds."""
    kind = event.kind
    account = event.account
    amount = event.amount_quanta
    outside = SystemAccount.EXTERNAL + 0
    note = clerk.note
    if kind == EventKind.DEPOSITED or kind == EventKind.WITHDRAWN:
        signed = amount if kind == EventKind.DEPOSITED else -amount
        if amount <= 0:
            return LEDGER + 2
        if event.asset == 0:
            if kind == EventKind.WITHDRAWN:
                if event.fee_quanta != note[CHARGE]:
                    return OUTFLOW + 5
                signed += note[CHARGE]  # that part stays, with the deficit and the fund
            move(clerk, outside, account, signed)
            return 0
        return hold(state, clerk, account, event.asset, signed)
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
    if kind == EventKind.WITHDRAWAL_CHARGED:
        # what collateral is worth when it leaves, the auditor knows
        if amount <= 0 or (command.asset == 0 and amount > command.amount_quanta):
            return OUTFLOW + 4
        if event.value != min(amount, note[DEFICIT]):
            return OUTFLOW + 4
        move(clerk, account, SystemAccount.DEFICIT, event.value)
        move(clerk, account, SystemAccount.VENUE_FUND, amount - event.value)
        note[DEFICIT] -= event.value
        note[CHARGE] = amount
        return 0
    if kind == EventKind.DEFICIT_COVERED:
        return 0 if event.value == note[DEFICIT] and amount == command.amount_quanta else TOLD + 6
    return LEDGER + 10


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
