"""What a world is made of while it is driven: its rules, its accounts, its time, and small questions to it."""

import random
from collections import Counter, deque
from typing import Any

from solvent.codes import SystemAccount
from solvent.commands import Command, PriceReport
from solvent.lab.books import Books
from solvent.state.terms import Terms, TermsShape, cell_address

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND
START_NS = 1_700_000_000 * SECOND
BRACKETS_ROOM = 96
SCENARIOS_ROOM = 6


class Setting:
    """Facts of one seeded world; `World` drives it. The drawers and askers of this folder read and extend it."""

    state: Any
    books: Books
    terms: Terms
    scale: int
    is_backed: bool = False
    backing: random.Random | None = None
    ending: random.Random | None = None
    wrong: tuple[tuple[int, int], ...] = ()
    """Cells staged with values the machine must refuse; they are put back after the enactment."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.instruments = self.random.randint(2, 4)
        self.shape = TermsShape(self.instruments, BRACKETS_ROOM, SCENARIOS_ROOM)
        self.first = SystemAccount.MARKET_FUNDS + self.instruments
        self.time_ns = START_NS
        self.reach: Counter[str] = Counter()
        self.pending: deque[Command] = deque()
        self.start_ticks: list[int] = []
        self.sources: list[list[int]] = []
        self.assets: list[int] = []
        self.kinds: dict[int, int] = {}
        self.owners: dict[int, int] = {}
        self.brackets_used = 0
        self.lending: random.Random | None = None

    def ask(self, command: Command) -> None:
        """Put a command in the line of those to be given next."""
        self.pending.append(command)

    def trader(self) -> int:
        """Any account of a trader."""
        return self.random.choice(list(self.kinds))

    def market(self) -> int:
        """Any market."""
        return self.random.randrange(self.instruments)

    def near(self, number: int) -> int:
        """A number at, just beside, or somewhat off another."""
        off = self.random.choice([0, 0, 1, -1, 2, -2, number // 7, -number // 3, number])
        return number + off

    def amount(self) -> int:
        """An amount of the order of what these accounts hold."""
        return max(int(self.scale * self.random.lognormvariate(0, 1.5)), 1)

    def held(self, *, flagged: bool | None = None) -> list[tuple[int, int]]:
        """Positions as (account, instrument); of flagged or of sound accounts only, where asked."""
        return [
            (account, instrument)
            for account in self.kinds
            if account in self.books.accounts and flagged in (None, self.books.accounts[account].flagged)
            for instrument, position in self.books.accounts[account].positions.items()
            if position.lots
        ]

    def references(self) -> list[tuple[int, int]]:
        """Flagged accounts with the reference of their last order."""
        return [
            (account, int(self.state.accounts[account].order_reference))
            for account in [*self.kinds, int(SystemAccount.VAULT)]
            if account in self.books.accounts and self.books.accounts[account].flagged
        ]

    def price_of(self, instrument: int, ticks: int) -> Command:
        """A report of one source, cut to what the contract allows."""
        source = self.random.choice(self.sources[instrument])
        most = int(self.terms.contracts[instrument].price_max_ticks)
        ticks = min(max(ticks, 1), most)
        age = self.random.choice([0, 0, 0, 0, MILLISECOND, -MILLISECOND])
        number = 0
        if self.random.random() < 0.3:
            number = self.time_ns // MILLISECOND - self.random.choice([0, 0, 0, 1_000])
        doubt = self.random.choice([0, 0, 0, 1_000, 50_000])
        return PriceReport(self.time_ns, instrument, source, ticks, self.time_ns - age, number, doubt)

    def all_sources(self, instrument: int, ticks: int) -> Command:
        """The same report from every source of a market, the first of them now."""
        most = int(self.terms.contracts[instrument].price_max_ticks)
        ticks = min(max(ticks, 1), most)
        self.time_ns += MILLISECOND
        for source in self.sources[instrument]:
            self.ask(PriceReport(self.time_ns, instrument, source, ticks, self.time_ns))
        return self.pending.popleft()

    def cell(self, table: str, row: int, name: str) -> int:
        """The address of one cell of the terms."""
        return cell_address(self.shape, table, row, name)
