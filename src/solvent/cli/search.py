"""`solvent reverse`, `attack`, `calibrate` and `backtest`: read, search or test, show, keep."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from solvent.cli.replay import progress_line
from solvent.cli.stress import LIMIT_BREACHED, check_folder, order_of, seconds_of, show


def keep(out: Path | None, name: str, result: dict[str, Any]) -> None:
    """Write a result into its folder."""
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2))
    print(f"written to {out / name}", file=sys.stderr)


def say_partial(result: dict[str, Any], what: str) -> None:
    """A word on an interrupted search."""
    if result["partial"]:
        print(f"interrupted: {what}, marked as partial", file=sys.stderr)


def two_columns(title: str, rows: list[tuple[str, str]]) -> Any:
    """A small table of names and values."""
    from rich.table import Table

    table = Table(title=title)
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, value in rows:
        table.add_row(name, value)
    return table


def reverse_command(
    scenario: str,
    rulebook: str | None,
    asked: dict[str, Any],
    target: float,
    measure: str,
    max_distance: float,
    ball: float | None,
    evaluations: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Search and show."""
    from solvent.lab.worlds.reverse import reverse_stress
    from solvent.lab.worlds.stress import world_of

    if out is not None:
        check_folder(out, "reverse.json")
    order = order_of(scenario, rulebook, asked)
    with progress_line() as progress:
        result = reverse_stress(
            world_of(order)[0], target, max_distance=max_distance, ball=ball, measure=measure,
            evaluations=evaluations, progress=progress,
        )  # fmt: skip
    keep(out, "reverse.json", result)
    show(result, as_json, reverse_table)
    say_partial(result, f"the nearest of {result['evaluations']} scenarios")


def reverse_table(result: dict[str, Any]) -> Any:
    """The nearest scenario and the worst within the ball."""
    rows = []
    for name in ("nearest", "worst"):
        found = result[name]
        rows.append((f"{name}: distance", f"{found['distance']:.2f} standard deviations"))
        plausible = f"{found['plausibility_normal']:.2g} normal, {found['plausibility_student']:.2g} Student-t"
        rows.append((f"{name}: plausibility", plausible))
        rows.append((f"{name}: {result['measure']}", f"{found['loss']:,.0f} {result['currency']}"))
        moves = ", ".join(f"{symbol.split('/')[0]} {move:+.1%}" for symbol, move in list(found["moves"].items())[:6])
        rows.append((f"{name}: moves within {found['over_s'] // 60} min", moves))
        factors = f"moves x {found['volatility_times']:.1f}, depth x {found['depth_times']:.2f}"
        rows.append((f"{name}: volatility, depth", factors))
    return two_columns(f"what loses {result['target']:,.0f} {result['currency']}", rows)


def attack_command(
    scenario: str,
    rulebook: str | None,
    asked: dict[str, Any],
    budget: float,
    objective: str,
    allowed: tuple[str, bool, str | None],
    evaluations: int,
    shrink: bool,
    witness: Path | None,
    replay_file: Path | None,
    limit: float | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Search, or play a witness again; leave with 2 when more is done than allowed."""
    from solvent.lab.worlds.attack import replay_witness, search_attack, write_witness

    if replay_file is not None:
        result = replay_witness(replay_file, rulebook)
        damage, profit = result["outcome"]["damage"], result["outcome"]["profit"]
        keep(out, "attack.json", result)
        show(result, as_json, lambda found: two_columns(
            f"witness under {found['rulebook']}",
            [(name, f"{value:,.0f}") for name, value in found["outcome"].items()],
        ))  # fmt: skip
    else:
        if out is not None:
            check_folder(out, "attack.json")
        order = order_of(scenario, rulebook, asked)
        with progress_line() as progress:
            result = search_attack(
                order,
                budget,
                objective=objective,
                side=allowed[0],
                lies=allowed[1],
                market=allowed[2],
                evaluations=evaluations,
                shrink=shrink,
                progress=progress,
            )
        damage, profit = result["damage"], result["profit"]
        keep(out, "attack.json", result)
        kept = witness or (out / "witness.json" if out is not None else None)
        if kept is not None:
            write_witness(kept, order, result)
        show(result, as_json, attack_table)
        say_partial(result, f"the worst of {result['evaluations']} attacks")
    if limit is not None and (damage > limit or profit > 0.0):
        sys.exit(LIMIT_BREACHED)


def attack_table(result: dict[str, Any]) -> Any:
    """What was found."""
    factor = result["griefing_factor"]
    rows = [
        ("damage", f"{result['damage']:,.0f} {result['currency']}"),
        ("cost", f"{result['cost']:,.0f}"),
        ("profit", f"{result['profit']:,.0f}"),
        ("griefing factor", "it pays" if factor is None else f"{factor:.2f}"),
        ("pattern", f"{result['pattern']['name']}: {result['pattern']['how']}"),
        ("closed by force beside", f"{result['closed']:,.0f}"),
        ("market", result["market"]),
        ("attacks tried", f"{result['evaluations']}"),
    ]
    for action in result["witness"]["actions"]:
        what = f"step {action['step']}: account {action['account']}, {action['size']:,.4g}"
        rows.append((f"witness: {action['kind']}", what))
    return two_columns(f"attacks with {result['budget']:,.0f}, for {result['objective']}", rows)


def calibrate_command(
    scenario: str,
    rulebook: str | None,
    asked: dict[str, Any],
    paths: int,
    target_ruin: float,
    costs: tuple[float, float],
    close_out: str,
    jobs: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Gaps from history where it is given; funds, penalties and the frontier from simulation."""
    from solvent.lab.worlds.calibrate import (
        MARGIN_TIMES,
        calibrate_funds,
        calibrate_gaps,
        calibrate_penalties,
        capital_of,
        frontier,
    )
    from solvent.lab.worlds.models import read_returns
    from solvent.lab.worlds.runs import cores
    from solvent.lab.worlds.stress import run_stress

    if out is not None:
        check_folder(out, "calibrate.json")
    order = order_of(scenario, rulebook, asked)
    seconds = seconds_of(close_out, "close-out")
    with progress_line() as progress:
        run = run_stress(order, paths, jobs=jobs or cores(), progress=lambda share, what: progress(share * 0.5, what))
        partial = run.paths.partial
        points = []
        if not partial:
            points = frontier(
                order, paths=max(paths // 4, 20), jobs=1, progress=lambda share, what: progress(0.5 + share * 0.5, what)
            )
            partial = len(points) < len(MARGIN_TIMES)
    gaps = []
    if order.prices is not None:
        gaps = calibrate_gaps(run.world, read_returns(order.prices), close_out_s=float(seconds))
    result = {
        "schema": "calibrate/1",
        "currency": run.summary["currency"],
        "paths": len(run.paths),
        "partial": partial,
        "gaps": gaps,
        "funds": calibrate_funds(run, target_ruin=target_ruin, capital_cost=costs[0], shortage_cost=costs[1]),
        "penalties": calibrate_penalties(run),
        "capital": capital_of(run.world),
        "frontier": points,
        "seed": order.seed,
        "digests": run.summary["digests"],
    }
    keep(out, "calibrate.json", result)
    show(result, as_json, calibrate_table)
    say_partial(result, f"{len(run.paths)} of {paths} paths and {len(points)} points of the frontier")


def calibrate_table(result: dict[str, Any]) -> Any:
    """Recommended numbers beside those in force."""
    funds = result["funds"]
    rows = [
        ("fund held", f"{funds['held']:,.0f} {result['currency']}"),
        ("fund recommended (largest of the rules)", f"{funds['recommended']:,.0f}"),
        ("newsvendor", f"{funds['newsvendor']:,.0f}"),
        ("expected shortfall 99.9 %", f"{funds['expected_shortfall_999']['value']:,.0f}"),
        ("Cover-2, worst path", f"{funds['cover_2']:,.0f}"),
    ]
    penalties = result["penalties"]
    if penalties["even_rate_ppm"] is not None:
        rows.append(("penalty now, even", f"{penalties['rate_ppm']:,.0f} ppm, {penalties['even_rate_ppm']:,.0f} ppm"))
    for row in result["gaps"]:
        shown = f"{row['current_rate']:.2%} now, {row['needed_rate']:.2%} needed"
        rows.append((f"maintenance {row['symbol']} {row['side']}", shown))
    for point in result["frontier"]:
        shown = f"capital {point['capital']:,.0f}, shared loss {point['probability_socialised_loss']:.2%}"
        rows.append((f"margins x {point['margin_times']:g}", shown + (" *" if point["is_efficient"] else "")))
    return two_columns("calibration (* efficient)", rows)


def backtest_command(
    scenario: str,
    rulebook: str | None,
    prices: Path,
    rules: tuple[str, ...],
    level: float,
    close_out: str,
    buffer: str,
    fail_on: str | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Test and show; leave with 2 when a light is as bad as `fail_on`."""
    from solvent.lab.worlds.backtest import backtest_margins
    from solvent.lab.worlds.faults import world_error
    from solvent.lab.worlds.models import read_returns
    from solvent.lab.worlds.stress import world_of

    if fail_on not in (None, "yellow", "red"):
        raise world_error("--fail-on", (str(fail_on), "this is no light", "Write yellow or red."))
    if out is not None:
        check_folder(out, "backtest.json")
    order = order_of(scenario, rulebook, {"model": "normal", "accounts": 10, "seed": seed, "horizon": "1h"})
    returns = read_returns(prices)
    world = world_of(order)[0]
    with progress_line() as progress:
        rows = backtest_margins(
            world, returns, rules=rules, level=level, close_out_s=float(seconds_of(close_out, "close-out")),
            buffer=buffer, tell=progress,
        )  # fmt: skip
    digests = world.digests() | {"data_digest": returns.digest}
    result = {"schema": "backtest/1", "level": level, "buffer": buffer, "rows": rows, "digests": digests, "seed": seed}
    keep(out, "backtest.json", result)
    show(result, as_json, backtest_table)
    bad = {"yellow": ("yellow", "red"), "red": ("red",)}.get(fail_on or "", ())
    if any(row["light"] in bad for row in rows):
        sys.exit(LIMIT_BREACHED)


def backtest_table(result: dict[str, Any]) -> Any:
    """One row a market, side and rule."""
    from rich.table import Table

    table = Table(title=f"coverage at {result['level']:.1%}")
    for name in ("market", "side", "rule", "hits", "coverage", "Kupiec p", "Christoffersen p", "light", "mean margin"):
        table.add_column(name, justify="left" if name in ("market", "side", "rule", "light") else "right")
    for row in result["rows"]:
        table.add_row(
            row["symbol"], row["side"], row["rule"], f"{row['hits']} of {row['observations']}",
            f"{row['coverage']:.2%}",
            f"{row['proportion_p']:.3f}", f"{row['both_p']:.3f}", row["light"], f"{row['mean_margin']:.2%}",
        )  # fmt: skip
    return table
