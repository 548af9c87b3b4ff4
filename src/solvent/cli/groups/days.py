"""A known day under our rules: one day, one day under several rulebooks, and every known disaster."""

import sys
from pathlib import Path
from typing import Annotated

import typer


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
    fill: Annotated[
        list[str] | None,
        typer.Option(
            "--fill", help='A value for a place that says "unknown", as PATH=VALUE; none takes it out. Repeat.'
        ),
    ] = None,
    leave_out_unknown: Annotated[
        bool, typer.Option("--leave-out-unknown", help='Take out whatever the rulebook says is "unknown".')
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the content of summary.json, money in quanta.")
    ] = False,
) -> None:
    """Play a crash through the machine and show who paid for what.

    A name that is none lists the rulebooks that ship; NAME@DATE is the one of the venue valid on the day. The journal
    of --out opens with `solvent explain`.
    """
    from solvent.cli.replay import replay_command

    replay_command(
        scenario,
        rulebook,
        prices,
        tuple(market or ()),
        accounts,
        seed,
        out,
        as_json,
        fill=tuple(fill or ()),
        leave_out_unknown=leave_out_unknown,
    )


def compare(
    scenario: Annotated[str, typer.Argument(help="An embedded scenario or a scenario file.")] = "2025-10-10",
    rulebooks: Annotated[
        str, typer.Option("--rulebooks", "-r", help="Two or more, with commas: presets, NAME@DATE or files.")
    ] = "solvent,hyperliquid,binance_usdm",
    prices: Annotated[
        Path | None, typer.Option("--prices", "-p", help="Candles instead of the scenario's markets.")
    ] = None,
    market: Annotated[list[str] | None, typer.Option("--market", "-m", help="With --prices: only this base.")] = None,
    accounts: Annotated[
        int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000, help="How many seeded traders.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Common to all rulebooks.")] = 1,
    paths: Annotated[
        int | None, typer.Option("--paths", min=2, max=1_000_000, help="Instead: so many simulated days, paired.")
    ] = None,
    confidence: Annotated[float, typer.Option("--ci", min=0.5, max=0.999, help="With --paths: of intervals.")] = 0.95,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="With --paths: processes; 0 is one a core.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="One HTML page with the table and the pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON, money in quanta.")] = False,
    leave_out_unknown: Annotated[
        bool, typer.Option("--leave-out-unknown", help="Study templates too: take out what they call unknown.")
    ] = False,
) -> None:
    """Play the same people and prices under several rulebooks: who is liquidated, what is lost, and who pays."""
    if paths is not None:
        from solvent.cli.paired import paired_command

        paired_command(
            scenario, rulebooks, prices, accounts, seed, paths, confidence, jobs, out, as_json, leave_out_unknown
        )
        return
    from solvent.cli.compare import compare_command

    compare_command(scenario, rulebooks, prices, tuple(market or ()), accounts, seed, out, as_json, leave_out_unknown)


def incidents(
    names: Annotated[list[str] | None, typer.Argument(help="Ids or files; all that ship without any.")] = None,
    only_list: Annotated[bool, typer.Option("--list", "-l", help="Show the cards without running them.")] = False,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Same seed, same digest.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the JSON answer to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every incident as a JSON row.")] = False,
) -> None:
    """Run known incidents under the rules of their time and under the recommended rulebook, and keep the score.

    Leaves with 0 when every loss with a full record is reproduced and every incident is contained now, with 1 when
    one is not, with 2 when an incident cannot be read.
    """
    from solvent.cli.incidents import incidents_command

    sys.exit(incidents_command(tuple(names or ()), only_list, seed, out, as_json))
