"""Accounts, money in and out, funds, the vault and the gate of withdrawals, booked again from what was told."""

from typing import Any

from solvent.codes import AccountKind, SystemAccount
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import same_fields
from solvent.lab.books import NOBODY, AccountBook

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
    if event.asset == 0:
        audit.books.move(event.account, SystemAccount.EXTERNAL, event.amount_quanta)
    else:
        hold(audit, event.account, event.asset, -event.amount_quanta)


def hold(audit: Notes, account: int, asset: int, amount: int) -> None:
    """Book an amount of a collateral asset in (or out, below zero)."""
    holdings = audit.books.accounts[account].holdings
    holdings[asset] = holdings.get(asset, 0) + amount
    require("LEDGER", holdings[asset] >= 0, f"account {account} holds {holdings[asset]} of asset {asset}")
    if holdings[asset] == 0:
        del holdings[asset]
    audit.collateral_in[asset] = audit.collateral_in.get(asset, 0) + amount


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


def _on_vault_joined(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    books = audit.books
    value, shares = books.equity(SystemAccount.VAULT) + VIRTUAL_QUANTA, books.vault_shares + VIRTUAL_SHARES
    fair = event.amount_quanta * shares // value
    require("LEDGER", event.shares == fair > 0, f"{event.amount_quanta} bought {event.shares} shares, not {fair}")
    books.move(event.account, SystemAccount.VAULT, event.amount_quanta)
    books.accounts[event.account].shares += event.shares
    books.vault_shares += event.shares


def _on_vault_left(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    books = audit.books
    value, shares = books.equity(SystemAccount.VAULT) + VIRTUAL_QUANTA, books.vault_shares + VIRTUAL_SHARES
    fair = event.shares * value // shares
    require("LEDGER", event.amount_quanta == fair, f"{event.shares} shares fetched {event.amount_quanta}, not {fair}")
    books.move(SystemAccount.VAULT, event.account, event.amount_quanta)
    books.accounts[event.account].shares -= event.shares
    books.vault_shares -= event.shares
    require("LEDGER", books.accounts[event.account].shares >= 0, "sold shares it did not have")


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
    EventKind.WITHDRAWALS_GATED: _on_withdrawals_gated,
    EventKind.WITHDRAWALS_RELEASED: _on_withdrawals_released,
}
"""Which function books which event."""
