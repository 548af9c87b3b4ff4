"""A line in docs/reliability-figures.md for each long run: what was run, where, on which commit, and what came out."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

import msgspec

HEAD = """# Figures of the long runs

Each line was written by the command it names, with `--publish`. Commit and machine are those it ran on; a commit
marked + had changes that were not committed.

| date | commit | machine | command | result | figures |
|---|---|---|---|---|---|
"""


class Figure(msgspec.Struct, kw_only=True):
    """What one run has to say."""

    what: str
    command: str
    passed: bool
    figures: dict[str, int | float | str]


def publish(file: str | None, figure: Figure) -> None:
    """Append the figure to a file of figures, made if missing; nothing without a file."""
    if file is None:
        return
    path = Path(file)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD, encoding="utf-8")
    day = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    told = ", ".join(f"{name} {_number(value)}" for name, value in figure.figures.items())
    result = "passed" if figure.passed else "FAILED"
    line = f"| {day} | {commit()} | {machine()} | `{figure.command}` | {result} | {told} |"
    with path.open("a", encoding="utf-8") as open_file:
        open_file.write(line + "\n")


def _number(value: int | float | str) -> str:
    return f"{value:,}" if isinstance(value, int | float) else value


def commit() -> str:
    """The commit of the sources, marked + where they differ from it; a dash outside a repository."""
    here = Path(__file__).parent
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    )
    if head.returncode != 0:
        return "-"
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "."], cwd=here.parent, capture_output=True, text=True, check=False
    )
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def machine() -> str:
    """Cores and kind of the processor, and the Python that ran."""
    return f"{os.cpu_count()} x {platform.machine()}, CPython {platform.python_version()}"
