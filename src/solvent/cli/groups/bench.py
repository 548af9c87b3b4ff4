"""`solvent bench`: measure on this computer."""

from typing import Annotated

import typer

from solvent.cli.exits import BAD_INPUT

app = typer.Typer(
    help="Measure on this computer.", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.callback()
def bench_entry() -> None:
    """Measure on this computer; figures of a known one are in benchmarks/."""


@app.command(name="watch")
def bench_watch(
    accounts: Annotated[int, typer.Option("--accounts", "-n", min=1, max=20_000_000, help="How many.")] = 1_000_000,
    book: Annotated[
        str, typer.Option("--book", "-b", help="quiet, or stressed: an eighth of every surplus.")
    ] = "quiet",
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**31 - 100, help="Same seed, same book.")] = 1,
    ticks: Annotated[int, typer.Option("--ticks", "-t", min=100, max=1_000_000, help="Prices on the path.")] = 20_000,
    together: Annotated[
        bool, typer.Option("--together", help="An account's positions side by side, as after a bulk load.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Time prices, scans and commands over a book of many accounts; exit 1 if index and scans ever disagree."""
    from solvent.cli.bench import bench_watch_command

    if book not in ("quiet", "stressed"):
        typer.echo(f"--book is {book}: write quiet or stressed.", err=True)
        raise typer.Exit(BAD_INPUT)
    bench_watch_command(accounts, book, seed, ticks, together, as_json)


@app.command(name="lists")
def bench_lists(
    ticks: Annotated[int, typer.Option("--ticks", "-t", min=1, max=10**9, help="Prices to play.")] = 200_000,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**30, help="Same seed, same prices.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was met as JSON.")] = False,
) -> None:
    """Compare the list of every price with a naive scan, by brute force; exit 1 at the first difference."""
    from solvent.cli.bench import bench_lists_command

    bench_lists_command(ticks, seed, as_json)
