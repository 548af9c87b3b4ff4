"""Panels 10 and 11 and the annex: lateness, attacks, and what moves a loss most."""

import math
from dataclasses import replace
from typing import Final

import numpy as np

from solvent.lab.statistics.passage import monitored_distance, passage_probability
from solvent.lab.statistics.sensitivity import sobol_indices
from solvent.lab.worlds.compiled.tables import Total
from solvent.lab.worlds.conditions import Shock
from solvent.lab.worlds.figures import Figure, Trace
from solvent.lab.worlds.panels.bench import Bench, error_of, number

DELAYS_S: Final = (0.5, 5.0, 30.0, 120.0, 600.0)
OUTAGES_MIN: Final = (0, 5, 15, 30, 60)


def latency(bench: Bench) -> Figure:
    """10. What late keepers and silent oracles cost in a severe crash."""
    crash = Shock("crash", "severe")
    found: dict[str, list[np.ndarray]] = {"late": [], "outage": [], "oracle": []}
    for delay in DELAYS_S:
        found["late"].append(bench.sample(bench.bent((crash,), latency_s=delay), [Total.SHORTFALL])[:, 0])
    for pause in OUTAGES_MIN:
        for kind in ("outage", "oracle"):
            bent = bench.bent((crash,))
            first = max(bent.conditions.steps // 10, 1)
            last = first + round(pause * 60 / bent.conditions.step_s)
            if kind == "outage":
                bent.given.keepers_work[first:last] = 0
            else:
                bent.given.oracle_lag[first:last] = -1
            found[kind].append(bench.sample(bent, [Total.SHORTFALL])[:, 0])
    world = bench.world
    per_second = float(world.model.volatility[0]) / math.sqrt(world.conditions.step_s)
    rate = world.maintenance_rate(0)
    table = [("checks apart", "P(equity touches zero within 30 min), closed form")]
    for delay in DELAYS_S:
        seen = passage_probability(monitored_distance(rate, per_second, delay), 0.0, per_second, 1800.0)
        table.append((f"{delay:g} s", f"{seen:.4f}"))

    def line(name: str, x: list[float], kind: str) -> Trace:
        errors = [error_of(values) for values in found[kind]]
        return Trace(name, "line", x, [float(values.mean()) for values in found[kind]], error=errors)

    minutes = [delay / 60.0 for delay in DELAYS_S]
    pauses = [float(pause) for pause in OUTAGES_MIN]
    return Figure(
        "latency", "10. Latency and oracle", "Mean shortfall in a severe crash against delays.", "minutes",
        bench.run.summary["currency"],
        (
            line("first fill late", minutes, "late"),
            line("no keepers for", pauses, "outage"),
            line("no prices for", pauses, "oracle"),
        ),
        table=tuple(table),
        notes=("The closed form moves the barrier by 0.5826 standard deviations of one check (Broadie and others).",),
        basis=bench.basis,
    )  # fmt: skip


def frontier_of_attacks(bench: Bench) -> Figure:
    """11. What damage costs an attacker."""
    from solvent.lab.worlds.attack import search_attack

    order = bench.run.order
    small = replace(
        order,
        accounts=min(order.accounts or 1000, 1000),
        conditions=replace(order.conditions, horizon_s=120 * order.conditions.step_s, shocks=(), panic_part=0.0),
        book=None,
        prices=None,
        model="normal",
    )
    budget = max(bench.run.summary["funds_start"] * 0.2, 1e5)
    found = search_attack(small, budget, objective="pareto", evaluations=80, shrink=False)
    front = found["front"]
    table = [("cost", "damage", "profit", "griefing factor")]
    for row in front[:12]:
        factor = row["damage"] / row["cost"] if row["cost"] > 0 else math.inf
        table.append((number(row["cost"]), number(row["damage"]), number(row["profit"]), f"{factor:.2f}"))
    return Figure(
        "attacks", "11. Adversarial frontier",
        f"Attacks with {budget:,.0f} that no other found beats in cost, damage and profit; "
        + ("one of them pays." if any(row["profit"] > 0 for row in front) else "none of them pays."),
        "cost", "damage", (Trace("attack", "points", [r["cost"] for r in front], [r["damage"] for r in front]),),
        table=tuple(table),
        basis="one quiet path of a small venue, every attack on the same path: differences carry no sampling error",
    )  # fmt: skip


def sensitivities(bench: Bench) -> Figure:
    """Annex: which condition moves the shortfall most."""
    world = bench.side
    names = ("volatility", "depth", "crash")
    hour = bench.hour_of(world)

    def losses(inputs: np.ndarray) -> np.ndarray:
        found = []
        for volatility, depth, crash in inputs.T.tolist():
            added = np.zeros((world.conditions.steps, world.markets))
            added[hour] = math.log1p(-crash) / (hour.stop - hour.start)
            row = bench.sample(world, [Total.SHORTFALL], 1, added=added, volatility_times=volatility, depth_times=depth)
            found.append(float(row.mean()))
        return np.array(found)

    indices = sobol_indices(losses, [(0.5, 4.0), (0.05, 1.0), (0.0, 0.4)], count=8)
    return Figure(
        "sensitivities", "Annex. Sensitivity", "Sobol indices of the shortfall on one path.", "", "index",
        (Trace("first order", "bars", names, indices["first"]), Trace("total", "bars", names, indices["total"])),
        basis="one path, 8 scrambled points a direction: indices order the conditions, no more",
    )  # fmt: skip
