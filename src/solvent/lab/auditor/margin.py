"""Before and after a command: who takes more risk has the margin, who reduces loses no health, nobody leaves ahead
of a loss (laws MARGIN, OUTFLOW).
"""

from typing import Any

from solvent.codes import AccountKind, Action, Answer, Level, Mode, SystemAccount
from solvent.commands import CommandKind
from solvent.lab.appraisal import answer
from solvent.lab.auditor.keepers import check_health, no_bonus_due, note_health
from solvent.lab.auditor.law import require
from solvent.lab.auditor.limits import check_limits
from solvent.lab.auditor.notes import Notes, Side
from solvent.lab.auditor.prices import appraise_report
from solvent.units import PPM

_OUTFLOWS = (CommandKind.WITHDRAW, CommandKind.TRANSFER_MARGIN, CommandKind.JOIN_VAULT, CommandKind.LEAVE_VAULT)


def look_before(audit: Notes, command: Any) -> None:
    """Refuse what the rules forbid before it happens, and remember what is needed to judge it afterwards."""
    books = audit.books
    kind = command.kind
    if kind in _OUTFLOWS:
        bears = bool(kind == CommandKind.WITHDRAW and books.rules.policy["withdraw_charge"])
        require("OUTFLOW", books.open_deficit == 0 or bears, f"{command} left while a deficit is open")
        negative = books.negative_accounts()
        require("OUTFLOW", not negative or bears, f"{command} left while {negative} have negative equity")
    if kind == CommandKind.TRADE:
        audit.sides = [
            side_of(audit, command.account, command.instrument, command.lots),
            side_of(audit, command.counterparty, command.instrument, -command.lots),
        ]
        mode = books.level(command.instrument)
        require("MARGIN", mode != Mode.HALTED, "a trade in a halted market")
        if mode == Mode.AUCTION:
            price = audit.crossed.get(command.instrument)
            require("PRICE", command.price_ticks == price, f"traded at {command.price_ticks}, the auction at {price}")
        if mode == Mode.REDUCE_ONLY:
            require("MARGIN", all(side.reduces for side in audit.sides), "a reduce-only market grew a position")
        for side in audit.sides:
            action = "reduce" if side.reduces else "open"
            allowed = answer(books, command.instrument, action) != Answer.REFUSE
            require("PRICE", allowed, f"account {side.account} may not {action} at a price in doubt")
    if kind in (CommandKind.WITHDRAW, CommandKind.TRANSFER_MARGIN):
        require("OUTFLOW", books.level_of_account(command.account) < Mode.AUCTION, "money left a closed market")
        _check_no_doubt(audit, command.account, "withdraw")
        _check_not_blocked(audit, command.account)
    if kind in (CommandKind.FUNDING_TICK, CommandKind.SETTLE_FUNDING):
        require("FUNDING", books.level(command.instrument) < Mode.AUCTION, "funding in a closed market")
    if kind == CommandKind.JOIN_VAULT:
        pool = command.counterparty or int(SystemAccount.VAULT)
        calm = max(books.level_of_account(command.account), books.level_of_account(pool))
        require("OUTFLOW", calm == Mode.ACTIVE, "shares were bought in caution")
        _check_no_doubt(audit, command.account, "mint")
        _check_no_doubt(audit, pool, "mint")
    if kind == CommandKind.LEAVE_VAULT:
        pool = books.vaults[books.accounts[command.account].pool].account
        _check_no_doubt(audit, pool, "withdraw")
        _check_not_blocked(audit, pool)
    if kind == CommandKind.SET_LEVERAGE:
        audit.initial_before = books.requirement(command.account, Level.INITIAL)
    if kind == CommandKind.LIQUIDATION_FILL:
        ordered = books.position(command.account, command.instrument).ordered
        bought = command.lots if ordered > 0 else -command.lots
        audit.sides = [side_of(audit, command.counterparty, command.instrument, bought)]
    if kind == CommandKind.CLAIM_LIQUIDATION:
        held = books.lots_of(command.account, command.instrument)
        bought = command.lots if held > 0 else -command.lots
        audit.sides = [side_of(audit, command.counterparty, command.instrument, bought)]
    if kind == CommandKind.UNWIND_FILL:
        bought = -command.lots if books.unwinds[command.instrument].lots > 0 else command.lots
        audit.sides = [side_of(audit, command.counterparty, command.instrument, bought)]
    if kind in (CommandKind.CLAIM_LIQUIDATION, CommandKind.BID_SHARE):
        note_health(audit, command.account)
    if kind == CommandKind.PRICE_REPORT:
        place = command.instrument * books.rules.sources + command.source
        last = books.reports[place]
        newest = max(last.stamp, last.waiting_stamp)
        require("SEQUENCE", command.source_time_ns > newest, "a report that is not newer")
        numbered = command.source_sequence == 0 or command.source_sequence > last.number
        require("SEQUENCE", numbered, "a report whose number is not above the last")
        appraise_report(audit, command)


def _check_no_doubt(audit: Notes, account: int, action: str) -> None:
    """No market the account is in forbids the action."""
    for instrument, position in audit.books.accounts[account].positions.items():
        allowed = not position.lots or answer(audit.books, instrument, action) != Answer.REFUSE
        require("PRICE", allowed, f"{action} of {account} while the price of market {instrument} is in doubt")


def _check_not_blocked(audit: Notes, account: int) -> None:
    """No breaker of the venue or of a market the account is in holds money back."""
    books = audit.books
    held = [i for i, position in books.accounts[account].positions.items() if position.lots]
    stopped = [place for place in (-1, *held) if books.is_blocked(place, Action.WITHDRAW)]
    require("OUTFLOW", not stopped, f"money of {account} left while breakers of {stopped} hold it")


def side_of(audit: Notes, account: int, instrument: int, bought: int) -> Side:
    """What one side of a trade is before it."""
    books = audit.books
    held = books.lots_of(account, instrument)
    return Side(account, held, bought, books.equity(account), books.requirement(account))


def check_after(audit: Notes, command: Any) -> None:
    """Margin and outflow as the command left them."""
    books = audit.books
    kind = command.kind
    for side in audit.sides:
        _check_side(audit, side, command.instrument)
    check_limits(audit, command)
    if kind == CommandKind.RESERVE_ORDER and books.rules.levels[Level.INITIAL]["includes_orders"]:
        _check_initial(audit, command.account)
    if kind == CommandKind.SET_LEVERAGE:
        required = books.requirement(command.account, Level.INITIAL)
        if required > audit.initial_before:
            _check_initial(audit, command.account)
    if kind in (CommandKind.WITHDRAW, CommandKind.TRANSFER_MARGIN, CommandKind.JOIN_VAULT):
        account = command.account
        free = books.free(account)
        require("OUTFLOW", free >= 0, f"after {command} the free amount is {free}")
        require("OUTFLOW", account not in audit.flagged_now, f"{command} made its own account distressed")
        if not books.rules.policy["withdraw_gains"] and not (kind == CommandKind.WITHDRAW and command.asset):
            limit = books.rules.assets[0]["borrow_limit_amount"] if kind == CommandKind.WITHDRAW else 0
            owes = -books.accounts[account].wallet
            require("OUTFLOW", owes <= limit, f"{command} took cash that is not there: it owes {owes}")
    if kind == CommandKind.WITHDRAW and not command.asset and books.rules.assets[0]["borrow_limit_amount"]:
        cash = [book.wallet for book in books.accounts.values() if book.is_trader]
        owed, deposits = sum(max(-held, 0) for held in cash), sum(max(held, 0) for held in cash)
        lends = books.accounts[command.account].wallet < 0
        inside = owed * PPM <= deposits * books.rules.assets[0]["lend_max_ppm"]
        require("OUTFLOW", not lends or inside, f"{owed} of {deposits} in cash is lent")
    if kind == CommandKind.LEAVE_VAULT:
        pool = books.vaults[books.accounts[command.account].pool].account
        left, needed = books.equity(pool, Level.INITIAL), books.requirement(pool, Level.INITIAL)
        require("OUTFLOW", left >= needed, f"{command} left the pool with {left} of {needed}")
    if kind == CommandKind.BID_SHARE:
        _check_initial(audit, command.counterparty)
    if kind in (CommandKind.CLAIM_LIQUIDATION, CommandKind.BID_SHARE):
        check_health(audit, command.account)
        no_bonus_due(audit)
    if kind == CommandKind.ADVANCE:
        winners = {winner for found in audit.winners.values() for winner in found}
        hurt = sorted(winners & audit.flagged_now)
        require("DELEVERAGE", not hurt, f"deleveraging made {hurt} distressed")


def _check_initial(audit: Notes, account: int) -> None:
    books = audit.books
    equity, required = books.equity(account, Level.INITIAL), books.requirement(account, Level.INITIAL)
    require("MARGIN", equity >= required, f"account {account}: equity {equity} below initial {required}")


def _check_side(audit: Notes, side: Side, instrument: int) -> None:
    books = audit.books
    account = books.accounts[side.account]
    if not account.is_trader:
        require("MARGIN", side.reduces, f"system account {side.account} opened a position")
        return
    equity, required = books.equity(side.account), books.requirement(side.account)
    if not side.reduces:
        require("MARGIN", not account.flagged, f"account {side.account} opened while in liquidation or into it")
        _check_initial(audit, side.account)
        most = books.rules.contracts[instrument]["lots_max"]
        require("MARGIN", abs(books.lots_of(side.account, instrument)) <= most, "beyond the position limit")
        if account.kind == AccountKind.ISOLATED:
            require("MARGIN", len(account.positions) == 1, f"isolated account {side.account} holds two markets")
        return
    initial = books.equity(side.account, Level.INITIAL), books.requirement(side.account, Level.INITIAL)
    if initial[0] >= initial[1] and not account.flagged:
        return
    if side.equity <= 0:
        require("MARGIN", equity >= side.equity, f"a reduction of bankrupt {side.account} lost more")
        return
    holds = equity >= 0 and equity * side.requirement >= side.equity * required
    require("MARGIN", holds, f"a reduction lowered the health of {side.account}")
