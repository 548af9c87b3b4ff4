"""Accounts, money in and out, funds, the vault and the gate of withdrawals, booked again from what was told."""

from collections import Counter
from typing import Any

from solvent.codes import AccountKind, SystemAccount, Tranche
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.limits import inside_quanta, worth_of
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import same_fields
from solvent.lab.books import NOBODY, AccountBook
from solvent.units import PPM

VIRTUAL_SHARES = 1_000
VIRTUAL_QUANTA = 1


def _on_account_opened(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    kind = audit.command.account_kind
    for number in range(max(audit.books.accounts) + 1, event.account + 1):
        audit.books.accounts[number] = AccountBook(AccountKind.NONE)
    require("TOLD", audit.books.accounts[event.account].kind == AccountKind.NONE, "opened twice")
    audit.books.accounts[event.account] = AccountBook(kind, audit.command.owner)
    audit.default_instrument[event.account] = NOBODY
    audit.order_stage[event.account] = NOBODY


def _on_deposited(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    if event.asset == 0:
        audit.books.move(SystemAccount.EXTERNAL, event.account, event.amount_quanta)
    else:
        hold(audit, event.account, event.asset, event.amount_quanta)


def _on_withdrawn(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    require("OUTFLOW", event.fee_quanta == audit.charged, f"bore {event.fee_quanta}, was charged {audit.charged}")
    if event.asset == 0:
        audit.books.move(event.account, SystemAccount.EXTERNAL, event.amount_quanta - event.fee_quanta)
    else:
        take_out(audit, event.account, event.asset, event.amount_quanta)


def hold(audit: Notes, account: int, asset: int, amount: int) -> None:
    """Book an amount of a collateral asset in from outside (or out, below zero)."""
    before = audit.books.accounts[account].holdings.get(asset, 0)
    change(audit, account, asset, amount)
    after = before + amount
    require("LEDGER", after >= min(before, 0), f"account {account} holds {after} of asset {asset}")
    audit.collateral_in[asset] = audit.collateral_in.get(asset, 0) + amount


def take_out(audit: Notes, account: int, asset: int, amount: int) -> None:
    """An asset leaves: what is held, and beyond it what may be owed and the pool still has."""
    books, terms = audit.books, audit.books.rules.assets[asset]
    before = books.accounts[account].holdings.get(asset, 0)
    owed = books.owed_of(asset)
    change(audit, account, asset, -amount)
    audit.collateral_in[asset] = audit.collateral_in.get(asset, 0) - amount
    left, there = before - amount, books.holdings_by_asset().get(asset, 0)
    require("OUTFLOW", there >= 0, f"{-there} of asset {asset} left that nobody had put in")
    if left >= 0:
        return
    limit, owed_now = terms["borrow_limit_amount"], books.owed_of(asset)
    require("OUTFLOW", -left <= limit, f"account {account} owes {-left} of asset {asset}, {limit} is allowed")
    inside = owed_now * PPM <= (there + owed_now) * terms["lend_max_ppm"]
    require("OUTFLOW", inside, f"{owed_now} of {there + owed_now} of asset {asset} is lent")
    if not owed:
        books.lent[asset].accrued = books.time_ns


def change(audit: Notes, account: int, asset: int, amount: int) -> None:
    """Book a change of one holding, whoever the other side is."""
    holdings = audit.books.accounts[account].holdings
    holdings[asset] = holdings.get(asset, 0) + amount
    if holdings[asset] == 0:
        del holdings[asset]


def _on_margin_transferred(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    owners = {audit.books.accounts[number].owner for number in (event.account, event.counterparty)}
    require("OUTFLOW", len(owners) == 1, "margin moved between two owners")
    audit.books.move(event.account, event.counterparty, event.amount_quanta)


def _on_fund_contributed(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    audit.books.move(SystemAccount.EXTERNAL, event.account, event.amount_quanta)
    if event.account == SystemAccount.DEFICIT:
        audit.books.open_deficit -= event.amount_quanta
        require("WATERFALL", audit.books.open_deficit >= 0, "more than the deficit was covered")


def _on_deficit_covered(audit: Notes, event: Any) -> None:
    require("TOLD", event.value == audit.books.open_deficit, f"deficit told {event.value}")
    require("TOLD", event.amount_quanta == audit.command.amount_quanta, "another amount covered")


def _named_pool(audit: Notes, event: Any) -> int:
    """Row of the pool an event names by its account; 0 is the vault."""
    rows = [row for row, vault in enumerate(audit.books.vaults) if vault.account == event.counterparty]
    require("TOLD", event.counterparty == 0 or bool(rows), f"account {event.counterparty} is no pool")
    return rows[0] if event.counterparty else 0


def _on_vault_joined(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    books, book = audit.books, audit.books.accounts[event.account]
    row = _named_pool(audit, event)
    vault, cap = books.vaults[row], books.rules.pools[row]["deposit_cap_quanta"]
    before = books.equity(vault.account)
    fair = event.amount_quanta * (vault.shares + VIRTUAL_SHARES) // (before + VIRTUAL_QUANTA)
    require("LEDGER", event.shares == fair > 0, f"{event.amount_quanta} bought {event.shares} shares, not {fair}")
    require("POOL", not book.shares or book.pool == row, "shares of two pools in one account")
    require("POOL", not cap or before + event.amount_quanta <= cap, f"joined beyond the cap of {cap}")
    books.move(event.account, vault.account, event.amount_quanta)
    book.pool = row
    book.shares += event.shares
    vault.shares += event.shares


def _on_notice_given(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    books, book = audit.books, audit.books.accounts[event.account]
    until = books.time_ns + books.rules.pools[book.pool]["notice_ns"]
    require("POOL", event.value == until, f"the notice runs until {event.value}, not {until}")
    require("POOL", 0 < event.shares <= book.shares, "notice of shares it does not have")
    book.notice, book.notice_until = event.shares, until


def _on_vault_left(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    books, book = audit.books, audit.books.accounts[event.account]
    vault = books.vaults[book.pool]
    require("TOLD", _named_pool(audit, event) == book.pool, "left another pool than it was in")
    fair = event.shares * (books.equity(vault.account) + VIRTUAL_QUANTA) // (vault.shares + VIRTUAL_SHARES)
    require("LEDGER", event.amount_quanta == fair, f"{event.shares} shares fetched {event.amount_quanta}, not {fair}")
    if books.rules.pools[book.pool]["notice_ns"]:
        over = book.notice >= event.shares and books.time_ns >= book.notice_until
        require("POOL", over, f"account {event.account} left before its notice was over")
    books.move(vault.account, event.account, event.amount_quanta)
    book.shares -= event.shares
    book.notice = max(book.notice - event.shares, 0)
    vault.shares -= event.shares
    require("LEDGER", book.shares >= 0, "sold shares it did not have")


def _on_pool_opened(audit: Notes, event: Any) -> None:
    books = audit.books
    require("TOLD", (event.account, event.value) == (audit.command.account, audit.command.count), "another pool")
    require("POOL", event.account == max(books.accounts) + 1, "a pool in somebody else's row")
    require("POOL", books.vaults[event.value].account == NOBODY, "the pool was open already")
    books.accounts[event.account] = AccountBook(AccountKind.SYSTEM)
    books.vaults[event.value].account = event.account
    audit.default_instrument[event.account] = NOBODY
    audit.order_stage[event.account] = NOBODY


def _without_payer(audit: Notes) -> int:
    """The open deficit, and of equities below zero what no fund, capital or pool would pay; each within its cap."""
    books = audit.books
    losses: Counter[int] = Counter()
    for number in books.negative_accounts():
        market = NOBODY if books.is_pool(number) else audit.default_instrument[number]
        losses[market] -= books.equity(number)
    means = 0
    for layer in books.rules.absorbers:
        tranche, cap = layer["tranche"], layer["cap_ppm"]
        if not layer["used"]:
            continue
        if tranche == Tranche.MARKET_FUND:
            for market in range(len(books.marks)):
                fund = books.accounts[SystemAccount.MARKET_FUNDS + market].wallet
                losses[market] -= min(losses[market], max(fund, 0) * cap // PPM)
        elif tranche == Tranche.LIQUIDITY_VAULT:
            for row, vault in enumerate(books.vaults):
                if vault.account == NOBODY:
                    continue
                left = max(min(books.equity(vault.account), books.accounts[vault.account].wallet), 0) * cap // PPM
                for market in range(len(books.marks)):
                    if books.rules.backings[market]["pool"] == row:
                        paid = min(left, losses[market])
                        losses[market] -= paid
                        left -= paid
        elif tranche in (Tranche.VENUE_FUND, Tranche.VENUE_CAPITAL):
            owner = SystemAccount.VENUE_FUND if tranche == Tranche.VENUE_FUND else SystemAccount.VENUE_CAPITAL
            means += max(books.accounts[owner].wallet, 0) * cap // PPM
    return books.open_deficit + max(sum(losses.values()) - means, 0)


def _on_withdrawal_charged(audit: Notes, event: Any) -> None:
    """The share of a loss without payer, recomputed from every account of the books."""
    books = audit.books
    loss = _without_payer(audit)
    own = [SystemAccount.FEES, SystemAccount.VENUE_FUND, SystemAccount.VENUE_CAPITAL]
    own += [SystemAccount.MARKET_FUNDS + i for i in range(len(books.marks))]  # type: ignore[misc]
    held = max(inside_quanta(books) - sum(books.accounts[row].wallet for row in own), 0)
    asked = worth_of(books, audit.command.asset, audit.command.amount_quanta)
    fair = min(-(-asked * loss // (held + loss)), asked) if loss else 0
    require("OUTFLOW", event.amount_quanta == fair > 0, f"charged {event.amount_quanta} of {asked}, fair is {fair}")
    told = event.requirement_quanta, event.equity_quanta
    require("TOLD", told == (loss, held), f"a loss of {told}, not {(loss, held)}")
    covered = min(fair, books.open_deficit)
    require("OUTFLOW", event.value == covered, f"{event.value} to the deficit, not {covered}")
    books.move(event.account, SystemAccount.DEFICIT, covered)
    books.move(event.account, SystemAccount.VENUE_FUND, fair - covered)
    books.open_deficit -= covered
    audit.charged = fair


def _on_withdrawals_gated(audit: Notes, event: Any) -> None:
    require("OUTFLOW", not audit.gated, "gated twice")
    audit.gated = True


def _on_withdrawals_released(audit: Notes, event: Any) -> None:
    require("OUTFLOW", audit.gated, "released twice")
    audit.gated = False


EVENTS = {
    EventKind.ACCOUNT_OPENED: _on_account_opened,
    EventKind.DEPOSITED: _on_deposited,
    EventKind.WITHDRAWN: _on_withdrawn,
    EventKind.MARGIN_TRANSFERRED: _on_margin_transferred,
    EventKind.FUND_CONTRIBUTED: _on_fund_contributed,
    EventKind.DEFICIT_COVERED: _on_deficit_covered,
    EventKind.VAULT_JOINED: _on_vault_joined,
    EventKind.VAULT_LEFT: _on_vault_left,
    EventKind.NOTICE_GIVEN: _on_notice_given,
    EventKind.POOL_OPENED: _on_pool_opened,
    EventKind.WITHDRAWAL_CHARGED: _on_withdrawal_charged,
    EventKind.WITHDRAWALS_GATED: _on_withdrawals_gated,
    EventKind.WITHDRAWALS_RELEASED: _on_withdrawals_released,
}
"""Which function books which event."""
