"""`solvent determinism`: the same commands in every way this computer can run them."""

import msgspec
import typer

from solvent.cli.exits import NOT_REPRODUCIBLE
from solvent.cli.figures import Figure, publish
from solvent.lab.determinism import SNAPSHOTS, run_matrix


def determinism_command(
    worlds: int, commands: int, seed: int, pythons: list[str], as_json: bool, keep: str | None
) -> None:
    """Record worlds, replay them everywhere, compare; leave with 4 when two ways end differently."""
    matrix = run_matrix(worlds=worlds, commands=commands, seed=seed, pythons=pythons)
    if as_json:
        typer.echo(msgspec.json.encode(matrix).decode())
    else:
        typer.echo(f"{matrix.commands:,} commands of {matrix.worlds} worlds, with every event and digest on the way,")
        typer.echo(f"from {SNAPSHOTS} snapshots of each, and {matrix.goldens} golden journals")
        for cell in matrix.cells:
            typer.echo(f"    {cell.name:<44} {cell.absent or cell.fingerprint}")
        typer.echo("all alike" if matrix.equal else "THEY DIFFER")
    ran = [cell for cell in matrix.cells if not cell.absent]
    publish(
        keep,
        Figure(
            what="determinism",
            command=f"solvent determinism --worlds {worlds} --commands {commands} --seed {seed}",
            passed=matrix.equal,
            figures={
                "ways": len(ran),
                "commands": matrix.commands,
                "golden journals": matrix.goldens,
                "absent": "; ".join(cell.name for cell in matrix.cells if cell.absent) or "none",
            },
        ),
    )
    if not matrix.equal:
        raise typer.Exit(NOT_REPRODUCIBLE)
