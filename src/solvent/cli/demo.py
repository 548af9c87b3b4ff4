"""`solvent serve --demo`: the lab's people on the lab's markets, in a service that lives.

Prices wander around the scenario's opening; a crash, asked for from the page, lets them fall within twenty seconds and
come back part of the way. Market makers trade a little, liquidation orders go to an order-book simulator over the same
socket a venue would offer, and everything else is the service as it is.
"""

from __future__ import annotations

import asyncio
import math
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from solvent.codes import SystemAccount
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.lab.population import settle_people
from solvent.lab.scenario import NANOSECONDS, Scenario, read_scenario
from solvent.market.venue import venue_text
from solvent.rulebook.document import read_rulebook
from solvent.service.desk import Note
from solvent.service.gateway import SERVICE
from solvent.service.keys import make_key
from solvent.service.opening import add_key, carry, create_venue, has_journal, open_venue
from solvent.service.orders import VenueOrders
from solvent.service.problems import Problem
from solvent.service.roles import Caller, Role
from solvent.service.serve import Service, Settings, run
from solvent.service.simulator import Book, OrderBookSimulator

SCENARIO: Final = "2025-10-10"
ACCOUNTS: Final = 3_000
STEP_S: Final = 0.25
CRASH_S: Final = 20.0
RECOVERY_S: Final = 90.0
SEED: Final = 1


def serve_demo(directory: Path | None, rulebook: str, settings: Settings, say: Callable[[str], None]) -> int:
    """Build the world and serve it; without a directory it is kept in a temporary one that goes away again."""
    if directory is not None:
        return _serve(directory, rulebook, settings, say)
    with tempfile.TemporaryDirectory(prefix="solvent-demo-") as place:
        return _serve(Path(place) / "venue", rulebook, settings, say)


def _serve(place: Path, rulebook: str, settings: Settings, say: Callable[[str], None]) -> int:
    demo = Demo(place, rulebook)
    service = Service(demo.opened, place, settings)
    demo.attach(service)
    say("A demonstration: seeded people, invented prices. Nothing here is a venue's.")
    return run(service, lambda url: say(f"open {url}#{demo.key}"))


class Demo:
    """The world around the service."""

    def __init__(self, place: Path, rulebook: str, accounts: int = ACCOUNTS, now_ns: int = 0) -> None:
        now = now_ns or time.time_ns()
        scenario = read_scenario(SCENARIO)
        self.scenario: Scenario = replace(scenario, start_ns=now, end_ns=now + 3600 * NANOSECONDS)
        self.random = random.Random(SEED)
        self.mids = [float(market.waypoints[0][1]) for market in scenario.markets]
        self.starts = list(self.mids)
        self.shock = 0.0
        self.crash_began = -math.inf
        if has_journal(place):
            self.opened = open_venue(place)
        else:
            text = venue_text(
                "demo", scenario.settlement, [market.contract for market in scenario.markets], 6, "8000000"
            )
            rules = read_rulebook(rulebook)
            self.opened = create_venue(place, text, rules.text, rules.name, now - 130 * NANOSECONDS)
            self._populate(accounts)
        key, self.key = make_key("demonstration", Role.OFFICER, self.opened.venue.name)
        add_key(self.opened.engine, self.opened.desk, key, "solvent serve --demo", now)
        first = int(SystemAccount.MARKET_FUNDS) + len(scenario.markets)
        self.providers = list(range(first, first + int(scenario.liquidity["providers"])))

    def _populate(self, accounts: int) -> None:
        engine, desk, compiled = self.opened.engine, self.opened.desk, self.opened.venue.compiled
        quantum = 10**compiled.settlement_decimals
        ticks = np.array(
            [
                round(mid / float(contract.tick_size))
                for mid, contract in zip(self.mids, compiled.contracts, strict=True)
            ],
            dtype=np.int64,
        )
        now = self.scenario.start_ns
        given = self.scenario.funds
        amounts = {
            int(SystemAccount.VENUE_FUND): given["venue_fund"],
            int(SystemAccount.VENUE_CAPITAL): given["venue_capital"],
            int(SystemAccount.VAULT): given["vault"],
        }
        amounts |= {int(SystemAccount.MARKET_FUNDS) + row: given["market_fund"] for row in range(len(ticks))}
        paid = {account: int(amount * quantum) for account, amount in amounts.items() if amount > 0}
        funds = np.zeros(len(paid), dtype=COMMAND_DTYPE)
        funds["kind"], funds["time_ns"] = CommandKind.CONTRIBUTE_FUND, now - 61 * NANOSECONDS
        funds["account"], funds["amount_quanta"] = list(paid), list(paid.values())
        # prices that have proved themselves: the rulebook gives traders half a minute after a silence
        reports = np.concatenate([self._reports(now - ago * NANOSECONDS) for ago in (119, 90, 61)])
        people = settle_people(self.scenario, compiled, ticks, accounts, SEED)
        for records in (reports, funds, people.commands, self._reports(now - 20 * NANOSECONDS)):
            carry(engine, desk, records, Note(len(records), "solvent serve --demo", "service", "service"))

    def _reports(self, time_ns: int) -> np.ndarray:
        """What every source tells now: the mid with a little noise of its own."""
        venue = self.opened.venue
        records = np.zeros(len(venue.sources), dtype=COMMAND_DTYPE)
        records["kind"], records["time_ns"], records["source_time_ns"] = CommandKind.PRICE_REPORT, time_ns, time_ns
        for place, ((row, _feed), number) in enumerate(venue.sources.items()):
            price = self.mids[row] * (1 + self.random.gauss(0, 1e-4))
            tick = float(venue.compiled.contracts[row].tick_size)
            records[place]["instrument"], records[place]["source"] = row, number
            records[place]["price_ticks"] = max(round(price / tick), 1)
        return records

    def attach(self, service: Service) -> None:
        """Join the world to a service."""
        books = {
            market.contract.symbol: Book(
                str(market.contract.lot_size), str(market.contract.tick_size), float(market.depth) / 20
            )
            for market in self.scenario.markets
        }
        self.simulator = OrderBookSimulator(books, lambda: self.providers, asset_prices=self._asset_price)
        service.api.crash_demo = self.crash

        async def venue(service: Service) -> None:
            ready = asyncio.Event()
            simulating = asyncio.create_task(self.simulator.run(0, ready))
            try:
                await ready.wait()
                service.orders = VenueOrders(service, f"ws://127.0.0.1:{self.simulator.port}")
                await service.orders.run()
            finally:
                simulating.cancel()

        service.backgrounds += [venue, self._live]

    def _asset_price(self, asset: str) -> float:
        """What an asset fetches now: the mid of its market, nothing where it has none."""
        bases = (market.contract.base for market in self.scenario.markets)
        return next((mid for base, mid in zip(bases, self.mids, strict=True) if base == asset), 0.0)

    def crash(self, percent: int) -> None:
        """Let prices fall."""
        self.shock = percent / 100
        self.crash_began = time.monotonic()

    def move(self, now_s: float) -> None:
        """One step of every mid."""
        since = now_s - self.crash_began
        fallen = 0.0
        if since < CRASH_S:
            fallen = since / CRASH_S
        elif since < CRASH_S + RECOVERY_S:
            fallen = 1 - 0.6 * (since - CRASH_S) / RECOVERY_S
        elif math.isfinite(since):
            # what was lost for good is the new level
            self.starts = [start * (1 - 0.4 * self.shock) for start in self.starts]
            self.crash_began = -math.inf
        for row, start in enumerate(self.starts):
            target = start * (1 - self.shock * min(fallen, 1.0) * (1 + 0.15 * row / len(self.starts)))
            pull = 0.6 if fallen else 0.02
            noise = self.random.gauss(0, 2.5e-4)
            self.mids[row] *= math.exp(pull * math.log(target / self.mids[row]) + noise)
            self.simulator.books[self.opened.venue.symbols[row]].mid = self.mids[row]

    async def _live(self, service: Service) -> None:
        trader = Caller("demonstration", "demo", Role.GATEWAY, self.opened.venue.name)
        while True:
            self.move(time.monotonic())
            for caller, records in ((SERVICE, self._reports(time.time_ns())), (trader, self._trades())):
                try:
                    future, _old = service.gateway.submit(caller, records.tobytes())
                except Problem:
                    continue  # full or stopping: the next step has newer prices
                future.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.sleep(STEP_S)

    def _trades(self) -> Any:
        """Market makers pass a few lots among themselves at the mark."""
        state = self.opened.engine.state
        records = np.zeros(4, dtype=COMMAND_DTYPE)
        records["kind"] = CommandKind.TRADE
        for place in range(len(records)):
            row = self.random.randrange(len(self.mids))
            buyer, seller = self.random.sample(self.providers, 2)
            records[place]["account"], records[place]["counterparty"], records[place]["instrument"] = buyer, seller, row
            records[place]["lots"] = self.random.randint(1, 50)
            records[place]["price_ticks"] = max(int(state.instruments[row].mark_ticks), 1)
        return records
