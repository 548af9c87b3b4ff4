"""A day as a list of moves, and how it is told to a machine: by which accounts, in which units, from which side.

Amounts are drawn so that deficits and deleveraging occur, and funds large enough that the order of the queue decides
nothing, where a telling changes it.
"""

import random
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from solvent.codes import ContractKind, Executor, Level, Schedule, SystemAccount, Tranche
from solvent.commands import (
    Advance,
    ContributeFund,
    Deposit,
    FundingTick,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    PriceReport,
    RecordAct,
    ReleaseOrder,
    ReserveOrder,
    Trade,
    Withdraw,
    pack,
)
from solvent.events import EventKind
from solvent.lab.auditor import Auditor
from solvent.lab.books import Books
from solvent.lab.campaign.directed import plain_terms
from solvent.lab.campaign.machine import Machine
from solvent.lab.driver import START_NS
from solvent.state.whole import new_state

SECOND = 1_000_000_000
MARKETS, ACCOUNTS = 2, 7
FIRST = SystemAccount.MARKET_FUNDS + MARKETS
START_TICKS = 1_000
LOWEST, HIGHEST = 200, 1_800
"""Marks of a day stay as far below the first as above it, so that they can be reflected at it."""
UNIT_QUANTA = 80
"""Of a lot and a tick: 5 % of it, and of a quarter of it, is a whole number, so no requirement is rounded."""


class TwinsDiffer(AssertionError):
    """Two tellings of one day ended differently."""


class Move(NamedTuple):
    """One thing that happens on a day; accounts by their place, 0 to ACCOUNTS - 1."""

    kind: str
    account: int = 0
    other: int = 0
    market: int = 0
    amount: int = 0
    away: int = 0
    """Ticks from the mark."""


QUIET = ("trade",) * 6 + ("deposit", "withdraw", "funding", "reserve")
"""Prices stand still."""
LIVELY = ("trade",) * 5 + ("price",) * 5 + ("advance",) * 3 + ("fill",) * 4 + ("deposit", "withdraw", "funding")
POOLED = (*LIVELY, "join", "join", "leave")
"""Members of the vault come and go."""
WITHOUT_FUNDING = tuple(kind for kind in LIVELY if kind != "funding")
"""What a day may be made of; how often a name stands is how often it happens."""


def day(seed: int, kinds: tuple[str, ...] = LIVELY, *, count: int = 90) -> list[Move]:
    """A seeded day. Lots are even, so that two accounts may share them."""
    chance = random.Random(seed)
    moves = []
    for _ in range(count):
        kind = chance.choice(kinds)
        account, other = chance.sample(range(ACCOUNTS), 2)
        amount = 2 * (chance.randint(1, 60) if kind in ("trade", "reserve") else chance.randint(1, 22_500))
        away = chance.randint(-12, 12) if "price" not in kinds else chance.randint(-90, 90)
        moves.append(Move(kind, account, other, chance.randrange(MARKETS), amount, away))
    return moves


@dataclass(slots=True)
class Telling:
    """How a day is told: by which accounts, in which units, from which side, and what is put in between."""

    numbers: list[int] = field(default_factory=lambda: list(range(ACCOUNTS)))
    ticks: int = 1
    lots: int = 1
    money: int = 1
    """Quanta for what is one quantum in the other telling."""
    parts: int = 1
    """Accounts of one owner that share evenly what is one account's in the other telling."""
    inverse: bool = False
    """Contracts whose value is so many quanta over the price."""
    mirror: bool = False
    noise: bool = False
    halves: bool = False
    fixed_quanta: int = 0
    """Each position requires this much at the maintenance level and twice as much at the initial, whatever its size;
    zero: a share of its value."""
    executor: Executor = Executor.ENGINE
    tranches: tuple[Tranche, ...] = (Tranche.VENUE_FUND,)


@dataclass(slots=True)
class Outcome:
    """What a day led to, in units every telling shares: money in quanta, lots and prices of the coarse units."""

    wallets: list[int]
    lots: list[list[int]]
    costs: list[list[int]]
    equities: list[int]
    requirements: list[list[int]]
    flagged: list[bool]
    refused: list[int]
    funds: list[int]
    shares: list[int]
    flags: int
    commands: int

    def differs(self, other: "Outcome", *, but: tuple[str, ...] = ()) -> list[str]:
        """Names of the parts in which two outcomes differ."""
        names = [name for name in self.__dataclass_fields__ if name not in (*but, "commands")]
        return [name for name in names if getattr(self, name) != getattr(other, name)]


def machine_of(telling: Telling) -> Machine:
    """An empty machine under the rules of a telling."""
    terms = plain_terms(MARKETS, telling.executor, telling.tranches)
    for market in range(MARKETS):
        contract = terms.contracts[market]
        contract.quanta_per_lot_tick = UNIT_QUANTA * telling.money // (telling.ticks * telling.lots)
        if telling.inverse:
            # at the first price a lot is worth what a linear one is
            contract.kind = ContractKind.INVERSE
            contract.quanta_per_lot_tick = UNIT_QUANTA * START_TICKS**2 * telling.ticks // telling.lots
        contract.price_max_ticks = 10_000 * telling.ticks
        contract.lots_max = 100_000 * telling.lots
        if telling.fixed_quanta:
            for level, times in ((Level.INITIAL, 2), (Level.MAINTENANCE, 1)):
                schedule = terms.schedules[level * MARKETS + market]
                schedule.kind, schedule.add_fixed_quanta = Schedule.ZERO, times * telling.fixed_quanta
    terms.levels[Level.INITIAL].includes_orders = 1
    terms.stages[0].timeout_ns = 5 * SECOND
    terms.policy[0].advance_max = 10 * telling.parts
    rooms = ACCOUNTS * telling.parts + 2
    return Machine(new_state(terms, accounts=rooms, positions=16 * rooms, orders=64, holdings=8))


class _Teller:
    """A machine, its auditor, and what was noted on the way."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.machine = machine_of(telling)
        self.auditor = Auditor(self.machine.state)
        self.time = START_NS
        self.marks = [START_TICKS] * MARKETS
        """As the other telling has them."""
        self.accounts = [
            [FIRST + place + part * ACCOUNTS for part in range(telling.parts)] for place in telling.numbers
        ]
        """Of each name, the accounts that share what it has."""
        self.refused: list[int] = []
        self.flags = self.commands = 0

    def ask(self, command: Any, *, counts: bool = False) -> Any:
        """One command, audited; its refusal is part of the outcome where it counts."""
        record = pack([command])
        events = self.machine.do(record, keep=True)
        self.auditor.check(record[0], events, self.machine.before, self.machine.state)
        self.commands += 1
        self.flags += int(((events["kind"] == EventKind.ACCOUNT_FLAGGED) & (events["account"] >= FIRST)).sum())
        if counts:
            self.refused.append(int(events["refusal"].max(initial=0)))
        return events

    def price(self, market: int, away: int = 0) -> int:
        """The mark and so many ticks, as this telling says it."""
        ticks = min(max(self.marks[market] + away, 1), 2 * START_TICKS - 1)
        return (2 * START_TICKS - ticks if self.telling.mirror else ticks) * self.telling.ticks

    def report(self, market: int) -> None:
        """The mark in force, from the source."""
        self.ask(PriceReport(self.time, market, 0, self.price(market), self.time))

    def open(self) -> None:
        """Markets, accounts, money and first prices."""
        for market in range(MARKETS):
            self.ask(ListInstrument(self.time, market))
        owners = {account: name + 1 for name, own in enumerate(self.accounts) for account in own}
        for account in sorted(owners):
            self.ask(OpenAccount(self.time, account, owners[account], 1))
        money = self.telling.money
        for place in range(ACCOUNTS):
            for account in self.accounts[place]:
                self.ask(Deposit(self.time, account, (750_000 + 150_000 * place) * money // self.telling.parts))
        self.ask(ContributeFund(self.time, SystemAccount.VENUE_FUND, 10**9 * money))
        for market in range(MARKETS):
            self.report(market)

    def tell(self, move: Move) -> None:
        """One move, by every account that shares the name."""
        self.time += SECOND
        if move.kind == "price":
            self.marks[move.market] = min(max(self.marks[move.market] + move.away, LOWEST), HIGHEST)
            self.report(move.market)
        elif move.kind == "funding":
            self.ask(FundingTick(self.time, move.market, move.away * (-40_000 if self.telling.mirror else 40_000)))
        elif move.kind == "advance":
            self.ask(Advance(self.time, 10 * self.telling.parts))
        elif move.kind == "fill":
            self.fill()
        else:
            before = len(self.refused)
            for account, other in zip(self.accounts[move.account], self.accounts[move.other], strict=True):
                self.ask_of(move, account, other)
            answers = set(self.refused[before:])
            if len(answers) > 1:
                raise TwinsDiffer(f"{move}: parts of one account were answered {sorted(answers)}")
            self.refused[before:] = answers
        if self.telling.noise:
            self.noise()

    def ask_of(self, move: Move, account: int, other: int) -> None:
        """A move of two accounts."""
        telling = self.telling
        amount = move.amount * telling.money // telling.parts
        if move.kind == "trade":
            lots = move.amount * telling.lots // telling.parts
            buyer, seller = (other, account) if telling.mirror else (account, other)
            for piece in [lots // 2, lots - lots // 2] if telling.halves else [lots]:
                trade = Trade(self.time, buyer, seller, move.market, piece, self.price(move.market, move.away))
                self.ask(trade, counts=not telling.halves)
        elif move.kind == "deposit":
            for piece in [amount // 3, amount - amount // 3] if telling.halves else [amount]:
                if piece:
                    self.ask(Deposit(self.time, account, piece))
        elif move.kind == "withdraw":
            self.ask(Withdraw(self.time, account, amount), counts=True)
        elif move.kind == "join":
            self.ask(JoinVault(self.time, account, amount), counts=True)
        elif move.kind == "leave":
            shares = int(self.machine.state.accounts[account].vault_shares) // 2
            self.ask(LeaveVault(self.time, account, shares), counts=True)
        else:
            lots = move.amount * telling.lots // telling.parts * (-1 if telling.mirror else 1)
            price = self.price(move.market, move.away)
            self.ask(ReserveOrder(self.time, account, move.market, lots, price), counts=True)

    def fill(self) -> None:
        """The first order in the market, by the accounts' names, is filled whole at the mark by the richest other."""
        books = Books.read(self.machine.state)
        richest = [
            (sum(books.equity(own) - books.requirement(own) for own in accounts), -name)
            for name, accounts in enumerate(self.accounts)
            if not any(books.accounts[own].flagged for own in accounts)
        ]
        for name, accounts in enumerate(self.accounts):
            for market in range(MARKETS):
                positions = [books.accounts[account].positions.get(market) for account in accounts]
                if not any(position is not None and position.ordered for position in positions):
                    continue
                others = [place for place in richest if -place[1] != name]
                if not others:
                    return
                for account, other, position in zip(accounts, self.accounts[-max(others)[1]], positions, strict=True):
                    if position is not None and position.ordered:
                        reference = int(self.machine.state.accounts[account].order_reference)
                        lots, price = abs(position.ordered), self.price(market)
                        self.ask(LiquidationFill(self.time, account, other, market, lots, price, reference))
                return

    def noise(self) -> None:
        """What is refused, what was already so, what is taken back, and a note in the journal."""
        first = self.accounts[0][0]
        for command in (
            Withdraw(self.time, first, 10**15),
            Deposit(self.time, 10**6, 5),
            Trade(self.time, first, first, 0, 1, 1),
        ):
            if not self.ask(command)["refusal"].any():
                raise TwinsDiffer(f"{command} was to be refused")
        self.ask(RecordAct(self.time, 1, 5))
        order = ReserveOrder(self.time, first, 0, 2 * self.telling.lots, self.price(0))
        if not self.ask(order)["refusal"].any():
            self.ask(ReleaseOrder(order.time_ns, order.account, order.instrument, order.lots, order.price_ticks))
        self.time += 1  # one source, one price: the same again is no news, and must be told later than the first
        self.report(1)

    def outcome(self) -> Outcome:
        """What it led to, in the other telling's words."""
        books, telling = Books.read(self.machine.state), self.telling
        sign = -1 if telling.mirror else 1

        def whole(number: int) -> int:
            return number // telling.money

        def of(read: Any) -> list[int]:
            return [sum(read(account) for account in own) for own in self.accounts]

        def costs(account: int, market: int) -> int:
            position = books.accounts[account].positions.get(market)
            return position.cost if position else 0

        return Outcome(
            wallets=[whole(number) for number in of(lambda account: books.accounts[account].wallet)],
            lots=[
                [sum(sign * books.lots_of(account, m) for account in own) // telling.lots for m in range(MARKETS)]
                for own in self.accounts
            ],
            costs=[[whole(sum(costs(account, m) for account in own)) for m in range(MARKETS)] for own in self.accounts],
            equities=[whole(number) for number in of(books.equity)],
            requirements=[
                [whole(sum(books.requirement(account, level) for account in own)) for level in (0, 1)]
                for own in self.accounts
            ],
            flagged=[any(books.accounts[account].flagged for account in own) for own in self.accounts],
            refused=self.refused,
            funds=[
                whole(books.accounts[fund].wallet)
                for fund in (SystemAccount.FEES, SystemAccount.VENUE_FUND, SystemAccount.FUNDING, SystemAccount.DEFICIT)
            ],
            shares=of(lambda account: books.accounts[account].shares),
            flags=self.flags,
            commands=self.commands,
        )


def play(moves: list[Move], telling: Telling) -> Outcome:
    """Tell a day and give what it led to. Raises LawBroken when the auditor finds something on the way."""
    teller = _Teller(telling)
    teller.open()
    for move in moves:
        teller.tell(move)
    return teller.outcome()
