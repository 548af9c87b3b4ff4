"""The watch measured over sizes, books and seeds in one process: what benchmarks/WATCH.md tells.

    python benchmarks/watch_runs.py --accounts 1000000 --books quiet stressed --seeds 1 2 3 [--together] [--json]
    python benchmarks/watch_runs.py --accounts 1000000 --volatility 5 --seeds 1 2 3
    python benchmarks/watch_runs.py --shocks 300000 --updates 300000 --cascade 10000 --seeds 3

One line a run as `solvent bench watch` measures it; then shocks, updates and a cascade for a book of so many accounts.
Progress on stderr; an interruption keeps what was printed. `watch_tables.py` makes the tables of the document from it.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from solvent.lab.bench.book import JUMP, draw_book
from solvent.lab.bench.shocks import measure_cascade, measure_shocks, measure_updates
from solvent.lab.bench.watch import Bench, measure_watch


def show(answer: dict[str, Any], as_json: bool) -> None:
    """One line, at once: what is measured is not lost."""
    if as_json:
        print(json.dumps(answer), flush=True)
        return
    print("  ".join(f"{name} {value}" for name, value in answer.items()), flush=True)


def measured(given: argparse.Namespace) -> Iterator[tuple[dict[str, Any], bool]]:
    """(what was measured, whether index and scans agreed), run by run."""
    for accounts in given.accounts:
        for book in given.books:
            for seed in given.seeds:
                answer = measure_watch(
                    accounts,
                    book,
                    seed,
                    given.ticks,
                    scattered=not given.together,
                    volatility=given.volatility,
                    jump=given.jump,
                )
                yield {"run": "path", **answer}, bool(answer["lists_equal"])
    for seed in given.seeds:
        if given.shocks:
            bench = Bench(draw_book(given.shocks, "quiet", seed))
            for row in measure_shocks(bench, seed):
                yield {"run": "shock", "accounts": given.shocks, "seed": seed, **row}, bool(row["lists_equal"])
        if given.updates:
            bench = Bench(draw_book(given.updates, "quiet", seed))
            for name, row in measure_updates(bench, seed).items():
                yield {"run": "update", "accounts": given.updates, "seed": seed, "update": name, **row}, True
        if given.cascade:
            answer = measure_cascade(given.cascade, seed)
            yield {"run": "cascade", "seed": seed, **answer}, bool(answer["scan_is_contained"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="*", default=[])
    parser.add_argument("--books", nargs="+", choices=("quiet", "stressed"), default=["quiet"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--ticks", type=int, default=20_000)
    parser.add_argument("--volatility", type=float, default=1.0)
    parser.add_argument("--jump", type=float, default=JUMP)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--shocks", type=int, default=0)
    parser.add_argument("--updates", type=int, default=0)
    parser.add_argument("--cascade", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    equal = True
    for answer, agreed in measured(given):
        equal = equal and agreed
        show(answer, given.json)
    if not equal:
        sys.exit("an index and a scan named different accounts")


if __name__ == "__main__":
    main()
