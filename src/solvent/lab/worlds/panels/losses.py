"""Panels 1 to 4: the verdict, who pays, what is left of the funds, and where a crash ends."""

import math
from typing import Any, Final

import numpy as np

from solvent.codes import Level
from solvent.compiled import quick_compilation
from solvent.lab.statistics.funds import cover, replenishment_days
from solvent.lab.statistics.impact import cascade_points
from solvent.lab.worlds.calibrate import losses_by_owner
from solvent.lab.worlds.compiled.tables import BUCKETS, Moment, Total
from solvent.lab.worlds.conditions import LEVELS
from solvent.lab.worlds.estimates import TRANCHES, Estimate, funds_exhausted, probability, weights_of
from solvent.lab.worlds.figures import Figure, Trace
from solvent.lab.worlds.panels.bench import Bench, error_of, number
from solvent.lab.worlds.world import World
from solvent.procedures.assess import assess_accounts

CRASHES: Final = (0.0, -0.05, -0.10, -0.20, -0.30, -0.45)
DEPTHS: Final = (1.0, 0.5, 0.2, 0.1, 0.05)
HEAT_PATHS: Final = 2
REST: Final = (
    "Least to greatest: where a fall and the sales it forces into a linear book can come to rest; the least follows "
    "causally, the gap says how fragile the book is."
)


def verdict(bench: Bench) -> Figure:
    """1. Limits, capital needed against held, and the three cheapest breaks."""
    summary = bench.run.summary
    needed = summary["estimates"]["expected_shortfall_999"]
    table = [("limit", "allowed", "estimate", "standard error", "light")]
    for row in summary["verdict"]:
        table.append(
            (row["limit"], number(row["most"]), number(row["value"]), number(row["standard_error"]), row["colour"])
        )
    breaks = sorted(
        (row for row in bench.shock_grid() if row["shortfall"] > 0),
        key=lambda row: (LEVELS.index(row["shock"].split(":")[1]), -row["shortfall"]),
    )
    for row in breaks[:3]:
        table.append(
            (f"cheapest break: {row['shock']}", "", number(row["shortfall"]), number(row["standard_error"]), "")
        )
    return Figure(
        "verdict", "1. Verdict", "Capital the tail asks for, against what is held; limits; the three cheapest breaks.",
        "", summary["currency"],
        (
            Trace(
                "amount", "bars", ("needed (ES 99.9 %)", "funds held", "vault held"),
                (needed["value"], summary["funds_start"], summary["vault_start"]),
                error=(needed["standard_error"], 0.0, 0.0),
            ),
        ),
        table=tuple(table),
    )  # fmt: skip


def waterfall(bench: Bench) -> Figure:
    """2. Who pays, scenario by scenario."""
    rows = [row for row in bench.shock_grid() if row["shortfall"] > 0][:18]
    x = ["the run", *(row["shock"] for row in rows)]
    own, own_loss = bench.run.summary["mean_paid"], bench.run.summary["estimates"]["mean_shortfall"]
    traces = tuple(
        Trace(name.replace("_", " "), "stack", x, [own[name], *(row[name] for row in rows)])
        for name in TRANCHES
        if own[name] > 0 or any(row[name] > 0 for row in rows)
    )
    left = max((abs(row["shortfall"] - sum(row[name] for name in TRANCHES)) for row in rows), default=0.0)
    note = f"Paid plus open equals the shortfall to {left:.6f} in every scenario, to the quantum on every path."
    return Figure(
        "waterfall", "2. Loss waterfall", "Mean amount each layer pays, for the run and for each shock alone.",
        "", bench.run.summary["currency"], traces or (Trace("nobody", "stack", x, [0.0] * len(x)),), notes=(note,),
        table=(
            ("scenario", "mean shortfall", "standard error"),
            ("the run", number(own_loss["value"]), number(own_loss["standard_error"])),
            *((row["shock"], number(row["shortfall"]), number(row["standard_error"])) for row in rows),
        ),
        basis=f"the run, and {bench.basis}",
    )  # fmt: skip


def fund_survival(bench: Bench) -> Figure:
    """3. What is left of the funds over the horizon."""
    run = bench.run
    paths, quantum = run.paths, run.world.quantum
    left = paths.line[:, :, Moment.FUNDS] / quantum
    half = 0.5 * float(paths.of(Total.FUNDS_START)[0]) / quantum
    hours = (np.arange(BUCKETS) + 1) * run.world.conditions.horizon_s / BUCKETS / 3600.0
    bands = [weighted_quantile(left, level, weights_of(paths)) for level in (0.001, 0.01, 0.05, 0.5)]
    entities = losses_by_owner(run, run.summary["worst_path"])
    es = run.summary["estimates"]["expected_shortfall_999"]
    weights = weights_of(paths)
    exhausted = probability(funds_exhausted(paths), weights)
    income = float(paths.of(Total.PENALTIES).mean() / quantum) * 86_400.0 / run.world.conditions.horizon_s
    worst = float((paths.of(Total.FUNDS_START) - paths.of(Total.FUNDS_LEAST)).max() / quantum)
    quarters = [(hour, place) for hour, place in zip(hours.tolist(), range(BUCKETS), strict=True)]
    by_horizon = [
        (f"P(funds below half by {hour:g} h)", _share(probability(left[:, : place + 1].min(axis=1) < half, weights)))
        for hour, place in quarters[BUCKETS // 4 - 1 :: BUCKETS // 4]
    ]
    table = (
        ("measure", "value"),
        *by_horizon,
        ("P(funds cannot pay a default in full)", _share(exhausted)),
        ("Cover-1, worst path", number(cover(entities, 1))),
        ("Cover-2, worst path", number(cover(entities, 2))),
        ("Cover-5, worst path", number(cover(entities, 5))),
        ("ES 99.9 % (95 % interval)", f"{number(es['value'])} ({number(es['low'])} to {number(es['high'])})"),
        ("days to replenish the worst draw", number(replenishment_days(worst, income))),
    )
    traces = (
        Trace("0.1 % to 5 %", "band", hours.tolist(), bands[0].tolist(), upper=bands[2].tolist()),
        Trace("1 %", "line", hours.tolist(), bands[1].tolist()),
        Trace("median", "line", hours.tolist(), bands[3].tolist()),
    )
    return Figure(
        "fund_survival", "3. Fund survival", "Quantiles of what is left of funds and capital.", "hours",
        run.summary["currency"], traces, table=table,
    )  # fmt: skip


def heat_map(bench: Bench) -> Figure:
    """4. Price shock times depth: what is liquidated and lost."""
    world = bench.side
    hour = bench.hour_of(world)
    lost, sold, errors = [], [], []
    for depth in DEPTHS:
        cells = []
        for crash in CRASHES:
            added = np.zeros((world.conditions.steps, world.markets))
            added[hour] = math.log1p(crash) / (hour.stop - hour.start)
            columns = [Total.SHORTFALL, Total.LIQUIDATED, Total.TAKEN_OVER, Total.DELEVERAGED]
            cells.append(bench.sample(world, columns, HEAT_PATHS, added=added, depth_times=depth))
        lost.append([float(cell[:, 0].mean()) for cell in cells])
        sold.append([float(cell[:, 1:].sum(axis=1).mean()) for cell in cells])
        errors.append(max(error_of(cell[:, 0]) for cell in cells))
    steps_down, sizes = thresholds_of(world)
    table = [("", *(f"{crash:+.0%}" for crash in CRASHES))]
    for depth, row in zip(DEPTHS, sold, strict=True):
        table.append((f"closed, depth x {depth:g}", *(number(value) for value in row)))
    for depth in DEPTHS:
        impact = 0.01 / (float(world.given.calm_depth.sum()) * depth)
        ends = [cascade_points(steps_down, sizes, impact, -crash) for crash in CRASHES]
        table.append((f"least to greatest fall, x {depth:g}", *(_between(low, high) for low, high in ends)))
    return Figure(
        "heat_map", "4. Liquidation heat map", "Shortfall for a crash within an hour and books multiplied by a factor.",
        "move within an hour", "depth",
        (Trace("shortfall", "heat", [f"{c:+.0%}" for c in CRASHES], [f"x {d:g}" for d in DEPTHS], z=lost),),
        table=tuple(table),
        notes=(
            REST,
            f"Largest standard error of a cell: {number(max(errors))}.",
        ),
        basis=f"{HEAT_PATHS} side paths of {world.conditions.horizon_s / 3600:g} h a cell",
    )  # fmt: skip


def _between(low: float, high: float) -> str:
    return f"{min(low, 1.0):.1%}" if high - low < 5e-4 else f"{min(low, 1.0):.1%} to {min(high, 1.0):.1%}"


def thresholds_of(world: World) -> tuple[np.ndarray, np.ndarray]:
    """(fall of all markets at which it is liquidated, notional long) of every account that is long on balance.

    The fall is (equity - requirement) over the net value, requirements taken as they stand.
    """
    accounts = np.arange(int(world.people["providers"][-1]) + 1, int(world.state.venue[0].account_count))
    answers = np.zeros((len(accounts), 4), dtype=np.int64)
    with quick_compilation():
        assess_accounts(world.state, int(Level.MAINTENANCE), accounts.astype(np.int64), answers)
    positions: Any = world.state.positions[: int(world.state.venue[0].position_count)]
    held = positions.lots != 0
    value = positions.lots * world.given.opening_ticks[positions.instrument]
    value = value * world.given.value_per_lot_tick[positions.instrument] * held
    net = np.bincount(positions.account, weights=value, minlength=int(accounts[-1]) + 1)[accounts]
    room = (answers[:, 0] - answers[:, 1]) / world.quantum
    falls = net > 0
    return np.maximum(room[falls] / net[falls], 0.0), net[falls]


def _share(found: Estimate) -> str:
    return f"{found.value:.4f} ± {found.standard_error:.4f}"


def weighted_quantile(values: np.ndarray, level: float, weights: np.ndarray | None) -> np.ndarray:
    """Quantile of each column over paths [n, columns], weighed where paths are."""
    if weights is None:
        plain: np.ndarray = np.quantile(values, level, axis=0)
        return plain
    order = np.argsort(values, axis=0)
    total = np.cumsum(weights[order], axis=0) / weights.sum()
    place = np.argmax(total >= level, axis=0)
    found: np.ndarray = np.take_along_axis(values, np.take_along_axis(order, place[None], axis=0), axis=0)[0]
    return found
