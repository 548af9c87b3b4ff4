"""How long one price takes: the index, the scan, the read floor and the whole command, in one process on one core.

    measure_watch(accounts, book, seed)      # what `solvent bench watch` prints

Times inside the machine are taken by the system's monotonic clock from compiled code, so that no call from Python is in
them; the clock itself costs some 30 ns. The read floor is the time to add up a buffer of exactly the bytes a scan must
read at the least: nine for a position or holding, 25 for an account. Scan and floor are medians of interleaved rounds.

What a price costs is told in two parts: the watch (whom it endangers, judged; corners made anew), and the telling:
status, queue and event of every account it flags, which any way of finding them would have to pay. The telling is
measured by flagging the same accounts once more.
"""

import ctypes
import ctypes.util
import functools
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numba
import numpy as np

from solvent.codes import Level
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.compiled import bind, quick_compilation
from solvent.engine.engine import announce_compilation
from solvent.engine.room import Machine, fresh_watch, with_mirror
from solvent.events import blank_tape
from solvent.lab.bench.book import JUMP, Book, draw_book, draw_path
from solvent.procedures.answer import decide_price, repair
from solvent.procedures.apply import apply
from solvent.procedures.rebuild import keep_up
from solvent.procedures.review import flag
from solvent.procedures.scan import scan_exactly, scan_filtered
from solvent.risk.watch import JUDGED, WARM_CHUNK, warm

ROUNDS = 9
TABLE_ROUNDS = 3
CHECKS = 8
"""So many times on the path the index is compared with both scans; a quarter of it where a scan takes seconds."""
MANY = 3_000_000
JUMP_WAKE = 50
"""So many prices from a jump on are not counted as calm."""
POSITION_BYTES = 9
ACCOUNT_BYTES = 25
CLOCK_MONOTONIC = 1
CLOCK_PROCESSOR = 3
"""The processor's own time of this thread: some 200 ns to read, and not stretched by what else the computer does."""

BYTES_PER_ACCOUNT = 720
"""Tables, index and mirror of a drawn book, and what drawing it needs besides, at three positions an account."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles of one-sided times."""

    p50: float
    p99: float
    p999: float
    max: float
    mean: float


def _clock() -> Any:
    """The system's clock_gettime, as compiled code may call it. Raises OSError where there is none."""
    library = ctypes.CDLL(ctypes.util.find_library("c") or None)
    clock = library.clock_gettime
    clock.argtypes, clock.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_int
    return clock


@functools.cache
def timed_kernels() -> tuple[Callable[..., None], Callable[..., None], Callable[..., None]]:
    """(ticks, commands, flags): write nanoseconds of each step; compiled here, because they call the clock."""
    clock = _clock()

    @numba.njit(error_model="numpy")
    def ticks(state_tables, watch_tables, tape_tables, markets, prices, decided, finished, stamp, source):  # type: ignore[no-untyped-def]
        state, watch, tape = bind(state_tables), bind(watch_tables), bind(tape_tables)
        for i in range(markets.shape[0]):
            market = state.instruments[markets[i]]
            before = market.mark_ticks
            tape.meter[0] = 0
            waiting = state.venue[0].queue_count
            clock(source, stamp.ctypes.data)
            began = stamp[0] * 1_000_000_000 + stamp[1]
            market.mark_ticks = prices[i]
            state.venue[0].price_version += 1
            left = decide_price(state, watch, tape, markets[i], before, prices[i])
            clock(source, stamp.ctypes.data)
            decided[i] = stamp[0] * 1_000_000_000 + stamp[1] - began
            repair(state, watch, left, waiting)
            clock(source, stamp.ctypes.data)
            finished[i] = stamp[0] * 1_000_000_000 + stamp[1] - began

    @numba.njit(error_model="numpy")
    def commands(state_tables, watch_tables, tape_tables, records, taken, stamp):  # type: ignore[no-untyped-def]
        for i in range(records.shape[0]):
            tape_tables.meter[0] = 0
            clock(CLOCK_MONOTONIC, stamp.ctypes.data)
            began = stamp[0] * 1_000_000_000 + stamp[1]
            apply(state_tables, watch_tables, tape_tables, records[i : i + 1], 0)
            clock(CLOCK_MONOTONIC, stamp.ctypes.data)
            taken[i] = stamp[0] * 1_000_000_000 + stamp[1] - began

    @numba.njit(error_model="numpy")
    def flags(state_tables, watch_tables, tape_tables, accounts, taken, stamp):  # type: ignore[no-untyped-def]
        state, watch, tape = bind(state_tables), bind(watch_tables), bind(tape_tables)
        rows = np.empty(WARM_CHUNK, np.int64)
        tape.meter[0] = 0
        for first in range(0, accounts.shape[0], WARM_CHUNK):
            last = min(first + WARM_CHUNK, accounts.shape[0])
            warm(state, watch, accounts[first:last], rows, last - first, False)  # judging has read the rows by then
            clock(CLOCK_PROCESSOR, stamp.ctypes.data)
            began = stamp[0] * 1_000_000_000 + stamp[1]
            for i in range(first, last):
                flag(state, tape, accounts[i], 0, 0)
            clock(CLOCK_PROCESSOR, stamp.ctypes.data)
            taken[0] += stamp[0] * 1_000_000_000 + stamp[1] - began

    return ticks, commands, flags


def spread_us(nanoseconds: np.ndarray) -> Spread:
    """Percentiles in microseconds."""
    p50, p99, p999 = np.percentile(nanoseconds, [50, 99, 99.9])
    figures = (p50, p99, p999, nanoseconds.max(), nanoseconds.mean())
    return Spread(**dict(zip(Spread.__struct_fields__, (round(float(f) / 1e3, 3) for f in figures), strict=True)))


def floor_bytes(book: Book) -> int:
    """Bytes a scan of this book must read at the least."""
    venue = book.state.venue[0]
    return POSITION_BYTES * int(venue.position_count) + ACCOUNT_BYTES * book.accounts


def refuse_what_does_not_fit(accounts: int) -> None:
    """Raise MemoryError, with a sentence, when a book of so many accounts would not fit the memory that is free."""
    wanted = accounts * BYTES_PER_ACCOUNT
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return  # not told by this system: the allocation itself will say
    if wanted > free:
        raise MemoryError(
            f"{accounts:,} accounts take about {wanted / 1e9:.1f} GB and {free / 1e9:.1f} GB are free. Ask for "
            f"{free // BYTES_PER_ACCOUNT:,} or fewer."
        )


def _milliseconds(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1e3


class Bench:
    """One book under measurement; each method leaves it sound and says what it took."""

    def __init__(self, book: Book) -> None:
        self.book = book
        announce_compilation()
        with quick_compilation():
            began = time.perf_counter()
            self.machine = with_mirror(Machine(book.state, fresh_watch(book.state)))
            self.build_seconds = time.perf_counter() - began
            self.run_ticks, self.run_commands, self.run_flags = timed_kernels()
            self.tape = blank_tape(2 * len(book.state.accounts) + 65_536)
            self.stamp = np.zeros(2, dtype=np.int64)
            self.found = np.zeros(len(book.state.accounts), dtype=np.int32)
            self.ticks(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
            self.commands(np.zeros(0, dtype=COMMAND_DTYPE))
            self.flag_us(0)

    def remirror(self) -> None:
        """A mirror of the accounts as they are now."""
        self.machine = with_mirror(self.machine)

    def ticks(
        self, markets: np.ndarray, prices: np.ndarray, source: int = CLOCK_MONOTONIC
    ) -> tuple[np.ndarray, np.ndarray]:
        """(nanoseconds to the decision, to the end) of each price, by one of the system's clocks."""
        decided, finished = np.zeros(len(markets), dtype=np.int64), np.zeros(len(markets), dtype=np.int64)
        self.run_ticks(*self.machine, self.tape, markets, prices, decided, finished, self.stamp, source)
        return decided, finished

    def commands(self, records: np.ndarray) -> np.ndarray:
        """Nanoseconds of each command through `apply`."""
        taken = np.zeros(len(records), dtype=np.int64)
        self.run_commands(*self.machine, self.tape, records.view(np.recarray), taken, self.stamp)
        return taken

    def flag_us(self, first: int) -> float:
        """Microseconds it takes to flag one of those in the queue from place `first` on: status, queue, event."""
        state = self.machine.state
        accounts = state.queue[first : int(state.venue[0].queue_count)].copy()
        taken = np.zeros(1, dtype=np.int64)
        state.venue[0].queue_count = first
        self.run_flags(*self.machine, self.tape, accounts, taken, self.stamp)
        return float(taken[0]) / max(len(accounts), 1) / 1e3

    def settle(self) -> float:
        """Repair everything a shock left; milliseconds of the processor."""
        began = time.thread_time()
        keep_up(*self.machine, 2**62)
        return (time.thread_time() - began) * 1e3

    def in_one_batch(self, records: np.ndarray) -> float:
        """Microseconds of the processor a command in one call of `apply`; the tape has room for all of them."""
        self.tape.meter[0] = 0
        began = time.thread_time()
        apply(*self.machine, self.tape, records.view(np.recarray), 0)
        return (time.thread_time() - began) / len(records) * 1e6

    def lists_equal(self) -> bool:
        """True when both scans agree that the index missed nobody."""
        exact = int(scan_exactly(self.machine.state, self.found))
        filtered, _doubted = scan_filtered(*self.machine, self.found)
        return exact == 0 and int(filtered) == 0

    def scans(self) -> dict[str, float]:
        """Medians of interleaved rounds: read floor, filter scan, exact scan of the tables; milliseconds."""
        buffer = np.ones(floor_bytes(self.book) // 8)
        times: dict[str, list[float]] = {"floor_ms": [], "scan_ms": [], "table_scan_ms": []}
        doubted = 0
        for number in range(ROUNDS):
            times["floor_ms"].append(_milliseconds(buffer.sum))
            began = time.perf_counter()
            _count, doubted = scan_filtered(*self.machine, self.found)
            times["scan_ms"].append((time.perf_counter() - began) * 1e3)
            if number < TABLE_ROUNDS:
                times["table_scan_ms"].append(_milliseconds(lambda: scan_exactly(self.machine.state, self.found)))
        return {**{name: round(float(np.median(found)), 4) for name, found in times.items()}, "doubted": int(doubted)}

    def shifted(self, factors: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
        """(market, price) of marks moved by these factors."""
        marks = self.machine.state.instruments.mark_ticks
        markets = np.array(list(factors), dtype=np.int64)
        prices = np.array([max(round(int(marks[m]) * f), 1) for m, f in factors.items()], dtype=np.int64)
        return markets, prices


def report_records(bench: Bench, markets: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """The prices as commands of one source."""
    records = np.zeros(len(markets), dtype=COMMAND_DTYPE)
    now = int(bench.machine.state.venue[0].time_ns)
    records["kind"] = CommandKind.PRICE_REPORT
    records["instrument"], records["price_ticks"] = markets, prices
    records["time_ns"] = records["source_time_ns"] = now + 1 + np.arange(len(markets))
    return records


def transfer_records(bench: Bench, kind: CommandKind, share: float, count: int, seed: int) -> np.ndarray:
    """Deposits, or withdrawals of a share of the surplus over the initial level, by accounts drawn from the seed."""
    from solvent.procedures.assess import assess_accounts

    state = bench.machine.state
    numbers = np.random.default_rng(seed).integers(bench.book.first, bench.book.first + bench.book.accounts, count)
    answers = np.zeros((count, 4), dtype=np.int64)
    assess_accounts(state, Level.INITIAL, numbers, answers)
    gains = np.maximum(answers[:, 2], 0)
    free = np.maximum(answers[:, 0] - answers[:, 1] - gains, 0)
    records = np.zeros(count, dtype=COMMAND_DTYPE)
    records["kind"], records["account"] = kind, numbers
    records["amount_quanta"] = np.maximum((free * share).astype(np.int64), 1)
    records["time_ns"] = int(state.venue[0].time_ns) + 1
    return records


def measure_watch(
    accounts: int,
    kind: str,
    seed: int,
    ticks: int = 20_000,
    *,
    scattered: bool = True,
    volatility: float = 1.0,
    jump: float = JUMP,
) -> dict[str, Any]:
    """Everything `solvent bench watch` prints, JSON-ready. Raises MemoryError when the computer has not the memory."""
    refuse_what_does_not_fit(accounts)
    book = draw_book(accounts, kind, seed, scattered=scattered)
    bench = Bench(book)
    watch = bench.machine.watch
    index_bytes = sum(rows.nbytes for name, rows in watch._asdict().items() if not name.startswith("mirror"))
    scan_bytes = sum(rows.nbytes for name, rows in watch._asdict().items() if name.startswith("mirror"))
    equal = bench.lists_equal()
    scans = bench.scans()
    markets, prices, jumps = draw_path(book, ticks, seed, jump, volatility)
    decided, finished = [], []
    flagged = int(book.state.venue[0].queue_count)
    judged = int(watch.meter[JUDGED])
    processor_seconds = 0.0
    queued = flagged
    for part in np.array_split(np.arange(ticks), CHECKS if accounts < MANY else CHECKS // 4):
        began = time.thread_time()
        times = bench.ticks(markets[part], prices[part])
        processor_seconds += time.thread_time() - began
        decided.append(times[0])
        finished.append(times[1])
        equal = equal and bench.lists_equal()
        _progress(f"{sum(map(len, decided)):,} of {ticks:,} prices")
    _progress("")
    flagged = int(book.state.venue[0].queue_count) - flagged
    flag_us = bench.flag_us(queued)
    mean_us = processor_seconds / ticks * 1e6
    watch_us = max(mean_us - flagged * flag_us / ticks, 1e-3)
    calm_us = float(np.mean(np.concatenate(finished)[~_near_jumps(jumps)])) / 1e3
    judged = int(watch.meter[JUDGED]) - judged
    tick_us = spread_us(np.concatenate(finished))
    later = draw_path(book, max(ticks // 4, 1), seed + 10, 0.0, volatility)
    command_us = spread_us(bench.commands(report_records(bench, *later[:2])))
    equal = equal and bench.lists_equal()
    scan_us = scans["scan_ms"] * 1e3
    return {
        "accounts": accounts,
        "book": kind,
        "seed": seed,
        "positions": int(book.state.venue[0].position_count),
        "ticks": ticks,
        "jumps": int(jumps.sum()),
        "volatility": volatility,
        "rows": "scattered" if scattered else "together",
        **scans,
        "tick_us": msgspec.to_builtins(tick_us),
        "decision_us": msgspec.to_builtins(spread_us(np.concatenate(decided))),
        "tick_processor_mean_us": round(mean_us, 3),
        "watch_mean_us": round(watch_us, 3),
        "flag_us": round(flag_us, 4),
        "calm_mean_us": round(calm_us, 3),
        "command_us": {"p50": command_us.p50, "p99": command_us.p99},
        "scan_over_floor": round(scans["scan_ms"] / scans["floor_ms"], 3),
        "scan_over_tick_mean": round(scan_us / tick_us.mean, 1),
        "scan_over_tick_mean_processor": round(scan_us / mean_us, 1),
        "scan_over_watch_mean": round(scan_us / watch_us, 1),
        "scan_over_calm_mean": round(scan_us / calm_us, 1),
        "scan_over_tick_p99": round(scan_us / tick_us.p99, 1),
        "judged_per_tick": round(judged / ticks, 3),
        "flagged": flagged,
        "build_seconds": round(bench.build_seconds, 3),
        "index_bytes_per_account": round(index_bytes / accounts, 2),
        "scan_bytes_per_account": round(scan_bytes / accounts, 2),
        "lists_equal": bool(equal),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
    }


def _near_jumps(jumps: np.ndarray) -> np.ndarray:
    """The jumps, and the prices right after them, which repair what a jump broke."""
    near = jumps.copy()
    for later in range(1, JUMP_WAKE):
        near[later:] |= jumps[:-later]
    return near


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}")
        sys.stderr.flush()
