"""Interest: the rate from what is owed and held, everybody charged and paid by it, and nothing made (law INTEREST)."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

from solvent.codes import SystemAccount
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.money import change, hold
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import same_fields
from solvent.units import LIMIT, PPM

YEAR = 365 * 86_400 * 10**9
ONE = 10**12


def rate_of(terms: dict[str, int], owed: int, deposits: int) -> int:
    """Parts per billion a year that who owes pays, every division rounded up."""
    use = 0 if owed == 0 else PPM if owed >= deposits else ceil(Fraction(owed * PPM, deposits))
    if terms["interest_square"]:
        use = ceil(Fraction(use * use, PPM))
    optimal, base = terms["interest_optimal_ppm"], terms["interest_base_ppb"]
    if use <= optimal:
        return terms["interest_floor_ppb"] + (ceil(Fraction(base * use, optimal)) if optimal else 0)
    return (
        terms["interest_floor_ppb"]
        + base
        + ceil(Fraction(terms["interest_above_ppb"] * (use - optimal), PPM - optimal))
    )


def _on_interest_accrued(audit: Notes, event: Any) -> None:
    books, asset = audit.books, audit.command.asset
    terms, lent = books.rules.assets[asset], books.lent[asset]
    holders = {number: book.holdings[asset] for number, book in books.accounts.items() if asset in book.holdings}
    if asset == 0:
        holders = {number: book.wallet for number, book in books.accounts.items() if book.is_trader and book.wallet}
    owed = sum(max(-amount, 0) for amount in holders.values())
    deposits = sum(max(amount, 0) for amount in holders.values())
    elapsed = books.time_ns - lent.accrued if lent.accrued or asset else 0
    if terms["interest_ns"]:
        elapsed -= elapsed % terms["interest_ns"]
    rate = rate_of(terms, owed, deposits)
    growth = ceil(Fraction(rate * 1_000 * elapsed, YEAR))
    charges = {number: ceil(Fraction(-held * growth, ONE)) for number, held in holders.items() if held < 0}
    charged = sum(charges.values())
    paid = charged - ceil(Fraction(charged * terms["interest_kept_ppm"], PPM))
    due = {number: floor(Fraction(held * paid, deposits)) for number, held in holders.items() if held > 0}
    told = (event.asset, event.value, event.amount_quanta, event.fee_quanta, event.reference)
    fair = (asset, rate, charged, paid, elapsed)
    may = owed > 0 < elapsed or asset == 0
    require("INTEREST", may and told == fair, f"interest {told}, not {fair}")
    posts = [(number, -charges[number] if number in charges else due[number]) for number in sorted(holders)]
    audit.interest_due = [post for post in posts if post[1]]
    kept = charged - sum(due.values())
    if kept and asset:
        audit.interest_due.append((int(SystemAccount.VENUE_CAPITAL), kept))
    lent.accrued = lent.accrued + elapsed if lent.accrued or asset else books.time_ns
    lent.owed = min((lent.owed or ONE) + (lent.owed or ONE) * growth // ONE, LIMIT)
    lent.held = min((lent.held or ONE) + (lent.held or ONE) * paid // max(deposits, 1), LIMIT)


def _on_interest_posted(audit: Notes, event: Any) -> None:
    told = (event.account, event.amount_quanta)
    expected = audit.interest_due.pop(0) if audit.interest_due else None
    require("INTEREST", told == expected, f"interest {told} was booked, due was {expected}")
    if event.asset == 0:
        audit.books.move(SystemAccount.VENUE_CAPITAL, event.account, event.amount_quanta)
        wallet = audit.books.accounts[event.account].wallet
        require("TOLD", event.value == wallet, f"{wallet} is left, told {event.value}")
        return
    change(audit, event.account, event.asset, event.amount_quanta)
    left = audit.books.accounts[event.account].holdings.get(event.asset, 0)
    require("TOLD", event.value == left, f"{left} is left, told {event.value}")


def _on_debt_covered(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    account = audit.books.accounts[event.account]
    require("LIQUIDATION", account.flagged, "a debt of a sound account was bought back")
    require("LIQUIDATION", event.reference == audit.order_reference[event.account], "another order was filled")
    owed = -account.holdings.get(event.asset, 0)
    require("LIQUIDATION", 0 < event.amount_quanta <= owed, f"{event.amount_quanta} bought back of {owed} owed")
    require("TOLD", event.value == audit.command.proceeds_quanta, "another price")
    hold(audit, event.account, event.asset, event.amount_quanta)
    audit.books.move(event.account, SystemAccount.EXTERNAL, event.value)


def nothing_due(audit: Notes) -> None:
    """Everybody was charged and paid."""
    require("INTEREST", not audit.interest_due, f"interest that nobody booked: {audit.interest_due}")


EVENTS = {
    EventKind.INTEREST_ACCRUED: _on_interest_accrued,
    EventKind.INTEREST_POSTED: _on_interest_posted,
    EventKind.DEBT_COVERED: _on_debt_covered,
}
"""Which function books which event."""
