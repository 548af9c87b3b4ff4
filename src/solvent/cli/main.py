"""`solvent`: the commands, their help and their exit codes.

Exit codes: 0 done; 1 a check failed; 2 bad input, with every fault on standard error; 3 refused by the state of a
directory or file, or a check asks for a rule that is not built; 130 interrupted. Results go to standard output,
progress and notes to standard error.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from solvent import __version__

BAD_INPUT = 2
REFUSED = 3
INTERRUPTED = 130

app = typer.Typer(
    name="solvent",
    help="Default risk management for perpetuals venues: one deterministic machine from a price to the last tranche.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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


@app.command()
def replay(
    scenario: Annotated[str, typer.Argument(help="An embedded scenario or a scenario file.")] = "2025-10-10",
    rulebook: Annotated[
        str | None, typer.Option("--rulebook", "-r", help="A preset or a file; the scenario's own without it.")
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", "-p", help="Candles, Parquet or CSV, instead of the scenario's markets."),
    ] = None,
    market: Annotated[
        list[str] | None, typer.Option("--market", "-m", help="With --prices: only this base, as BTC; repeat for more.")
    ] = None,
    accounts: Annotated[
        int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000, help="How many seeded traders.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Same seed, same digest.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for summary.json, events.parquet, report.html and the journal."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the content of summary.json, money in quanta.")
    ] = False,
) -> None:
    """Play a crash through the machine and show who paid for what.

    Rulebooks that ship: binance_usdm, hyperliquid, solvent. The journal of --out opens with `solvent explain`.
    """
    from solvent.cli.replay import replay_command

    replay_command(scenario, rulebook, prices, tuple(market or ()), accounts, seed, out, as_json)


@app.command()
def explain(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    account: Annotated[int, typer.Option("--account", "-a", help="The account's number.")],
    sequence: Annotated[
        int | None, typer.Option("--sequence", "-s", help="As it stood after this command; the end without it.")
    ] = None,
    charges: Annotated[
        bool, typer.Option("--charges", "-c", help="Every amount charged to the account, and how each came to be.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tree as JSON, money in quanta.")] = False,
) -> None:
    """Show how a number of an account came to be, as a tree of sums that add up."""
    from solvent.cli.explain import explain as explain_command

    explain_command(directory, account, sequence, charges, as_json)


@app.command()
def verify(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Check a journal's hash chain, replay it and print the digest it leads to."""
    from solvent.cli.verify import verify_command

    verify_command(directory, as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Cases as JSON: a list, or an object with `examples`.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the counts and every case as one JSON object.")
    ] = False,
) -> None:
    """Put a venue's own numbers to its rules as they are built here, and show where they differ.

    Leaves with 0 if all passed, 1 if one failed, 2 if the file cannot be used, 3 if one asks for a rule not built.
    """
    from solvent.cli.check import check_command

    check_command(file, as_json)


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


def exit_code_of(error: Exception) -> int | None:
    """The exit code of a fault a person can mend; None for a mistake of ours, which keeps its traceback.

    Told by the names of the classes: importing them would cost every start what only a fault needs.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"RulebookError", "CandleFileError", "UnknownSymbolError", "OutputUnusable"}:
        return BAD_INPUT
    if "EngineFault" in names:
        return REFUSED
    return None


if __name__ == "__main__":
    main()
