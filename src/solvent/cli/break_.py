"""`solvent break`: worlds drawn from a seed, every command checked by independent books."""

import sys

import msgspec
import typer

from solvent.cli.figures import Figure, publish
from solvent.lab.campaign import Campaign, run_campaign

CHECK_FAILED = 1


def break_command(commands: int, seed: int, minutes: float | None, as_json: bool, keep: str | None) -> None:
    """Run a campaign and print what it did, met and found; leave with 1 when it failed."""
    shown = Progress()
    result = run_campaign(
        commands, seed, seconds=None if minutes is None else 60 * minutes, tell=shown if sys.stderr.isatty() else None
    )
    if as_json:
        typer.echo(msgspec.json.encode(msgspec.to_builtins(result)).decode())
    else:
        show(result)
    publish(
        keep,
        Figure(
            what="break",
            command=f"solvent break --commands {commands} --seed {seed}",
            passed=result.passed,
            figures={
                "commands": result.commands,
                "violations": result.violations,
                "by auditor": result.by_auditor,
                "by clerk": result.by_clerk,
                "worlds": result.worlds,
                "seconds": round(result.seconds),
                "a second": round(result.commands_per_second),
                "missing": len(result.missing),
            },
        ),
    )
    if not result.passed:
        raise typer.Exit(CHECK_FAILED)


class Progress:
    """One line on standard error that says how far it is."""

    def __call__(self, result: Campaign) -> None:
        """Rewrite the line."""
        rate = result.commands / max(result.seconds, 1e-9)
        sys.stderr.write(
            f"\r{result.commands:,} commands, {result.worlds} worlds, {result.violations} violations,"
            f" {rate:,.0f} a second"
        )
        sys.stderr.flush()


def show(result: Campaign) -> None:
    """The one-page summary."""
    typer.echo(f"commands    {result.commands:,} in {result.worlds} worlds, {result.seconds:,.1f} s")
    typer.echo(f"            {result.commands_per_second:,.0f} a second on one core, all checks included")
    typer.echo(f"checked     {result.by_auditor:,} by the auditor (exact), {result.by_clerk:,} by the clerk (compiled)")
    if result.unjudged:
        typer.echo(f"            {result.unjudged:,} stretches under rules the clerk leaves to the auditor")
    if result.reopened:
        typer.echo(f"            {result.reopened:,} times the clerk opened its books anew")
    typer.echo(f"violations  {result.violations}")
    for finding in result.findings:
        typer.echo(f"\nworld {finding.world}, after {finding.scene} commands: {finding.law}")
        typer.echo(f"    auditor: {finding.auditor or 'sees nothing wrong'}")
        for command in finding.commands:
            typer.echo(f"    {command}")
    typer.echo(
        f"reached     {len(result.reached)} counters" + ("" if result.missing else ", none of the required at zero")
    )
    if result.missing:
        typer.echo("vacuous: never met " + ", ".join(result.missing))
