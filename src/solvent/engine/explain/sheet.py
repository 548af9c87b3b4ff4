"""A sheet: one account copied out of the state, to be judged whole or one position alone by the machine itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, final

import numpy as np

from solvent.codes import (
    ContractKind,
    Level,
)
from solvent.engine.explain.node import plain
from solvent.procedures.assess import assess_accounts
from solvent.risk.funding import due_up
from solvent.state.ledger import _exchange_side, pay_out
from solvent.state.tables import NONE, State
from solvent.state.values import traded_quanta


class Judged(NamedTuple):
    """What `assess_accounts` answers."""

    equity: int
    requirement: int
    gains: int
    notional: int


class Realised(NamedTuple):
    """What an exchange closed: signed lots, what they were worth at the price, what they had cost, the cash made."""

    closed_lots: int
    proceeds: int
    cost_share: int
    result: int


def _chain(table: Any, first: int) -> list[int]:
    rows: list[int] = []
    while first != NONE:
        rows.append(first)
        first = int(table[first].next)
    return rows


def _some_rows(table: Any, rows: list[int], spare: int) -> Any:
    """Copies of the rows, linked in their order, and blank rows after them."""
    copied = np.zeros(len(rows) + spare, dtype=table.dtype).view(np.recarray)
    if rows:
        copied[: len(rows)] = table[np.array(rows)]
        copied.next[: len(rows)] = [*range(1, len(rows)), NONE]
    return copied


def assess(tables: State, level: int, accounts: np.ndarray) -> np.ndarray:
    """Rows of equity, requirement, gains and notional, in quanta: what the machine answers for these accounts."""
    answers = np.zeros((len(accounts), 4), dtype=np.int64)
    assess_accounts(tables, int(level), accounts, answers)
    return answers


@final
class Sheet:
    """A copy of one account under the terms and marks of a state; changing it changes nothing else."""

    def __init__(self, state: State, account: int) -> None:
        row = state.accounts[account]
        rows, held = _chain(state.positions, int(row.first_position)), _chain(state.holdings, int(row.first_holding))
        accounts = _some_rows(state.accounts[account : account + 1], [], 1)
        accounts[0] = row
        accounts[0].first_position = 0 if rows else NONE
        accounts[0].first_holding = 0 if held else NONE
        positions = _some_rows(state.positions, rows, len(state.instruments))
        positions.account = 0
        ordered = [place for place in range(len(rows)) if positions[place].orders != NONE]
        orders = np.zeros(len(ordered) + 1, dtype=state.orders.dtype).view(np.recarray)
        for place, position in enumerate(ordered):
            orders[place] = state.orders[int(positions[position].orders)]
            positions[position].orders = place
        self.count = len(rows)
        self.tables = state._replace(
            accounts=accounts,
            positions=positions,
            orders=orders,
            holdings=_some_rows(state.holdings, held, 1),
            instruments=state.instruments.copy(),
        )

    @property
    def account(self) -> Any:
        """The account's row."""
        return self.tables.accounts[0]

    def positions(self) -> list[int]:
        """Rows of its positions, in the machine's order."""
        return _chain(self.tables.positions, int(self.account.first_position))

    def holdings(self) -> list[int]:
        """Rows of its collateral, in the machine's order."""
        return _chain(self.tables.holdings, int(self.account.first_holding))

    def schedule(self, level: int, row: int) -> Any:
        """The schedule a position is judged by at a level."""
        return self.tables.schedules[level * len(self.tables.instruments) + int(self.tables.positions[row].instrument)]

    def judge(self, level: int) -> Judged:
        """The whole account at a level."""
        return Judged(*assess(self.tables, level, np.zeros(1, dtype=np.int64))[0].tolist())

    def alone(self, level: int, position: int = NONE, holding: int = NONE, **changes: int) -> Judged:
        """One position or holding as if the account had nothing else, with fields of the position changed."""
        accounts, positions, holdings = (
            table.copy() for table in (self.tables.accounts, self.tables.positions, self.tables.holdings)
        )
        accounts[0].wallet_quanta, accounts[0].first_position, accounts[0].first_holding = 0, position, holding
        positions.next = NONE
        holdings.next = NONE
        for name, value in changes.items():
            positions[position][name] = value
        tables = self.tables._replace(accounts=accounts, positions=positions, holdings=holdings)
        return Judged(*assess(tables, level, np.zeros(1, dtype=np.int64))[0].tolist())

    def edges(self, row: int, is_bad: Callable[[Judged], bool]) -> list[int]:
        """Marks nearest below and above, other marks fixed, at which the account begins to be bad.

        Between two floors of brackets equity less requirement moves one way only, so each such piece is halved.
        """
        position = self.tables.positions[row]
        market, contract = self.tables.instruments[position.instrument], self.tables.contracts[position.instrument]
        now, price_max = int(market.mark_ticks), int(contract.price_max_ticks)
        size = abs(int(position.lots)) * int(contract.quanta_per_lot_tick)
        is_inverse = contract.kind == ContractKind.INVERSE
        least = max(int(contract.price_min_ticks), 1)
        schedule = self.tables.schedules[Level.MAINTENANCE * len(self.tables.instruments) + int(position.instrument)]
        first = int(schedule.first_bracket)
        floors = self.tables.brackets.floor_quanta[first : first + int(schedule.bracket_count)].tolist()
        edges = [size // max(floor, 1) if is_inverse else -(-floor // size) - 1 for floor in floors]
        stops = {mark for edge in edges for mark in (edge, edge + 1)}
        stops = {mark for mark in stops if least < mark < price_max} | {least, price_max}

        def bad(mark: int) -> bool:
            market.mark_ticks = mark
            return is_bad(self.judge(Level.MAINTENANCE))

        here = bad(now)
        found: list[int] = []
        for path in (sorted((mark for mark in stops if mark < now), reverse=True), sorted(m for m in stops if m > now)):
            near = now
            for far in path:
                if bad(far) != here:
                    while abs(far - near) > 1:
                        middle = (near + far) // 2
                        near, far = (middle, far) if bad(middle) == here else (near, middle)
                    found.append(near if here else far)
                    break
                near = far
        market.mark_ticks = now
        return sorted(found, key=lambda mark: abs(mark - now))

    def pay(self, amount: int) -> None:
        """Cash leaves the account, or comes when negative."""
        self.account.wallet_quanta -= amount

    def end(self, row: int, value_quanta: int, funding_quanta: int) -> None:
        """A position ends with its market, by the ledger's own function; its funding is paid first."""
        self.pay(funding_quanta)
        plain(pay_out)(self.tables, row, value_quanta)
        position = self.tables.positions[row]
        position.orders, position.leverage = NONE, 0
        position.funding_index = self.tables.instruments[position.instrument].funding_index

    def exchange(self, instrument: int, lots: int, price_ticks: int) -> Realised:
        """The account buys signed lots at a price, by the ledger's own function."""
        row = self._take(instrument)
        position = self.tables.positions[row]
        held, cost, wallet = int(position.lots), int(position.cost_quanta), int(self.account.wallet_quanta)
        plain(_exchange_side)(self.tables, row, lots, price_ticks)
        closed = 0 if held * lots >= 0 else max(min(lots, abs(held)), -abs(held))
        result = int(self.account.wallet_quanta) - wallet
        proceeds = int(plain(traded_quanta)(self.tables.contracts[instrument], -closed, price_ticks))
        assert closed == 0 or abs(closed) != abs(held) or proceeds - result == cost, "closing all takes all the cost"
        return Realised(closed, proceeds, proceeds - result, result)

    def _take(self, instrument: int) -> int:
        """Row of the position, every position accrued as the machine does before contracts move."""
        found = NONE
        for row in self.positions():
            position = self.tables.positions[row]
            index = int(self.tables.instruments[position.instrument].funding_index)
            assert due_up(int(position.lots), index - int(position.funding_index)) == 0, "funding was told before"
            position.funding_index = index
            found = row if position.instrument == instrument else found
        if found == NONE:
            found, self.count = self.count, self.count + 1
            position = self.tables.positions[found]
            position.instrument, position.orders, position.next = instrument, NONE, int(self.account.first_position)
            position.funding_index = self.tables.instruments[instrument].funding_index
            self.account.first_position = found
        return found

    def books(self) -> tuple[int, dict[int, tuple[int, int]]]:
        """Wallet, and lots and cost by instrument: what must be as the machine has it."""
        rows = [self.tables.positions[row] for row in self.positions()]
        held = {int(row.instrument): (int(row.lots), int(row.cost_quanta)) for row in rows if row.lots != 0}
        return int(self.account.wallet_quanta), held
