"""The worklist of every price against a scan of everybody, by brute force: `solvent bench lists`.

Books of a few hundred accounts in 200 markets, one after the other until the ticks are used up. Prices move by a fifth
to ten times their ordinary steps, jump, go to their bounds, and to the very trigger of somebody and one tick to each
side; many markets move between two looks; in between accounts deposit, withdraw, trade, and pay funding. After every
price: the accounts flagged by it are exactly those a naive scan finds below the threshold at that moment, in the same
order. Every machine has another shape: it scans early or late, repairs much or little at once, has a mirror or none.
"""

import sys
from typing import Any

import numpy as np

from solvent.codes import Level, Status
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.compiled import quick_compilation
from solvent.engine.engine import announce_compilation
from solvent.engine.room import Machine, fresh_watch, make_room, with_mirror
from solvent.events import EventKind, blank_tape
from solvent.lab.bench.book import CLASSES, MARKETS, Book, class_of, draw_book
from solvent.procedures.apply import apply
from solvent.procedures.assess import assess_accounts
from solvent.procedures.scan import broken_corners, scan_exactly
from solvent.risk.watch import DEAD, MIDDLE, SCANS, SLICE

ACCOUNTS = 300
TICKS_A_BOOK = 2_500
LOOK_EVERY = 25
"""Corners are judged once in so many prices; lists at each."""


class Difference(AssertionError):
    """The index and the naive scan named different accounts."""


class _Run:
    """One book on one path."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.book: Book = draw_book(ACCOUNTS, ("quiet", "stressed")[seed % 2], seed)
        machine = Machine(self.book.state, fresh_watch(self.book.state))
        room = int(self.random.choice([1, 70, 1024]))
        watch = machine.watch._replace(fired=np.zeros(room, dtype=np.int32), surplus=np.zeros(room, dtype=np.int64))
        watch.meter[SLICE] = self.random.choice([1, 10, 4096])
        self.machine = Machine(machine.state, watch)
        self.tape = blank_tape(20_000)
        self.found = np.zeros(ACCOUNTS * 2, dtype=np.int32)
        self.volatility = 1.0

    def records(self, kind: CommandKind, count: int = 1) -> Any:
        """Blank commands of now."""
        venue = self.machine.state.venue[0]
        records = np.zeros(count, dtype=COMMAND_DTYPE)
        records["kind"] = kind
        records["time_ns"] = int(venue.time_ns) + 1 + np.arange(count)
        return records

    def carry_out(self, records: Any) -> Any:
        """Apply them and give what was told."""
        self.machine = make_room(self.machine, records)
        self.tape.meter[0] = 0
        done = apply(*self.machine, self.tape, records.view(np.recarray), 0)
        if done != len(records):
            raise Difference(f"the tape was too short after command {done}")
        return self.tape.records[: int(self.tape.meter[0])]

    def price(self) -> tuple[int, int]:
        """The next (market, ticks)."""
        random, state = self.random, self.machine.state
        market = int(random.integers(0, MARKETS) if random.random() < 0.2 else min(random.geometric(0.15) - 1, 199))
        mark = int(state.instruments[market].mark_ticks)
        top = int(state.contracts[market].price_max_ticks)
        draw = random.random()
        if draw < 0.03:
            ticks = round(mark * random.choice([0.92, 0.98, 1.03, 1.08, 0.5, 2.0]))
        elif draw < 0.032:
            ticks = int(random.choice([1, top]))
        elif draw < 0.2:
            side = int(random.integers(0, 2))
            column = self.machine.watch.columns[2 * market + side]
            keys = self.machine.watch.keys[column.first : column.first + column.capacity]
            best = int(keys.max()) if len(keys) else DEAD
            ticks = mark if best == DEAD else (best + MIDDLE if side == 0 else MIDDLE - best)
            ticks += int(random.integers(-1, 2))
        else:
            step = CLASSES[class_of(market)][2] * self.volatility * random.standard_t(4)
            ticks = round(mark * (1 + step)) + int(random.integers(-1, 2))
        return market, min(max(ticks, 1), top)

    def update(self) -> None:
        """Money, contracts and funding between two prices."""
        random, state, book = self.random, self.machine.state, self.book
        account, other = (book.first + random.choice(book.accounts, 2, replace=False)).tolist()
        draw = random.random()
        if draw < 0.3:
            records = self.records(CommandKind.DEPOSIT)
            records["account"], records["amount_quanta"] = account, random.choice([1, 1_000, 10**9])
        elif draw < 0.6:
            answers = np.zeros((1, 4), dtype=np.int64)
            assess_accounts(state, Level.INITIAL, np.array([account]), answers)
            free = max(int(answers[0, 0] - answers[0, 1] - max(answers[0, 2], 0)), 1)
            records = self.records(CommandKind.WITHDRAW)
            records["account"], records["amount_quanta"] = account, max(int(free * random.choice([0.01, 0.5, 1.0])), 1)
        elif draw < 0.95:
            market = int(random.integers(0, 8))
            records = self.records(CommandKind.TRADE)
            records["account"], records["counterparty"], records["instrument"] = account, other, market
            records["lots"] = int(random.choice([1, 100, 10_000]))
            records["price_ticks"] = int(state.instruments[market].mark_ticks)
        else:
            records = self.records(CommandKind.FUNDING_TICK)
            records["instrument"] = int(random.integers(0, 8))
            records["rate_ppb"] = int(random.integers(-100_000, 100_000)) * int(random.choice([1, 1, 1, 90]))
        self.carry_out(records)

    def tick(self) -> int:
        """One price, and its list against the scan's; how many were flagged."""
        market, ticks = self.price()
        state = self.machine.state
        records = self.records(CommandKind.PRICE_REPORT)
        records["instrument"], records["price_ticks"] = market, ticks
        records["source_time_ns"] = records["time_ns"]
        told = self.carry_out(records)
        flagged = told["account"][told["kind"] == EventKind.ACCOUNT_FLAGGED].tolist()
        marked = state.accounts["status"].copy()
        state.accounts["status"][flagged] = Status.SOUND  # as they were: the scan may name them
        naive = self.found[: scan_exactly(state, self.found)].tolist()
        state.accounts["status"][:] = marked
        if flagged != naive:
            raise Difference(f"price {ticks} of market {market}: the index flagged {flagged}, the scan {naive}")
        return len(flagged)


def compare_lists(ticks: int, seed: int) -> dict[str, int]:
    """Play so many prices; what was met. Raises Difference at the first list that is not the scan's."""
    announce_compilation()
    met = {"ticks": 0, "books": 0, "flagged": 0, "updates": 0, "scans": 0}
    with quick_compilation():
        while met["ticks"] < ticks:
            run = _Run(seed + met["books"])
            met["books"] += 1
            for number in range(min(TICKS_A_BOOK, ticks - met["ticks"])):
                if number % 50 == 0:
                    run.volatility = float(run.random.choice([0.2, 1.0, 1.0, 3.0, 10.0]))
                    if run.random.random() < 0.5:
                        run.machine = with_mirror(run.machine)
                if run.random.random() < 0.3:
                    run.update()
                    met["updates"] += 1
                met["flagged"] += run.tick()
                met["ticks"] += 1
                if number % LOOK_EVERY == 0:
                    broken = broken_corners(*run.machine, run.found)
                    if broken:
                        raise Difference(f"corners of {run.found[:broken].tolist()} are no certificates")
            met["scans"] += int(run.machine.watch.meter[SCANS])
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{met['ticks']:,} of {ticks:,} prices")
                sys.stderr.flush()
    return met
