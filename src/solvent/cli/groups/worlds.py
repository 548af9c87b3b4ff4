"""Thousands of imagined days: what is lost, what it takes to lose it, which numbers the rules should have."""

from pathlib import Path
from typing import Annotated

import typer


def stress(
    scenario: Annotated[
        str, typer.Argument(help="Markets, people and funds: an embedded scenario or a file.")
    ] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    paths: Annotated[int, typer.Option("--paths", min=1, max=10_000_000, help="How many days, at most.")] = 1000,
    model: Annotated[
        str,
        typer.Option("--model", "--price", help="normal, historical, fhs, garch-t, kou, hawkes or regime."),
    ] = "garch-t",
    prices: Annotated[Path | None, typer.Option("--prices", "-p", help="Candles the model is fitted to.")] = None,
    book: Annotated[
        Path | None, typer.Option("--book", help="Positions of a real book, Parquet or CSV, instead of seeded people.")
    ] = None,
    accounts: Annotated[int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000)] = None,
    horizon: Annotated[str, typer.Option("--horizon", help="Length of a path: 8h, 90m, 2d.")] = "12h",
    step: Annotated[str, typer.Option("--step", help="Time between two prices.")] = "30s",
    depth: Annotated[
        str, typer.Option("--depth", help="normal, stressed (5 %), forecast, or a share of the scenario's depth.")
    ] = "normal",
    depths: Annotated[
        Path | None, typer.Option("--depths", help="History of a book, for --depth forecast: time, depth, price.")
    ] = None,
    latency: Annotated[
        int, typer.Option("--latency", min=0, max=3_600_000, help="Milliseconds from an order to its first fill.")
    ] = 500,
    shock: Annotated[
        list[str] | None,
        typer.Option("--shock", help="DIMENSION:LEVEL, as crash:severe; repeat to combine. See the documentation."),
    ] = None,
    panic: Annotated[float, typer.Option("--panic", min=0, max=1, help="Share of cash taken out after a fall.")] = 0.0,
    run: Annotated[
        float, typer.Option("--run", min=0, max=1, help="Share of vault members leaving after a loss.")
    ] = 0.0,
    jumps: Annotated[
        float,
        typer.Option(
            "--jumps-times",
            min=1,
            max=1000,
            help="kou, hawkes, regime: jumps so often on every second path.",
        ),
    ] = 1.0,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", "--fail-on", help="NAME=NUMBER, as expected_shortfall_999=5e6; breached: exit 2."),
    ] = None,
    grid: Annotated[
        str | None,
        typer.Option("--grid", help="Instead: every shock and every pair at this level: adverse, severe or extreme."),
    ] = None,
    until_se: Annotated[
        float | None,
        typer.Option("--until-se", min=1e-6, help="Stop when the standard error of ES99.9 is this share of it."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Same seed, same digest.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 is one a core.")] = 0,
    on: Annotated[str, typer.Option("--on", help="processes, or ray for a Ray cluster.")] = "processes",
    address: Annotated[str | None, typer.Option("--address", help="The cluster's address; auto finds one.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for report, numbers and journals.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the content of run.json.")] = False,
) -> None:
    """Play many days through the machine: expected shortfall, who pays, how often, with standard errors.

    Exit 2 when a limit is breached, 4 when a path could not be had again. An interruption keeps the finished paths.
    """
    from solvent.cli.stress import stress_command

    asked = {
        "model": model, "prices": prices, "book": book, "accounts": accounts, "horizon": horizon, "step": step,
        "depth": depth, "latency": latency, "shocks": tuple(shock or ()), "panic": panic, "run": run, "seed": seed,
        "jumps": jumps, "depths": depths,
    }  # fmt: skip
    if grid is not None:
        from solvent.cli.stress import grid_command

        grid_command(scenario, rulebook, min(paths, 8), asked, grid, out, as_json)
        return
    stress_command(scenario, rulebook, paths, asked, tuple(limit or ()), until_se, jobs, on, address, out, as_json)


def reverse(
    target: Annotated[float, typer.Option("--target", min=0, help="Loss to reach, in the settlement currency.")],
    scenario: Annotated[str, typer.Argument(help="Markets, people, funds: a name or a file.")] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    measure: Annotated[str, typer.Option("--measure", help="shortfall, socialised or liquidated.")] = "shortfall",
    max_distance: Annotated[float, typer.Option("--max-distance", min=0.1, max=50, help="Standard deviations.")] = 8.0,
    ball: Annotated[
        float | None,
        typer.Option("--ball", min=0.1, max=50, help="Radius of the worst case."),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="As in stress.")] = "normal",
    prices: Annotated[Path | None, typer.Option("--prices", "-p", help="Candles the model is fitted to.")] = None,
    book: Annotated[Path | None, typer.Option("--book", help="Positions of a real book.")] = None,
    accounts: Annotated[int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000)] = 2000,
    horizon: Annotated[str, typer.Option("--horizon", help="Length of a path.")] = "3h",
    evaluations: Annotated[int, typer.Option("--evaluations", min=8, max=100_000, help="Directions tried.")] = 40,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62)] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="The search is one process.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for reverse.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print reverse.json.")] = False,
) -> None:
    """Find the most plausible scenario that loses the target, then the worst within a ball. Exit 3: out of reach."""
    from solvent.cli.search import reverse_command

    asked = {"model": model, "prices": prices, "book": book, "accounts": accounts, "horizon": horizon, "seed": seed}
    reverse_command(scenario, rulebook, asked, target, measure, max_distance, ball, evaluations, out, as_json)


def attack(
    scenario: Annotated[str, typer.Argument(help="Markets, people, funds: a name or a file.")] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    budget: Annotated[float, typer.Option("--budget", help="What the attacker has, in the settlement currency.")] = 3e6,
    objective: Annotated[str, typer.Option("--objective", help="loss, profit, pareto or liquidations.")] = "loss",
    side: Annotated[str, typer.Option("--side", help="Which way prices may be pushed: any, up or down.")] = "any",
    market: Annotated[str | None, typer.Option("--market", help="Attack this market only.")] = None,
    lies: Annotated[bool, typer.Option("--lies", help="One of three price sources may be made to lie.")] = False,
    evaluations: Annotated[int, typer.Option("--evals", "--evaluations", min=8, max=1_000_000)] = 400,
    shrink: Annotated[bool, typer.Option("--shrink/--no-shrink", help="Reduce to a minimal witness.")] = True,
    witness: Annotated[Path | None, typer.Option("--witness", help="Where the witness is kept.")] = None,
    replay_file: Annotated[
        Path | None, typer.Option("--replay", help="Play a witness again instead; exit 4 when it came out otherwise.")
    ] = None,
    accounts: Annotated[int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000)] = 1000,
    horizon: Annotated[str, typer.Option("--horizon", help="Length of the path.")] = "2h",
    limit: Annotated[
        float | None, typer.Option("--fail-on", help="Exit 2 when the damage is larger, or when the attack pays.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62)] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="The search is one process.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for attack.json and witness.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print attack.json.")] = False,
) -> None:
    """Search the cheapest way to hurt the venue: damage, cost, profit, griefing factor, minimal witness."""
    from solvent.cli.search import attack_command

    asked = {"model": "normal", "accounts": accounts, "horizon": horizon, "seed": seed, "feeds": 3 if lies else 1}
    attack_command(
        scenario,
        rulebook,
        asked,
        budget,
        objective,
        (side, lies, market),
        evaluations,
        shrink,
        witness,
        replay_file,
        limit,
        out,
        as_json,
    )


def calibrate(
    scenario: Annotated[str, typer.Argument(help="Markets, people, funds: a name or a file.")] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    prices: Annotated[Path | None, typer.Option("--prices", "-p", help="Candles for gaps and the model.")] = None,
    model: Annotated[str, typer.Option("--model", help="As in stress.")] = "hawkes",
    paths: Annotated[int, typer.Option("--paths", min=20, max=1_000_000)] = 300,
    target_ruin: Annotated[float, typer.Option("--target-ruin", min=1e-6, max=0.5, help="Allowed a horizon.")] = 0.001,
    capital_cost: Annotated[float, typer.Option("--capital-cost", min=1e-6, help="Of a unit of fund.")] = 0.10,
    shortage_cost: Annotated[float, typer.Option("--shortage-cost", min=1e-6, help="Of a unit not covered.")] = 5.0,
    close_out: Annotated[str, typer.Option("--close-out", help="Time a close-out takes.")] = "1h",
    accounts: Annotated[int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000)] = 2000,
    horizon: Annotated[str, typer.Option("--horizon", help="Length of a path.")] = "8h",
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62)] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 is one a core.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for calibrate.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print calibrate.json.")] = False,
) -> None:
    """Thresholds, penalty, buffers and fund size against a target; the frontier of capital against shared losses."""
    from solvent.cli.search import calibrate_command

    asked = {"model": model, "prices": prices, "accounts": accounts, "horizon": horizon, "seed": seed}
    calibrate_command(
        scenario, rulebook, asked, paths, target_ruin, (capital_cost, shortage_cost), close_out, jobs, out, as_json
    )


def backtest(
    prices: Annotated[Path, typer.Option("--prices", "-p", help="Candles.")],
    scenario: Annotated[str, typer.Argument(help="Markets: a name or a file.")] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="rulebook, ewma, fhs or garch-t; repeat for more.")
    ] = None,
    level: Annotated[float, typer.Option("--level", min=0.5, max=0.99999, help="What the margin promises.")] = 0.99,
    close_out: Annotated[str, typer.Option("--close-out", help="Time a close-out takes.")] = "1h",
    buffer: Annotated[str, typer.Option("--buffer", help="none, buffer (a quarter, EMIR 28.1a) or floor.")] = "none",
    fail_on: Annotated[str | None, typer.Option("--fail-on", help="yellow or red: exit 2 at this light.")] = None,
    seed: Annotated[
        int, typer.Option("--seed", "-s", min=0, max=2**62, help="Nothing is drawn; kept for the record.")
    ] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="One process.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for backtest.json and Parquet.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print backtest.json.")] = False,
) -> None:
    """Coverage of margin rules over history: Kupiec, Christoffersen, traffic lights, sufficiency, procyclicality."""
    from solvent.cli.search import backtest_command

    backtest_command(
        scenario, rulebook, prices, tuple(rule or ("rulebook", "ewma", "fhs")), level, close_out, buffer, fail_on, seed,
        out, as_json,
    )  # fmt: skip
