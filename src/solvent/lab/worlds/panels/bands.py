"""The panel of the magnet effect: paths of a world, their prices and forced trading, against the rulebook's bands."""

from __future__ import annotations

from typing import Final

import numpy as np

from solvent.codes import Metric
from solvent.commands import CommandKind
from solvent.lab.statistics.magnet import Approach, approaches
from solvent.lab.worlds.figures import Figure, Trace
from solvent.lab.worlds.panels.bench import Bench
from solvent.lab.worlds.world import Player, World

PATHS: Final = 8
STEPS_MIN: Final = 10
"""A window of fewer steps carries no volatility; the band is then looked at over this many."""

BANDED: Final = (Metric.MARK_MOVE, Metric.PRICE_BAND)


def tightest_band(world: World) -> tuple[float, int] | None:
    """(share, steps of its window) of the narrowest band around the price, or None where the rules have none."""
    step_ns = world.conditions.step_s * 10**9
    found = [
        (int(row.move_ppm) / 1e6, max(round(int(row.window_ns) / step_ns), STEPS_MIN))
        for row in world.compiled.terms.breakers
        if row.used and row.metric in BANDED and 0 < row.move_ppm < 10**6
    ]
    return min(found) if found else None


def prices_and_flows(world: World, commands: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Of each market the last price its first feed told in every step, and what was filled of liquidation orders."""
    steps, start = world.conditions.steps, world.scenario.start_ns
    at = np.clip((commands["time_ns"] - start) // (world.conditions.step_s * 10**9), 0, steps - 1)
    reports = commands["kind"] == CommandKind.PRICE_REPORT
    fills = commands["kind"] == CommandKind.LIQUIDATION_FILL
    prices, flows = [], []
    for row in range(world.markets):
        told = reports & (commands["instrument"] == row) & (commands["source"] == world.given.feed_sources[row, 0])
        path = np.zeros(steps)
        path[at[told]] = commands["price_ticks"][told]  # of several in a step the last stays
        known = np.flatnonzero(path)
        if not len(known):
            continue
        path = path[known[0] :]
        filled = np.maximum.accumulate(np.where(path > 0, np.arange(len(path)), 0))
        flow = np.zeros(steps)
        here = fills & (commands["instrument"] == row)
        np.add.at(flow, at[here], np.abs(commands["lots"][here]) * commands["price_ticks"][here].astype(float))
        prices.append(path[filled])
        flows.append(flow[known[0] :])
    return prices, flows


def measured(world: World, paths: int = PATHS) -> tuple[Approach, ...]:
    """The approaches of a few paths to the tightest band; none where there is no band."""
    band = tightest_band(world)
    if band is None:
        return ()
    player = Player(world, keep=True)
    prices: list[np.ndarray] = []
    flows: list[np.ndarray] = []
    for path in range(paths):
        player.play(path)
        told, filled = prices_and_flows(world, np.concatenate(player.commands))
        prices += told
        flows += filled
    return approaches(prices, band[0], band[1], band[1], flows)


def magnet(bench: Bench) -> Figure:
    """Breakers: how often the band is reached, against chance."""
    world = bench.world
    band = tightest_band(world)
    found = measured(world)
    if band is None:
        sentence = "The rules hold no price in a band: nothing can draw a market towards it."
    elif not found:
        sentence = f"No path came near the band of {band[0]:.1%}."
    else:
        alarms = [row for row in found if row.alarms]
        sentence = f"How often the band of {band[0]:.1%} is reached within {band[1]} steps, against a walk; "
        sentence += f"{len(alarms)} of {len(found)} distances raise the alarm." if alarms else "no distance alarms."
    table = [("distance in s sqrt T", "steps", "reached", "by chance", "M", "95 %", "speed in s", "flow, times mean")]
    for row in found:
        table.append(
            (
                f"{row.nearest:g} to {row.furthest:g}",
                f"{row.samples:,}",
                f"{row.reached:.4f}",
                f"{row.expected:.4f}",
                f"{row.ratio:.2f}",
                f"{row.low:.2f} to {row.high:.2f}",
                f"{row.speed:+.3f}",
                f"{row.flow:.2f}",
            )
        )
    middles = [(row.nearest + row.furthest) / 2 for row in found]
    traces = (
        Trace("M", "line", middles, [row.ratio for row in found]),
        Trace("95 %", "band", middles, [row.low for row in found], upper=[row.high for row in found]),
    )
    return Figure(
        "magnet",
        "14. Breakers: is the band a magnet?",
        sentence,
        "distance from the band in s sqrt T",
        "reached, against chance",
        traces if found else (),
        table=tuple(table),
        notes=(
            "Speed is the mean step towards the band, flow what was traded by force. Alarm: M above 1.5 with 95 %.",
        ),
    )
