"""A small machine for tests: state, watch and tape together, one command at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from solvent.codes import AdlPrice, Executor, Level, Schedule, SystemAccount, Tranche
from solvent.commands import Advance, Command, Deposit, ListInstrument, OpenAccount, PriceReport, Trade, pack
from solvent.events import blank_tape
from solvent.lab.auditor import Auditor
from solvent.procedures.apply import apply
from solvent.procedures.scan import broken_corners, scan_exactly
from solvent.risk.watch import blank_watch
from solvent.state.tables import State
from solvent.state.terms import SOURCES_MAX, Terms, TermsShape, blank_terms
from solvent.state.whole import copy_state, new_state
from solvent.units import PPM


class Machine:
    """Tables large enough for the test at hand; `do` applies one command and gives its events.

    After every command of every story the watch must have missed nobody, and every corner must hold; a test that
    spoils the state on purpose says so with `is_spoiled`.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        accounts: int = 40,
        positions: int = 200,
        orders: int = 200,
        holdings: int = 80,
        keys: int = 256,
        tape: int = 8_192,
    ) -> None:
        self.state: State = new_state(terms, accounts=accounts, positions=positions, orders=orders, holdings=holdings)
        self.watch = blank_watch(np.full(2 * len(terms.contracts), keys), len(self.state.accounts), positions, holdings)
        self.tape = blank_tape(tape)
        self.before: State | None = None
        self.is_spoiled = False

    def do(self, command: Command | np.ndarray, *, keep: bool = False) -> Any:
        """Apply one command (or one record) and give a copy of its events; `keep` keeps the state before it."""
        records = command if isinstance(command, np.ndarray) else pack([command])
        self.before = copy_state(self.state) if keep else None
        told: list[Any] = []
        place = 0
        while True:
            place = apply(self.state, self.watch, self.tape, records, place)
            count = int(self.tape.meter[0])
            told.append(self.tape.records[:count].copy())
            self.tape.meter[0] = 0
            if place == len(records):
                self.check_watch()
                return np.concatenate(told)
            assert self.tape.meter[1] <= len(self.tape.records), "the tape is too short for this test"

    def check_watch(self) -> None:
        """Whoever is sound by status is sound by a scan, and every corner is a certificate."""
        if self.is_spoiled:
            return
        found = np.zeros(len(self.state.accounts), dtype=np.int32)
        missed = found[: scan_exactly(self.state, found)].tolist()
        assert missed == [], f"the watch missed {missed}"
        broken = found[: broken_corners(self.state, self.watch, found)].tolist()
        assert broken == [], f"the corners of {broken} are no certificates"


SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
FIRST = SystemAccount.MARKET_FUNDS + 2
LOSER, WINNER, RICH, OTHER = FIRST, FIRST + 1, FIRST + 2, FIRST + 3
FUND = SystemAccount.MARKET_FUNDS


def small_terms(executor: Executor = Executor.ENGINE) -> Terms:
    """Two markets at 10 % and 5 %, one stage with a penalty of 1 %, funds before deleveraging before haircuts."""
    terms = blank_terms(TermsShape(2, 8))
    for instrument in range(2):
        contract = terms.contracts[instrument]
        contract.quanta_per_lot_tick = 1
        contract.price_max_ticks = 100_000
        contract.lots_max = 100_000
        terms.feeds[instrument * SOURCES_MAX].weight = 1
        for level, rate in ((Level.INITIAL, 100_000), (Level.MAINTENANCE, 50_000)):
            schedule = terms.schedules[level * 2 + instrument]
            schedule.kind = Schedule.BRACKETS_MARGINAL
            schedule.denominator = PPM
            schedule.first_bracket = 2 * instrument + level
            schedule.bracket_count = 1
            schedule.rate_max_ppm = rate
            terms.brackets[2 * instrument + level].numerator = rate
    for level in (Level.INITIAL, Level.MAINTENANCE):
        terms.levels[level].used = 1
    terms.levels[Level.INITIAL].includes_orders = 1
    stage = terms.stages[0]
    stage.used = 1
    stage.level = Level.MAINTENANCE
    stage.scale_ppm = PPM
    stage.executor = executor
    stage.fee_ppm = 10_000
    stage.fee_payee = 1
    stage.timeout_ns = 60 * SECOND
    for place, tranche in enumerate((Tranche.MARKET_FUND, Tranche.VENUE_FUND, Tranche.ADL, Tranche.HAIRCUT_ALL)):
        terms.absorbers[place].used = 1
        terms.absorbers[place].tranche = tranche
        terms.absorbers[place].cap_ppm = PPM
    terms.assets[0].used = 1
    policy = terms.policy[0]
    policy.mark_components = 7
    policy.sources_min = 1
    policy.funding_rate_max_ppb = 1_000_000_000
    policy.advance_max = 10
    policy.adl_price = AdlPrice.BANKRUPTCY
    return terms


class Scene:
    """A machine and its auditor, brought to the command before the fault."""

    def __init__(self, executor: Executor = Executor.ENGINE, terms: Terms | None = None) -> None:
        self.machine = Machine(small_terms(executor) if terms is None else terms)
        self.auditor = Auditor(self.machine.state)
        self.time = START
        for instrument in range(2):
            self.play(ListInstrument(START, instrument))
            self.price(1_000, instrument)
        for account in (LOSER, WINNER, RICH, OTHER):
            self.play(OpenAccount(START, account, account, 1))
        for account, amount in ((LOSER, 11_000), (WINNER, 40_000), (RICH, 500_000), (OTHER, 50_000)):
            self.play(Deposit(START, account, amount))

    def play(self, command: Command, fault: Callable[[Any, Any], Any] | None = None) -> Any:
        """Apply and audit; a fault may change the state and the events in between."""
        record = pack([command])
        events = self.machine.do(record, keep=True)
        if fault is not None:
            self.machine.is_spoiled = True
            changed = fault(self.machine.state, events)
            events = events if changed is None else changed
        self.auditor.check(record[0], events, self.machine.before, self.machine.state)
        return events

    def price(self, ticks: int, instrument: int = 0) -> Any:
        self.time += SECOND
        return self.play(PriceReport(self.time, instrument, 0, ticks, self.time))

    def open_position(self) -> None:
        self.play(Trade(self.time, LOSER, WINNER, 0, 100, 1_000))

    def distress(self, ticks: int) -> Any:
        self.open_position()
        return self.price(ticks)

    def advance(self) -> Command:
        self.time += SECOND
        return Advance(self.time, 5)
