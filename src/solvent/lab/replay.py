"""Replay: a scenario played through the ordinary machine, from the first report to the last tranche.

One step of the loop is one batch of commands: what the book filled of yesterday's orders, the reports of this
instant, and as many `Advance` as the venue works per step. The machine answers with events; its orders wait for the
book. The lab decides nothing that a venue's rules decide.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from solvent.codes import REFUSAL_SENTENCES, Level, Mode, Refusal, SystemAccount
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.engine import Engine, Genesis
from solvent.events import EventKind
from solvent.lab.acts import Performed, Stage, bend_path, depth_factors, is_out
from solvent.lab.execution import Book, Fill, Order
from solvent.lab.keepers import Keepers
from solvent.lab.opening import joined, opening_commands, sources_of
from solvent.lab.paths import Path, candle_path, opening_prices, price_at, waypoint_path
from solvent.lab.population import People, settle_people
from solvent.lab.scenario import Scenario, ScenarioError
from solvent.procedures.assess import assess_accounts
from solvent.rulebook.compile import CompiledTerms, compile_terms
from solvent.rulebook.document import Rulebook
from solvent.rulebook.faults import Fault
from solvent.units import NANOSECONDS_PER_MILLISECOND

QUIET_ROUNDS_MAX = 120
ACTIVE, HALTED, VAULT = int(Mode.ACTIVE), int(Mode.HALTED), int(SystemAccount.VAULT)

Progress = Callable[[float, str], None]


@dataclass
class Recording:
    """What is written down while a scenario is played."""

    events: list[np.ndarray] = field(default_factory=list)
    commands: list[np.ndarray] = field(default_factory=list)
    time_ns: list[int] = field(default_factory=list)
    marks: list[np.ndarray] = field(default_factory=list)
    modes: list[np.ndarray] = field(default_factory=list)
    charged_ppm: list[np.ndarray] = field(default_factory=list)
    conditions: list[np.ndarray] = field(default_factory=list)
    queued: list[int] = field(default_factory=list)
    funds: list[tuple[int, int, int, int]] = field(default_factory=list)
    outcomes: list[Performed] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Played:
    """A finished run: everything the measures are taken from."""

    scenario: Scenario
    rulebook: Rulebook
    compiled: CompiledTerms
    seed: int
    people: People
    engine: Engine
    recording: Recording
    opening_equity: np.ndarray
    genesis: Genesis


def play(
    scenario: Scenario,
    rulebook: Rulebook,
    *,
    seed: int = 1,
    accounts: int | None = None,
    prices: FilePath | None = None,
    only: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Played:
    """Play a scenario under a rulebook; with `prices`, on the markets and candles of a file.

    Raises RulebookError, ScenarioError or CandleFileError with every fault of what was given.
    """
    tell = progress or (lambda _share, _what: None)
    began = time.perf_counter()
    recording = Recording()

    def lap(phase: str) -> None:
        nonlocal began
        now = time.perf_counter()
        recording.seconds[phase] = recording.seconds.get(phase, 0.0) + now - began
        began = now

    tell(0.0, "reading prices")
    if prices is not None:
        scenario, path = candle_path(scenario, prices, only)
    else:
        path = waypoint_path(scenario, seed)
    rules = rulebook.name.removesuffix(".toml")
    scenario = replace(scenario, acts=tuple(act for act in scenario.acts if act.only_under in ("", rules)))
    compiled = compile_terms(rulebook, [market.contract for market in scenario.markets])
    lap("prices")
    tell(0.0, "starting the machine")
    genesis = Genesis.of(
        compiled.terms,
        compiled.symbols,
        {"rulebook": rulebook.text, "rulebook_name": rulebook.name, "scenario": scenario.name},
    )
    engine = Engine.in_memory(genesis)
    lap("machine")
    tell(0.0, "settling the population")
    ticks = np.array([float(market.contract.tick_size) for market in scenario.markets])
    opening_ticks = np.maximum(np.round(opening_prices(path, len(ticks)) / ticks), 1).astype(np.int64)
    run = _Run(engine, scenario, compiled, recording, bend_path(path, scenario), ticks)
    run.open_venue(opening_ticks)
    count = int(scenario.population["accounts"]) if accounts is None else accounts
    people = settle_people(scenario, compiled, opening_ticks, count, seed)
    run.providers, run.names = people.providers, people.names
    check_start(scenario, people, run.submit(people.commands))
    opening = run.equities(np.concatenate([people.traders, np.array(list(people.names.values()), dtype=np.int64)]))
    lap("population")
    run.steps(tell)
    lap("run")
    return Played(scenario, rulebook, compiled, seed, people, engine, recording, opening, genesis)


def check_start(scenario: Scenario, people: People, events: np.ndarray) -> None:
    """Refuse a scenario whose people cannot hold what it gives them. Raises ScenarioError with every account."""
    names = {number: name for name, number in people.names.items()}
    faults: list[Fault] = []
    for event in events[events["kind"] == EventKind.COMMAND_REFUSED]:
        for number in (int(event["account"]), int(event["counterparty"])):
            if number in names:
                sentence = REFUSAL_SENTENCES[Refusal(int(event["refusal"]))]
                faults.append(Fault(None, f"account {names[number]}", "it cannot open this position", sentence))
    flagged = events[events["kind"] == EventKind.ACCOUNT_FLAGGED]["account"].tolist()
    for number in flagged[:20]:
        who = f"account {names.get(number, number)}"
        faults.append(Fault(None, who, "it is distressed before the story begins", "Give it a larger deposit."))
    if len(flagged) > 20:
        faults.append(
            Fault(None, "population", f"so are {len(flagged) - 20} more", "Lower population.leverage_median_ppm.")
        )
    if faults:
        raise ScenarioError(scenario.name, faults)


class _Run:
    """The loop's moving parts."""

    def __init__(
        self,
        engine: Engine,
        scenario: Scenario,
        compiled: CompiledTerms,
        recording: Recording,
        path: Path,
        ticks: np.ndarray,
    ) -> None:
        self.engine = engine
        self.scenario = scenario
        self.compiled = compiled
        self.recording = recording
        self.path = path
        self.ticks = ticks
        self.markets = len(scenario.markets)
        self.quantum = 10**compiled.settlement_decimals
        per_lot_tick = compiled.terms.contracts.quanta_per_lot_tick[: self.markets] / self.quantum
        self.book = Book(scenario, per_lot_tick.astype(float))
        execution = scenario.execution
        latency_ns = int(execution["keeper_latency_ms"]) * NANOSECONDS_PER_MILLISECOND
        self.keepers = Keepers(self.book, latency_ns, float(execution["keeper_edge_ppm"]))
        self.orders: list[Order] = []
        self.sales: list[tuple[int, int, int, int, int]] = []
        self.providers = np.zeros(0, dtype=np.int64)
        self.turn = 0
        self.source_of = sources_of(scenario, compiled)
        self.price_max = compiled.terms.contracts.price_max_ticks[: self.markets]
        self.last_ns = scenario.start_ns
        self.advances = np.zeros(int(scenario.engine["advances_per_step"]), dtype=COMMAND_DTYPE)
        self.advances["kind"] = CommandKind.ADVANCE
        self.advances["count"] = int(compiled.terms.policy[0].advance_max)
        self.names: dict[str, int] = {}
        lots = [float(market.contract.lot_size) for market in scenario.markets]
        self.stage = Stage(
            scenario, self.quantum, lots, ticks, compiled.shape, lambda: int(engine.state.venue[0].terms_version)
        )
        recording.outcomes = self.stage.outcomes
        self.lies = any(act.do == "report" for act in scenario.acts)

    def submit(self, records: np.ndarray) -> np.ndarray:
        """Send a batch and keep it with what the machine told."""
        self.recording.commands.append(records)
        events = self.engine.submit(records)
        self.recording.events.append(events)
        return events

    def marks(self) -> np.ndarray:
        """Marks in force, in ticks."""
        return np.asarray(self.engine.state.instruments.mark_ticks[: self.markets])

    def equities(self, accounts: np.ndarray) -> np.ndarray:
        """Equity of accounts at the maintenance level, in quanta."""
        answers = np.zeros((len(accounts), 4), dtype=np.int64)
        assess_accounts(self.engine.state, int(Level.MAINTENANCE), accounts.astype(np.int64), answers)
        return answers[:, 0]

    def open_venue(self, opening_ticks: np.ndarray) -> None:
        """Markets, opening prices and the funds behind the venue, shortly before the start."""
        self.submit(opening_commands(self.scenario, self.compiled, opening_ticks))

    def steps(self, tell: Progress) -> None:
        """Play the whole path."""
        count = len(self.path.step_ns)
        for i in range(count):
            first, last = int(self.path.offsets[i]), int(self.path.offsets[i + 1])
            now = int(self.path.step_ns[i])
            if is_out(self.scenario, now):
                self.last_ns = now
                continue
            self.quiet_rounds(now)
            self.round(now, self.reports(first, last, now))
            if i % 25 == 0:
                tell((i + 1) / count, f"{self.recording.queued[-1]} in liquidation")
        # what is still being worked when the prices end is worked to its end at the last price
        self.quiet_rounds(self.last_ns + QUIET_ROUNDS_MAX * self.scenario.step_ns)
        tell(1.0, "done")

    def quiet_rounds(self, until_ns: int) -> None:
        """Between distant reports the liquidation engine goes on, step by step, while it has work."""
        step = self.scenario.step_ns
        rounds = 0
        while (
            self.last_ns + 2 * step <= until_ns
            and rounds < QUIET_ROUNDS_MAX
            and (self.orders or self.sales or int(self.engine.state.venue[0].queue_count) > 0)
        ):
            self.round(self.last_ns + step, np.zeros(0, dtype=COMMAND_DTYPE))
            rounds += 1

    def reports(self, first: int, last: int, now: int) -> np.ndarray:
        """The reports of one step as commands, moved by what forced trading has done to the price."""
        k = self.path.instrument[first:last]
        price = self.path.price[first:last] * self.book.displacement()[k]
        records = np.zeros(last - first, dtype=COMMAND_DTYPE)
        records["kind"] = CommandKind.PRICE_REPORT
        records["time_ns"] = np.maximum(self.path.time_ns[first:last], self.last_ns)
        records["source_time_ns"] = self.path.time_ns[first:last]
        records["instrument"] = k
        records["source"] = self.source_of[k, self.path.feed[first:last]]
        records["price_ticks"] = np.clip(np.round(price / self.ticks[k]), 1, self.price_max[k])
        return records

    def round(self, now: int, reports: np.ndarray) -> None:
        """Fills, reports, advances; then listen to what the machine says."""
        marks = self.fair_ticks(now)
        self.book.thinned = depth_factors(self.scenario, now, self.markets)
        self.book.observe(marks, max(now - self.last_ns, 1))
        modes = np.asarray(self.engine.state.instruments.mode[: self.markets])
        parts = [reports]
        if self.orders:
            open_orders = self.orders
            if (modes == HALTED).any():
                halted = set(np.flatnonzero(modes == HALTED).tolist())
                open_orders = [order for order in self.orders if order.instrument not in halted]
            parts.insert(0, self.fill_commands(self.book.take(open_orders, marks), now))
        if self.sales:
            parts.insert(0, self.sale_commands(now))
        parts.insert(0, self.unwind_commands(now, marks, modes))
        if self.keepers.offers:
            parts.insert(0, self.keepers.claims(now, marks, self.providers.tolist()))
        advances = self.advances if self.orders or self.recording.queued[-1:] != [0] else self.advances[:1]
        advances["time_ns"] = now
        parts.append(advances)
        events = self.submit(joined(parts))
        self.listen(events)
        self.keepers.sold_on(events, marks)
        if self.stage.waiting:
            self.stage.perform(now, self.acted, self.names, self.marks(), self.provider)
        self.last_ns = now
        venue = self.engine.state.venue[0]
        wallets = self.engine.state.accounts.wallet_quanta
        funds_first = SystemAccount.MARKET_FUNDS
        recording = self.recording
        recording.time_ns.append(now)
        recording.marks.append(self.marks().copy())
        instruments = self.engine.state.instruments[: self.markets].view(np.ndarray)
        recording.modes.append(instruments["mode"].copy())
        recording.charged_ppm.append(np.maximum(instruments["initial_long_ppm"], instruments["initial_short_ppm"]))
        recording.conditions.append(instruments["told_conditions"].copy())
        recording.queued.append(int(venue.queue_count))
        recording.funds.append(
            (
                int(wallets[funds_first : funds_first + self.markets].sum()),
                int(wallets[SystemAccount.VENUE_FUND]),
                int(wallets[SystemAccount.VENUE_CAPITAL]),
                int(self.equities(np.array([VAULT]))[0]),
            )
        )

    def acted(self, record: np.ndarray) -> np.ndarray:
        """Send one command of an act, and listen to what it brings about."""
        events = self.submit(record)
        self.listen(events)
        return events

    def fair_ticks(self, now: int) -> np.ndarray:
        """What the book trades at: the marks, or the path itself where a source of the story lies."""
        marks = self.marks()
        if not self.lies:
            return marks
        fair = [price_at(market.waypoints, now) for market in self.scenario.markets]
        moved = np.round(np.array(fair) * self.book.displacement() / self.ticks)
        clipped: np.ndarray = np.clip(moved, 1, self.price_max).astype(np.int64)
        return clipped

    def provider(self) -> int:
        """The market maker whose turn it is."""
        self.turn += 1
        return int(self.providers[self.turn % len(self.providers)])

    def fill_commands(self, fills: list[Fill], now: int) -> np.ndarray:
        """Fills as commands, market makers taking turns on the other side."""
        records = np.zeros(len(fills), dtype=COMMAND_DTYPE)
        if not fills:
            return records
        columns = np.array(fills, dtype=np.int64)
        records["kind"], records["time_ns"] = CommandKind.LIQUIDATION_FILL, now
        for column, name in enumerate(("account", "instrument", "lots", "price_ticks", "reference")):
            records[name] = columns[:, column]
        records["counterparty"] = [self.provider() for _fill in fills]
        filled = {(fill.account, fill.instrument): fill.lots for fill in fills}
        left: list[Order] = []
        for order in self.orders:
            done = filled.get((order.account, order.instrument))
            if done is None:
                left.append(order)
            elif abs(order.lots) > done:
                left.append(order._replace(lots=order.lots - done if order.lots > 0 else order.lots + done))
        self.orders = left
        return records

    def sale_commands(self, now: int) -> np.ndarray:
        """What covers a debt goes out at the mark less a discount, and assets owed come in at the mark plus it."""
        records = np.zeros(len(self.sales), dtype=COMMAND_DTYPE)
        records["kind"], records["time_ns"] = CommandKind.COLLATERAL_SALE, now
        assets = self.engine.state.assets
        marks = self.fair_ticks(now)
        kept = 1 - self.scenario.execution["collateral_discount_ppm"]
        for row, (account, asset, held, owed, reference) in enumerate(self.sales):
            terms = assets[asset]
            mark = int(marks[int(terms.price_instrument)])
            if held < 0:
                price = Fraction(mark * int(terms.value_num), int(terms.value_den)) / kept
                record = records[row]
                record["kind"], record["account"], record["asset"] = CommandKind.COVER_DEBT, account, asset
                record["amount_quanta"], record["reference"] = -held, reference
                record["proceeds_quanta"] = ceil(-held * price)
                continue
            worth = Fraction(mark * int(terms.value_num), int(terms.value_den)) * kept
            sold = min(held, ceil(owed / worth)) if worth > 0 else held
            record = records[row]
            record["account"], record["asset"], record["amount_quanta"] = account, asset, sold
            record["proceeds_quanta"], record["reference"] = int(sold * worth), reference
        self.sales = []
        return records

    def unwind_commands(self, now: int, marks: np.ndarray, modes: np.ndarray) -> np.ndarray:
        """Pools work their books down: what they order is filled; a vault without a rule sells a little every step."""
        state = self.engine.state
        trades = self.pool_fills(now, marks, modes)
        row = int(state.accounts.first_position[VAULT])
        if int(state.pools[0].unwind_ns):
            return joined(trades)
        while row >= 0:
            position = state.positions[row]
            k, held = int(position.instrument), int(position.lots)
            row = int(position.next)
            if held == 0 or modes[k] != ACTIVE:
                continue
            lots = max(abs(held) // int(self.scenario.engine["vault_unwind_steps"]), 1)
            wanted = Order(VAULT, k, -lots if held > 0 else lots, 0, 0)
            for fill in self.book.take([wanted], marks):
                record = np.zeros(1, dtype=COMMAND_DTYPE)
                record["kind"], record["time_ns"] = CommandKind.TRADE, now
                sides = (self.provider(), VAULT) if held > 0 else (VAULT, self.provider())
                record["account"], record["counterparty"] = sides
                record["instrument"], record["lots"], record["price_ticks"] = k, fill.lots, fill.price_ticks
                trades.append(record)
        return joined(trades)

    def pool_fills(self, now: int, marks: np.ndarray, modes: np.ndarray) -> list[np.ndarray]:
        """What the books take of the pools' own orders, each inside its time and limit."""
        state = self.engine.state
        fills = []
        for k in np.flatnonzero(np.asarray(state.unwinds.lots[: self.markets])).tolist():
            order = state.unwinds[k]
            if now >= int(order.until_ns) or modes[k] == HALTED:
                continue
            pool = int(state.vaults[int(state.backings[k].pool)].account)
            wanted = Order(pool, k, int(order.lots), int(order.limit_ticks), int(order.reference))
            for fill in self.book.take([wanted], marks):
                record = np.zeros(1, dtype=COMMAND_DTYPE)
                record["kind"], record["time_ns"] = CommandKind.UNWIND_FILL, now
                record["account"], record["counterparty"], record["instrument"] = pool, self.provider(), k
                record["lots"], record["price_ticks"], record["reference"] = fill.lots, fill.price_ticks, fill.reference
                fills.append(record)
        return fills

    def listen(self, events: np.ndarray) -> None:
        """Take up new orders, forget cancelled ones."""
        events = events.view(np.ndarray)  # the other kind looks for fields at each step
        self.keepers.listen(events)
        kinds = events["kind"]
        gone = events[kinds == EventKind.LIQUIDATION_CANCELLED]
        cancelled = set(
            zip(gone["account"].tolist(), gone["instrument"].tolist(), gone["reference"].tolist(), strict=True)
        )
        if cancelled:
            self.orders = [
                order for order in self.orders if (order.account, order.instrument, order.reference) not in cancelled
            ]
        sent = events[kinds == EventKind.LIQUIDATION_ORDERED]
        columns = [sent[name].tolist() for name in ("account", "instrument", "lots", "price_ticks", "reference")]
        for account, instrument, lots, limit, reference in zip(*columns, strict=True):
            if (account, instrument, reference) not in cancelled:
                self.orders.append(Order(account, instrument, lots, limit, reference))
        for event in events[kinds == EventKind.COLLATERAL_ORDERED]:
            amount, owed = int(event["amount_quanta"]), int(event["value"])
            self.sales.append((int(event["account"]), int(event["asset"]), amount, owed, int(event["reference"])))
        for event in events[kinds == EventKind.DEBT_ORDERED]:
            bought = -int(event["amount_quanta"])
            self.sales.append((int(event["account"]), int(event["asset"]), bought, 0, int(event["reference"])))


def replayed_digest(played: Played) -> str:
    """Digest of the same commands applied afresh: the proof that a run can be had again."""
    engine = Engine.in_memory(played.genesis)
    for batch in played.recording.commands:
        engine.submit(batch)
    return engine.digest()


def notes_of(played: Played) -> list[str]:
    """What a reader of the result should know about how it came about."""
    found: list[Any] = list(played.compiled.notes)
    return [str(note) for note in found]
