"""Panels 5 to 7: were margins enough, do they swing, and how heavy is the tail they stand against."""

import math
from typing import Final

import numpy as np

from solvent.lab.statistics.coverage import Procyclicality, buffered, coverage_of, procyclicality_of
from solvent.lab.statistics.tails import mean_excess, stability
from solvent.lab.worlds.backtest import close_out_sufficiency
from solvent.lab.worlds.figures import Figure, Trace
from solvent.lab.worlds.panels.bench import HOURLY, Bench
from solvent.lab.worlds.world import Player

SIZES: Final = ((0.0, 1e4), (1e4, 1e5), (1e5, 1e6), (1e6, math.inf))
"""Tiers of notional closed, in the settlement currency."""


def margin_adequacy(bench: Bench) -> Figure:
    """5. What closing cost, against what was required when it began."""
    run = bench.run
    rows, quantum = run.paths.closings, run.world.quantum
    shown = rows[np.linspace(0, len(rows) - 1, min(len(rows), 3000)).astype(int)] if len(rows) else rows
    requirement, loss = shown[:, 4] / quantum, shown[:, 5] / quantum
    found = close_out_sufficiency(rows, quantum)
    table = [("market or tier", "closings", "sufficient", "Kupiec p at 1 %", "Christoffersen p", "light")]
    for k, market in enumerate(run.world.scenario.markets):
        here = rows[rows[:, 2] == k]
        if len(here) < 2:
            continue
        tests = coverage_of(here[:, 5] > here[:, 4], 0.01)
        share = f"{1.0 - tests.hits / tests.observations:.2%}"
        table.append(
            (
                market.contract.symbol,
                f"{len(here)}",
                share,
                f"{tests.proportion_p:.3f}",
                f"{tests.both_p:.3f}",
                tests.light,
            )
        )
    for least, most in SIZES:
        size = rows[:, 3] / quantum if len(rows) else np.zeros(0)
        here = rows[(size >= least) & (size < most)]
        if len(here) < 2:
            continue
        tests = coverage_of(here[:, 5] > here[:, 4], 0.01)
        table.append(
            (
                f"notional from {least:,.0f}",
                f"{len(here)}",
                f"{1.0 - tests.hits / tests.observations:.2%}",
                f"{tests.proportion_p:.3f}",
                f"{tests.both_p:.3f}",
                tests.light,
            )
        )
    top = float(max(requirement.max(initial=1.0), 1.0))
    return Figure(
        "margin_adequacy", "5. Margin adequacy",
        f"{found['sufficient']:.2%} of {found['closings']:.0f} close-outs cost no more than was required at the flag.",
        "maintenance requirement at the flag", "cost of closing",
        (
            Trace("close-out", "points", requirement.tolist(), loss.tolist()),
            Trace("cost = requirement", "line", [0.0, top], [0.0, top]),
        ),
        table=tuple(table),
    )  # fmt: skip


def _rise(found: Procyclicality, steps: int) -> str:
    """The largest rise within so many steps, where the path has as many."""
    return f"{found.largest_rise[steps]:.2f}" if steps in found.largest_rise else "the path is shorter"


def procyclicality(bench: Bench) -> Figure:
    """6. How a margin that follows volatility would move on the worst path."""
    world = bench.world
    player = Player(world)
    player.draw(bench.run.summary["worst_path"])
    series = player.going.returns[:, 0]
    variance = float(world.model.volatility[0] ** 2)
    memory = 0.5 ** (world.conditions.step_s / (2 * 3600.0))
    steps_ahead = max(HOURLY // world.conditions.step_s, 1)
    margins = np.empty(len(series))
    for t, move in enumerate(series.tolist()):
        margins[t] = 3.37 * math.sqrt(variance * steps_ahead)
        variance = memory * variance + (1.0 - memory) * move * move
    charged = buffered(margins)
    calls = np.maximum(np.diff(charged), 0.0).sum()
    driven = np.maximum(-np.diff(np.cumsum(series)), 0.0).sum()
    hours = ((np.arange(len(series)) + 1) * world.conditions.step_s / 3600.0).tolist()
    plain, held = procyclicality_of(margins, (60, 300)), procyclicality_of(charged, (60, 300))
    table = (
        ("margin", "peak to trough", "largest rise in 60 steps", "in 300 steps"),
        ("plain", f"{plain.peak_to_trough:.2f}", *(_rise(plain, steps) for steps in (60, 300))),
        ("buffered", f"{held.peak_to_trough:.2f}", *(_rise(held, steps) for steps in (60, 300))),
        ("calls by the model, by the price", f"{calls:.4f}", f"{driven:.4f}", "of notional"),
    )
    return Figure(
        "procyclicality", "6. Procyclicality",
        "An hour's 99.9 % margin that follows volatility, and the same with a quarter's buffer (EMIR 28.1a).",
        "hours", "share of notional",
        (Trace("plain", "line", hours, margins.tolist()), Trace("buffered", "line", hours, charged.tolist())),
        table=table,
    )  # fmt: skip


def gap_tail(bench: Bench) -> Figure:
    """7. The tail of half-hour falls: shape and expected shortfall over thresholds."""
    world = bench.world
    player = Player(world)
    steps = max(1800 // world.conditions.step_s, 1)
    falls = []
    for path in range(60):
        player.draw(path)
        series = player.going.returns[:, 0]
        count = len(series) // steps
        falls.append(-series[: count * steps].reshape(count, steps).sum(axis=1))
    losses = np.concatenate(falls)
    rows = stability(losses, 0.999) if len(losses) > 400 else []
    excess = mean_excess(losses)
    thresholds = [row["threshold"] for row in rows]
    current = world.maintenance_rate(0)
    table = [("threshold", "excesses", "shape", "95 % interval", "ES 99.9 %")]
    for row in rows[::4]:
        interval = f"{row['shape_low']:.2f} to {row['shape_high']:.2f}"
        tail = "refused" if math.isnan(row["expected_shortfall"]) else f"{row['expected_shortfall']:.4f}"
        table.append((f"{row['threshold']:.4f}", f"{row['excesses']:.0f}", f"{row['shape']:.3f}", interval, tail))
    traces = [
        Trace("mean excess", "line", [row[0] for row in excess], [row[1] for row in excess]),
        Trace("maintenance now", "line", [0.0, max(thresholds, default=0.01)], [current, current]),
    ]
    if rows:
        traces.append(Trace("ES 99.9 %", "line", thresholds, [row["expected_shortfall"] for row in rows]))
        traces.append(
            Trace(
                "shape, 95 %",
                "band",
                thresholds,
                [r["shape_low"] for r in rows],
                upper=[r["shape_high"] for r in rows],
                on_right=True,
            )
        )
    return Figure(
        "gap_tail", "7. Gap tail",
        f"Half-hour falls of {world.scenario.markets[0].contract.base}: a straight mean excess is a Pareto tail, and a "
        "flat shape one to be trusted.",
        "threshold (log-move)", "log-move", tuple(traces), table=tuple(table), right_title="shape",
    )  # fmt: skip
