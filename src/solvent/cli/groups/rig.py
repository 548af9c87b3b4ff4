"""Commands that try to break what is here, and publish what came of it. The work is imported when it is asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Seed = Annotated[int, typer.Option("--seed", "-s", min=0, max=2**20, help="Same seed, same run.")]
Minutes = Annotated[float | None, typer.Option("--minutes", min=0.01, help="Stop after so many minutes, if sooner.")]
Publish = Annotated[
    str | None, typer.Option("--publish", help="Append a line to this file, as docs/reliability-figures.md.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def break_(
    commands: Annotated[int, typer.Option("--commands", "-n", min=1, help="Commands of the campaign.")] = 1_000_000,
    seed: Seed = 1,
    minutes: Minutes = None,
    publish: Publish = None,
    as_json: AsJson = False,
) -> None:
    """Try to break the machine: random worlds at the edge of every rule, every command checked by independent books.

    Leaves with 1 when a law was broken, or when something that must be met never was (a vacuous campaign).
    """
    from solvent.cli.break_ import break_command

    break_command(commands, seed, minutes, as_json, publish)


def crash(
    kills: Annotated[int, typer.Option("--kills", "-k", min=0, help="Processes killed at a system call.")] = 1_000,
    points: Annotated[int, typer.Option("--points", "-n", min=0, help="Simulated power cuts and damages.")] = 10_000,
    seed: Seed = 1,
    fails: Annotated[
        int, typer.Option("--fails", min=0, help="Lives failed at every call: EIO, ENOSPC, short writes.")
    ] = 3,
    planted: Annotated[
        str | None, typer.Option("--planted", help="Plant a fault in the journal, to see that it is found.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where the files live; memory where there is some without it.")
    ] = None,
    minutes: Minutes = None,
    publish: Publish = None,
    as_json: AsJson = False,
) -> None:
    """Kill the journal at every system call, cut its power at every state of its disk, damage its files.

    Leaves with 1 when anything acknowledged was lost, cut silently, wrong, or when it stopped without a reason; with
    3 where there is no C compiler (or no Linux) to stand between the journal and the system.
    """
    from solvent.cli.crash import crash_command

    crash_command(kills, points, seed, fails, planted, folder, minutes, as_json, publish)


def mutants(
    sample: Annotated[int | None, typer.Option("--sample", min=1, help="Only so many of the list.")] = None,
    seed: Seed = 1,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only faults whose name contains this; may be repeated.")
    ] = None,
    part: Annotated[
        str | None, typer.Option("--part", help="Only the k-th of n parts of the list, as 2/4: several sittings.")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="What was missed is compiled and met by a campaign of a million commands.")
    ] = False,
    minutes: Minutes = None,
    publish: Publish = None,
    as_json: AsJson = False,
) -> None:
    """Plant faults in the machine, one at a time, and see which of them the rig finds.

    Leaves with 1 when fewer than 95 of 100 were caught. Misses are printed.
    """
    from solvent.cli.mutants import mutants_command

    mutants_command(sample, seed, only or [], part, deep, minutes, as_json, publish)


def determinism(
    worlds: Annotated[int, typer.Option("--worlds", min=1, max=200, help="Worlds recorded and replayed.")] = 6,
    commands: Annotated[int, typer.Option("--commands", "-n", min=100, help="Commands of each.")] = 300,
    seed: Seed = 11,
    pythons: Annotated[
        list[str] | None, typer.Option("--python", help="A further interpreter, by name or path; may be repeated.")
    ] = None,
    publish: Publish = None,
    as_json: AsJson = False,
) -> None:
    """Replay the same commands under every hash seed, thread count, zone, Python version, compiled and not.

    Leaves with 4 when two of them end differently.
    """
    from solvent.cli.determinism import determinism_command

    determinism_command(worlds, commands, seed, pythons or [], as_json, publish)


RIG: tuple[Callable[..., None], ...] = (break_, crash, mutants, determinism)
