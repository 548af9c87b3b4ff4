"""The folder of a stress run."""

from pathlib import Path

from solvent.lab.worlds.stress import StressRun, write_run


def write_report(out: Path, run: StressRun) -> None:
    """Write the numbers."""
    write_run(out, run)
