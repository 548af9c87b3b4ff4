"""`solvent`: the commands, their help and their exit codes.

Exit codes: 0 done; 1 a check failed; 2 bad input, with every fault on standard error, or a limit breached; 3 refused by
the state of a directory or file, out of reach, or a check asks for a rule that is not built; 4 not reproducible; 130
interrupted. Results go to standard output, progress and notes to standard error.
"""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from solvent import __version__
from solvent.cli.exits import INTERRUPTED, exit_code_of
from solvent.cli.groups import bench, journal
from solvent.cli.groups.days import compare, incidents, replay
from solvent.cli.groups.models import adl, check, clear
from solvent.cli.groups.records import alerts, audit, explain, verify
from solvent.cli.groups.rig import RIG
from solvent.cli.groups.venue import serve
from solvent.cli.groups.worlds import attack, backtest, calibrate, reverse, stress
from solvent.cli.rulebook import app as rulebook_app

app = typer.Typer(
    name="solvent",
    help="Default risk management for perpetuals venues: one deterministic machine from a price to the last tranche.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    *(replay, explain, stress, compare, reverse, attack, calibrate, backtest, verify, audit, alerts, serve, check),
    *RIG,
    *(incidents, adl, clear),
)
for command in COMMANDS:
    app.command(name=command.__name__.rstrip("_"))(command)
app.add_typer(bench.app, name="bench")
app.add_typer(journal.app, name="journal")
app.add_typer(rulebook_app, name="rulebook")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"solvent {__version__}")
        raise typer.Exit


@app.callback()
def entry(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Run a command; `solvent COMMAND --help` says what each takes."""


def main() -> None:
    """Run the command line; every fault a person can mend becomes a sentence and an exit code."""
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing was written half", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        typer.echo(str(error), err=True)
        sys.exit(code)


if __name__ == "__main__":
    main()
