"""What large moves and updates cost: deciding, repairing, money, trades, and a path of a cascade.

All times are the processor's own, so that what else the computer does is not in them. The scan beside a decision is the
one of the same moment, at the prices after the move: it, too, judges everybody the move has pushed below the threshold,
only it tells nobody.
"""

import time
from typing import Any

import numpy as np

from solvent.codes import Level, Refusal, Status
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.events import EventKind
from solvent.lab.bench.book import CLASSES, MARKETS, class_of, draw_book
from solvent.lab.bench.watch import CLOCK_PROCESSOR, Bench, spread_us, transfer_records
from solvent.procedures.assess import assess_accounts
from solvent.procedures.scan import scan_filtered
from solvent.risk.watch import COUNT, CURSOR
from solvent.state.tables import NONE

SCAN_ROUNDS = 5


def scan_at(bench: Bench, markets: np.ndarray, prices: np.ndarray) -> float:
    """Milliseconds of a scan as if the markets stood at these prices; nothing is changed by it."""
    instruments = bench.machine.state.instruments
    kept = instruments.mark_ticks.copy()
    instruments.mark_ticks[markets] = prices
    times = []
    for _ in range(SCAN_ROUNDS):
        began = time.thread_time()
        scan_filtered(*bench.machine, bench.found)
        times.append((time.thread_time() - began) * 1e3)
    instruments.mark_ticks[:] = kept
    return float(np.median(times))


def measure_shocks(bench: Bench, seed: int) -> list[dict[str, Any]]:
    """Large moves: what deciding and repairing take beside one scan of the same moment."""
    draws = np.random.default_rng(seed + 7)
    stories: list[tuple[str, dict[int, float]]] = [
        ("all markets N(0, 5 bp)", {m: 1 + draws.normal(0, 5e-4) for m in range(MARKETS)}),
        ("market 0 -1 %", {0: 0.99}),
        ("market 0 -5 %", {0: 0.95}),
        ("market 0 -10 % more", {0: 0.90}),
        ("all markets -5 %", dict.fromkeys(range(MARKETS), 0.95)),
    ]
    answers = []
    bench.settle()
    for name, factors in stories:
        bench.remirror()
        markets, prices = bench.shifted(factors)
        quiet = scan_at(bench, markets[:0], prices[:0])
        moved = scan_at(bench, markets, prices)
        before = int(bench.machine.state.venue[0].queue_count)
        decided, finished = bench.ticks(markets, prices, CLOCK_PROCESSOR)
        waiting = int(bench.machine.watch.pending[COUNT]) + int(bench.machine.watch.meter[CURSOR] != NONE)
        answers.append(
            {
                "shock": name,
                "scan_before_ms": round(quiet, 3),
                "scan_ms": round(moved, 3),
                "decision_ms": round(float(decided.sum()) / 1e6, 3),
                "worst_decision_ms": round(float(decided.max()) / 1e6, 3),
                "worst_command_ms": round(float(finished.max()) / 1e6, 3),
                "worst_decision_over_scan": round(float(decided.max()) / 1e6 / moved, 3),
                "decision_over_scan": round(float(decided.sum()) / 1e6 / moved, 3),
                "waiting": waiting,
                **_aftermath(bench, before),
            }
        )
    return [*answers, _measure_new_terms(bench)]


def _aftermath(bench: Bench, queued: int) -> dict[str, Any]:
    """What was flagged since, what repairing the rest takes, and whether nobody was missed."""
    flagged = int(bench.machine.state.venue[0].queue_count) - queued
    upkeep_ms = bench.settle()
    return {
        "flagged": flagged,
        "upkeep_afterwards_ms": round(upkeep_ms, 1),
        "upkeep_s_per_million": round(upkeep_ms / 1e3 / bench.book.accounts * 1e6, 3),
        "lists_equal": bench.lists_equal(),
    }


def _measure_new_terms(bench: Bench) -> dict[str, Any]:
    """A whole command that enacts the same terms again: everybody is decided about, every corner made anew."""
    bench.remirror()
    state = bench.machine.state
    state.staged[:] = state.cells
    scan_ms = scan_at(bench, np.zeros(0, np.int64), np.zeros(0, np.int64))
    before = int(state.venue[0].queue_count)
    records = np.zeros(1, dtype=COMMAND_DTYPE)
    records["kind"], records["version"] = CommandKind.ENACT_TERMS, int(state.venue[0].terms_version) + 1
    records["time_ns"] = int(state.venue[0].time_ns) + 1
    command_ms = bench.in_one_batch(records) / 1e3
    if int(state.venue[0].terms_version) != int(records["version"][0]):
        raise AssertionError("the terms were refused")
    return {
        "shock": "new terms",
        "scan_before_ms": round(scan_ms, 3),
        "scan_ms": round(scan_ms, 3),
        "decision_ms": round(command_ms, 3),
        "worst_decision_ms": round(command_ms, 3),
        "worst_command_ms": round(command_ms, 3),
        "worst_decision_over_scan": round(command_ms / scan_ms, 3),
        "decision_over_scan": round(command_ms / scan_ms, 3),
        "waiting": int(bench.machine.watch.meter[CURSOR] != NONE),
        **_aftermath(bench, before),
    }


def trade_records(bench: Bench, count: int, seed: int) -> np.ndarray:
    """Trades at the mark between two holders of the same market with free margin, of a lot or a thousandth."""
    random = np.random.default_rng(seed + 5)
    state = bench.machine.state
    held = state.positions[: int(state.venue[0].position_count)]
    sound = state.accounts["status"][held["account"]] == Status.SOUND
    numbers = np.arange(bench.book.first, bench.book.first + bench.book.accounts)
    answers = np.zeros((len(numbers), 4), dtype=np.int64)
    assess_accounts(state, Level.INITIAL, numbers, answers)
    free = np.zeros(len(state.accounts), dtype=bool)
    free[numbers] = answers[:, 0] > 2 * answers[:, 1]
    records = np.zeros(count, dtype=COMMAND_DTYPE)
    records["kind"], records["time_ns"] = CommandKind.TRADE, int(state.venue[0].time_ns) + 1
    for place, market in enumerate(random.integers(0, 10, count)):
        rows = random.choice(len(held), 4_096)
        rows = rows[(held["instrument"][rows] == market) & sound[rows] & free[held["account"][rows]]]
        pair = np.unique(held["account"][rows])[:2]
        if len(pair) < 2:
            continue
        records["instrument"][place] = market
        records["account"][place], records["counterparty"][place] = pair
        records["lots"][place] = max(int(abs(held["lots"][rows[0]])) // 1_000, 1)
        records["price_ticks"][place] = state.instruments[market].mark_ticks
    return records[records["lots"] > 0]


def measure_updates(bench: Bench, seed: int, count: int = 2_000) -> dict[str, Any]:
    """Whole commands through `apply`, one by one and in one call: deposits, withdrawals, trades; microseconds."""
    made: dict[str, np.ndarray] = {
        "deposit": transfer_records(bench, CommandKind.DEPOSIT, 0.01, 2 * count, seed),
        "withdrawal of 1 % of the free cash": transfer_records(bench, CommandKind.WITHDRAW, 0.01, 2 * count, seed),
        "withdrawal of half the free cash": transfer_records(bench, CommandKind.WITHDRAW, 0.5, 2 * count, seed + 1),
        "trade": trade_records(bench, count, seed),
    }
    answers: dict[str, Any] = {}
    for name, records in made.items():
        half = len(records) // 2
        spread = spread_us(bench.commands(records[:half]))
        alone = bench.in_one_batch(records[half:])
        told = bench.tape.records[: int(bench.tape.meter[0])]
        refused = int((told["kind"] == EventKind.COMMAND_REFUSED).sum())
        answers[name] = {
            "p50": spread.p50,
            "p99": spread.p99,
            "in_one_batch": round(alone, 3),
            "commands": len(records),
            "refused_of_batch": refused,
            "refusals": sorted({Refusal(code).name for code in told["refusal"][told["refusal"] > 0].tolist()}),
        }
    return answers


def measure_cascade(accounts: int, seed: int, steps: int = 1_440, markets: int = 10) -> dict[str, Any]:
    """A path of a falling market, step by step, through the index and through a scan a step; the same are flagged."""
    random = np.random.default_rng(seed + 9)
    scale = np.array([CLASSES[class_of(market)][2] for market in range(markets)])
    moves = random.normal(-6e-5, 1.0, (steps, markets)) * scale * 4 - 6e-5
    answer: dict[str, Any] = {"accounts": accounts, "steps": steps, "markets": markets}
    flagged = {}
    for way in ("index", "scan"):
        bench = Bench(draw_book(accounts, "stressed", seed))
        bench.remirror()
        state = bench.machine.state
        logs = np.log(state.instruments.mark_ticks[:markets].astype(float))
        paths = np.maximum(np.exp(logs + np.cumsum(moves, axis=0)).astype(np.int64), 1)
        before = int(state.venue[0].queue_count)
        began = time.thread_time()
        if way == "index":
            bench.ticks(np.tile(np.arange(markets), steps), paths.reshape(-1))
            flagged[way] = sorted(state.queue[before : int(state.venue[0].queue_count)].tolist())
        else:
            names: list[int] = []
            for step in range(steps):
                state.instruments.mark_ticks[:markets] = paths[step]
                found = bench.found[: scan_filtered(*bench.machine, bench.found)[0]]
                state.accounts["status"][found] = Status.DISTRESSED
                bench.machine.watch.mirror_cash[bench.machine.watch.mirror_row[found]] = np.inf
                names += found.tolist()
            flagged[way] = sorted(names)
        answer[f"{way}_us_per_step"] = round((time.thread_time() - began) / steps * 1e6, 2)
    answer["flagged"] = len(flagged["index"])
    answer["scan_over_index"] = round(answer["scan_us_per_step"] / answer["index_us_per_step"], 2)
    # within a step the index sees each price, the scan only the last: it may name a few more, never fewer
    answer["scan_is_contained"] = set(flagged["scan"]) <= set(flagged["index"])
    return answer
