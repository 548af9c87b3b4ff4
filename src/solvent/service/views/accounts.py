"""One account as it is told: its levels, its positions and the prices at which it falls, and the tree of why."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvent.codes import AccountKind, ContractKind, Level, Status
from solvent.engine.answers import answers_of
from solvent.engine.engine import Engine
from solvent.engine.explain import Node, NotExplainable, explain_account, plain
from solvent.engine.winners import deleveraging_places
from solvent.market.venue import Venue
from solvent.procedures.assess import assess_accounts
from solvent.service.problems import Problem
from solvent.service.wire import Wire
from solvent.state.tables import NONE
from solvent.state.values import exposure_quanta, marked_quanta
from solvent.state.whole import queued_accounts


class AccountViews:
    """Accounts of one venue, to look at."""

    def __init__(self, engine: Engine, venue: Venue, wire: Wire) -> None:
        self.engine = engine
        self.venue = venue
        self.wire = wire

    def require(self, account: int) -> None:
        """Raise Problem where there is no such account."""
        if not 0 <= account < int(self.engine.state.venue[0].account_count):
            raise Problem("not_found", f"There is no account {account}.", "Accounts are numbered without gaps.")

    def account(self, account: int) -> dict[str, Any]:
        """One account: equity and requirement at each level, positions, prices at which it falls, ADL places."""
        self.require(account)
        state, wire = self.engine.state, self.wire
        row = state.accounts[account]
        levels = []
        for level in Level:
            if state.levels[level].used != 1:
                continue
            answers = np.zeros((1, 4), dtype=np.int64)
            assess_accounts(state, int(level), np.array([account], dtype=np.int64), answers)
            equity, requirement, gains, notional = answers[0].tolist()
            levels.append(
                {
                    "level": level.name.lower(),
                    "equity": wire.money(equity),
                    "requirement": wire.money(requirement),
                    "surplus": wire.money(equity - requirement),
                    "gains": wire.money(gains),
                    "notional": wire.money(notional),
                }
            )
        fall = self._prices(account)
        positions, holdings = [], []
        at = int(row.first_position)
        while at != NONE:
            position = state.positions[at]
            positions.append(self._position(position, fall))
            at = int(position.next)
        at = int(row.first_holding)
        while at != NONE:
            holding = state.holdings[at]
            asset = int(holding.asset)
            holdings.append(
                {
                    "asset": self.venue.asset_names.get(asset, str(asset)),
                    "amount": wire.amount(asset, int(holding.amount_quanta)),
                }
            )
            at = int(holding.next)
        waiting = queued_accounts(state)
        place = np.flatnonzero(waiting == account)
        return {
            "account": account,
            "sequence": self.engine.sequence,
            "owner": str(int(row.owner)),
            "kind": AccountKind(int(row.kind)).name.lower(),
            "status": Status(int(row.status)).name.lower(),
            "wallet": wire.money(int(row.wallet_quanta)),
            "vault_shares": str(int(row.vault_shares)),
            "levels": levels,
            "positions": positions,
            "holdings": holdings,
            "queue_place": int(place[0]) + 1 if len(place) else None,
        }

    def _position(self, position: Any, fall: dict[str, dict[str, int | None]]) -> dict[str, Any]:
        state, wire, row = self.engine.state, self.wire, int(position.instrument)
        lots, cost = int(position.lots), int(position.cost_quanta)
        market, contract = state.instruments[row], state.contracts[row]
        mark = int(market.mark_ticks)
        gain = int(plain(marked_quanta)(contract, lots, mark)) - cost
        # the ledger keeps an inverse value below the line; people see the notional and what was paid for it
        side = -1 if contract.kind == ContractKind.INVERSE else 1
        symbol = self.venue.symbols[row]
        told = fall.get(symbol, {})

        def price(name: str) -> str | None:
            ticks = told.get(name)
            return wire.price(row, ticks) if ticks is not None else None

        return {
            "market": symbol,
            "side": "long" if lots > 0 else "short" if lots < 0 else "none",
            "size": wire.size(row, lots),
            "cost": wire.money(side * cost),
            "value": wire.money(int(plain(exposure_quanta)(contract, lots, mark))),
            "gain": wire.money(gain),
            "mark": wire.price(row, mark),
            "leverage": int(position.leverage) or None,
            "liquidation_price": price("liquidation price"),
            "bankruptcy_price": price("bankruptcy price"),
            "distance_ppm": told.get("distance"),
            "adl": deleveraging_places(state, int(position.account), row) if lots else None,
        }

    def _prices(self, account: int) -> dict[str, dict[str, int | None]]:
        return {
            position.symbol: {
                "liquidation price": position.liquidation_ticks,
                "bankruptcy price": position.bankruptcy_ticks,
                "distance": position.distance_ppm,
            }
            for position in answers_of(self.engine, account).positions
        }

    def explanation(self, account: int) -> dict[str, Any]:
        """How the account's numbers came to be, as a tree of sums."""
        self.require(account)
        try:
            return self.tree(explain_account(self.engine, account))
        except NotExplainable as fault:
            raise Problem("not_found", str(fault)) from None

    def tree(self, node: Node) -> dict[str, Any]:
        """A node and everything below it; money also in decimals."""
        told: dict[str, Any] = {"label": node.label, "rule": node.rule, "source": node.source, "unit": node.unit}
        told["value"] = str(node.value) if node.value is not None else None
        if node.unit == "quanta" and node.value is not None:
            told["amount"] = self.wire.money(node.value)
        told["adds"] = node.adds
        told["children"] = [self.tree(child) for child in node.children]
        return told
