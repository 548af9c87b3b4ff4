"""Defaults as they are told: each with who paid, layer by layer."""

from __future__ import annotations

from typing import Any

from solvent.codes import Tranche
from solvent.service.desk import Case, Desk
from solvent.service.wire import Wire


class LossViews:
    """Defaults of one venue, to look at."""

    def __init__(self, desk: Desk, symbols: list[str], wire: Wire) -> None:
        self.desk = desk
        self.symbols = symbols
        self.wire = wire

    def case(self, case: Case) -> dict[str, Any]:
        """One default as it is told outside."""
        money = self.wire.money
        return {
            "account": case.account,
            "market": self.symbols[case.instrument] if 0 <= case.instrument < len(self.symbols) else None,
            "flagged_sequence": case.flagged_sequence,
            "flagged_ns": str(case.flagged_ns),
            "closed_sequence": case.closed_sequence or None,
            "outcome": case.outcome,
            "notional": money(case.notional_quanta),
            "equity": money(case.equity_quanta),
            "requirement": money(case.requirement_quanta),
            "filled": money(case.filled_quanta),
            "taken_over": money(case.taken_over_quanta),
            "deleveraged": money(case.deleveraged_quanta),
            "penalty": money(case.penalty_quanta),
            "shortfall": money(case.shortfall_quanta),
            "open_deficit": money(case.deficit_quanta),
            "waterfall": self._payments(case),
        }

    def _payments(self, case: Case) -> list[dict[str, Any]]:
        paid: dict[int, tuple[int, int]] = {}
        for payment in case.payments:
            amount, payers = paid.get(payment.tranche, (0, 0))
            paid[payment.tranche] = (amount + payment.amount_quanta, payers + 1)
        return [
            {"tranche": Tranche(tranche).name.lower(), "amount": self.wire.money(amount), "payers": payers}
            for tranche, (amount, payers) in sorted(paid.items())
        ]

    def cases(self, limit: int, only_losses: bool) -> list[dict[str, Any]]:
        """The newest defaults first, those still open before all."""
        listed = [*reversed(self.desk.open_cases.values()), *reversed(self.desk.cases)]
        if only_losses:
            listed = [case for case in listed if case.shortfall_quanta or case.deficit_quanta]
        return [self.case(case) for case in listed[:limit]]
