"""The scan beside what one would write otherwise: pandas, NumPy, Polars, DuckDB, JAX, plain Numba; per account, SDKs.

    python benchmarks/watch_peers.py [--accounts 10000 100000] [--seed 1] [--rounds 7] [--json]

Needs the group `peers` of pyproject.toml (pip install --group peers), which is no part of the product or its locks. A
peer that is not installed is left out, and said. Every method gets the same book at the same prices and answers with
the numbers of the accounts below their threshold; an answer that is not the exact scan's is told. Times are medians of
interleaved rounds, milliseconds; floats of eight bytes for the peers, whose answers may differ from the exact one by
rounding where an account stands at the threshold.
"""

import argparse
import importlib.util
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from solvent.codes import Level, Status
from solvent.compiled import quick_compilation
from solvent.engine.room import Machine, fresh_watch, with_mirror
from solvent.lab.bench.book import MARKETS, Book, draw_book
from solvent.lab.bench.watch import floor_bytes
from solvent.procedures.scan import scan_exactly, scan_filtered


class Columns:
    """A book as columns, as somebody would keep it who has no machine: a row for each position or holding."""

    def __init__(self, book: Book) -> None:
        state = book.state
        venue = state.venue[0]
        held = state.positions[: int(venue.position_count)]
        owned = state.holdings[: int(venue.holding_count)]
        account = np.concatenate([held["account"], owned["account"]]).astype(np.int64) - book.first
        order = np.argsort(account, kind="stable")
        self.accounts = book.accounts
        self.account = account[order]
        market = np.concatenate([held["instrument"], state.assets.price_instrument[owned["asset"]]])
        self.market = market.astype(np.int64)[order]
        self.size = np.concatenate([held["lots"], owned["amount_quanta"]]).astype(float)[order]
        keep = np.concatenate([np.ones(len(held)), state.assets.maintenance_ppm[owned["asset"]] / 1e6])
        self.keep = keep[order]
        self.is_position = np.concatenate([np.ones(len(held)), np.zeros(len(owned))])[order]
        cost = np.zeros(book.accounts)
        np.add.at(cost, held["account"] - book.first, held["cost_quanta"].astype(float))
        wallets = state.accounts.wallet_quanta[book.first : book.first + book.accounts]
        self.cash = wallets.astype(float) - cost
        self.sound = state.accounts["status"][book.first : book.first + book.accounts] == Status.SOUND
        self.begins = np.searchsorted(self.account, np.arange(book.accounts))
        self.rates = np.zeros((3, MARKETS))
        self.deductions = np.zeros((3, MARKETS))
        for instrument in range(MARKETS):
            schedule = state.schedules[Level.MAINTENANCE * MARKETS + instrument]
            for place in range(3):
                bracket = state.brackets[int(schedule.first_bracket) + place]
                self.rates[place, instrument] = bracket.numerator / schedule.denominator
                self.deductions[place, instrument] = bracket.deduction_whole
        self.prices = state.instruments.mark_ticks.astype(float)

    def below(self, surplus: np.ndarray) -> np.ndarray:
        """Numbers of those that count as sound and are not."""
        return np.flatnonzero((surplus < 0) & self.sound)


def numpy_reduceat(c: Columns) -> Callable[[], np.ndarray]:
    def scan() -> np.ndarray:
        value = c.size * c.prices[c.market] * c.keep
        notional = np.abs(value)
        need = np.maximum.reduce([notional * c.rates[k][c.market] - c.deductions[k][c.market] for k in range(3)])
        return c.below(c.cash + np.add.reduceat(value - need * c.is_position, c.begins))

    return scan


def numpy_tuned(c: Columns, block: int = 16_384) -> Callable[[], np.ndarray]:
    """Blocks that stay in the cache, tables by market and side, entries folded into cash."""
    code = (2 * c.market + (c.size < 0)) * 1
    code[c.is_position == 0] = 2 * MARKETS + c.market[c.is_position == 0]
    size = np.abs(c.size) * np.where(c.is_position == 1, 1, c.keep)
    edges = np.arange(0, c.accounts + block, block).clip(max=c.accounts)
    begins = np.append(c.begins, len(size))

    def scan() -> np.ndarray:
        tables = []
        for k in range(3):
            sided = np.stack([c.prices * (1 - c.rates[k]), -c.prices * (1 + c.rates[k])], axis=1).ravel()
            extra = np.repeat(c.deductions[k], 2)
            tables.append((np.append(sided, c.prices), np.append(extra, np.zeros(MARKETS))))
        surplus = np.empty(c.accounts)
        for low, high in itertools.pairwise(edges):
            if low == high:
                continue
            first, last = begins[low], begins[high]
            codes, sizes = code[first:last], size[first:last]
            worth = sizes * tables[0][0][codes] + tables[0][1][codes]
            for slope, extra in tables[1:]:
                np.minimum(worth, sizes * slope[codes] + extra[codes], out=worth)
            surplus[low:high] = c.cash[low:high] + np.add.reduceat(worth, begins[low:high] - first)
        return c.below(surplus)

    return scan


def pandas_groupby(c: Columns) -> Callable[[], np.ndarray]:
    import pandas

    frame = pandas.DataFrame({"account": c.account, "market": c.market, "size": c.size * c.keep, "is": c.is_position})

    def scan() -> np.ndarray:
        value = frame["size"] * frame["market"].map(pandas.Series(c.prices))
        needs = [
            value.abs() * frame["market"].map(pandas.Series(c.rates[k]))
            - frame["market"].map(pandas.Series(c.deductions[k]))
            for k in range(3)
        ]
        need = pandas.concat(needs, axis=1).max(axis=1) * frame["is"]
        return c.below(c.cash + (value - need).groupby(frame["account"]).sum().to_numpy())

    return scan


def _requirements(c: Columns) -> Any:
    import polars

    return polars.DataFrame(
        {"market": np.arange(MARKETS), "price": c.prices}
        | {f"rate{k}": c.rates[k] for k in range(3)}
        | {f"less{k}": c.deductions[k] for k in range(3)}
    )


def polars_lazy(c: Columns) -> Callable[[], np.ndarray]:
    import polars

    frame = polars.DataFrame({"account": c.account, "market": c.market, "size": c.size * c.keep, "is": c.is_position})
    need = polars.max_horizontal(
        *(polars.col("value").abs() * polars.col(f"rate{k}") - polars.col(f"less{k}") for k in range(3))
    )

    def scan() -> np.ndarray:
        joined = frame.lazy().join(_requirements(c).lazy(), on="market")
        worth = joined.with_columns(value=polars.col("size") * polars.col("price")).select(
            "account", worth=polars.col("value") - need * polars.col("is")
        )
        sums = worth.group_by("account").agg(polars.col("worth").sum()).collect()
        surplus = c.cash.copy()
        surplus[sums["account"].to_numpy()] += sums["worth"].to_numpy()
        return c.below(surplus)

    return scan


def duckdb_memory(c: Columns) -> Callable[[], np.ndarray]:
    import duckdb
    import polars

    base = duckdb.connect()
    slots = polars.DataFrame({"account": c.account, "market": c.market, "size": c.size * c.keep, "is_": c.is_position})
    base.register("given", slots.to_arrow())
    base.execute("create table slots as select * from given")

    def scan() -> np.ndarray:
        base.register("markets", _requirements(c).to_arrow())
        found = base.execute(
            "select account, sum(size * price - is_ * greatest("
            + ", ".join(f"abs(size * price) * rate{k} - less{k}" for k in range(3))
            + ")) as worth from slots join markets using (market) group by account"
        ).fetchnumpy()
        surplus = c.cash.copy()
        surplus[found["account"]] += found["worth"]
        return c.below(surplus)

    return scan


def jax_segments(c: Columns) -> Callable[[], np.ndarray]:
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    account, market, size = jnp.asarray(c.account), jnp.asarray(c.market), jnp.asarray(c.size * c.keep)
    is_position, cash = jnp.asarray(c.is_position), jnp.asarray(c.cash)
    rates, deductions = jnp.asarray(c.rates), jnp.asarray(c.deductions)

    @jax.jit
    def surplus(prices):  # type: ignore[no-untyped-def]
        value = size * prices[market]
        need = jnp.max(jnp.abs(value) * rates[:, market] - deductions[:, market], axis=0) * is_position
        sums = jax.ops.segment_sum(value - need, account, c.accounts, indices_are_sorted=True)
        return cash + sums

    return lambda: c.below(np.asarray(surplus(c.prices)))


def numba_plain(c: Columns) -> Callable[[], np.ndarray]:
    @numba.njit
    def surplus(account, market, size, keep, is_position, cash, prices, rates, deductions):  # type: ignore[no-untyped-def]
        sums = cash.copy()
        for i in range(account.shape[0]):
            value = size[i] * prices[market[i]] * keep[i]
            need = 0.0
            for k in range(3):
                need = max(need, abs(value) * rates[k, market[i]] - deductions[k, market[i]])
            sums[account[i]] += value - need * is_position[i]
        return sums

    given = (c.account, c.market, c.size, c.keep, c.is_position, c.cash, c.prices, c.rates, c.deductions)
    return lambda: c.below(surplus(*given))


PEERS: dict[str, tuple[str, Callable[[Columns], Callable[[], np.ndarray]]]] = {
    "pandas (map, groupby)": ("pandas", pandas_groupby),
    "NumPy add.reduceat": ("numpy", numpy_reduceat),
    "NumPy tuned (blocks, tables)": ("numpy", numpy_tuned),
    "Polars lazy": ("polars", polars_lazy),
    "DuckDB in memory": ("duckdb", duckdb_memory),
    "JAX jit, sorted segment_sum": ("jax", jax_segments),
    "Numba f64, plain loop": ("numba", numba_plain),
}


def measure(accounts: int, seed: int, rounds: int) -> dict[str, Any]:
    """Medians of one size, and the ratios to the read floor and to the filter scan."""
    book = draw_book(accounts, "quiet", seed)
    with quick_compilation():
        machine = with_mirror(Machine(book.state, fresh_watch(book.state)))
        found = np.zeros(len(book.state.accounts), dtype=np.int32)
        exact = found[: scan_exactly(book.state, found)] - book.first
        scan_filtered(*machine, found)
    columns = Columns(book)
    buffer = np.ones(floor_bytes(book) // 8)
    scans: dict[str, Callable[[], Any]] = {
        "read floor": buffer.sum,
        "solvent filter scan, exact": lambda: scan_filtered(*machine, found),
    }
    differing: dict[str, int] = {}
    left_out = []
    for name, (module, make) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            left_out.append(name)
            continue
        scan = make(columns)
        differing[name] = len(np.setxor1d(scan(), exact))
        scans[name] = scan
    times: dict[str, list[float]] = {name: [] for name in scans}
    for _ in range(rounds):
        for name, scan in scans.items():
            began = time.perf_counter()
            scan()
            times[name].append((time.perf_counter() - began) * 1e3)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    floor, ours = medians["read floor"], medians["solvent filter scan, exact"]
    rows = {
        name: {"ms": round(ms, 4), "over_floor": round(ms / floor, 2), "over_scan": round(ms / ours, 2)}
        for name, ms in medians.items()
    }
    return {"accounts": accounts, "rows": rows, "differing_accounts": differing, "not_installed": left_out}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    answers = [measure(accounts, given.seed, given.rounds) for accounts in given.accounts]
    if given.json:
        json.dump(answers, sys.stdout, indent=2)
        print()
        return
    for answer in answers:
        print(f"{answer['accounts']:,} accounts; not installed: {', '.join(answer['not_installed']) or 'none'}")
        for name, row in answer["rows"].items():
            differing = answer["differing_accounts"].get(name, 0)
            print(
                f"  {name:<32}{row['ms']:>12.3f} ms{row['over_floor']:>9.1f} x floor{row['over_scan']:>9.1f} x scan",
                end="",
            )
            print(f"   {differing} differing" if differing else "")


if __name__ == "__main__":
    main()
