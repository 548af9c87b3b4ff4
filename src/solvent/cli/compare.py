"""`solvent compare`: one scenario under several rulebooks, as a table, as JSON, or as one page with pictures."""

import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from solvent.cli.replay import OutputUnusable, progress_line
from solvent.rulebook.faults import Fault, RulebookError


def compare_command(
    scenario: str,
    rulebooks: str,
    prices: Path | None,
    markets: tuple[str, ...],
    accounts: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
    leave_out_unknown: bool = False,
) -> None:
    """Play, print, and write `out` when it is given. Raises RulebookError with the faults of every rulebook."""
    from solvent.lab.comparison import compare, page_of
    from solvent.lab.scenario import read_scenario

    story = read_scenario(scenario)
    books = read_all([name.strip() for name in rulebooks.split(",") if name.strip()], leave_out_unknown)
    if out is not None:
        check_page(out)
    with progress_line() as progress:
        found = compare(story, books, seed=seed, accounts=accounts, prices=prices, only=markets, progress=progress)
    if out is not None:
        write_page(out, page_of(found))
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found.as_json()), indent=2).decode() + "\n")
        return
    print_table(found)
    if out is not None:
        print(f"written to {out}", file=sys.stderr)


def read_all(names: list[str], leave_out_unknown: bool = False) -> list[Any]:
    """Every rulebook named, without its unknown places if so asked. Raises RulebookError with the faults of all."""
    from solvent.rulebook.document import read_rulebook

    books, faults = [], []
    for name in names:
        try:
            books.append(read_rulebook(name, leave_out_unknown=leave_out_unknown))
        except RulebookError as error:
            faults += [Fault(f.line, f"{name}: {f.path}".rstrip(": "), f.problem, f.remedy) for f in error.faults]
    if faults:
        raise RulebookError("--rulebooks", faults)
    return books


def check_page(out: Path) -> None:
    """Refuse a page that could not be written, before any work is done. Raises OutputUnusable."""
    if out.is_dir():
        raise OutputUnusable(f"{out} is a folder. Name a file, as comparison.html.")
    parent = out.absolute().parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise OutputUnusable(f"{parent} is no folder that can be written to. Name a file in a folder of your own.")


def write_page(out: Path, page: str) -> None:
    """Write the page whole or not at all."""
    neighbour = out.with_name(f".{out.name}.part")
    try:
        neighbour.write_text(page, encoding="utf-8", newline="\n")
        os.replace(neighbour, out)
    finally:
        neighbour.unlink(missing_ok=True)


def print_table(found: Any) -> None:
    """Measures down, rulebooks across."""
    from rich.console import Console
    from rich.table import Table

    from solvent.lab.comparison import rows_of, told

    table = Table(title=found.scenario.title, caption=told(found))
    table.add_column(f"{found.scenario.settlement}", overflow="fold")
    for name in found.names:
        table.add_column(name, justify="right", overflow="fold")
    for title, cells in rows_of(found):
        table.add_row(title, *cells)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=max(100, 40 + 22 * len(found.names)))
    console.print(table)
    for summary, name in zip(found.summaries, found.names, strict=True):
        for check, holds in summary["checks"].items():
            if not holds:
                print(f"{name}: {check} does not hold", file=sys.stderr)
