"""What people and programs see of the state: read from the tables and the machine's own answers; nothing is judged.

Equity and requirements come from `assess_accounts`, prices at which an account falls from `explain_account`, the place
in the deleveraging queue from the machine's own score. Money is told in decimals of the settlement currency.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import numpy as np

from solvent.codes import AccountKind, Level, Mode, Status, SystemAccount, Tranche
from solvent.engine.answers import answers_of
from solvent.engine.engine import Engine
from solvent.engine.explain import Node, NotExplainable, explain_account
from solvent.engine.winners import deleveraging_places
from solvent.market.venue import Venue
from solvent.procedures.assess import assess_accounts
from solvent.service.desk import Case, Desk
from solvent.service.matrix import allowed_actions, level_in_force
from solvent.service.problems import Problem
from solvent.service.wire import Wire
from solvent.state.tables import NONE
from solvent.state.terms import BREAKERS_MAX, SOURCES_MAX, layout
from solvent.state.whole import first_user_account, queued_accounts, shape_of
from solvent.units import PPM

LADDER_EDGES_PPM: Final = (
    0,
    5_000,
    10_000,
    20_000,
    30_000,
    50_000,
    75_000,
    100_000,
    150_000,
    200_000,
    300_000,
    500_000,
)
"""Steps of the near-liquidation ladder: surplus over notional, as parts per million."""
SLICE_ACCOUNTS: Final = 1_000
SLICE_S: Final = 0.02
"""The ladder looks at every account in slices this long apart, so that no reader stands in the way of a price."""
NEAREST: Final = 50


class Ladder:
    """Notional by distance to liquidation, over all accounts, a slice at a time."""

    def __init__(self, engine: Engine, venue: Venue) -> None:
        self.engine = engine
        self.venue = venue
        edges = len(LADDER_EDGES_PPM)
        self.notional = np.zeros((2, edges), dtype=np.float64)
        self.accounts = np.zeros(edges, dtype=np.int64)
        self.nearest: list[tuple[int, int, int, int, int]] = []
        self.sequence = 0

    async def run(self) -> None:
        """Go round for ever."""
        while True:
            await self.once()
            await asyncio.sleep(0.5)

    async def once(self) -> None:
        """One time around."""
        edges = np.array(LADDER_EDGES_PPM)
        notional = np.zeros((2, len(edges)), dtype=np.float64)
        counts = np.zeros(len(edges), dtype=np.int64)
        nearest: list[np.ndarray] = []
        first = first_user_account(self.engine.state)
        while first < int(self.engine.state.venue[0].account_count):
            state = self.engine.state
            last = min(first + SLICE_ACCOUNTS, int(state.venue[0].account_count))
            numbers = np.arange(first, last, dtype=np.int64)
            numbers = numbers[state.accounts.first_position[first:last] != NONE]
            if len(numbers):
                answers = np.zeros((len(numbers), 4), dtype=np.int64)
                assess_accounts(state, int(Level.MAINTENANCE), numbers, answers)
                held = answers[:, 3] > 0
                rows, numbers = answers[held], numbers[held]
                distance = (rows[:, 0] - rows[:, 1]) / np.maximum(rows[:, 3], 1) * PPM
                place = np.clip(np.searchsorted(edges, distance, side="right") - 1, 0, len(edges) - 1)
                distressed = (state.accounts.status[numbers] == Status.DISTRESSED).astype(np.int64)
                np.add.at(notional, (distressed, place), rows[:, 3].astype(np.float64))
                counts += np.bincount(place, minlength=len(edges))
                near = np.argsort(distance)[:NEAREST]
                nearest.append(
                    np.column_stack([numbers[near], rows[near][:, [0, 1, 3]], distance[near].astype(np.int64)])
                )
            first = last
            await asyncio.sleep(SLICE_S)
        self.notional, self.accounts = notional, counts
        joined = np.concatenate(nearest) if nearest else np.zeros((0, 5), dtype=np.int64)
        self.nearest = [tuple(row) for row in joined[np.argsort(joined[:, 4])][:NEAREST].tolist()]
        self.sequence = self.engine.sequence


class Views:
    """Everything that can be looked at, for one venue."""

    def __init__(self, engine: Engine, desk: Desk, venue: Venue, wire: Wire, ladder: Ladder) -> None:
        self.engine = engine
        self.desk = desk
        self.venue = venue
        self.wire = wire
        self.ladder = ladder

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
            "ladder": self.ladder_told(),
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
        return [self.market(row) for row in range(len(self.venue.symbols))]

    def market(self, row: int) -> dict[str, Any]:
        """One market."""
        state, wire = self.engine.state, self.wire
        market, now = state.instruments[row], int(state.venue[0].time_ns)
        sources = []
        for number in range(SOURCES_MAX):
            feed = state.feeds[row * SOURCES_MAX + number]
            if feed.weight == 0:
                continue
            report = state.reports[row * SOURCES_MAX + number]
            age = now - int(report.source_time_ns) if report.price_ticks else None
            limit = int(feed.age_max_ns)
            sources.append(
                {
                    "source": self.venue.source_names.get((row, number), str(number)),
                    "price": wire.price(row, int(report.price_ticks)) if report.price_ticks else None,
                    "age_ms": age // 1_000_000 if age is not None else None,
                    "age_max_ms": limit // 1_000_000 or None,
                    "step_max_ppm": int(feed.step_max_ppm) or None,
                    "weight": int(feed.weight),
                    "stale": age is None or (limit > 0 and age > limit),
                }
            )
        breakers = []
        for place in range(BREAKERS_MAX):
            breaker = state.breakers[place]
            if breaker.used != 1:
                continue
            anchor = state.anchors[row * BREAKERS_MAX + place]
            breakers.append(
                {
                    "move_ppm": int(breaker.move_ppm),
                    "window_ms": int(breaker.window_ns) // 1_000_000,
                    "mode": Mode(int(breaker.mode)).name.lower(),
                    "anchor": wire.price(row, int(anchor.price_ticks)) if anchor.price_ticks else None,
                    "raised": int(anchor.until_ns) > now,
                    "until_ns": str(int(anchor.until_ns)),
                }
            )
        contract = state.contracts[row]
        interest = int(market.open_interest_lots)
        return {
            "market": self.venue.symbols[row],
            "mark": wire.price(row, int(market.mark_ticks)) if market.mark_ticks else None,
            "previous_mark": wire.price(row, int(market.previous_mark_ticks)) if market.previous_mark_ticks else None,
            "mark_age_ms": (now - int(market.mark_time_ns)) // 1_000_000 if market.mark_time_ns else None,
            "mode": Mode(int(market.mode)).name.lower(),
            "mode_by_breaker": bool(market.mode_by_breaker),
            "operator_mode": Mode(int(market.operator_mode)).name.lower(),
            "level": level_in_force(state, row).name.lower(),
            "allowed": [name for name, yes in allowed_actions(state, row).items() if yes],
            "open_interest": wire.size(row, interest),
            "open_interest_notional": wire.money(interest * int(market.mark_ticks) * int(contract.quanta_per_lot_tick)),
            "sources": sources,
            "sources_min": int(state.policy[0].sources_min),
            "breakers": breakers,
            "maintenance_max_ppm": self._rate(Level.MAINTENANCE, row),
            "initial_max_ppm": self._rate(Level.INITIAL, row),
            "leverage_scale_ppm": int(state.schedules[Level.INITIAL * len(state.instruments) + row].scale_ppm),
        }

    def _rate(self, level: Level, row: int) -> int:
        return int(self.engine.state.schedules[int(level) * len(self.engine.state.instruments) + row].rate_max_ppm)

    def ladder_told(self) -> dict[str, Any]:
        """The near-liquidation ladder."""
        ladder, wire = self.ladder, self.wire
        steps = []
        for place, edge in enumerate(LADDER_EDGES_PPM):
            last = place + 1 == len(LADDER_EDGES_PPM)
            steps.append(
                {
                    "from_ppm": edge,
                    "to_ppm": None if last else LADDER_EDGES_PPM[place + 1],
                    "accounts": int(ladder.accounts[place]),
                    "notional": wire.money(int(ladder.notional[:, place].sum())),
                    "in_liquidation": wire.money(int(ladder.notional[1, place])),
                }
            )
        nearest = [
            {
                "account": account,
                "equity": wire.money(equity),
                "requirement": wire.money(requirement),
                "notional": wire.money(notional),
                "distance_ppm": distance,
            }
            for account, equity, requirement, notional, distance in ladder.nearest
        ]
        return {"sequence": ladder.sequence, "steps": steps, "nearest": nearest}

    # --- accounts ------------------------------------------------------------------------------------------

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
        value = lots * int(market.mark_ticks) * int(contract.quanta_per_lot_tick)
        symbol = self.venue.symbols[row]
        told = fall.get(symbol, {})

        def price(name: str) -> str | None:
            ticks = told.get(name)
            return wire.price(row, ticks) if ticks is not None else None

        return {
            "market": symbol,
            "side": "long" if lots > 0 else "short" if lots < 0 else "none",
            "size": wire.size(row, lots),
            "cost": wire.money(cost),
            "value": wire.money(value),
            "gain": wire.money(value - cost),
            "mark": wire.price(row, int(market.mark_ticks)),
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

    def queue(self) -> dict[str, Any]:
        """The liquidation queue in its order."""
        state = self.engine.state
        waiting = queued_accounts(state).tolist()
        return {"sequence": self.engine.sequence, "count": len(waiting), "accounts": waiting[:1_000]}

    # --- losses --------------------------------------------------------------------------------------------

    def case(self, case: Case) -> dict[str, Any]:
        """One default as it is told outside."""
        money = self.wire.money
        return {
            "account": case.account,
            "market": self.venue.symbols[case.instrument] if 0 <= case.instrument < len(self.venue.symbols) else None,
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

    # --- rules ---------------------------------------------------------------------------------------------

    def pending(self) -> list[dict[str, Any]]:
        """Cells that are staged and differ from those in force, by their names."""
        state = self.engine.state
        changed = np.flatnonzero(np.asarray(state.cells) != np.asarray(state.staged)).tolist()
        places = layout(shape_of(state))
        told = []
        for cell in changed[:500]:
            for table, (first, rows, dtype) in places.items():
                names = dtype.names or ()
                if first <= cell < first + rows * len(names):
                    row, column = divmod(cell - first, len(names))
                    told.append(
                        {
                            "cell": cell,
                            "table": table,
                            "row": row,
                            "field": names[column],
                            "in_force": str(int(state.cells[cell])),
                            "staged": str(int(state.staged[cell])),
                        }
                    )
        return told

    def rulebook(self) -> dict[str, Any]:
        """The rulebook the venue started from, the version in force and what waits to be enacted."""
        return {
            "name": self.venue.rulebook.name,
            "text": self.engine.genesis.documents["rulebook"],
            "terms_version": int(self.engine.state.venue[0].terms_version),
            "pending": self.pending(),
        }
