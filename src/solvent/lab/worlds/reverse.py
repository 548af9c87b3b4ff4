"""Reverse stress: the most plausible scenario that reaches a target loss, and the worst within a ball around today.

A scenario is a point z of independent standard factors: principal components of all markets' moves over the shock
(largest first), one for volatility and one for depth, which falls when volatility rises. Its Mahalanobis distance is
|z|; its plausibility is the chance of a point at least as far, under normal factors and under a multivariate
Student-t. The loss is the mean shortfall on a few fixed paths bent by z (common random numbers).

    reverse   min |z|  such that  loss(z) >= target      by bisection along directions chosen by CMA-ES
    ball      max loss(z)  such that  |z| <= radius      by CMA-ES on the sphere

Sources: Breuer, Jandacka, Rheinberger, Summer 2009 (plausibility); Glasserman, Kang, Kang 2015 (reverse stress);
Glasserman and Xu 2014 (worst case within a Kullback-Leibler ball).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from solvent.lab.worlds.compiled.tables import Total
from solvent.lab.worlds.faults import WorldError, world_error
from solvent.lab.worlds.runs import Progress
from solvent.lab.worlds.world import Player, World
from solvent.rulebook.faults import Fault

COMPONENTS_MAX: Final = 4
SHOCK_S: Final = 3600
VOLATILITY_STEP: Final = 0.5
"""One standard factor of volatility multiplies moves by exp(0.5)."""
DEPTH_STEP: Final = 0.7
"""One standard factor of depth multiplies books by exp(-0.7): three of them leave a tenth, as on 10 October 2025."""
DEPTH_WITH_VOLATILITY: Final = 0.6
"""How far depth falls with the volatility factor."""
FREEDOM: Final = 4.0
"""Degrees of freedom of the multivariate Student-t that plausibility is also given under."""


class OutOfReach(WorldError):
    """No scenario within the allowed distance reaches the target."""


@dataclass(frozen=True)
class Factors:
    """What a point means: moves [K, M] of one standard deviation each, over a shock of so many steps from `first`."""

    moves: np.ndarray
    first: int
    width: int

    @property
    def count(self) -> int:
        """Number of factors: components, then volatility, then depth."""
        return len(self.moves) + 2


def factors_of(world: World) -> Factors:
    """The factors of a world, from its model's volatilities and correlation over an hour."""
    steps = world.conditions.steps
    width = min(max(SHOCK_S // world.conditions.step_s, 1), steps)
    model = world.model
    covariance = model.root @ model.root.T * np.outer(model.volatility, model.volatility) * width
    values, vectors = np.linalg.eigh(covariance)
    order = np.argsort(-values)[: min(COMPONENTS_MAX, world.markets)]
    moves = (vectors[:, order] * np.sqrt(values[order])).T
    moves *= np.sign(moves.sum(axis=1, keepdims=True) + 1e-300)
    return Factors(moves, max((steps - width) // 10, 0), width)


class Losses:
    """loss(z) of a world on a few fixed paths; remembers what it has seen."""

    def __init__(self, world: World, paths: int = 2, measure: str = "shortfall") -> None:
        self.world = world
        self.factors = factors_of(world)
        self.paths = paths
        self.measure = measure
        self.evaluations = 0
        self._player = Player(world)

    def __call__(self, z: np.ndarray) -> float:
        """Mean loss in the settlement currency."""
        self.evaluations += 1
        factors = self.factors
        components = len(factors.moves)
        added = np.zeros((self.world.conditions.steps, self.world.markets))
        move = z[:components] @ factors.moves
        added[factors.first : factors.first + factors.width] = move / factors.width
        volatility = math.exp(VOLATILITY_STEP * float(z[components]))
        along = DEPTH_WITH_VOLATILITY * float(z[components])
        own = math.sqrt(1.0 - DEPTH_WITH_VOLATILITY**2) * float(z[components + 1])
        depth = math.exp(-DEPTH_STEP * (along + own))
        total = 0.0
        for path in range(self.paths):
            going = self._player.play(path, added=added, volatility_times=volatility, depth_times=depth)
            total += float(going.totals[_MEASURES[self.measure]].sum()) / self.world.quantum
        return total / self.paths

    def describe(self, z: np.ndarray) -> dict[str, Any]:
        """A point in words a person can use: each market's move, volatility, depth, distance, plausibility."""
        from scipy.stats import chi2, f

        factors = self.factors
        components = len(factors.moves)
        move = np.expm1(z[:components] @ factors.moves)
        distance = float(np.linalg.norm(z))
        count = factors.count
        along = DEPTH_WITH_VOLATILITY * float(z[components])
        own = math.sqrt(1.0 - DEPTH_WITH_VOLATILITY**2) * float(z[components + 1])
        return {
            "distance": distance,
            "plausibility_normal": float(chi2.sf(distance**2, count)),
            "plausibility_student": float(f.sf(distance**2 / count * FREEDOM / (FREEDOM - 2.0), count, FREEDOM)),
            "factors": [float(value) for value in z],
            "moves": {
                market.contract.symbol: float(value)
                for market, value in zip(self.world.scenario.markets, move, strict=True)
            },
            "volatility_times": math.exp(VOLATILITY_STEP * float(z[components])),
            "depth_times": math.exp(-DEPTH_STEP * (along + own)),
            "over_s": factors.width * self.world.conditions.step_s,
        }


_MEASURES: Final[dict[str, list[Total]]] = {
    "shortfall": [Total.SHORTFALL],
    "socialised": [Total.BY_ADL, Total.BY_HAIRCUT_GAINS, Total.BY_HAIRCUT_ALL, Total.OPEN_DEFICIT],
    "liquidated": [Total.LIQUIDATED, Total.TAKEN_OVER],
}


def _reach(losses: Losses, direction: np.ndarray, target: float, most: float, turns: int = 8) -> float:
    """Least distance along a direction at which the target is reached; infinite when not within `most`."""
    if losses(direction * most) < target:
        return math.inf
    low, high = 0.0, most
    for _turn in range(turns):
        middle = 0.5 * (low + high)
        if losses(direction * middle) >= target:
            high = middle
        else:
            low = middle
    return high


def _search(
    function: Callable[[np.ndarray], float],
    start: np.ndarray,
    evaluations: int,
    seed: int,
    progress: Progress,
    what: str,
) -> tuple[np.ndarray, float, bool]:
    """Minimise over directions with CMA-ES; give the best direction, its value, and whether the search is whole."""
    import cma

    best, value = start / np.linalg.norm(start), function(start / np.linalg.norm(start))
    strategy = cma.CMAEvolutionStrategy(
        (start / np.linalg.norm(start)).tolist(),
        0.4,
        {"seed": seed % (2**31 - 2) + 1, "maxfevals": evaluations, "verbose": -9, "verb_log": 0},
    )
    done = 0
    try:
        while not strategy.stop() and done < evaluations:
            asked = strategy.ask()
            scores = []
            for point in asked:
                length = float(np.linalg.norm(point))
                direction = np.asarray(point) / length if length > 0 else best
                score = function(direction)
                scores.append(score if math.isfinite(score) else 1e6)
                if score < value:
                    best, value = direction, score
                done += 1
            strategy.tell(asked, scores)
            progress(min(done / evaluations, 1.0), what)
    except KeyboardInterrupt:
        return best, value, False
    return best, value, True


def reverse_stress(
    world: World,
    target: float,
    *,
    max_distance: float = 8.0,
    ball: float | None = None,
    measure: str = "shortfall",
    paths: int = 2,
    evaluations: int = 60,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The nearest scenario that loses at least `target`, then the worst within a ball (`ball`, or that distance).

    Interrupted, it gives the nearest found so far and says `partial`. Raises OutOfReach when nothing within
    `max_distance` reaches the target, with the most that was lost.
    """
    if target <= 0.0 or measure not in _MEASURES:
        raise world_error(
            "reverse",
            (
                "target",
                f"{target} of {measure!r} is no target",
                "Write an amount above zero.",
            ),
        )
    tell = progress or (lambda _share, _what: None)
    losses = Losses(world, paths, measure)
    count = losses.factors.count
    # every factor alone, both ways, and the two obvious mixtures: who loses most at the edge starts the search
    starts = [sign * axis for axis in np.eye(count) for sign in (-1.0, 1.0)]
    for sign in (-1.0, 1.0):
        mixed = np.zeros(count)
        mixed[0], mixed[-2:] = sign, (0.5, 0.5)
        starts.append(mixed / np.linalg.norm(mixed))
    edge = np.array([losses(start * max_distance) for start in starts])
    starts = [starts[place] for place in np.argsort(-edge, kind="stable")[:3]]
    reached = [(_reach(losses, start, target, max_distance), place) for place, start in enumerate(starts)]
    best_start = starts[min(reached)[1]]
    if math.isinf(min(reached)[0]):
        # nothing on the obvious axes: look for the direction that loses most at the edge
        best_start, lost, whole = _search(
            lambda direction: -losses(direction * max_distance),
            best_start,
            evaluations,
            world.seed,
            tell,
            "looking out",
        )
        if -lost < target and not whole:
            raise KeyboardInterrupt
        if -lost < target:
            most = f"within {max_distance:g} standard deviations the most that was lost is {-lost:,.0f}"
            fault = Fault(None, "target", f"{target:,.0f} is out of reach: {most}", "Ask for less, or go further out.")
            raise OutOfReach(world.scenario.name, [fault])
    direction, distance, whole = _search(
        lambda way: _reach(losses, way, target, max_distance, 6),
        best_start,
        max(evaluations, 12),
        world.seed,
        tell,
        "nearest",
    )
    distance = min(distance, _reach(losses, direction, target, max_distance, 10))
    nearest = losses.describe(direction * distance)
    nearest["loss"] = losses(direction * distance)
    radius = ball if ball is not None else distance
    worst_way, worst = direction, -losses(direction * radius)
    if whole:
        worst_way, worst, whole = _search(
            lambda way: -losses(way * radius), direction, evaluations, world.seed + 1, tell, "worst within the ball"
        )
    within = losses.describe(worst_way * radius)
    within["loss"] = -worst
    tell(1.0, "done")
    return {
        "schema": "reverse/1",
        "target": target,
        "measure": measure,
        "currency": world.scenario.settlement,
        "distance": nearest["distance"],
        "nearest": nearest,
        "ball": radius,
        "worst": within,
        "evaluations": losses.evaluations,
        "partial": not whole,
        "paths": paths,
        "seed": world.seed,
        "digests": world.digests(),
    }


def divergence_worst_mean(losses: np.ndarray, divergence: float) -> dict[str, float]:
    """Largest mean loss among models within a Kullback-Leibler divergence of the one simulated.

    sup { E_Q[L] : KL(Q | P) <= d } is reached by tilting weights with exp(theta L); theta is found by bisection.
    The effective sample size says how many paths the answer rests on.
    """
    numbers = np.asarray(losses, dtype=float)
    if divergence < 0.0 or len(numbers) == 0:
        raise world_error("divergence", (str(divergence), "it is no divergence", "Write zero or more, with losses."))
    scale = float(np.abs(numbers).max()) or 1.0

    def tilted(theta: float) -> np.ndarray:
        weights = np.exp(theta * (numbers - numbers.max()) / scale)
        normed: np.ndarray = weights / weights.sum()
        return normed

    def spent(theta: float) -> float:
        weights = tilted(theta)
        held = weights > 0
        return float((weights[held] * np.log(weights[held] * len(numbers))).sum())

    low, high = 0.0, 1.0
    while spent(high) < divergence and high < 1e6:
        high *= 2.0
    for _turn in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if spent(middle) < divergence else (low, middle)
    weights = tilted(low)
    return {
        "mean": float(numbers.mean()),
        "worst_mean": float((weights * numbers).sum()),
        "divergence": spent(low),
        "effective_sample": float(1.0 / (weights**2).sum()),
    }
