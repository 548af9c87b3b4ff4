"""Machines that must agree: the same days told in another way end the same, to the quantum where the rules say so.

    no-ops       refused commands in between change nothing
    numbers      accounts opened in another order, so under other numbers
    order        neighbours that concern different accounts, exchanged
    pieces       a trade in two halves at one price, a deposit in two parts
    ticks, lots  a finer tick or lot, with values unchanged
    mirror       longs for shorts, prices reflected at the mark, funding turned round
    split        one winner as several accounts of one owner: its part of a deleveraging moves by a quantum a piece
    alias        every pair of roles filled by one account: refused, or lawful

A day is a list of moves; `play` turns them into commands for one telling. Amounts are drawn so that deficits and
deleveraging occur, and funds large enough that the order of the queue decides nothing, where a telling changes it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from solvent.codes import AdlPolicy, Executor, Level, SystemAccount, Tranche
from solvent.commands import (
    COMMAND_DTYPE,
    Advance,
    CommandKind,
    ContributeFund,
    Deposit,
    FundingTick,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    PriceReport,
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
from solvent.risk.deleverage import pair_pro_rata
from solvent.state.whole import new_state

SECOND = 1_000_000_000
MARKETS, ACCOUNTS = 2, 7
FIRST = SystemAccount.MARKET_FUNDS + MARKETS
START_TICKS = 1_000


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


def day(seed: int, *, quiet: bool = False, count: int = 90) -> list[Move]:
    """A seeded day; on a quiet one prices stand still and positions are closed whole."""
    chance = random.Random(seed)
    moves = []
    for _ in range(count):
        kind = chance.choice(
            ["trade"] * 6 + ["deposit", "withdraw", "funding", "reserve"]
            if quiet
            else ["trade"] * 5 + ["price"] * 5 + ["advance"] * 3 + ["fill"] * 4 + ["deposit", "withdraw", "funding"]
        )
        account, other = chance.sample(range(ACCOUNTS), 2)
        amount = chance.randint(1, 60) * 2 if kind in ("trade", "reserve") else chance.randint(1, 9_000)
        away = chance.randint(-12, 12) if quiet else chance.randint(-90, 90)
        moves.append(Move(kind, account, other, chance.randrange(MARKETS), amount, away))
    return moves


@dataclass(slots=True)
class Telling:
    """How a day is told: the numbers of the accounts, the units, the sides, and what is put in between."""

    numbers: list[int] = field(default_factory=lambda: list(range(ACCOUNTS)))
    ticks: int = 1
    lots: int = 1
    mirror: bool = False
    noise: bool = False
    halves: bool = False
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
    flags: int
    commands: int

    def differs(self, other: "Outcome", *, but: tuple[str, ...] = ()) -> list[str]:
        """Names of the parts in which two outcomes differ."""
        names = [name for name in self.__dataclass_fields__ if name not in (*but, "commands")]
        return [name for name in names if getattr(self, name) != getattr(other, name)]


def _machine(telling: Telling) -> Machine:
    terms = plain_terms(MARKETS, telling.executor, telling.tranches)
    for market in range(MARKETS):
        contract = terms.contracts[market]
        contract.quanta_per_lot_tick = 4 * 4 // (telling.ticks * telling.lots)
        contract.price_max_ticks = 10_000 * telling.ticks
        contract.lots_max = 100_000 * telling.lots
    terms.levels[Level.INITIAL].includes_orders = 1
    terms.stages[0].timeout_ns = 5 * SECOND
    return Machine(new_state(terms, accounts=ACCOUNTS + 2, positions=64, orders=64, holdings=8))


def play(moves: list[Move], telling: Telling) -> Outcome:
    """Tell a day and give what it led to. Raises LawBroken when the auditor finds something on the way."""
    machine = _machine(telling)
    auditor = Auditor(machine.state)
    time = START_NS
    refused: list[int] = []
    flags = done = 0
    marks = [START_TICKS] * MARKETS
    number = [FIRST + place for place in telling.numbers]
    names = {FIRST + place: name for name, place in enumerate(telling.numbers)}

    def ask(command: Any, *, counts: bool = False) -> Any:
        nonlocal flags, done
        record = pack([command])
        events = machine.do(record, keep=True)
        auditor.check(record[0], events, machine.before, machine.state)
        done += 1
        flags += int((events["kind"] == EventKind.ACCOUNT_FLAGGED).sum())
        if counts:
            refused.append(int(events["refusal"].max(initial=0)))
        return events

    for market in range(MARKETS):
        ask(ListInstrument(time, market))
    for place in range(ACCOUNTS):
        ask(OpenAccount(time, FIRST + place, names[FIRST + place] + 1, 1))
    for place in range(ACCOUNTS):
        ask(Deposit(time, number[place], 150_000 + 30_000 * place))
    ask(ContributeFund(time, SystemAccount.VENUE_FUND, 10**9))
    for market in range(MARKETS):
        ask(PriceReport(time, market, 0, START_TICKS * telling.ticks, time))
    for move in moves:
        time += SECOND
        market, account, other = move.market, number[move.account], number[move.other]
        price = marks[market] + (-move.away if telling.mirror else move.away)
        price = min(max(price, 1), 9_999) * telling.ticks
        if move.kind == "price":
            marks[market] = min(max(marks[market] + move.away, 200), 5_000)
            ask(PriceReport(time, market, 0, marks[market] * telling.ticks, time))
        elif move.kind == "trade":
            lots = move.amount * telling.lots
            buyer, seller = (other, account) if telling.mirror else (account, other)
            pieces = [lots // 2, lots - lots // 2] if telling.halves else [lots]
            for piece in pieces:
                ask(Trade(time, buyer, seller, market, piece, price), counts=not telling.halves)
        elif move.kind == "deposit":
            parts = [move.amount // 3, move.amount - move.amount // 3] if telling.halves else [move.amount]
            for part in parts:
                if part:
                    ask(Deposit(time, account, part))
        elif move.kind == "withdraw":
            ask(Withdraw(time, account, move.amount), counts=True)
        elif move.kind == "funding":
            rate = (move.away * 40_000) * (-1 if telling.mirror else 1)
            ask(FundingTick(time, market, rate))
        elif move.kind == "reserve":
            lots = move.amount * telling.lots * (-1 if telling.mirror else 1)
            ask(ReserveOrder(time, account, market, lots, price), counts=True)
        elif move.kind == "advance":
            ask(Advance(time, 10))
        elif move.kind == "fill":
            _fill(machine, ask, names, number, time, marks, telling, move)
        if telling.noise:
            _noise(ask, time, number)
    return _outcome(Books.read(machine.state), number, telling, refused, flags, done)


def _fill(
    machine: Machine,
    ask: Any,
    names: dict[int, int],
    number: list[int],
    time: int,
    marks: list[int],
    telling: Telling,
    move: Move,
) -> None:
    """The first order in the market, by the accounts' names, is filled whole at the mark by the richest other."""
    books = Books.read(machine.state)
    for account in sorted(names, key=names.__getitem__):
        for market in range(MARKETS):
            position = books.accounts[account].positions.get(market)
            if position is None or not position.ordered:
                continue
            others = [other for other in number if other != account and not books.accounts[other].flagged]
            if not others:
                return
            richest = max(others, key=lambda other: (books.equity(other) - books.requirement(other), -names[other]))
            reference = int(machine.state.accounts[account].order_reference)
            price = marks[market] * telling.ticks
            ask(LiquidationFill(time, account, richest, market, abs(position.ordered), price, reference))
            return


def _noise(ask: Any, time: int, number: list[int]) -> None:
    for command in (
        Withdraw(time, number[0], 10**15),
        Deposit(time, 10**6, 5),
        Trade(time, number[0], number[0], 0, 1, 1),
    ):
        events = ask(command)
        if not events["refusal"].any():
            raise TwinsDiffer(f"{command} was to be refused")


def _outcome(books: Books, number: list[int], telling: Telling, refused: list[int], flags: int, done: int) -> Outcome:
    sign = -1 if telling.mirror else 1
    return Outcome(
        wallets=[books.accounts[account].wallet for account in number],
        lots=[[sign * books.lots_of(account, m) // telling.lots for m in range(MARKETS)] for account in number],
        costs=[
            [position.cost if (position := books.accounts[account].positions.get(m)) else 0 for m in range(MARKETS)]
            for account in number
        ],
        equities=[books.equity(account) for account in number],
        requirements=[[books.requirement(account, level) for level in (0, 1)] for account in number],
        flagged=[books.accounts[account].flagged for account in number],
        refused=refused,
        funds=[
            books.accounts[fund].wallet
            for fund in (SystemAccount.FEES, SystemAccount.VENUE_FUND, SystemAccount.FUNDING, SystemAccount.DEFICIT)
        ],
        flags=flags,
        commands=done,
    )


def _agree(what: str, seed: int, one: Outcome, other: Outcome, *, but: tuple[str, ...] = ()) -> int:
    differing = one.differs(other, but=but)
    if differing:
        first = differing[0]
        detail = f"{getattr(one, first)} and {getattr(other, first)}"
        raise TwinsDiffer(f"{what}, day {seed}: {', '.join(differing)} differ: {detail}"[:400])
    return one.commands + other.commands


def no_ops(seed: int) -> int:
    """Refused commands in between change nothing."""
    moves = day(seed)
    total = 0
    for executor in Executor:
        tranches = (Tranche.VENUE_FUND, Tranche.ADL, Tranche.HAIRCUT_ALL)
        one = play(moves, Telling(executor=executor, tranches=tranches))
        total += _agree("no-ops", seed, one, play(moves, Telling(executor=executor, tranches=tranches, noise=True)))
    return total


def numbers(seed: int) -> int:
    """Nobody gains by a number: accounts opened in another order end with the same money."""
    order = list(range(ACCOUNTS))
    random.Random(seed).shuffle(order)
    moves = day(seed)
    return _agree("numbers", seed, play(moves, Telling()), play(moves, Telling(numbers=order)))


def order(seed: int) -> int:
    """Neighbours that move money of different accounts may change places."""
    moves = day(seed)
    swapped = list(moves)
    exchanged = 0
    for place in range(len(moves) - 1):
        first, second = swapped[place], swapped[place + 1]
        money = {"deposit", "withdraw"}
        if first.kind not in money or second.kind not in money | {"trade"}:
            continue
        if first.account not in (second.account, second.other):
            swapped[place], swapped[place + 1] = second, first
            exchanged += 1
    if exchanged == 0:
        raise TwinsDiffer(f"order, day {seed}: there was nothing to exchange")
    one, other = play(moves, Telling()), play(swapped, Telling())
    one.refused.sort()
    other.refused.sort()
    return _agree("order", seed, one, other)


def pieces(seed: int) -> int:
    """A deposit in two parts is the deposit; a trade in two halves at one price is the trade."""
    moves = [move for move in day(seed) if move.kind not in ("trade", "withdraw")]
    total = _agree("pieces", seed, play(moves, Telling()), play(moves, Telling(halves=True)))
    # as many trades as the accounts can bear whatever the order of the halves: small, before any price
    trades = [move._replace(amount=4, away=0) for move in day(seed) if move.kind == "trade"][:12]
    return total + _agree(
        "pieces", seed, play(trades, Telling()), play(trades, Telling(halves=True)), but=("refused", "wallets", "costs")
    )


def finer(seed: int) -> int:
    """A finer tick, or a finer lot, with the values unchanged: every amount of money is the same."""
    moves = day(seed)
    total = 0
    for executor in Executor:
        one = play(moves, Telling(executor=executor))
        total += _agree("ticks", seed, one, play(moves, Telling(executor=executor, ticks=4)))
        total += _agree("lots", seed, one, play(moves, Telling(executor=executor, lots=4)))
    return total


def mirror(seed: int) -> int:
    """Longs for shorts with prices reflected at a mark that stands still: the same equity, the same requirement.

    What is closed in part may be rounded the other way, so equities may differ by a quantum a trade; nothing else.
    """
    moves = day(seed, quiet=True)
    one, other = play(moves, Telling()), play(moves, Telling(mirror=True))
    commands = _agree("mirror", seed, one, other, but=("wallets", "costs", "equities", "funds"))
    apart = [abs(a - b) for a, b in zip(one.equities, other.equities, strict=True)]
    if max(apart) > len(moves):
        raise TwinsDiffer(f"mirror, day {seed}: equities {one.equities} and {other.equities}")
    return commands


def split(seed: int) -> int:
    """A winner as one account or as several of one owner: its part moves by less than one lot for each piece."""
    chance = random.Random(seed)
    for _ in range(40):
        winners = [chance.randint(1, 5_000) for _ in range(chance.randint(2, 8))]
        closing = chance.randint(1, sum(winners))
        whole = np.zeros(16, np.int64)
        pair_pro_rata(closing, np.array(winners), len(winners), whole, 0, 0)
        parts = chance.randint(2, 6)
        cut = np.diff([0, *sorted(chance.randint(0, winners[0]) for _ in range(parts - 1)), winners[0]])
        divided = np.zeros(16, np.int64)
        pair_pro_rata(closing, np.array([*cut, *winners[1:]]), parts + len(winners) - 1, divided, 0, 0)
        if int(whole.sum()) != closing or int(divided.sum()) != closing:
            raise TwinsDiffer(f"split: {closing} to close, {int(whole.sum())} and {int(divided.sum())} closed")
        if abs(int(divided[:parts].sum()) - int(whole[0])) > 1:
            raise TwinsDiffer(f"split: {int(whole[0])} as one, {int(divided[:parts].sum())} as {parts}")
    return 0


def alias(seed: int) -> int:
    """Every pair of roles filled by one account, the venue's own included: the auditor finds each answer lawful."""
    moves = day(seed, count=25)
    telling = Telling(executor=Executor.ADL, tranches=(Tranche.VENUE_FUND, Tranche.ADL, Tranche.HAIRCUT_ALL))
    machine = _machine(telling)
    machine.state.policy[0].adl_policy = AdlPolicy.PRO_RATA
    auditor = Auditor(machine.state)
    time = START_NS
    done = 0

    def ask(record: Any) -> None:
        nonlocal done
        events = machine.do(record, keep=True)
        auditor.check(record[0], events, machine.before, machine.state)
        done += 1

    for market in range(MARKETS):
        ask(pack([ListInstrument(time, market)]))
        ask(pack([PriceReport(time, market, 0, START_TICKS, time)]))
    for place in range(ACCOUNTS):
        ask(pack([OpenAccount(time, FIRST + place, 1, 1)]))
        ask(pack([Deposit(time, FIRST + place, 100_000)]))
    roles = [*range(FIRST + 2), FIRST + ACCOUNTS, -1]
    for move in moves:
        time += SECOND
        ask(
            pack(
                [Trade(time, FIRST + move.account, FIRST + move.other, move.market, 1 + move.amount % 50, START_TICKS)]
            )
        )
    for kind in CommandKind:
        for role in roles:
            record = np.zeros(1, COMMAND_DTYPE).view(np.recarray)
            record.kind, record.time_ns = kind, time
            record.account = role
            if kind in (CommandKind.TRANSFER_MARGIN, CommandKind.TRADE, CommandKind.LIQUIDATION_FILL):
                record.counterparty = role
            if kind in (CommandKind.TRADE, CommandKind.LIQUIDATION_FILL, CommandKind.RESERVE_ORDER):
                record.lots, record.price_ticks = 1, START_TICKS
            if kind in (CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.TRANSFER_MARGIN):
                record.amount_quanta = 5
            if kind in (CommandKind.JOIN_VAULT, CommandKind.CONTRIBUTE_FUND, CommandKind.COLLATERAL_SALE):
                record.amount_quanta = 5
            if kind == CommandKind.LEAVE_VAULT:
                record.shares = 1
            ask(record)
    return done


TWINS: tuple[Callable[[int], int], ...] = (no_ops, numbers, order, pieces, finer, mirror, split, alias)
"""Each takes a seed, gives the number of commands it told, and raises TwinsDiffer or LawBroken."""
