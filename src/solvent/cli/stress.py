"""`solvent stress`: read what is asked, play it, show the table, keep the record."""

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from solvent.cli.replay import OutputUnusable, progress_line

LIMIT_BREACHED = 2

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds_of(text: str, what: str) -> int:
    """Whole seconds of a duration such as 90m. Raises WorldError."""
    from solvent.lab.worlds.faults import world_error

    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if seconds < 1 or seconds != int(seconds):
        raise world_error(what, (text, "this is no duration in whole seconds", "Write 60s, 90m, 8h or 2d."))
    return int(seconds)


def order_of(scenario: str, rulebook: str | None, asked: dict[str, Any]) -> Any:
    """The order that the options of a command describe. Raises RulebookError with every fault."""
    from solvent.lab.worlds.conditions import Conditions, parse_shock
    from solvent.lab.worlds.stress import Order

    shocks = tuple(parse_shock(text) for text in asked.get("shocks", ()))
    oracles = {"oracle", "liar"} & {shock.dimension for shock in shocks}
    conditions = Conditions(
        horizon_s=seconds_of(asked.get("horizon", "12h"), "horizon"),
        step_s=seconds_of(asked.get("step", "30s"), "step"),
        depth=depth_asked(asked.get("depth", "normal"), asked.get("depths")),
        latency_s=asked.get("latency", 500) / 1000.0,
        panic_part=asked.get("panic", 0.0),
        run_part=asked.get("run", 0.0),
        feeds=3 if oracles else asked.get("feeds", 1),
        jumps_times=asked.get("jumps", 1.0),
        shocks=shocks,
    )
    return Order.of(
        scenario,
        rulebook,
        model=asked.get("model", "garch-t"),
        conditions=conditions,
        prices=str(Path(asked["prices"]).absolute()) if asked.get("prices") else None,
        book=str(Path(asked["book"]).absolute()) if asked.get("book") else None,
        accounts=asked.get("accounts"),
        seed=asked.get("seed", 1),
    )


def depth_asked(depth: str, history: Path | None) -> str:
    """The depth a run is played with; a forecast becomes the share it comes to. Raises WorldError."""
    from solvent.lab.worlds.depths import forecast_share
    from solvent.lab.worlds.faults import world_error

    if depth != "forecast":
        return depth
    if history is None:
        raise world_error("depth", ("--depth forecast", "it needs a history", "Name one with --depths FILE."))
    share, told = forecast_share(history)
    print(
        f"depth: {told['used']:,.0f} of usually {told['usual_depth']:,.0f} may be counted on ({share:.2%}); "
        f"median {told['median']:,.0f}, 5 % quantile {told['low']:,.0f}",
        file=sys.stderr,
    )
    return f"{share:.6f}"


def stress_command(
    scenario: str,
    rulebook: str | None,
    paths: int,
    asked: dict[str, Any],
    limits: tuple[str, ...],
    until_se: float | None,
    jobs: int,
    on: str,
    address: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Play, print, write; leave with 2 when a limit is breached."""
    from solvent.lab.worlds.estimates import parse_limit
    from solvent.lab.worlds.faults import world_error
    from solvent.lab.worlds.runs import cores
    from solvent.lab.worlds.stress import run_stress

    if on not in ("processes", "ray"):
        raise world_error("--on", (on, "there is nothing of this name to run on", "Write processes or ray."))
    wanted = [parse_limit(text) for text in limits]
    order = order_of(scenario, rulebook, asked)
    if out is not None:
        check_folder(out)
    with progress_line() as progress:
        run = run_stress(
            order, paths, jobs=jobs or cores(), on=on, address=address, until_se=until_se, limits=wanted,
            progress=progress,
        )  # fmt: skip
    if out is not None:
        from solvent.lab.worlds.report import write_report

        with progress_line() as progress:
            write_report(out, run, progress)
    show(run.summary, as_json, stress_table)
    if run.paths.partial:
        print(f"interrupted: {len(run.paths)} of {paths} paths, marked as partial", file=sys.stderr)
    if out is not None:
        worst = run.summary["worst_path"]
        print(
            f"written to {out}; `solvent explain {out} --path {worst} --account N` opens its worst path",
            file=sys.stderr,
        )
    if not run.summary["within_limits"]:
        sys.exit(LIMIT_BREACHED)


def grid_command(
    scenario: str,
    rulebook: str | None,
    paths: int,
    asked: dict[str, Any],
    level: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Every shock alone and in pairs, eight paths of each at most; grid.json in `out`."""
    from solvent.lab.worlds.grid import shock_grid

    order = order_of(scenario, rulebook, asked)
    if out is not None:
        check_folder(out, "grid.json")
    with progress_line() as progress:
        result = shock_grid(order, level, paths=paths, progress=progress)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "grid.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2))
    show(result, as_json, grid_table)


def grid_table(result: dict[str, Any]) -> Any:
    """One row a shock or pair, worst first."""
    from rich.table import Table

    table = Table(title=f"{len(result['rows'])} shocks and pairs at {result['level']}, {result['paths']} paths of each")
    table.add_column("shocks")
    for name in ("mean shortfall", "standard error", "beyond the singles", "liquidated", "P(shared loss)"):
        table.add_column(name, justify="right")
    for row in result["rows"]:
        table.add_row(
            " + ".join(row["shocks"]),
            f"{row['mean_shortfall']:,.6g}",
            f"{row['mean_shortfall_error']:,.3g}",
            f"{row['together']:,.6g}" if len(row["shocks"]) > 1 else "",
            f"{row['mean_liquidated']:,.6g}",
            f"{row['probability_socialised_loss']:.2%}",
        )
    for shocks, why in result["left_out"].items():
        table.add_row(shocks, f"left out: {why}")
    return table


def show(summary: dict[str, Any], as_json: bool, table: Any) -> None:
    """Print a result as JSON or as a table."""
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(summary), indent=2).decode() + "\n")
        return
    from rich.console import Console

    Console().print(table(summary))


def stress_table(summary: dict[str, Any]) -> Any:
    """The main estimates as a table a risk officer reads."""
    from rich.table import Table

    table = Table(
        title=(
            f"{summary['paths']} paths of {summary['horizon_s'] / 3600:g} h under {summary['digests']['rulebook']}, "
            f"{summary['accounts']} accounts, {summary['markets']} markets, {summary['paths_per_second']:g} a second"
        )
    )
    table.add_column("measure")
    table.add_column("estimate", justify="right")
    table.add_column("standard error", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, estimate in summary["estimates"].items():
        table.add_row(
            name.replace("_", " "),
            f"{estimate['value']:,.6g}",
            f"{estimate['standard_error']:,.3g}",
            f"{estimate['low']:,.4g} to {estimate['high']:,.4g}",
        )
    for name, amount in summary["mean_paid"].items():
        if amount:
            table.add_row(f"paid on average by {name.replace('_', ' ')}", f"{amount:,.6g}", "", "")
    for row in summary["verdict"]:
        table.add_row(f"limit {row['limit']} <= {row['most']:g}", row["colour"], "", "")
    return table


def check_folder(out: Path, ours: str = "order.json") -> None:
    """Refuse a folder that holds something else, before any work is done. Raises OutputUnusable."""
    if out.exists() and not out.is_dir():
        raise OutputUnusable(f"{out} is a file. Name a folder, or a path that does not exist yet.")
    if out.is_dir() and any(out.iterdir()) and not (out / ours).is_file():
        raise OutputUnusable(f"{out} already holds something else. Name an empty folder or one of an earlier run.")
