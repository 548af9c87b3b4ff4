"""`solvent mutants`: faults planted in the ground, and how many of them the rig finds."""

import sys

import msgspec
import typer

from solvent.cli.figures import Figure, publish
from solvent.lab.mutants import Score, run_mutants

CHECK_FAILED = 1


def mutants_command(
    sample: int | None,
    seed: int,
    only: list[str],
    part: str | None,
    deep: bool,
    minutes: float | None,
    as_json: bool,
    keep: str | None,
) -> None:
    """Plant, attack, count; leave with 1 below 95 of 100, or when something was found where nothing was planted."""
    score = run_mutants(
        sample=sample,
        seed=seed,
        only=only,
        part=_part_of(part),
        deep=deep,
        seconds=None if minutes is None else 60 * minutes,
        tell=_tell if sys.stderr.isatty() else None,
    )
    if as_json:
        typer.echo(msgspec.json.encode(score).decode())
    else:
        _show(score)
    words = "".join(
        word
        for word, used in (
            (f" --sample {sample}", sample),
            ("".join(f" --only '{name}'" for name in only), only),
            (f" --part {part}", part),
            (" --deep", deep),
        )
        if used
    )
    publish(
        keep,
        Figure(
            what="mutants",
            command=f"solvent mutants --seed {seed}{words}",
            passed=score.passed,
            figures={
                "planted": score.planted,
                "caught": score.caught,
                "share": f"{score.share:.1%}",
                "gone": len(score.gone),
                "missed": "; ".join(score.missed) or "none",
                "seconds": round(score.seconds),
            },
        ),
    )
    if not score.passed:
        raise typer.Exit(CHECK_FAILED)


def _part_of(text: str | None) -> tuple[int, int]:
    """(k, n) of "k/n"; raises typer.BadParameter for anything else."""
    if text is None:
        return 1, 1
    k, _, n = text.partition("/")
    if not (k.isdecimal() and n.isdecimal() and 1 <= int(k) <= int(n)):
        raise typer.BadParameter(
            f"{text!r} is no part of the list; write the second of four parts as 2/4", param_hint="--part"
        )
    return int(k), int(n)


def _tell(score: Score) -> None:
    sys.stderr.write(f"\r{score.caught} of {score.planted} caught, {score.seconds:,.0f} s")
    sys.stderr.flush()


def _show(score: Score) -> None:
    typer.echo(f"planted  {score.planted}")
    typer.echo(f"caught   {score.caught} ({score.share:.1%})")
    for fault in score.faults:
        if fault.caught:
            typer.echo(f"    {fault.name} (class {fault.catalogue}): {fault.by}, the {fault.nets}. net")
    typer.echo(f"missed   {len(score.missed)}")
    for name in score.missed:
        typer.echo(f"    {name}")
    if score.gone:
        typer.echo(f"gone     {len(score.gone)}: their place is not in the ground any more")
        for name in score.gone:
            typer.echo(f"    {name}")
    clean = "the ground without a fault came through" if score.clean else f"FAILED: {score.found_clean}"
    typer.echo(f"clean    {clean}")
    typer.echo(f"seconds  {score.seconds:,.1f}")
