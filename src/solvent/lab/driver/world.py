"""One seeded world: drawn from its number, opened, and driven command by command."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from solvent.codes import AccountKind, SystemAccount
from solvent.commands import Command, ContributeFund, Deposit, ListInstrument, OpenAccount, PriceReport, RecordAct
from solvent.compiled import plain
from solvent.lab.books import Books
from solvent.lab.driver import liquidation, money, nonsense, prices, rules, trading
from solvent.lab.driver.backed import ask_backed
from solvent.lab.driver.ended import ask_ended
from solvent.lab.driver.lending import ask_lending
from solvent.lab.driver.reach import met
from solvent.lab.driver.setting import MILLISECOND, SECOND, Setting
from solvent.lab.driver.terms import draw_terms
from solvent.state.values import notional_up

ROOM = {"accounts": 40, "positions": 200, "orders": 200, "holdings": 80}
"""Rows enough for any world, so no table has to grow on the way."""

ASKS: dict[str, Callable[[Any], Command | None]] = {
    name: ask
    for concept in (liquidation, money, nonsense, prices, rules, trading)
    for name, ask in concept.ASKS.items()
}

WEIGHTS = {
    "price": 20,
    "jump": 3,
    "trigger": 8,
    "trade": 22,
    "reduce": 6,
    "fill": 14,
    "advance": 12,
    "deposit": 3,
    "withdraw": 6,
    "transfer": 2,
    "reserve": 4,
    "release": 3,
    "leverage": 2,
    "funding": 3,
    "collateral_in": 2,
    "collateral_out": 2,
    "sale": 4,
    "fund": 1,
    "vault": 3,
    "mode": 2,
    "venue_mode": 0.7,
    "auction": 9,
    "terms": 1,
    "wait": 2,
    "nonsense": 2,
}
"""How often a world asks for what, before its own mood: the order is part of every seed's meaning."""

_NEEDED = {"price", "trade", "fill", "advance", "trigger", "deposit"}


class World(Setting):
    """One seeded world. `terms` opens the state, `next_command` drives it, `observe` counts what happened."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.terms = draw_terms(self)
        self._open()
        self.weights = self._draw_weights()

    def _draw_weights(self) -> dict[str, float]:
        """Some worlds never do some things, some do little else."""
        return {
            name: weight * (1 if name in _NEEDED else self.random.choice([0, 1, 1, 3]))
            for name, weight in WEIGHTS.items()
        }

    def _open(self) -> None:
        """The first commands: markets, accounts, prices, money."""
        chance = self.random
        for instrument in range(self.instruments):
            self.ask(ListInstrument(self.time_ns, instrument))
        for place in range(chance.randint(12, 25)):
            account = self.first + place
            self.kinds[account] = AccountKind.ISOLATED if chance.random() < 0.25 else AccountKind.CROSS
            self.owners[account] = chance.randint(1, 8)
            self.ask(OpenAccount(self.time_ns, account, self.owners[account], self.kinds[account]))
        for instrument in range(self.instruments):
            for source in self.sources[instrument]:
                start = self.start_ticks[instrument]
                self.ask(PriceReport(self.time_ns, instrument, source, start, self.time_ns))
        self.scale = max(
            10 * int(plain(notional_up)(contract, 1, start))
            for start, contract in zip(self.start_ticks, self.terms.contracts, strict=True)
        )
        for account in self.kinds:
            self.ask(Deposit(self.time_ns, account, self.amount()))
        rich = chance.choice([0, 1, 100, 10_000])
        for fund in (SystemAccount.VENUE_CAPITAL, SystemAccount.VENUE_FUND, SystemAccount.VAULT):
            if rich and chance.random() < 0.8:
                self.ask(ContributeFund(self.time_ns, fund, max(self.scale * rich // 100, 1)))
        for instrument in range(self.instruments):
            if rich and chance.random() < 0.8:
                self.ask(
                    ContributeFund(
                        self.time_ns, SystemAccount.MARKET_FUNDS + instrument, max(self.scale * rich // 1000, 1)
                    )
                )
        # drawn from nothing, so that the seeds kept from earlier keep their worlds
        self.ask(RecordAct(self.time_ns, 1, self.seed))

    def next_command(self, state: Any, books: Books | None = None) -> Command:
        """The next command of this world, drawn from the state (or from books somebody already keeps of it)."""
        if self.pending:
            return self.pending.popleft()
        self.state = state
        self.books = books or Books.read(state)
        self.time_ns = max(self.time_ns, self.books.time_ns)
        self.time_ns += self.random.choice([0, MILLISECOND, 20 * MILLISECOND, SECOND, 7 * SECOND])
        backed = ask_backed(self)
        if backed is not None:
            return backed
        ended = ask_ended(self)
        if ended is not None:
            return ended
        lent = ask_lending(self)
        if lent is not None:
            return lent
        names = list(self.weights)
        while True:
            name = self.random.choices(names, [self.weights[key] for key in names])[0]
            command: Command | None = ASKS[name](self)
            if command is not None:
                return command
            if self.pending:
                return self.pending.popleft()

    def observe(self, command: Command, events: Any) -> None:
        """Count what this command met."""
        self.reach += Counter(met(self, command, events))
