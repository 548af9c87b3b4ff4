"""A world on the bench: side runs beside a stress run, over the same people, that show shapes and not tails.

Side runs are SIDE_HOURS long at most, the shock a tenth of that in: what a shock does it has done by then, and a whole
report costs less processor than a tenth of the run it is about.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np

from solvent.lab.worlds.compiled.tables import Setting, Total
from solvent.lab.worlds.conditions import LADDER, LEVELS, Shock, bend_of
from solvent.lab.worlds.estimates import TRANCHES
from solvent.lab.worlds.faults import WorldError
from solvent.lab.worlds.runs import Progress
from solvent.lab.worlds.stress import StressRun
from solvent.lab.worlds.world import Player, World, laid_out

SIDE_PATHS: Final = 4
SIDE_HOURS: Final = 3
HOURLY: Final = 3600


class Bench:
    """A stress run, its world shortened for side runs, and the player they share."""

    def __init__(self, run: StressRun, progress: Progress) -> None:
        self.run = run
        self.world = run.world
        self.progress = progress
        self.side = self._shortened()
        self._player = Player(self.side)
        self._grid: list[dict[str, Any]] | None = None

    @property
    def basis(self) -> str:
        """What a side figure rests on."""
        hours = self.side.conditions.horizon_s / 3600
        return f"{SIDE_PATHS} side paths of {hours:g} h a point"

    def _shortened(self) -> World:
        conditions = self.world.conditions
        shorter = replace(conditions, horizon_s=min(conditions.horizon_s, SIDE_HOURS * HOURLY), jumps_times=1.0)
        listed, first = laid_out([], shorter.steps)
        given = self.world.given._replace(plan=listed.view(np.recarray), plan_first=first)
        return _bent(replace(self.world, conditions=shorter, given=given), shorter)

    def bent(self, shocks: tuple[Shock, ...], *, latency_s: float | None = None) -> World:
        """The side world under shocks; the number of feeds and the open interest stay as they are."""
        now = self.side.conditions
        return _bent(
            self.side, replace(now, shocks=shocks, latency_s=now.latency_s if latency_s is None else latency_s)
        )

    def sample(self, world: World, columns: list[Total], paths: int = SIDE_PATHS, **bent: Any) -> np.ndarray:
        """Totals of a few paths of a bent side world, [paths, len(columns)], in the settlement currency."""
        self._player.world = world
        rows = []
        for path in range(paths):
            going = self._player.play(path, **bent)
            rows.append(going.totals[columns] / world.quantum)
        self._player.world = self.side
        return np.array(rows)

    def hour_of(self, world: World) -> slice:
        """Steps of the hour in which a shock of prices takes place."""
        steps = world.conditions.steps
        first = max(steps // 10, 0)
        return slice(first, first + max(min(HOURLY // world.conditions.step_s, steps - first), 1))

    def shock_grid(self) -> list[dict[str, Any]]:
        """Every dimension alone at every level: who pays on average, and the standard error of the shortfall."""
        if self._grid is None:
            self._grid = []
            skipped = {"interest", "halt"}
            if self.world.conditions.feeds < 2:
                skipped.add("liar")
            columns = [Total.SHORTFALL, *TRANCHES.values()]
            for dimension in LADDER:
                for level in LEVELS if dimension not in skipped else ():
                    try:
                        world = self.bent((Shock(dimension, level),))
                    except WorldError:
                        continue  # no market of this scenario prices collateral
                    found = self.sample(world, columns)
                    mean = found.mean(axis=0)
                    row: dict[str, Any] = {"shock": f"{dimension}:{level}", "shortfall": float(mean[0])}
                    row["standard_error"] = error_of(found[:, 0])
                    row |= dict(zip(TRANCHES, mean[1:].tolist(), strict=True))
                    self._grid.append(row)
        return self._grid


def _bent(world: World, conditions: Any) -> World:
    used = world.compiled.terms.assets.used.astype(bool)
    used[0] = False
    priced = sorted({int(row) for row in world.compiled.terms.assets.price_instrument[used]})
    bend = bend_of(conditions, world.markets, conditions.feeds, priced)
    settings = world.given.settings.copy()
    settings[Setting.LATENCY_NS] = int(bend.latency_s * 1e9)
    given = world.given._replace(
        settings=settings, oracle_lag=bend.oracle_lag, oracle_shift=bend.oracle_shift, keepers_work=bend.keepers_work
    )
    return replace(world, conditions=conditions, bend=bend, given=given)


def error_of(values: np.ndarray) -> float:
    """Standard error of the mean of a few paths."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def number(value: float) -> str:
    """A number for a table: whole with separators from a thousand on, four figures below."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
