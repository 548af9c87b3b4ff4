"""The tables of benchmarks/WATCH.md from the lines `watch_runs.py --json` printed: nothing is typed in by hand.

    python benchmarks/watch_tables.py runs.jsonl ... [--write benchmarks/WATCH.md]

Of several seeds the median of each figure. With --write everything between `<!-- NAME -->` and `<!-- end -->` is
replaced by the table of that name, for the tables there are runs for; else the tables are printed.
"""

import argparse
import json
import re
import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = dict[str, Any]

PATH_ROWS: tuple[tuple[str, Callable[[Run], float]], ...] = (
    ("p50, microseconds", lambda run: run["tick_us"]["p50"]),
    ("p99", lambda run: run["tick_us"]["p99"]),
    ("p99.9", lambda run: run["tick_us"]["p999"]),
    ("largest", lambda run: run["tick_us"]["max"]),
    ("mean by the clock", lambda run: run["tick_us"]["mean"]),
    ("mean by the processor", lambda run: run["tick_processor_mean_us"]),
    ("of which the watch, without telling whom it flagged", lambda run: run["watch_mean_us"]),
    ("mean of prices away from jumps", lambda run: run["calm_mean_us"]),
    ("decision, p50", lambda run: run["decision_us"]["p50"]),
    ("decision, p99", lambda run: run["decision_us"]["p99"]),
    ("whole command through `apply`, p50", lambda run: run["command_us"]["p50"]),
    ("whole command through `apply`, p99", lambda run: run["command_us"]["p99"]),
    ("read floor, ms", lambda run: run["floor_ms"]),
    ("filter scan, ms", lambda run: run["scan_ms"]),
    ("scan of the tables, ms", lambda run: run["table_scan_ms"]),
    ("scan over floor", lambda run: run["scan_over_floor"]),
    ("scan over p99", lambda run: run["scan_over_tick_p99"]),
    ("scan over mean by the processor", lambda run: run["scan_over_tick_mean_processor"]),
    ("scan over the watch's mean", lambda run: run["scan_over_watch_mean"]),
    ("scan over mean away from jumps", lambda run: run["scan_over_calm_mean"]),
    ("the whole path, in scans", lambda run: run["ticks"] / run["scan_over_tick_mean_processor"]),
    ("of which prices away from jumps", lambda run: run["ticks"] / run["scan_over_calm_mean"]),
    ("of which telling whom it flagged", lambda run: run["flagged"] * run["flag_us"] / run["scan_ms"] / 1e3),
    ("jumps on the path", lambda run: run["jumps"]),
    ("flagged", lambda run: run["flagged"]),
    ("judged a price", lambda run: run["judged_per_tick"]),
    ("telling one, microseconds", lambda run: run["flag_us"]),
    ("index, bytes an account", lambda run: run["index_bytes_per_account"]),
    ("mirror, bytes an account", lambda run: run["scan_bytes_per_account"]),
)

SHOCK_COLUMNS = (
    ("flagged", "flagged"),
    ("scan before", "scan_before_ms"),
    ("scan", "scan_ms"),
    ("decision", "decision_ms"),
    ("worst decision x scan", "worst_decision_over_scan"),
    ("whole command, worst", "worst_command_ms"),
    ("upkeep afterwards", "upkeep_afterwards_ms"),
    ("s per million", "upkeep_s_per_million"),
)

UPDATE_COLUMNS = (("p50", "p50"), ("p99", "p99"), ("in one batch", "in_one_batch"), ("refused", "refused_of_batch"))

CASCADE_COLUMNS = (
    ("flagged", "flagged"),
    ("index, microseconds a step", "index_us_per_step"),
    ("scan, microseconds a step", "scan_us_per_step"),
    ("scan over index", "scan_over_index"),
)


def shown(value: float) -> str:
    """Three significant figures, thousands apart."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{float(f'{value:.3g}'):g}"


def median(runs: list[Run], figure: Callable[[Run], float]) -> str:
    """The median over the runs, as it is shown."""
    return shown(statistics.median(figure(run) for run in runs))


def table(head: list[str], rows: list[list[str]]) -> str:
    """Lines of a markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


def path_table(runs: list[Run]) -> str:
    """A column for each size, book, volatility and way of lying; a row for each figure."""
    columns: dict[tuple[Any, ...], list[Run]] = defaultdict(list)
    for run in runs:
        columns[run["accounts"], run["book"], run["volatility"], run["rows"]].append(run)
    head = ["microseconds"]
    for (accounts, book, volatility, rows), found in columns.items():
        size = f"{accounts // 1_000_000}M" if accounts >= 1_000_000 else f"{accounts // 1_000}k"
        seeds = ", ".join(str(run["seed"]) for run in found)
        wild = f", moves x {volatility:g}" if volatility != 1 else ""
        head.append(f"{size} {book}{wild}, rows {rows}, seeds {seeds}")
    body = [[name, *(median(found, figure) for found in columns.values())] for name, figure in PATH_ROWS]
    equal = ["lists equal", *(str(all(run["lists_equal"] for run in found)).lower() for found in columns.values())]
    return table(head, [*body, equal])


def named_table(runs: list[Run], name: str, columns: tuple[tuple[str, str], ...]) -> str:
    """A row for each value of `name`, a column for each figure."""
    groups: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        groups[f"{run[name]:,}" if isinstance(run[name], int) else run[name]].append(run)
    rows = [
        [key, *(median(found, lambda run, f=field: run[f]) for _t, field in columns)] for key, found in groups.items()
    ]
    return table([name, *(title for title, _field in columns)], rows)


TABLES: dict[str, Callable[[list[Run]], str]] = {
    "path": path_table,
    "shock": lambda runs: named_table(runs, "shock", SHOCK_COLUMNS),
    "update": lambda runs: named_table(runs, "update", UPDATE_COLUMNS),
    "cascade": lambda runs: named_table(runs, "accounts", CASCADE_COLUMNS),
}


def main() -> None:
    """Print the tables, or write them where they belong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    found: dict[str, list[Run]] = defaultdict(list)
    for file in given.runs:
        for line in file.read_text(encoding="utf-8").splitlines():
            run = json.loads(line) if line.startswith("{") else {}
            if run.get("run") in TABLES:
                found[run["run"]].append(run)
    made = {name: TABLES[name](runs) for name, runs in found.items()}
    if given.write is None:
        print("\n\n".join(made.values()))
        return
    text = given.write.read_text(encoding="utf-8")
    for name, lines in made.items():
        text, count = re.subn(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)", lambda at, t=lines: f"{at[1]}\n{t}\n\n{at[2]}", text, flags=re.S
        )
        if count != 1:
            raise SystemExit(f"{given.write} has no place <!-- {name} --> ... <!-- end -->")
    given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
