"""`solvent bench`: what a price, a scan and a command cost on this computer; whether every list is the scan's.

Exit codes: 0 measured, and index and scans agreed; 1 they did not; 2 what was asked does not fit this computer.
"""

import sys
from typing import Any

import msgspec
import typer

from solvent.cli.exits import BAD_INPUT

CHECK_FAILED = 1


def bench_watch_command(accounts: int, book: str, seed: int, ticks: int, together: bool, as_json: bool) -> None:
    """Draw the book, run the path, print. Exits with 1 when the lists differ, 2 when memory does not suffice."""
    from solvent.lab.bench.watch import measure_watch

    try:
        answer = measure_watch(accounts, book, seed, ticks, scattered=not together)
    except MemoryError as refused:
        reason = str(refused) or f"{accounts:,} accounts do not fit this computer's memory. Ask for fewer."
        sys.stderr.write(reason + "\n")
        raise typer.Exit(BAD_INPUT) from None
    if as_json:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    else:
        for name, value in answer.items():
            print(f"{name.replace('_', ' '):<26} {_shown(value)}")
    if not answer["lists_equal"]:
        raise typer.Exit(CHECK_FAILED)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {number:,}" for name, number in value.items())
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def bench_lists_command(ticks: int, seed: int, as_json: bool) -> None:
    """Play, compare, print. Exits with 1 at the first difference."""
    from solvent.lab.bench.lists import Difference, compare_lists

    try:
        met = compare_lists(ticks, seed)
    except Difference as difference:
        sys.stderr.write(f"seed {seed}: {difference}\n")
        raise typer.Exit(CHECK_FAILED) from None
    if as_json:
        sys.stdout.write(msgspec.json.encode({**met, "lists_equal": True}).decode() + "\n")
        return
    for name, value in met.items():
        print(f"{name:<10} {value:,}")
    print("Every list was the scan's.")
