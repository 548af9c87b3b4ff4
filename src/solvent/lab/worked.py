"""Worked numbers: one position under a rulebook, judged by the machine at its mark and wherever a line is crossed.

The price of a line is found by halving: for one position the equity less the requirement moves one way with the price,
so the machine's own judgement at two neighbouring ticks is the proof of each answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor, log10
from typing import Any, Final

import numpy as np

from solvent.codes import AccountKind, Level
from solvent.compiled import plain
from solvent.procedures.assess import assess_accounts
from solvent.risk.liquidation import is_breached
from solvent.rulebook.compile import CompiledTerms, compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.faults import Fault, RulebookError
from solvent.rulebook.rules import DEFAULT_MARKET, Rulebook
from solvent.state.tables import NONE
from solvent.state.values import traded_quanta
from solvent.state.whole import first_user_account, new_state
from solvent.units import VALUE_MAX

DECIMALS: Final = 6
"""Of the settlement currency; fewer where a position is so large that its value would not fit."""

COIN_DECIMALS: Final = 8
"""Of a coin that settles inverse contracts: satoshis."""

PRICE_ROOM: Final = 20
"""How many times its mark the price of the example may become."""

EXAMPLE_PRICES: Final = {"BTC": Decimal(60_000), "ETH": Decimal(3_000), "SOL": Decimal(150)}
FEEDS: Final = (Feed("book", "mark"), Feed("index", "spot"), Feed("elsewhere", "perp"))
"""One feed of each kind: whatever a rulebook makes its mark of, something is heard. Nothing is ever reported."""

DIGITS: Final = 6
"""Significant digits of the example's tick."""


@dataclass(frozen=True, slots=True)
class Position:
    """What is asked about: `size` is signed, `deposit` None means half as much again as opening needs."""

    market: str
    price: Decimal
    size: Decimal
    entry: Decimal | None = None
    deposit: Decimal | None = None
    leverage: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A price at which something changes; None where no price does."""

    what: str
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Worked:
    """The answers, money in quanta."""

    position: Position
    notional_quanta: int
    deposit_quanta: int
    equity_quanta: int
    requirements_quanta: dict[str, int]
    free_quanta: int
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    decimals: int
    inverse: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain types; prices and sizes as decimals in text."""
        return {
            "market": self.position.market,
            "price": str(self.position.price),
            "size": str(self.position.size),
            "inverse": self.inverse,
            "settlement_decimals": self.decimals,
            "notional_quanta": self.notional_quanta,
            "deposit_quanta": self.deposit_quanta,
            "equity_quanta": self.equity_quanta,
            "requirements_quanta": self.requirements_quanta,
            "free_quanta": self.free_quanta,
            "lines": {line.what: None if line.price is None else str(line.price) for line in self.lines},
            "notes": list(self.notes),
        }


def example_of(rulebook: Rulebook, market: str | None = None) -> Position:
    """A position worth showing: one unit of the rulebook's first market, or a coin of it, at a round price."""
    named = [base for schedule in rulebook.schedules for base in schedule.brackets if base != DEFAULT_MARKET]
    base = market or (named[0] if named else "BTC")
    price = EXAMPLE_PRICES.get(base, Decimal(100))
    return Position(base, price, price if is_inverse(rulebook) else Decimal(1))


def is_inverse(rulebook: Rulebook) -> bool:
    """True when sizes are sums of the quote currency and money is the coin."""
    return rulebook.meta.product == "inverse_perpetual"


def decimals_for(position: Position) -> int:
    """The finest settlement unit at which the largest value of the position still fits the machine."""
    largest = abs(position.size) * position.price * PRICE_ROOM
    decimals = DECIMALS
    while decimals > 0 and largest.scaleb(decimals) > VALUE_MAX // 4:
        decimals -= 1
    return decimals


def contract_for(position: Position, settlement: str) -> Contract:
    """A contract in which the position is a whole number of lots and its price a whole number of ticks."""
    decimals = decimals_for(position)
    tick = Decimal(1).scaleb(floor(log10(position.price)) + 1 - DIGITS)
    lot = max(Decimal(1).scaleb(-decimals) / tick, Decimal(1).scaleb(-8))
    largest = position.price * PRICE_ROOM
    room = Decimal(VALUE_MAX // 4).scaleb(-decimals) / largest
    return Contract(
        symbol=f"{position.market}/{settlement}:{settlement}",
        base=position.market,
        lot_size=lot.normalize(),
        tick_size=tick.normalize(),
        price_max=largest,
        position_max=(room // lot) * lot,
        feeds=FEEDS,
        kind="linear",
    )


def inverse_contract_for(position: Position, settlement: str) -> Contract:
    """The same for a coin-margined position: its size is in the quote currency, its price may fall to a twentieth."""
    tick = Decimal(1).scaleb(floor(log10(position.price)) + 1 - DIGITS)
    exponent = position.size.normalize().as_tuple().exponent
    lot = Decimal(1).scaleb(min(int(exponent), 0))
    least = max(position.price / PRICE_ROOM // tick * tick, tick)
    room = Decimal(VALUE_MAX // 4).scaleb(-COIN_DECIMALS) * least
    return Contract(
        symbol=f"{position.market}/USD:{settlement}",
        base=position.market,
        lot_size=lot,
        tick_size=tick.normalize(),
        price_max=position.price * PRICE_ROOM,
        position_max=(room // lot) * lot,
        feeds=FEEDS,
        kind="inverse",
        price_min=least,
    )


def work(rulebook: Rulebook, position: Position) -> Worked:
    """The numbers of one position. Raises RulebookError where the position or the rules do not fit the machine."""
    if is_inverse(rulebook):
        contract, decimals = inverse_contract_for(position, rulebook.meta.settlement), COIN_DECIMALS
    else:
        contract, decimals = contract_for(position, rulebook.meta.settlement), decimals_for(position)
    compiled = compile_terms(rulebook, [contract], decimals)
    bench = _Bench(compiled, contract, position)
    opening, at_mark = bench.judge(Level.INITIAL), bench.judge(Level.MAINTENANCE)
    deposit = position.deposit
    quanta = int(deposit.scaleb(decimals)) if deposit is not None else -(-opening[1] * 3 // 2)
    bench.deposit(quanta)
    required = {
        level.name.lower(): bench.judge(level)[1] for level in Level if bench.state.levels[int(level)].used == 1
    }
    initial = bench.judge(Level.INITIAL)
    lines = [
        Line(f"stage {stage.id}", bench.price_where(bench.breaches(row))) for row, stage in enumerate(rulebook.stages)
    ]
    lines.append(Line("bankruptcy", bench.price_where(lambda: bench.judge(Level.MAINTENANCE)[0] < 0)))
    return Worked(
        position=position,
        notional_quanta=at_mark[3],
        deposit_quanta=quanta,
        equity_quanta=bench.judge(Level.MAINTENANCE)[0],
        requirements_quanta=required,
        free_quanta=max(initial[0] - initial[1], 0),
        lines=tuple(lines),
        notes=compiled.notes,
        decimals=decimals,
        inverse=is_inverse(rulebook),
    )


class _Bench:
    """A venue with one market and one account in it."""

    def __init__(self, compiled: CompiledTerms, contract: Contract, position: Position) -> None:
        self.state: Any = new_state(compiled.terms, accounts=2, positions=1)
        self.tick = contract.tick_size
        state = self.state
        self.account = first_user_account(state)
        self.lots = _whole("size", position.size, contract.lot_size)
        self.mark = _whole("price", position.price, contract.tick_size)
        entry = position.price if position.entry is None else position.entry
        if self.lots == 0 or self.mark < 1:
            fault = Fault(None, "position", "size and price must not be zero", "Give a size of at least one lot.")
            raise RulebookError("position", [fault])
        if abs(self.lots) > int(state.contracts[0].lots_max):
            fault = Fault(None, "position.size", "the position is too large for the machine", "Give a smaller one.")
            raise RulebookError("position", [fault])
        state.instruments.listed[0] = 1
        state.instruments.mark_ticks[0] = self.mark
        row = state.accounts[self.account]
        row.kind, row.first_position = AccountKind.CROSS, 0
        row.first_holding = row.default_instrument = row.order_stage = NONE
        row.position_count = 1
        held = state.positions[0]
        held.lots, held.account, held.next, held.orders = self.lots, self.account, NONE, NONE
        paid = _whole("entry", entry, contract.tick_size)
        held.cost_quanta = plain(traded_quanta)(state.contracts[0], self.lots, paid)
        held.leverage = position.leverage
        state.instruments.open_interest_lots[0] = abs(self.lots)
        state.venue[0].account_count = self.account + 1
        state.venue[0].position_count = 1

    def deposit(self, quanta: int) -> None:
        """Cash for the account."""
        self.state.accounts[self.account].wallet_quanta = quanta

    def judge(self, level: Level) -> tuple[int, int, int, int]:
        """(equity, requirement, gains, notional) as the machine sees them at the mark in force."""
        answers = np.zeros((1, 4), dtype=np.int64)
        assess_accounts(self.state, int(level), np.array([self.account]), answers)
        equity, requirement, gains, notional = (int(value) for value in answers[0])
        return equity, requirement, gains, notional

    def breaches(self, row: int) -> Callable[[], bool]:
        """Whether a stage is breached at the mark in force."""
        stage = self.state.stages[row]

        def breached() -> bool:
            equity, requirement, _gains, _notional = self.judge(Level(int(stage.level)))
            return bool(plain(is_breached)(stage, equity, requirement))

        return breached

    def price_where(self, crossed: Callable[[], bool]) -> Decimal | None:
        """The first tick, going against the position from its mark, at which something is so; None where none is."""
        contract = self.state.contracts[0]
        edge = max(int(contract.price_min_ticks), 1) if self.lots > 0 else int(contract.price_max_ticks)

        def at(ticks: int) -> bool:
            self.state.instruments.mark_ticks[0] = ticks
            return crossed()

        try:
            if at(self.mark):
                return self.mark * self.tick
            if not at(edge):
                return None
            holds, falls = self.mark, edge
            while abs(holds - falls) > 1:
                middle = (holds + falls) // 2
                if at(middle):
                    falls = middle
                else:
                    holds = middle
            return falls * self.tick
        finally:
            self.state.instruments.mark_ticks[0] = self.mark


def _whole(what: str, value: Decimal, step: Decimal) -> int:
    """A value in whole steps. Raises RulebookError where it is none."""
    steps = Fraction(value) / Fraction(step)
    if steps.denominator != 1:
        fault = Fault(None, f"position.{what}", f"{value} is not a multiple of {step}", "Give fewer digits.")
        raise RulebookError("position", [fault])
    return int(steps)
