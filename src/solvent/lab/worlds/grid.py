"""Every named shock alone, and every pair of two, at one level: which of them hurts, and which only together.

    rows = shock_grid(order, "severe", paths=8)

Each row is an ordinary stress run of a few paths under the same seed, so rows differ by their shocks and by nothing
else. What cannot be played (a depeg where nothing prices collateral, a liar among one source) is left out and named.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from solvent.lab.worlds.conditions import LADDER, LEVELS, Shock, shock_pairs
from solvent.lab.worlds.estimates import estimates_of
from solvent.lab.worlds.faults import WorldError, world_error
from solvent.lab.worlds.runs import Progress, run_paths
from solvent.lab.worlds.stress import Order, with_shocks, world_of

FEEDS = 3
"""Price sources of every row: a lie and a silence mean something only among several."""


def shock_grid(
    order: Order,
    level: str,
    *,
    paths: int = 8,
    dimensions: Sequence[str] = tuple(LADDER),
    pairs: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Rows by mean shortfall, worst first, each with standard errors; `together` is a pair's beyond its two singles'.

    Raises WorldError for a level or dimension that is none.
    """
    unknown = [name for name in dimensions if name not in LADDER]
    if level not in LEVELS or unknown:
        raise world_error(
            "grid",
            (
                ", ".join([level, *unknown]),
                "there is no such level or dimension",
                f"Levels: {', '.join(LEVELS)}; dimensions: {', '.join(LADDER)}.",
            ),
        )
    order = replace(order, conditions=replace(order.conditions, feeds=FEEDS))
    asked = [shocks for shocks in shock_pairs(level, dimensions) if pairs or len(shocks) == 1]
    tell = progress or (lambda _share, _what: None)
    rows: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    for place, shocks in enumerate(asked):
        tell(place / len(asked), " + ".join(map(str, shocks)))
        try:
            rows.append(_row(order, shocks, paths))
        except WorldError as error:
            left_out[" + ".join(map(str, shocks))] = error.faults[0].problem
    alone = {row["shocks"][0]: row["mean_shortfall"] for row in rows if len(row["shocks"]) == 1}
    for row in rows:
        row["together"] = row["mean_shortfall"] - sum(alone.get(shock, 0.0) for shock in row["shocks"])
    tell(1.0, "done")
    rows.sort(key=lambda row: (-row["mean_shortfall"], row["shocks"]))
    return {"schema": "grid/1", "level": level, "paths": paths, "seed": order.seed, "rows": rows, "left_out": left_out}


def _row(order: Order, shocks: tuple[Shock, ...], paths: int) -> dict[str, Any]:
    world = world_of(with_shocks(order, shocks))[0]
    estimates = estimates_of(run_paths(world, paths), world.quantum)
    row: dict[str, Any] = {"shocks": [str(shock) for shock in shocks]}
    for name in ("mean_shortfall", "mean_liquidated", "mean_fund_draw"):
        row[name], row[f"{name}_error"] = estimates[name].value, estimates[name].standard_error
    row["probability_socialised_loss"] = estimates["probability_socialised_loss"].value
    return row
