"""From report to decision: a burst of reports over many markets and accounts, p50, p99 and the worst.

python benchmarks/latency.py [--accounts 100000] [--instruments 200] [--reports 100000]

Every report is submitted by itself and timed until its events are there: refused, believed, joined into the mark,
measured by the breakers, and everybody it endangers judged. What the engine's own histogram says of the same burst, and
reports per second of one large batch, stand beside it.
"""

import argparse
import sys
import time
from decimal import Decimal

import numpy as np

from solvent.codes import AccountKind
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.engine import Engine, Genesis
from solvent.engine.latency import ReportLatency
from solvent.events import EventKind
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import read_rulebook
from solvent.state.whole import first_user_account

SECOND = 10**9
START = 1_760_000_000 * SECOND
FEEDS = tuple(Feed(f"s{i}", kind) for i, kind in enumerate(("spot", "spot", "spot", "perp", "mark")))
MARK = 10_000


def records(count: int, kind: CommandKind, **fields: object) -> np.ndarray:
    """Commands of one kind, column by column."""
    made = np.zeros(count, dtype=COMMAND_DTYPE)
    made["kind"] = kind
    for name, value in fields.items():
        made[name] = value
    return made


def venue(accounts: int, instruments: int) -> Engine:
    """Every account with one position, half long and half short, a fifth of them near the edge."""
    contracts = [
        Contract(f"M{i}", f"M{i}", Decimal("0.01"), Decimal("0.01"), Decimal(10_000), Decimal(100_000), FEEDS)
        for i in range(instruments)
    ]
    compiled = compile_terms(read_rulebook("solvent"), contracts)
    engine = Engine.in_memory(Genesis.of(compiled.terms, compiled.symbols, {}))
    engine.submit(records(instruments, CommandKind.LIST_INSTRUMENT, time_ns=START, instrument=np.arange(instruments)))
    engine.submit(reports(np.repeat(np.arange(instruments), len(FEEDS)), MARK, START))
    numbers = first_user_account(engine.state) + np.arange(accounts)
    engine.submit(
        records(
            accounts,
            CommandKind.OPEN_ACCOUNT,
            time_ns=START,
            account=numbers,
            owner=numbers,
            account_kind=AccountKind.CROSS,
        )
    )
    thin = np.arange(accounts) % 5 == 0
    money = np.where(thin, 120_000_000, 400_000_000)
    engine.submit(records(accounts, CommandKind.DEPOSIT, time_ns=START, account=numbers, amount_quanta=money))
    pairs = accounts // 2
    engine.submit(
        records(
            pairs,
            CommandKind.TRADE,
            time_ns=START,
            account=numbers[:pairs],
            counterparty=numbers[pairs : 2 * pairs],
            instrument=np.arange(pairs) % instruments,
            lots=1_000,
            price_ticks=MARK,
        )
    )
    return engine


def reports(markets: np.ndarray, prices: object, start_ns: int) -> np.ndarray:
    """Reports in turn from every source, a microsecond apart."""
    count = len(markets)
    stamps = start_ns + 1_000 * np.arange(1, count + 1)
    source = np.arange(count) % len(FEEDS)
    return records(
        count,
        CommandKind.PRICE_REPORT,
        time_ns=stamps,
        source_time_ns=stamps,
        instrument=markets,
        source=source,
        price_ticks=prices,
    )


def main() -> None:
    """Run and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--accounts", type=int, default=100_000)
    asked.add_argument("--instruments", type=int, default=200)
    asked.add_argument("--reports", type=int, default=100_000)
    given = asked.parse_args()
    engine = venue(given.accounts, given.instruments)
    chance = np.random.default_rng(1)
    rounds = -(-given.reports // (given.instruments * len(FEEDS)))
    markets = np.tile(np.repeat(np.arange(given.instruments), len(FEEDS)), rounds)[: given.reports]
    moves = np.cumsum(chance.normal(0, 8, (rounds, given.instruments)), axis=0)
    prices = np.maximum(MARK + np.repeat(moves, len(FEEDS), axis=1).reshape(-1)[: given.reports], 1).astype(np.int64)
    burst = reports(markets, prices, START + SECOND)
    engine.latency = ReportLatency()
    taken = np.empty(given.reports)
    flagged = refused = marks = 0
    for place in range(given.reports):
        began = time.perf_counter_ns()
        told = engine.submit(burst[place : place + 1])
        taken[place] = time.perf_counter_ns() - began
        kinds = told["kind"]
        flagged += int((kinds == EventKind.ACCOUNT_FLAGGED).sum())
        marks += int((kinds == EventKind.MARK_MOVED).sum())
        refused += int((kinds == EventKind.COMMAND_REFUSED).sum())
    p50, p99, worst = (float(np.percentile(taken, q)) / 1_000 for q in (50, 99, 100))
    own = [engine.latency.percentile_ns(q) / 1_000 for q in (50, 99, 100)]
    again = venue(given.accounts, given.instruments)
    began = time.perf_counter()
    again.submit(burst)
    batch = given.reports / (time.perf_counter() - began)
    sys.stdout.write(
        f"{given.reports} reports, {given.instruments} instruments, {given.accounts} accounts: "
        f"{marks} marks, {flagged} flagged, {refused} refused\n"
        f"report to decision, one at a time: p50 {p50:.1f} us, p99 {p99:.1f} us, max {worst:.1f} us\n"
        f"as the engine counts it: p50 {own[0]:.1f} us, p99 {own[1]:.1f} us, max {own[2]:.1f} us, "
        f"{engine.latency.reports} reports\n"
        f"ratios p99/p50 {p99 / p50:.1f}, max/p50 {worst / p50:.0f}; in one batch {batch:,.0f} reports a second\n"
        f"same state either way: {engine.digest() == again.digest()}\n"
    )


if __name__ == "__main__":
    main()
