"""Charged = credited = the stage's fee, never more than the equity (law PENALTY)."""

from typing import Any

from solvent.codes import FeePayee, SystemAccount
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.books import ceil_ratio
from solvent.units import PPM


def _penalty_due(audit: Notes) -> int:
    assert audit.penalty is not None
    account, stage, _instrument, value, equity_before = audit.penalty
    fee = ceil_ratio(value * audit.books.rules.stages[stage]["fee_ppm"], PPM)
    return min(fee, max(0, min(equity_before, audit.books.equity(account))))


def no_penalty_due(audit: Notes) -> None:
    """What was filled or taken over owed no penalty."""
    due = _penalty_due(audit)
    require("PENALTY", due == 0, f"no penalty charged, {due} were due: {audit.penalty}")
    audit.penalty = None


def _on_penalty_charged(audit: Notes, event: Any) -> None:
    require("PENALTY", audit.penalty is not None, "a penalty without a fill")
    assert audit.penalty is not None
    account, stage, instrument, value, equity_before = audit.penalty
    due = _penalty_due(audit)
    told = (event.account, event.stage, event.instrument, event.value)
    require("PENALTY", told == (account, stage, instrument, value), f"penalty for {told}, not {audit.penalty}")
    require("PENALTY", event.amount_quanta <= max(0, equity_before), "penalty beyond the equity before")
    require("PENALTY", event.amount_quanta == due > 0, f"penalty {event.amount_quanta}, due {due}")
    require("JUDGED", event.equity_quanta == audit.books.equity(account), "equity told wrongly")
    payee = payee_of(audit, audit.books.rules.stages[stage]["fee_payee"], account, instrument)
    require("PENALTY", event.counterparty == payee, f"penalty to {event.counterparty}, not {payee}")
    audit.books.move(account, payee, event.amount_quanta)
    audit.penalty = None


def payee_of(audit: Notes, payee: int, account: int, instrument: int) -> int:
    """The account behind a payee of the rulebook."""
    return {
        FeePayee.TRADER: account,
        FeePayee.MARKET_FUND: SystemAccount.MARKET_FUNDS + instrument,
        FeePayee.VENUE_FUND: SystemAccount.VENUE_FUND,
        FeePayee.VAULT: audit.books.pool_of(instrument),
        FeePayee.VENUE_CAPITAL: SystemAccount.VENUE_CAPITAL,
    }[FeePayee(payee)]


EVENTS = {
    EventKind.PENALTY_CHARGED: _on_penalty_charged,
}
"""Which function books which event."""
