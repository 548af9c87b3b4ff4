"""Margin and outflow: what must hold before a command and after it."""

from solvent.codes import AccountKind, Level, Mode
from solvent.commands import CommandKind
from solvent.lab.clerk.books import (
    DEFICIT,
    INITIAL_BEFORE,
    UNJUDGED,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    equity_of,
    free_of,
    is_own_pool,
    requirement_of,
    sized,
)
from solvent.lab.clerk.laws import (
    DELEVERAGE,
    KEEPER,
    MARGIN,
    OUTFLOW,
)
from solvent.lab.clerk.ledger import is_trader
from solvent.lab.clerk.refused import level_of


@step
def note_side(state, clerk, place, account, market, bought):
    """What one side of a trade is before it."""
    clerk.side[place, 0] = account
    clerk.side[place, 1] = clerk.lots[account, market]
    clerk.side[place, 2] = bought
    clerk.side[place, 3] = equity_of(state, clerk, account, Level.MAINTENANCE)
    clerk.side[place, 4] = requirement_of(state, clerk, account, Level.MAINTENANCE)
    clerk.side[place, 5] = 1


@step
def reduces(held, bought):
    """True when the position shrinks and keeps its sign."""
    return held != 0 and bought != 0 and (held > 0) != (bought > 0) and abs(bought) <= abs(held)


@step
def look_before(state, clerk, command):
    """What must hold before, and what is needed to judge it afterwards. The books are still those from before."""
    kind = command.kind
    note = clerk.note
    if kind == CommandKind.WITHDRAW or kind == CommandKind.TRANSFER_MARGIN:
        # whoever bears a share of a loss may go: the auditor recomputes the share
        leaves = kind != CommandKind.WITHDRAW or state.policy[0].withdraw_charge == 0
    else:
        leaves = kind == CommandKind.JOIN_VAULT or kind == CommandKind.LEAVE_VAULT
    if leaves:
        if note[DEFICIT] != 0:
            return OUTFLOW + 10
        if note[UNJUDGED] == 0:
            for account in range(state.venue[0].account_count):
                if is_trader(clerk, account) or is_own_pool(state, account):
                    if equity_of(state, clerk, account, Level.MAINTENANCE) < 0:
                        return OUTFLOW + 11
    if kind == CommandKind.TRADE:
        market = command.instrument
        note_side(state, clerk, 0, command.account, market, command.lots)
        note_side(state, clerk, 1, command.counterparty, market, -command.lots)
        level = level_of(clerk, market)
        if level == Mode.HALTED:
            return MARGIN + 2
        if level == Mode.AUCTION and (clerk.crossed[market] == 0 or clerk.crossed[market] != command.price_ticks):
            return MARGIN + 4
        if level == Mode.REDUCE_ONLY:
            for place in range(2):
                if not reduces(clerk.side[place, 1], clerk.side[place, 2]):
                    return MARGIN + 3
    if kind == CommandKind.SET_MODE:
        clerk.operated[command.instrument] = command.mode
    if kind == CommandKind.SET_VENUE_MODE:
        clerk.operated[clerk.mark.shape[0]] = command.mode
    if kind == CommandKind.SET_LEVERAGE:
        note[INITIAL_BEFORE] = requirement_of(state, clerk, command.account, Level.INITIAL)
    if kind == CommandKind.CLAIM_LIQUIDATION or kind == CommandKind.BID_SHARE:
        note_side(state, clerk, 1, command.account, 0, 0)
        clerk.side[1, 5] = 0  # its health is asked for by another rule than a trader's
    if kind == CommandKind.CLAIM_LIQUIDATION:
        bought = command.lots if clerk.ordered[command.account, command.instrument] > 0 else -command.lots
        note_side(state, clerk, 0, command.counterparty, command.instrument, bought)
    if kind == CommandKind.UNWIND_FILL:
        bought = -command.lots if clerk.unwind_lots[command.instrument] > 0 else command.lots
        note_side(state, clerk, 0, command.counterparty, command.instrument, bought)
    if kind == CommandKind.LIQUIDATION_FILL:
        bought = command.lots if clerk.ordered[command.account, command.instrument] > 0 else -command.lots
        note_side(state, clerk, 0, command.counterparty, command.instrument, bought)
    return 0


@step
def has_initial(state, clerk, account):
    """True when equity covers the initial requirement."""
    required = requirement_of(state, clerk, account, Level.INITIAL)
    return equity_of(state, clerk, account, Level.INITIAL) >= required


@step
def check_side(state, clerk, place, market):
    """Who takes more risk has the initial margin; who reduces does not lose health."""
    account = clerk.side[place, 0]
    shrinks = reduces(clerk.side[place, 1], clerk.side[place, 2])
    if not is_trader(clerk, account):
        return 0 if shrinks else MARGIN + 10
    if not shrinks:
        if clerk.flagged[account] != 0:
            return MARGIN + 11
        if clerk.note[UNJUDGED] == 0 and not has_initial(state, clerk, account):
            return MARGIN + 12
        if abs(clerk.lots[account, market]) > state.contracts[market].lots_max:
            return MARGIN + 13
        if clerk.kind[account] == AccountKind.ISOLATED:
            markets = 0
            for other in range(clerk.mark.shape[0]):
                if clerk.lots[account, other] != 0:
                    markets += 1
            if markets > 1:
                return MARGIN + 14
        return 0
    if clerk.note[UNJUDGED] != 0 or (has_initial(state, clerk, account) and clerk.flagged[account] == 0):
        return 0
    equity = equity_of(state, clerk, account, Level.MAINTENANCE)
    required = requirement_of(state, clerk, account, Level.MAINTENANCE)
    before = clerk.side[place, 3]
    required_before = clerk.side[place, 4]
    if before <= 0:
        return 0 if equity >= before else MARGIN + 15
    if equity < 0:
        return MARGIN + 16
    # equity / required >= before / required_before, multiplied across in wholes and rests
    if required > 0 and not ratio_holds(equity, required, before, required_before):
        return MARGIN + 17
    return 0


@step
def ratio_holds(a, b, c, d):
    """True when a / b >= c / d for positive b, d and a, c not below zero, by continued division."""
    while True:
        if d == 0:
            return c == 0 or True
        whole = a // b
        other = c // d
        if whole != other:
            return whole > other
        a -= whole * b
        c -= other * d
        if c == 0:
            return True
        if a == 0:
            return False
        # a / b >= c / d  exactly when  d / c >= b / a
        kept = a
        a = d
        d = kept
        kept = b
        b = c
        c = kept


@step
def check_health_kept(state, clerk, command):
    """A claim does not cost health, unless its stage is for bankrupt accounts; who takes a share stays sound."""
    account = command.account
    equity = equity_of(state, clerk, account, Level.MAINTENANCE)
    required = requirement_of(state, clerk, account, Level.MAINTENANCE)
    before = clerk.side[1, 3]
    required_before = clerk.side[1, 4]
    if state.stages[clerk.order_stage[account]].scale_ppm > 0:
        if before <= 0:
            if equity < before:
                return KEEPER + 50
        elif equity < 0:
            return KEEPER + 51
        elif required > 0 and not ratio_holds(equity, required, before, required_before):
            return KEEPER + 52
    return KEEPER + 53 if clerk.flagged_now[command.counterparty] == 1 else 0


@step
def check_after(state, clerk, command):
    """Margin and outflow as the command left them."""
    kind = command.kind
    note = clerk.note
    for place in range(2):
        if clerk.side[place, 5] == 1:
            broken = check_side(state, clerk, place, command.instrument)
            if broken:
                return broken
    if kind == CommandKind.TRADE:
        market = command.instrument
        grown = 0
        for place in range(2):
            held = clerk.side[place, 1]
            grown += max(held + clerk.side[place, 2], 0) - max(held, 0)
        contract = state.contracts[market]
        if grown > 0:
            lots = clerk.interest[market]
            if contract.open_interest_cap_lots > 0 and lots > contract.open_interest_cap_lots:
                return MARGIN + 20
            cap = contract.open_interest_cap_quanta
            if cap > 0 and sized(state, market, lots, clerk.mark[market]) > cap:
                return MARGIN + 21
    if kind == CommandKind.ADVANCE:
        for account in range(clerk.won.shape[0]):
            if clerk.won[account] == 1 and clerk.flagged_now[account] == 1:
                return DELEVERAGE + 10
    if note[UNJUDGED] != 0:
        return 0
    if kind == CommandKind.CLAIM_LIQUIDATION or kind == CommandKind.BID_SHARE:
        return check_health_kept(state, clerk, command)
    if kind == CommandKind.RESERVE_ORDER and state.levels[Level.INITIAL].includes_orders == 1:
        if not has_initial(state, clerk, command.account):
            return MARGIN + 22
    if kind == CommandKind.SET_LEVERAGE:
        required = requirement_of(state, clerk, command.account, Level.INITIAL)
        if required > note[INITIAL_BEFORE] and not has_initial(state, clerk, command.account):
            return MARGIN + 23
    if kind == CommandKind.WITHDRAW or kind == CommandKind.TRANSFER_MARGIN or kind == CommandKind.JOIN_VAULT:
        account = command.account
        if free_of(state, clerk, account) < 0:
            return OUTFLOW + 20
        if clerk.flagged_now[account] == 1:
            return OUTFLOW + 21
        in_kind = kind == CommandKind.WITHDRAW and command.asset != 0
        if state.policy[0].withdraw_gains == 0 and not in_kind and clerk.wallet[account] < 0:
            return OUTFLOW + 22
    if kind == CommandKind.LEAVE_VAULT:
        vault = state.vaults[state.accounts[command.account].pool].account
        if equity_of(state, clerk, vault, Level.INITIAL) < requirement_of(state, clerk, vault, Level.INITIAL):
            return OUTFLOW + 23
    return 0
