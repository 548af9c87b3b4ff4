"""`solvent compare --paths N`: rulebooks on the same simulated days, with intervals of the paired differences."""

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from solvent.cli.compare import check_page, read_all, write_page
from solvent.cli.replay import progress_line
from solvent.rulebook.faults import Fault, RulebookError

if TYPE_CHECKING:
    import numpy as np

    from solvent.lab.worlds.stress import StressRun


def paired_command(
    scenario: str,
    rulebooks: str,
    prices: Path | None,
    accounts: int | None,
    seed: int,
    paths: int,
    confidence: float,
    jobs: int,
    out: Path | None,
    as_json: bool,
    leave_out_unknown: bool = False,
) -> None:
    """Play every rulebook on the same paths; differences are against the first. Raises RulebookError."""
    from solvent.cli.stress import order_of
    from solvent.lab.comparison import names_of
    from solvent.lab.worlds.estimates import paired_differences
    from solvent.lab.worlds.runs import cores
    from solvent.lab.worlds.stress import run_stress

    books = read_all([name.strip() for name in rulebooks.split(",") if name.strip()], leave_out_unknown)
    if len(books) < 2:
        fault = Fault(None, "--rulebooks", f"there are {len(books)} rulebooks", "Name two or more, with commas.")
        raise RulebookError("compare", [fault])
    if out is not None:
        check_page(out)
    base = order_of(scenario, None, {"prices": prices, "accounts": accounts, "seed": seed, "horizon": "8h"})
    runs = []
    with progress_line() as progress:
        for place, book in enumerate(books):

            def tell(share: float, what: str, place: int = place, name: str = book.name) -> None:
                progress((place + share) / len(books), f"{name}: {what}")

            order = replace(base, rulebook_text=book.text, rulebook_name=book.name)
            runs.append(run_stress(order, paths, jobs=jobs or cores(), progress=tell))
            if runs[-1].paths.partial:
                break
    common = _common(runs)
    if common is not None:
        books = books[: len(runs)]
        print(f"interrupted: {len(books)} rulebooks on {len(common)} paths, marked as partial", file=sys.stderr)
    names = list(names_of(books))
    result: dict[str, Any] = {
        "schema": "paired/1",
        "paths": paths if common is None else len(common),
        "partial": common is not None,
        "seed": seed,
        "confidence": confidence,
        "rulebooks": names,
        "currency": runs[0].summary["currency"],
        "estimates": {name: run.summary["estimates"] for name, run in zip(names, runs, strict=True)},
        "differences": {
            name: [
                asdict(row)
                for row in paired_differences(runs[0].paths, run.paths, run.world.quantum, confidence=confidence)
            ]
            for name, run in zip(names[1:], runs[1:], strict=True)
        },
        "digests": {name: run.summary["digest"] for name, run in zip(names, runs, strict=True)},
    }
    if out is not None:
        from solvent.lab.paired import page_of

        write_page(out, page_of(result))
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")
        return
    from rich.console import Console

    Console().print(paired_table(result))
    if out is not None:
        print(f"written to {out}", file=sys.stderr)


def _common(runs: "list[StressRun]") -> "np.ndarray | None":
    """The paths all runs hold when one was interrupted, and the runs cut to them; None where none was.

    Raises KeyboardInterrupt where there is nothing to compare yet.
    """
    from solvent.lab.worlds.stress import summarise_run

    if not runs[-1].paths.partial:
        return None
    held = runs[-1].paths.numbers
    if len(runs) < 2 or len(held) < 2:
        raise KeyboardInterrupt
    for run in runs:
        run.paths = run.paths.only(held)
        run.summary |= summarise_run(run.world, run.paths, run.summary["model"], [])
    return held


def paired_table(result: dict[str, Any]) -> Any:
    """Means side by side, and the interval of each difference."""
    from rich.table import Table

    from solvent.lab.paired import heads_of, rows_of

    first = result["rulebooks"][0]
    table = Table(title=f"{result['paths']} paired paths, {result['confidence']:.0%} intervals, against {first}")
    for place, name in enumerate(heads_of(result)):
        table.add_column(name, justify="left" if place in (0, 2) else "right", no_wrap=place > 0)
    for row in rows_of(result):
        table.add_row(*row)
    return table
