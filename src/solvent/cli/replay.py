"""`solvent replay`: play a scenario, show the table, keep the record."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from solvent.lab.replay import Played, Progress, play
from solvent.lab.scenario import read_scenario
from solvent.rulebook.document import Fault, RulebookError, read_rulebook

JOURNAL_BLOCK_COMMANDS = 65_536


class OutputUnusable(Exception):
    """The folder for the results cannot be used."""


def replay_command(
    scenario: str,
    rulebook: str | None,
    prices: Path | None,
    markets: tuple[str, ...],
    accounts: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
    *,
    fill: tuple[str, ...] = (),
    leave_out_unknown: bool = False,
) -> None:
    """Play, summarise, print, and write `out` when it is given: all of it or nothing.

    `fill` gives the rulebook's unknown places a value, `leave_out_unknown` takes them out: only where it is asked for.
    """
    began = time.perf_counter()
    story = read_scenario(scenario)
    rules = read_rulebook(
        rulebook or story.rulebook,
        fill=dict(_filling(item) for item in fill),
        leave_out_unknown=leave_out_unknown,
    )
    if out is not None:
        check_output(out)
    with progress_line() as progress:
        played = play(story, rules, seed=seed, accounts=accounts, prices=prices, only=markets, progress=progress)
    from solvent.lab.measures import summarise

    measured = time.perf_counter()
    summary = summarise(played)
    summary["seconds"]["measures"] = round(time.perf_counter() - measured, 3)
    if out is not None:
        writing = time.perf_counter()
        write_output(out, played, summary)
        summary["seconds"]["output"] = round(time.perf_counter() - writing, 3)
    summary["seconds"]["total"] = round(time.perf_counter() - began, 3)
    if as_json:
        sys.stdout.write(encode(summary).decode() + "\n")
    else:
        from rich.console import Console

        from solvent.lab.table import table_of

        Console().print(table_of(summary))
        if out is not None:
            print(f"written to {out}: summary.json, events.parquet, report.html, journal", file=sys.stderr)


def _filling(item: str) -> tuple[str, str]:
    """PATH=VALUE as the two. Raises RulebookError."""
    path, sign, value = item.partition("=")
    if not sign or not path or not value:
        remedy = "Write PATH=VALUE, as limits.limit[1].cap=5000000, or PATH=none to take the place out."
        raise RulebookError("--fill", [Fault(None, item, "this is no PATH=VALUE", remedy)])
    return path, value


def encode(summary: dict[str, Any]) -> bytes:
    """A summary as readable JSON."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2)


class progress_line:
    """One line on standard error that a person can watch; a plain line every tenth where nobody does."""

    def __enter__(self) -> Progress:
        """The function the run reports to."""
        self._tenth = -1
        self._live = sys.stderr.isatty()
        self._width = 0
        return self.tell

    def tell(self, share: float, what: str) -> None:
        """Show how far the run is and what it is doing."""
        if self._live:
            text = f"\r{share:4.0%} {'#' * int(share * 30):<30} {what}"
            sys.stderr.write(text.ljust(self._width))
            sys.stderr.flush()
            self._width = len(text)
        elif share > 0 and int(share * 10) > self._tenth:
            self._tenth = int(share * 10)
            print(f"{share:4.0%} {what}", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        """Clear the line."""
        if self._live:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()


def check_output(out: Path) -> None:
    """Refuse a folder that holds something else, before any work is done. Raises OutputUnusable."""
    ours = {"summary.json", "events.parquet", "report.html", "journal"}
    if out.exists() and not out.is_dir():
        raise OutputUnusable(f"{out} is a file. Name a folder, or a path that does not exist yet.")
    if out.is_dir():
        others = sorted({entry.name for entry in out.iterdir()} - ours)
        if others:
            raise OutputUnusable(f"{out} already holds {others[0]}. Name an empty folder or one of an earlier replay.")
    parent = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    if not os.access(parent, os.W_OK):
        raise OutputUnusable(f"{parent} cannot be written to. Name a folder of your own.")


def write_output(out: Path, played: Played, summary: dict[str, Any]) -> None:
    """Write everything to a folder beside `out`, then put it in place: a reader never sees half of it."""
    from solvent.lab.guards.series import guards_of
    from solvent.lab.measures import burden_of, events_frame, series_of
    from solvent.lab.report import write_report

    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    try:
        write_journal(unfinished / "journal", played)
        events_frame(played).write_parquet(unfinished / "events.parquet")
        write_report(unfinished / "report.html", summary, series_of(played), burden_of(played), guards_of(played))
        (unfinished / "summary.json").write_bytes(encode(summary))
        unfinished.chmod(0o755)
        if out.is_dir():
            shutil.rmtree(out)
        os.replace(unfinished, out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def write_journal(directory: Path, played: Played) -> None:
    """Keep the run's commands as a journal that any engine of this build opens."""
    import numpy as np

    from solvent.commands import COMMAND_DTYPE
    from solvent.engine.journal import Journal

    commands = np.frombuffer(b"".join(batch.tobytes() for batch in played.recording.commands), dtype=COMMAND_DTYPE)
    with Journal.create(directory, COMMAND_DTYPE, msgspec.msgpack.encode(played.genesis)) as journal:
        for first in range(0, len(commands), JOURNAL_BLOCK_COMMANDS):
            block = commands[first : first + JOURNAL_BLOCK_COMMANDS]
            journal.append(block, int(block["time_ns"][-1]))
