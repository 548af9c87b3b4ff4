"""What people and programs see of the state: read from the tables and the machine's own answers; nothing is judged.

Equity and requirements come from `assess_accounts`, prices at which an account falls from `explain_account`, the place
in the deleveraging queue from the machine's own score. Money is told in decimals of the settlement currency.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from solvent.codes import Level, Mode, SystemAccount
from solvent.engine.engine import Engine
from solvent.market.venue import Venue
from solvent.procedures.assess import assess_accounts
from solvent.service.desk import Desk
from solvent.service.views.accounts import AccountViews
from solvent.service.views.ladder import LADDER_EDGES_PPM, Ladder
from solvent.service.views.losses import LossViews
from solvent.service.views.markets import MarketViews
from solvent.service.views.pools import PoolViews
from solvent.service.views.rules import RuleViews
from solvent.service.wire import Wire
from solvent.state.whole import first_user_account, queued_accounts

__all__ = ["LADDER_EDGES_PPM", "Ladder", "Views"]


class Views:
    """Everything that can be looked at, for one venue."""

    def __init__(self, engine: Engine, desk: Desk, venue: Venue, wire: Wire, ladder: Ladder) -> None:
        self.engine = engine
        self.desk = desk
        self.venue = venue
        self.wire = wire
        self.ladder = ladder
        self.market_views = MarketViews(engine, venue, wire)
        self.accounts = AccountViews(engine, venue, wire)
        self.losses = LossViews(desk, list(venue.symbols), wire)
        self.pools = PoolViews(engine, venue, wire)
        self.rules = RuleViews(engine, desk, venue, wire.terms)

    # --- the venue -----------------------------------------------------------------------------------------

    def is_solvent(self) -> bool:
        """Nobody's loss is without a payer."""
        venue = self.engine.state.venue[0]
        return int(venue.open_deficit_quanta) == 0 and int(venue.negative_count) == 0

    def glance(self) -> dict[str, Any]:
        """The venue on one screen."""
        state = self.engine.state
        venue = state.venue[0]
        listed = len(self.venue.symbols)
        modes = np.asarray(state.instruments.mode[:listed])
        return {
            "sequence": self.engine.sequence,
            "time_ns": str(int(venue.time_ns)),
            "price_version": int(venue.price_version),
            "solvent": self.is_solvent(),
            "accounts": int(venue.account_count) - first_user_account(state),
            "in_liquidation": int(venue.queue_count),
            "negative_accounts": int(venue.negative_count),
            "open_deficit": self.wire.money(int(venue.open_deficit_quanta)),
            "withdrawals_gated": int(venue.negative_count) > 0 or int(venue.open_deficit_quanta) > 0,
            "terms_version": int(venue.terms_version),
            "venue_mode": Mode(int(venue.mode)).name.lower(),
            "modes": {mode.name.lower(): int((modes == mode).sum()) for mode in Mode},
            "funds": self.funds(),
            "markets": self.markets(),
            "ladder": self.ladder.told(self.wire),
            "worklist_hash": self.desk.worklist_hash.hex(),
            "settlement": self.venue.settlement,
        }

    def venue_told(self) -> dict[str, Any]:
        """What the venue is."""
        state = self.engine.state
        return {
            "name": self.venue.name,
            "settlement": self.venue.settlement,
            "decimals": self.venue.compiled.settlement_decimals,
            "rulebook": self.venue.rulebook.name,
            "terms_version": int(state.venue[0].terms_version),
            "first_account": first_user_account(state),
            "next_account": int(state.venue[0].account_count),
            "markets": [
                {
                    "market": contract.symbol,
                    "instrument": row,
                    "base": contract.base,
                    "kind": contract.kind,
                    "lot_size": str(contract.lot_size),
                    "tick_size": str(contract.tick_size),
                    "price_max": str(contract.price_max),
                    "position_max": str(contract.position_max),
                    "sources": [
                        {"source": feed.name, "number": self.venue.sources[(row, feed.name)]}
                        for feed in contract.feeds
                        if (row, feed.name) in self.venue.sources
                    ],
                    "fund_account": int(SystemAccount.MARKET_FUNDS) + row,
                }
                for row, contract in enumerate(self.venue.compiled.contracts)
            ],
            "assets": [{"asset": name, "number": row} for name, row in self.venue.assets.items()],
            "system_accounts": {row.name.lower(): int(row) for row in SystemAccount},
        }

    def _equity(self, account: int) -> int:
        answers = np.zeros((1, 4), dtype=np.int64)
        assess_accounts(self.engine.state, int(Level.MAINTENANCE), np.array([account], dtype=np.int64), answers)
        return int(answers[0, 0])

    def funds(self) -> dict[str, Any]:
        """Who stands behind the venue, and with how much."""
        wallets, money = self.engine.state.accounts.wallet_quanta, self.wire.money
        first = int(SystemAccount.MARKET_FUNDS)
        markets = [int(wallets[first + row]) for row in range(len(self.venue.symbols))]
        return {
            "venue_fund": money(int(wallets[SystemAccount.VENUE_FUND])),
            "venue_fund_target": money(self.venue.fund_target_quanta),
            "venue_capital": money(int(wallets[SystemAccount.VENUE_CAPITAL])),
            "vault": money(self._equity(int(SystemAccount.VAULT))),
            "market_funds": money(sum(markets)),
            "by_market": {symbol: money(amount) for symbol, amount in zip(self.venue.symbols, markets, strict=True)},
            "fees": money(int(wallets[SystemAccount.FEES])),
            "open_deficit": money(int(self.engine.state.venue[0].open_deficit_quanta)),
            "net_deposits": money(-int(wallets[SystemAccount.EXTERNAL])),
        }

    def markets(self) -> list[dict[str, Any]]:
        """Marks, sources, guards and modes of every market."""
        return self.market_views.all()

    def queue(self) -> dict[str, Any]:
        """The liquidation queue in its order."""
        state = self.engine.state
        waiting = queued_accounts(state).tolist()
        return {"sequence": self.engine.sequence, "count": len(waiting), "accounts": waiting[:1_000]}
