"""`solvent alerts`: who in a journal is near liquidation.

Exit codes: 0 nobody is below the multiple; 1 somebody is; 2 what was asked makes no sense; 3 the journal is unreadable.
"""

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec
import typer

from solvent.cli.exits import BAD_INPUT
from solvent.cli.verify import journal_directory
from solvent.codes import Level
from solvent.engine.alerts import near_accounts
from solvent.engine.engine import Engine
from solvent.units import PPM

FOUND = 1


def alerts_command(directory: Path, ratio: str, level: str, sequence: int | None, as_json: bool) -> None:
    """Replay, ask, print. Raises EngineFault; exits with 1 when somebody is near, 2 for a bad ratio or level."""
    names = {member.name.lower(): member for member in Level}
    if level not in names:
        sys.stderr.write(f"--level is {level}: write one of {', '.join(names)}.\n")
        raise typer.Exit(BAD_INPUT)
    try:
        scale = Decimal(ratio) * PPM
        scale_ppm = int(scale) if scale == scale.to_integral_value() else -1
    except (InvalidOperation, ValueError, OverflowError):
        scale_ppm = -1
    with Engine.open(journal_directory(directory), read_only=True, until=sequence) as engine:
        try:
            report = near_accounts(engine, names[level], scale_ppm)
        except ValueError as refused:
            sys.stderr.write(f"--ratio {ratio}, --level {level}: {refused}, with at most six decimals.\n")
            raise typer.Exit(BAD_INPUT) from None
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        for near in report.accounts:
            print(
                f"account {near.account:<10} equity {near.equity_quanta:>20,}   required {near.requirement_quanta:>20,}"
            )
        print(
            f"{len(report.accounts):,} below {ratio} times {report.level}, {report.judged:,} judged, by {report.way}, "
            f"{report.took_ms} ms"
        )
    if report.accounts:
        raise typer.Exit(FOUND)
