"""Models put to their proof: worked examples, policies of deleveraging, clearing between protocols."""

from pathlib import Path
from typing import Annotated

import typer


def _show_topics(wanted: bool) -> None:
    if wanted:
        from solvent.cli.check import topic_lines

        typer.echo("\n".join(topic_lines()))
        raise typer.Exit


def check(
    file: Annotated[Path, typer.Argument(help="Cases as JSON: a list, or an object with `examples`.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the counts and every case as one JSON object.")
    ] = False,
    by_venue: Annotated[
        bool, typer.Option("--by-venue", help="Count the cases of each venue, as a Markdown table.")
    ] = False,
    topics: Annotated[
        bool, typer.Option("--topics", callback=_show_topics, is_eager=True, help="List what a case may ask for.")
    ] = False,
) -> None:
    """Put a venue's own numbers to its rules as they are built here, and show where they differ.

    Leaves with 0 if all passed, 1 if one failed, 2 if the file cannot be used, 3 if one asks for a rule not built.
    """
    from solvent.cli.check import check_command

    check_command(file, as_json, by_venue)


def adl(
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=100_000, help="Seeds for every cell of the matrix.")
    ] = 200,
    waves: Annotated[
        Path | None, typer.Option("--waves", "-w", help="A CSV of deleveraging waves with the published columns.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Seed of the waves' winners.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print matrix and comparison as one JSON object.")] = False,
) -> None:
    """Hold nine policies of deleveraging against eleven axioms of fairness, and against a known day's waves."""
    from solvent.cli.adl import adl_command

    adl_command(seeds, waves, seed, as_json)


def clear(
    liabilities: Annotated[Path, typer.Option("--liabilities", "-l", help="CSV or Parquet: debtor, creditor, amount.")],
    assets: Annotated[Path, typer.Option("--assets", "-a", help="CSV or Parquet: protocol, amount after the shock.")],
    fund: Annotated[float, typer.Option("--fund", min=0, help="Size of the mutual fund.")] = 0.0,
    recovery: Annotated[
        str, typer.Option("--rv", help="Recovery on assets and claims of a defaulter: 0.9,0.8.")
    ] = "1,1",
    cover: Annotated[int, typer.Option("--cover", min=1, max=1000, help="n of Cover-n.")] = 2,
    fail_on_short: Annotated[bool, typer.Option("--fail-on-short", help="Exit 2 when the fund is too small.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the clearing as one JSON object.")] = False,
) -> None:
    """Clear what protocols owe one another: who pays how much, who fails in which round, what a mutual fund changes."""
    from solvent.cli.clear import clear_command

    clear_command(liabilities, assets, fund, recovery, cover, as_json, fail_on_short)
