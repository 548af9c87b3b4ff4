"""Pools as they are told: shares and their worth, inventory against target, notices, and what is being unwound."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from solvent.codes import ContractKind, Level
from solvent.engine.engine import Engine
from solvent.engine.explain import plain
from solvent.market.venue import Venue
from solvent.procedures.assess import assess_accounts
from solvent.rulebook.compile.pools import rows_of_pools
from solvent.service.wire import Wire
from solvent.state.tables import NONE
from solvent.state.terms import POOLS_MAX
from solvent.state.values import exposure_quanta, marked_quanta

NOTICES_MAX: Final = 100
"""Notices told of one pool, the earliest to end first; `notice_count` says how many there are."""
_MS: Final = 1_000_000


class PoolViews:
    """The pools of one venue, to look at."""

    def __init__(self, engine: Engine, venue: Venue, wire: Wire) -> None:
        self.engine = engine
        self.venue = venue
        self.wire = wire
        self.names = {row: name for name, row in rows_of_pools(venue.rulebook.pools).items()}

    def all(self) -> dict[str, Any]:
        """Every pool the terms know, the vault first."""
        state = self.engine.state
        rows = [row for row in range(POOLS_MAX) if row == 0 or int(state.pools[row].used)]
        return {"sequence": self.engine.sequence, "pools": [self._pool(row) for row in rows]}

    def _pool(self, row: int) -> dict[str, Any]:
        state, money = self.engine.state, self.wire.money
        vault, terms = state.vaults[row], state.pools[row]
        account, shares = int(vault.account), int(vault.shares)
        is_open = account != NONE
        equity, requirement = self._judged(account) if is_open else (0, 0)
        backed = [
            market for market in range(len(self.venue.symbols)) if int(state.backings[market].pool) == row
        ]  # fmt: skip
        return {
            "pool": self.names.get(row, str(row)),
            "row": row,
            "account": account if is_open else None,
            "shares": str(shares),
            "net_asset_value": money(equity),
            "value_a_share": f"{equity / shares:.6f}" if shares else None,
            "requirement": money(requirement),
            "wallet": money(int(state.accounts[account].wallet_quanta)) if is_open else money(0),
            "notice_ms": int(terms.notice_ns) // _MS,
            "deposit_cap": self._cap(int(terms.deposit_cap_quanta)),
            "hour_cap": self._cap(int(terms.hour_cap_quanta)),
            "taken_over": money(int(vault.taken_quanta)),
            "unwound": money(int(vault.unwound_quanta)),
            "unwind_cost": money(int(vault.unwind_cost_quanta)),
            "markets": [self.venue.symbols[market] for market in backed],
            "inventory": self._inventory(account, backed) if is_open else [],
            **self._notices(row),
        }

    def _cap(self, quanta: int) -> str | None:
        return self.wire.money(quanta) if quanta else None

    def _judged(self, account: int) -> tuple[int, int]:
        answers = np.zeros((1, 4), dtype=np.int64)
        assess_accounts(self.engine.state, int(Level.MAINTENANCE), np.array([account], dtype=np.int64), answers)
        return int(answers[0, 0]), int(answers[0, 1])

    def _inventory(self, account: int, backed: list[int]) -> list[dict[str, Any]]:
        """What the pool holds of each market, and in those it backs how far that is from its target."""
        state, wire = self.engine.state, self.wire
        held: dict[int, tuple[int, int]] = {}
        at = int(state.accounts[account].first_position)
        while at != NONE:
            position = state.positions[at]
            held[int(position.instrument)] = int(position.lots), int(position.cost_quanta)
            at = int(position.next)
        told = []
        for market in sorted({*held, *backed}):
            lots, cost = held.get(market, (0, 0))
            contract, mark = state.contracts[market], int(state.instruments[market].mark_ticks)
            target, unwind = int(state.backings[market].target_lots) if market in backed else 0, state.unwinds[market]
            ordered = int(unwind.lots) if market in backed else 0
            if not (lots or target or ordered):
                continue
            side = -1 if contract.kind == ContractKind.INVERSE else 1
            told.append(
                {
                    "market": self.venue.symbols[market],
                    "size": wire.size(market, lots),
                    "target": wire.size(market, target),
                    "mark": wire.price(market, mark) if mark else None,
                    "value": wire.money(int(plain(exposure_quanta)(contract, lots, mark))),
                    "cost": wire.money(side * cost),
                    "gain": wire.money(int(plain(marked_quanta)(contract, lots, mark)) - cost),
                    "order": self._order(market, unwind) if ordered else None,
                }
            )
        return told

    def _order(self, market: int, unwind: Any) -> dict[str, Any]:
        lots = int(unwind.lots)
        return {
            "side": "buy" if lots > 0 else "sell",
            "size": self.wire.size(market, abs(lots)),
            "limit": self.wire.price(market, int(unwind.limit_ticks)),
            "until_ns": str(int(unwind.until_ns)),
        }

    def _notices(self, row: int) -> dict[str, Any]:
        state = self.engine.state
        count = int(state.venue[0].account_count)
        accounts = np.asarray(state.accounts)[:count]
        given = np.flatnonzero((accounts["notice_shares"] > 0) & (accounts["pool"] == row))
        members = int(((accounts["vault_shares"] > 0) & (accounts["pool"] == row)).sum())
        given = given[np.argsort(accounts["notice_until_ns"][given], kind="stable")]
        now = int(state.venue[0].time_ns)
        return {
            "members": members,
            "notice_count": len(given),
            "notices": [
                {
                    "account": account,
                    "shares": str(int(accounts["notice_shares"][account])),
                    "until_ns": str(int(accounts["notice_until_ns"][account])),
                    "over": int(accounts["notice_until_ns"][account]) <= now,
                }
                for account in given[:NOTICES_MAX].tolist()
            ],
        }
