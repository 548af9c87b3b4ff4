"""What a journal's folder can be asked: why, whether it is whole, whether anybody was missed, who is near."""

from pathlib import Path
from typing import Annotated

import typer


def explain(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    account: Annotated[int, typer.Option("--account", "-a", help="The account's number.")],
    sequence: Annotated[
        int | None, typer.Option("--sequence", "-s", help="As it stood after this command; the end without it.")
    ] = None,
    path: Annotated[
        int | None, typer.Option("--path", "-p", help="Of a stress run's folder: the path to open, played again.")
    ] = None,
    charges: Annotated[
        bool, typer.Option("--charges", "-c", help="Every amount charged to the account, and how each came to be.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tree as JSON, money in quanta.")] = False,
) -> None:
    """Show how a number of an account came to be, as a tree of sums that add up."""
    from solvent.cli.explain import explain as explain_command

    if path is not None:
        from solvent.lab.worlds.stress import journal_of_path

        directory = journal_of_path(directory, path)
    explain_command(directory, account, sequence, charges, as_json)


def verify(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Check a journal's hash chain, replay it and print the digest it leads to."""
    from solvent.cli.verify import verify_command

    verify_command(directory, as_json)


def audit(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    sequence: Annotated[
        int | None, typer.Option("--sequence", "-s", min=0, help="As it stood after this command; the end without it.")
    ] = None,
    last: Annotated[
        int, typer.Option("--last", "-l", min=0, max=1_000_000, help="Also after each of so many commands before it.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Compare the watch's index with a scan of everybody: exit 0 when nobody was missed, 1 when somebody was."""
    from solvent.cli.audit import audit_command

    audit_command(directory, sequence, last, as_json)


def alerts(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    ratio: Annotated[str, typer.Option("--ratio", "-r", help="Equity below so many times the requirement.")] = "1.25",
    level: Annotated[str, typer.Option("--level", "-l", help="maintenance, initial or close_out.")] = "maintenance",
    sequence: Annotated[
        int | None, typer.Option("--sequence", "-s", min=0, help="As it stood after this command; the end without it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Name everybody who is near liquidation: exit 0 when nobody is, 1 when somebody is."""
    from solvent.cli.alerts import alerts_command

    alerts_command(directory, ratio, level, sequence, as_json)
