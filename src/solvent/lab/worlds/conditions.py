"""How a day goes: steps, liquidity, keepers, actors, and named shocks on an adverse / severe / extreme ladder."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from solvent.lab.worlds.faults import world_error

LEVELS: Final = ("adverse", "severe", "extreme")

LADDER: Final[dict[str, tuple[float, float, float]]] = {
    "crash": (-0.10, -0.25, -0.45),
    "squeeze": (0.10, 0.30, 0.80),
    "volatility": (2.0, 4.0, 8.0),
    "depth": (0.30, 0.10, 0.03),
    "interest": (1.3, 1.8, 2.5),
    "oracle": (5.0, 20.0, 60.0),
    "liar": (0.05, 0.20, 0.60),
    "latency": (5.0, 30.0, 120.0),
    "depeg": (-0.05, -0.13, -0.35),
    "outage": (10.0, 30.0, 120.0),
    "halt": (10.0, 30.0, 120.0),
}
"""Dimension -> size at each level.

crash, squeeze: move of every market within an hour, on top of the path. volatility: times the path's moves. depth:
times what books hold. interest: times open interest. oracle: minutes without a report. liar: one source off by this
share. latency: seconds from an order to its first fill. depeg: move within an hour of the markets that price
collateral. outage: minutes in which no keeper works. halt: minutes in which every market is halted. Sizes follow the
public record: 12 March 2020 (-45 % in a day), 10 October 2025 (depth down to 2-10 %), USDC in March 2023 (-13 %).
"""

WHY: Final[dict[str, str]] = {
    "crash": "every market falls",
    "squeeze": "every market rises",
    "volatility": "moves are larger",
    "depth": "books are thinner",
    "interest": "more is at stake",
    "oracle": "prices stop",
    "liar": "one price source is wrong",
    "latency": "liquidations are slow",
    "depeg": "collateral loses value",
    "outage": "keepers are gone",
    "halt": "markets are halted",
}


@dataclass(frozen=True, slots=True)
class Shock:
    """One dimension at one level; it begins a tenth of the horizon in."""

    dimension: str
    level: str

    @property
    def size(self) -> float:
        """How large it is, in the unit of its dimension."""
        return LADDER[self.dimension][LEVELS.index(self.level)]

    def __str__(self) -> str:
        """As a person writes it: `crash:severe`."""
        return f"{self.dimension}:{self.level}"


def parse_shock(text: str) -> Shock:
    """The shock a text names, as `crash:severe`. Raises WorldError."""
    dimension, _colon, level = text.partition(":")
    level = level or "severe"
    if dimension not in LADDER or level not in LEVELS:
        raise world_error(
            "shock",
            (
                text,
                "there is no such shock",
                f"Write DIMENSION:LEVEL with {', '.join(LADDER)} and {', '.join(LEVELS)}.",
            ),
        )
    return Shock(dimension, level)


def shock_pairs(level: str, dimensions: Sequence[str] = tuple(LADDER)) -> list[tuple[Shock, ...]]:
    """Every single shock and every pair of two dimensions at one level."""
    singles = [(Shock(name, level),) for name in dimensions]
    pairs = [(Shock(first, level), Shock(second, level)) for first, second in combinations(dimensions, 2)]
    return [*singles, *pairs]


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a day goes. Times in seconds unless the name says otherwise; shares as fractions of one.

    `depth` is normal (what the scenario says), stressed (5 % of it throughout, the floor seen on 10 October 2025) or
    a number. `panic_*`: after the average price has fallen by `panic_fall` within sixty steps, in each step
    `panic_share` of the traders try to withdraw `panic_part` of their cash. `run_*`: once the vault has lost
    `run_fall` of its best value, in each step every member tries to leave with `run_part` of its shares.
    `linked_share`: accounts whose owner has another account too. `jumps_times`: on every second path jumps come (or
    calm is left) so many times as often, and every path carries a weight; 1 leaves chance alone.
    """

    horizon_s: int = 43_200
    step_s: int = 30
    rounds: int = 4
    latency_s: float = 0.5
    depth: str = "normal"
    feeds: int = 1
    feed_noise: float = 0.0
    panic_fall: float = 0.10
    panic_share: float = 0.002
    panic_part: float = 0.0
    run_fall: float = 0.05
    run_part: float = 0.0
    linked_share: float = 0.15
    funding_s: int = 0
    jumps_times: float = 1.0
    shocks: tuple[Shock, ...] = ()

    @property
    def steps(self) -> int:
        """Number of steps."""
        return self.horizon_s // self.step_s


DEPTHS: Final = {"normal": 1.0, "stressed": 0.05}


def depth_times(conditions: Conditions) -> float:
    """What the conditions multiply every book's depth with. Raises WorldError."""
    if conditions.depth in DEPTHS:
        times = DEPTHS[conditions.depth]
    else:
        try:
            times = float(conditions.depth)
        except ValueError:
            raise world_error(
                "depth", (conditions.depth, "this is no depth", "Write normal, stressed, or a share such as 0.2.")
            ) from None
    if not 0.0 < times <= 100.0:
        raise world_error(
            "depth",
            (conditions.depth, "a book without depth takes nothing: nobody could be closed out", "Write 0 < x <= 100."),
        )
    return times


def check_conditions(conditions: Conditions) -> None:
    """Refuse times that make no day. Raises WorldError with every fault."""
    faults: list[tuple[str, str, str]] = []
    if not 1 <= conditions.step_s <= 3600:
        faults.append(("step", f"{conditions.step_s} s is no step", "Write 1 to 3600 seconds."))
    elif conditions.steps < 2:
        faults.append(("horizon", f"{conditions.horizon_s} s holds fewer than two steps", "Write a longer horizon."))
    elif conditions.steps > 100_000:
        faults.append(("horizon", f"{conditions.steps} steps are too many", "Write a longer step; 100,000 at most."))
    if not 1 <= conditions.rounds <= 32:
        faults.append(("rounds", f"{conditions.rounds} rounds a step", "Write 1 to 32."))
    if not 1.0 <= conditions.jumps_times <= 1000.0:
        faults.append(
            ("jumps", f"{conditions.jumps_times} times as often", "Write 1 (chance alone) to 1000; 5 to 50 is usual.")
        )
    if not 1 <= conditions.feeds <= 8:
        faults.append(("feeds", f"{conditions.feeds} price sources", "Write 1 to 8."))
    if faults:
        raise world_error("conditions", *faults)


@dataclass(frozen=True, slots=True)
class Bend:
    """What shocks do to a path, step by step: added returns, volatility and depth multipliers, oracles, keepers."""

    added: np.ndarray
    volatility_times: np.ndarray
    depth_times: np.ndarray
    oracle_lag: np.ndarray
    oracle_shift: np.ndarray
    keepers_work: np.ndarray
    halts: tuple[tuple[int, int], ...]
    latency_s: float
    interest_times: float


def bend_of(conditions: Conditions, markets: int, feeds: int, priced: Sequence[int]) -> Bend:
    """The shocks of the conditions laid over the steps; `priced` are the markets that price collateral."""
    steps = conditions.steps
    first = max(steps // 10, 1) if steps > 10 else 0

    def minutes(count: float) -> slice:
        return slice(first, min(first + max(round(count * 60 / conditions.step_s), 1), steps))

    hour = minutes(60)
    added = np.zeros((steps, markets))
    volatility = np.ones(steps)
    depth = np.full((steps, markets), depth_times(conditions))
    lag = np.zeros(steps, dtype=np.int64)
    shift = np.zeros((steps, feeds))
    keepers = np.ones(steps, dtype=np.int64)
    halts: list[tuple[int, int]] = []
    latency, interest = conditions.latency_s, 1.0
    width = hour.stop - hour.start
    for shock in conditions.shocks:
        size = shock.size
        if shock.dimension in ("crash", "squeeze"):
            added[hour] += np.log1p(size) / width
        elif shock.dimension == "depeg":
            if not priced:
                raise world_error(
                    "shock",
                    (
                        str(shock),
                        "no market of this scenario prices collateral",
                        "Use a rulebook with collateral beside the settlement currency, or leave this shock out.",
                    ),
                )
            added[hour, list(priced)] += np.log1p(size) / width
        elif shock.dimension == "volatility":
            volatility[first:] *= size
        elif shock.dimension == "depth":
            depth[first:] *= size
        elif shock.dimension == "interest":
            interest *= size
        elif shock.dimension == "oracle":
            lag[minutes(size)] = -1
        elif shock.dimension == "liar":
            shift[minutes(10), 0] = size
        elif shock.dimension == "latency":
            latency = max(latency, size)
        elif shock.dimension == "outage":
            keepers[minutes(size)] = 0
        elif shock.dimension == "halt":
            window = minutes(size)
            halts.append((window.start, window.stop))
    return Bend(added, volatility, depth, lag, shift, keepers, tuple(halts), latency, interest)
