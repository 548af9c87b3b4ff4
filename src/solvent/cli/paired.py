"""`solvent compare --paths N`: rulebooks on the same simulated days, with intervals of the paired differences."""

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec

from solvent.cli.compare import read_all
from solvent.cli.replay import progress_line


def paired_command(
    scenario: str,
    rulebooks: str,
    prices: Path | None,
    accounts: int | None,
    seed: int,
    paths: int,
    confidence: float,
    jobs: int,
    as_json: bool,
) -> None:
    """Play every rulebook on the same paths; differences are against the first. Raises RulebookError."""
    from solvent.cli.stress import order_of
    from solvent.lab.worlds.estimates import paired_differences
    from solvent.lab.worlds.runs import cores
    from solvent.lab.worlds.stress import run_stress

    books = read_all([name.strip() for name in rulebooks.split(",") if name.strip()])
    base = order_of(scenario, None, {"prices": prices, "accounts": accounts, "seed": seed, "horizon": "8h"})
    runs = []
    with progress_line() as progress:
        for place, book in enumerate(books):

            def tell(share: float, what: str, place: int = place, name: str = book.name) -> None:
                progress((place + share) / len(books), f"{name}: {what}")

            order = replace(base, rulebook_text=book.text, rulebook_name=book.name)
            runs.append(run_stress(order, paths, jobs=jobs or cores(), progress=tell))
    names = [book.name.removesuffix(".toml") for book in books]
    result: dict[str, Any] = {
        "schema": "paired/1",
        "paths": paths,
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
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")
        return
    from rich.console import Console

    Console().print(paired_table(result))


def paired_table(result: dict[str, Any]) -> Any:
    """Means side by side, and the interval of each difference."""
    from rich.table import Table

    first = result["rulebooks"][0]
    table = Table(title=f"{result['paths']} paired paths, {result['confidence']:.0%} intervals, against {first}")
    for name in ("measure", first, "other", "mean there", "difference", "interval"):
        table.add_column(name, justify="left" if name in ("measure", "other") else "right")
    for other, rows in result["differences"].items():
        for row in rows:
            gap = row["difference"]
            interval = f"{gap['low']:,.4g} to {gap['high']:,.4g}"
            numbers = (f"{row[name]:,.5g}" for name in ("first", "second"))
            mean, there = numbers
            table.add_row(row["name"].replace("_", " "), mean, other, there, f"{gap['value']:,.5g}", interval)
    return table
