"""`solvent journal`: verify, export or follow a journal; keep a backup of it."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Verify, export or follow a journal; keep a backup of it.", no_args_is_help=True)
Place = Annotated[str, typer.Argument(help="A journal's folder, a replay's --out folder, or a PostgreSQL address.")]


@app.command("verify")
def journal_verify(
    place: Place, as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False
) -> None:
    """Check the hash chain, replay it and print the digest it leads to."""
    from solvent.cli.journal import verify_place

    verify_place(place, as_json)


@app.command("export")
def journal_export(
    place: Place,
    out: Annotated[Path, typer.Option("--out", "-o", help="A .jsonl or .parquet file; it must not exist.")],
    first: Annotated[int, typer.Option("--from", min=1, help="First sequence.")] = 1,
    last: Annotated[int, typer.Option("--to", min=1, help="Last sequence; the head without it.")] = 2**62,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write commands with their sequence, who asked for them and under which id."""
    from solvent.cli.journal import export_place

    export_place(place, out, first, last, as_json)


@app.command("tail")
def journal_tail(
    place: Place,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=100_000, help="How many of the last.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the last commands, and those that come."""
    from solvent.cli.journal import tail_place

    tail_place(place, count, follow, as_json)


@app.command("backup")
def journal_backup(
    place: Place,
    target: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was kept as JSON.")] = False,
) -> None:
    """Copy a journal, also one that is being written, and verify the copy. A backup is a folder that can be served."""
    from solvent.cli.journal import backup_place

    backup_place(place, target, as_json)


@app.command("restore")
def journal_restore(
    backup: Annotated[Path, typer.Argument(help="A folder `backup` has made.")],
    directory: Annotated[Path, typer.Argument(help="The venue's folder; it must not exist.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was restored as JSON.")] = False,
) -> None:
    """Put a verified copy of a backup where a venue is served from."""
    from solvent.cli.journal import backup_place

    backup_place(str(backup), directory, as_json)
