"""How fast and how large the machine is on this computer, one core: reports, trades, memory, compile and start.

    python benchmarks/machine.py            a table
    python benchmarks/machine.py --json     the same as JSON

Rates are commands a second through `apply` in batches of 32,768; the floor beside them is a bare loop that only reads
every command and writes one event record, measured in the same run. Memory is the growth of the process's resident
set from before the state is made to after every account holds three positions and is watched.
"""

import argparse
import json
import platform
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from solvent.codes import AccountKind, Level, Schedule
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.compiled import bind, entry, is_cold
from solvent.engine.engine import BATCH_COMMANDS_MAX, Engine, Genesis
from solvent.events import EventKind, blank_tape, tell
from solvent.state.terms import LEVELS, TermsShape, blank_terms
from solvent.state.whole import first_user_account

MARKETS = 3
PRICE = 1_000_000


def terms() -> Any:
    """Three markets under three marginal brackets, orders in the market, ADL behind."""
    room = blank_terms(TermsShape(MARKETS, 6))
    for k in range(MARKETS):
        room.contracts[k] = (10, 2**26, 10**6, 0, 0)
        room.feeds[k * 16] = (1, 2, 0, 0)
        for level in range(LEVELS):
            row = room.schedules[level * MARKETS + k]
            row.kind, row.bracket_count, row.denominator = Schedule.BRACKETS_MARGINAL, 3, 1000
            row.first_bracket, row.scale_ppm, row.rate_max_ppm = 3 * min(level, 1), 10**6, 100_000
    for first, rates in ((0, (20, 40, 100)), (3, (10, 20, 50))):
        deduction = 0
        floors = (0, 250_000 * 10**6, 2_000_000 * 10**6)
        for i, rate in enumerate(rates):
            deduction += floors[i] * (rate - rates[i - 1]) if i else 0
            room.brackets[first + i] = (floors[i], rate, deduction // 1000, deduction % 1000)
    room.levels[Level.INITIAL].used = room.levels[Level.MAINTENANCE].used = 1
    room.levels[Level.INITIAL].includes_orders = 1
    room.stages[0].used, room.stages[0].level, room.stages[0].scale_ppm = 1, Level.MAINTENANCE, 10**6
    room.absorbers[0] = (1, 1, 10**6)
    room.assets[0] = (1, 0, 1, 1, 10**6, 10**6)
    policy = room.policy[0]
    policy.mark_components, policy.sources_min, policy.advance_max = 4, 1, 64
    policy.funding_rate_max_ppb = 10**7
    return room


def blank(count: int, kind: CommandKind, time_ns: int) -> np.ndarray:
    """`count` commands of one kind."""
    records = np.zeros(count, dtype=COMMAND_DTYPE)
    records["kind"], records["time_ns"] = kind, time_ns
    return records


def reports(count: int, time_ns: int, random: np.random.Generator, step: float) -> np.ndarray:
    """A random walk of marks over all markets."""
    records = blank(count, CommandKind.PRICE_REPORT, time_ns)
    records["source_time_ns"] = records["time_ns"] = time_ns + np.arange(count)
    records["instrument"] = np.arange(count) % MARKETS
    walk = np.exp(np.cumsum(random.normal(0.0, step, (count // MARKETS + 1, MARKETS)), axis=0)).reshape(-1)[:count]
    records["price_ticks"] = np.maximum(PRICE * walk, 1)
    return records


def venue(accounts: int) -> tuple[Engine, int]:
    """A venue with funded accounts and open markets."""
    engine = Engine.in_memory(Genesis.of(terms(), [f"M{k}" for k in range(MARKETS)], {}))
    first = first_user_account(engine.state)
    listed = blank(MARKETS, CommandKind.LIST_INSTRUMENT, 1)
    listed["instrument"] = np.arange(MARKETS)
    engine.submit(np.concatenate([listed, reports(MARKETS, 2, np.random.default_rng(0), 0.0)]))
    opened = blank(accounts, CommandKind.OPEN_ACCOUNT, 20)
    opened["account"] = opened["owner"] = first + np.arange(accounts)
    opened["account_kind"] = AccountKind.CROSS
    funded = blank(accounts, CommandKind.DEPOSIT, 20)
    funded["account"], funded["amount_quanta"] = first + np.arange(accounts), 10_000 * 10**6
    for records in (opened, funded):
        send(engine, records)
    return engine, first


def send(engine: Engine, records: np.ndarray) -> None:
    """Submit in batches and let the events go, as a venue would that streams them."""
    for first in range(0, len(records), BATCH_COMMANDS_MAX):
        engine.submit(records[first : first + BATCH_COMMANDS_MAX])


def trades(count: int, accounts: int, first: int, random: np.random.Generator) -> np.ndarray:
    """Random pairs, random markets, both paying a fee."""
    records = blank(count, CommandKind.TRADE, 30)
    buyer = random.integers(0, accounts, count)
    records["account"] = first + buyer
    records["counterparty"] = first + (buyer + random.integers(1, accounts, count)) % accounts
    records["instrument"] = random.integers(0, MARKETS, count)
    records["lots"] = random.integers(1, 20, count)
    records["price_ticks"] = PRICE + random.integers(-200, 200, count)
    records["fee_quanta"] = records["counter_fee_quanta"] = 1_000
    return records


def rate(engine: Engine, records: np.ndarray, rounds: int = 3) -> float:
    """Best commands a second over equal parts."""
    best = 0.0
    for part in np.array_split(records, rounds):
        began = time.perf_counter()
        events = engine.submit(part)
        best = max(best, len(part) / (time.perf_counter() - began))
        refused = int((events["kind"] == EventKind.COMMAND_REFUSED).sum())
        assert refused * 20 < len(part), f"{refused} of {len(part)} were refused: this would measure refusals"
    return best


@entry
def copy_through(state_tables, tape_tables, commands):  # type: ignore[no-untyped-def]
    """The floor: every command read, one event written."""
    state = bind(state_tables)
    tape = bind(tape_tables)
    for place in range(commands.shape[0]):
        event = tell(state, tape, 1)
        event.account = commands[place].account
        event.price_ticks = commands[place].price_ticks


def floor(engine: Engine, records: np.ndarray) -> float:
    """Commands a second of the bare loop."""
    tape = blank_tape(len(records) + 16)
    best = 0.0
    for _ in range(4):
        tape.meter[0] = 0
        began = time.perf_counter()
        copy_through(engine.state, tape, records.view(np.recarray))
        best = max(best, len(records) / (time.perf_counter() - began))
    return best


def resident_bytes() -> int:
    """Resident memory of this process now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def memory(accounts: int) -> dict[str, float]:
    """What `accounts` accounts with three positions each take, and the whole process at its peak."""
    venue(1000)  # the compiled code itself is not what is measured
    before = resident_bytes()
    engine, first = venue(accounts)
    random = np.random.default_rng(3)
    everyone = np.arange(accounts)
    for turn in range(3):
        records = blank(accounts // 2, CommandKind.TRADE, 40 + turn)
        order = random.permutation(everyone)
        records["account"], records["counterparty"] = first + order[::2], first + order[1::2]
        records["instrument"], records["lots"], records["price_ticks"] = turn, 5, PRICE
        send(engine, records)
        del records, order
    held = int((engine.state.positions.lots != 0).sum())
    grown = resident_bytes() - before
    return {
        "accounts": accounts,
        "positions": held,
        "state_and_watch_megabytes": round(grown / 1e6, 1),
        "process_megabytes": round(resident_bytes() / 1e6, 1),
        "process_peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1),
        "bytes_per_account": round(grown / accounts, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--commands", type=int, default=600_000)
    parser.add_argument("--memory-accounts", type=int, default=1_000_000)
    given = parser.parse_args()
    cold = is_cold()
    began = time.perf_counter()
    engine, first = venue(given.accounts)
    started = time.perf_counter() - began
    random = np.random.default_rng(7)
    answer: dict[str, Any] = {
        "machine": {"python": platform.python_version(), "processor": platform.processor() or platform.machine()},
        "compiled_now": cold,
        "start_seconds": round(started, 2),
        "accounts": given.accounts,
    }
    traded = trades(given.commands, given.accounts, first, random)
    engine.submit(traded[:1000])
    answer["trades_per_second"] = round(rate(engine, traded))
    told = reports(given.commands, 10_000, random, 2e-6)
    answer["price_reports_per_second"] = round(rate(engine, told))
    answer["floor_per_second"] = round(floor(engine, told))
    answer["reports_over_floor"] = round(answer["floor_per_second"] / answer["price_reports_per_second"], 2)
    answer["trades_over_floor"] = round(answer["floor_per_second"] / answer["trades_per_second"], 2)
    del engine
    if given.memory_accounts:
        # a process of its own: what earlier measurements left behind is not the machine's
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            answer["memory"] = pool.submit(memory, given.memory_accounts).result()
    if given.json:
        json.dump(answer, sys.stdout, indent=2)
        print()
        return
    for name, value in answer.items():
        print(
            f"{name.replace('_', ' '):<28} {value:,}"
            if isinstance(value, int)
            else f"{name.replace('_', ' '):<28} {value}"
        )


if __name__ == "__main__":
    main()
