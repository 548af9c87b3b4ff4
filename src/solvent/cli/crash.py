"""`solvent crash`: a journal killed at every system call, its disk at every state, its files damaged."""

import sys
from pathlib import Path

import msgspec
import typer

from solvent.cli.exits import BAD_INPUT, REFUSED
from solvent.cli.figures import Figure, publish
from solvent.lab.crash import PLANTED, CrashReport, ShimUnavailable, run_crash

CHECK_FAILED = 1


def crash_command(
    kills: int,
    points: int,
    seed: int,
    fails: int,
    planted: str | None,
    folder: Path | None,
    minutes: float | None,
    as_json: bool,
    keep: str | None,
) -> None:
    """Run the rig and print what it found; leave with 1 when something was lost, cut, wrong, or stopped for nothing."""
    if planted is not None and planted not in PLANTED:
        typer.echo(f"no such fault: {planted}; known are\n  " + "\n  ".join(PLANTED), err=True)
        raise typer.Exit(BAD_INPUT)
    try:
        report = run_crash(
            kills,
            points,
            seed,
            fails=fails,
            fault=planted,
            folder=folder,
            seconds=None if minutes is None else 60 * minutes,
            tell=_tell if sys.stderr.isatty() else None,
        )
    except ShimUnavailable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(REFUSED) from error
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _show(report)
    fault = "" if planted is None else f" --planted '{planted}'"
    publish(
        keep,
        Figure(
            what="crash",
            command=f"solvent crash --kills {kills} --points {points} --seed {seed} --fails {fails}{fault}",
            passed=report.passed,
            figures={
                "kills": report.kills,
                "points": report.points,
                "distinct": report.distinct,
                "lost acknowledged": report.lost_acknowledged,
                "silent truncations": report.silent_truncations,
                "unexplained halts": report.unexplained_halts,
                "wrong": report.wrong,
                "halts after damage": report.halts_after_damage,
                "seconds": round(report.seconds),
            },
        ),
    )
    if not report.passed:
        raise typer.Exit(CHECK_FAILED)


def _tell(report: CrashReport) -> None:
    sys.stderr.write(f"\r{report.points:,} points, {report.distinct:,} distinct")
    sys.stderr.flush()


def _show(report: CrashReport) -> None:
    typer.echo(f"kills                {report.kills:,}")
    typer.echo(f"points               {report.points:,}, {report.distinct:,} of the simulated ones distinct")
    for kind, count in sorted(report.by_kind.items()):
        typer.echo(f"    {kind:<18} {count:,}")
    typer.echo(f"lost acknowledged    {report.lost_acknowledged}")
    typer.echo(f"silent truncations   {report.silent_truncations}")
    typer.echo(f"unexplained halts    {report.unexplained_halts}")
    typer.echo(f"wrong records        {report.wrong}")
    typer.echo(f"halts after damage   {report.halts_after_damage:,} (as they should be)")
    typer.echo(f"seconds              {report.seconds:,.1f}")
    for found in report.found:
        typer.echo(f"    {found}")
