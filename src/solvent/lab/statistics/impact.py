"""Impact and cascades in closed form: square root, schedules, pools, fixed points, branching.

Sources: Almgren et al. 2005 (square root), Almgren and Chriss 2000, Obizhaeva and Wang 2013, Borel 1942, Warmuz et
al. 2022 and McFarlane 2025 (toxic liquidations).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solvent.lab.statistics.faults import statistic_error


def square_root(scale: float, volatility: float, share_of_volume: float) -> tuple[float, float]:
    """(peak, average) relative move of a trade that is this share of the volume: the average is two thirds."""
    peak = scale * volatility * math.sqrt(share_of_volume)
    return peak, 2.0 / 3.0 * peak


@dataclass(frozen=True, slots=True)
class Schedule:
    """Almgren and Chriss's schedule: holdings before each interval and at the end, expected cost, deviation."""

    decay: float
    half_life: float
    holdings: tuple[float, ...]
    expected_cost: float
    deviation: float


def almgren_chriss(
    size: float, time: float, steps: int, volatility: float, permanent: float, fixed: float, temporary: float,
    aversion: float,
) -> Schedule:  # fmt: skip
    """The optimal schedule of a sale with linear impact; aversion 0 sells evenly.

    2 (cosh(k t) - 1) = lambda s^2 t^2 / (eta - gamma t / 2); x_j = X sinh(k (T - t_j)) / sinh(k T);
    E = gamma X^2 / 2 + fixed X + (eta - gamma t / 2) / t sum n_j^2; V = s^2 t sum x_j^2.
    """
    interval = time / steps
    adjusted = temporary - 0.5 * permanent * interval
    curvature = aversion * volatility**2 / adjusted
    if curvature > 0.0:
        decay = math.acosh(0.5 * curvature * interval**2 + 1.0) / interval
        holdings = [size * math.sinh(decay * (time - j * interval)) / math.sinh(decay * time) for j in range(steps + 1)]
    else:
        decay = 0.0
        holdings = [size * (1.0 - j / steps) for j in range(steps + 1)]
    sold = -np.diff(holdings)
    cost = 0.5 * permanent * size**2 + fixed * float(np.abs(sold).sum()) + adjusted / interval * float((sold**2).sum())
    deviation = volatility * math.sqrt(interval * float((np.array(holdings[1:]) ** 2).sum()))
    return Schedule(decay, math.inf if decay == 0 else 1.0 / decay, tuple(holdings), cost, deviation)


def obizhaeva_wang(size: float, resilience: float, time: float) -> tuple[float, float, float]:
    """(block at either end, rate between, cost for a unit kernel) in a book that refills exponentially.

    Blocks X / (rho T + 2), rate rho X / (rho T + 2), cost X^2 / (rho T + 2).
    """
    whole = resilience * time + 2.0
    return size / whole, resilience * size / whole, size**2 / whole


def kernel_cost(trades: np.ndarray, times: np.ndarray, resilience: float) -> float:
    """Cost of trades under the kernel exp(-rho |t - s|): half the quadratic form."""
    kernel = np.exp(-resilience * np.abs(times[:, None] - times[None, :]))
    return 0.5 * float(trades @ kernel @ trades)


def pool_push_cost(quote_reserve: float, factor: float) -> float:
    """Cost of pushing a constant-product pool's price by a factor if what was bought is sold at the old price.

    Y (sqrt f - 1) - Y (1 - 1 / sqrt f).
    """
    root = math.sqrt(factor)
    return quote_reserve * (root - 1.0) - quote_reserve * (1.0 - 1.0 / root)


def safe_open_interest(quote_reserve: float, factor: float) -> float:
    """Largest one-sided open interest a push by this factor, up or down, does not pay for."""
    return pool_push_cost(quote_reserve, factor) / abs(factor - 1.0)


def book_push_cost(depth_per_log_move: float, move: float) -> float:
    """Cost of pushing a linear book: D e^2 / 2; it pays an attacker whose interest exceeds D e / 2."""
    return 0.5 * depth_per_log_move * move * move


def cascade_points(
    thresholds: Sequence[float] | np.ndarray, sizes: Sequence[float] | np.ndarray, impact: float, shock: float
) -> tuple[float, float]:
    """Least and greatest fixed point of x = shock + impact x sum of sizes with threshold <= x.

    The least is what follows causally; a gap between the two says how fragile the book is.
    """
    levels, amounts = np.asarray(thresholds, dtype=float), np.asarray(sizes, dtype=float)

    def after(x: float) -> float:
        return shock + impact * float(amounts[levels <= x + 1e-12].sum())

    low = shock
    while (following := after(low)) > low + 1e-15:
        low = following
    high = shock + impact * float(amounts.sum())
    while (following := after(high)) < high - 1e-15:
        high = following
    return low, high


def linear_cascade(shock: float, feedback: float) -> float:
    """Total move when each unit of move forces `feedback` more: shock / (1 - feedback)."""
    if feedback >= 1.0:
        raise statistic_error("cascade", f"feedback {feedback} never comes to rest", "It must be below one.")
    return shock / (1.0 - feedback)


def square_root_cascade(shock: float, scale: float) -> float:
    """Total move x when forced selling adds `scale` times the root of x: sqrt x = (a + sqrt(a^2 + 4 shock)) / 2."""
    return (0.5 * (scale + math.sqrt(scale**2 + 4.0 * shock))) ** 2


def borel(mean: float, count: int) -> float:
    """P(a cascade of Poisson offspring has `count` members): exp(-mu n) (mu n)^(n-1) / n!."""
    return math.exp(-mean * count + (count - 1) * math.log(mean * count) - math.lgamma(count + 1))


def borel_moments(mean: float) -> tuple[float, float]:
    """Mean 1 / (1 - mu) and variance mu / (1 - mu)^3 of a cascade's size."""
    return 1.0 / (1.0 - mean), mean / (1.0 - mean) ** 3


def toxic_frontier(incentive: float, size_over_reserve: float) -> float:
    """Loan-to-value above which a marginal liquidation lowers health: 1 / ((1 + i) (1 + 2 c / y))."""
    return 1.0 / ((1.0 + incentive) * (1.0 + 2.0 * size_over_reserve))


def partial_size(
    impact: float, maintenance: float, price: float, size: float, equity: float, fee: float = 0.0
) -> float:
    """Least part of a position whose close-out with linear impact restores maintenance.

    The smallest root in [0, size] of (alpha / 2) d^2 - mu p d + (mu p q - E + fee) = 0; 0 when nothing is missing.
    Raises StatisticError when closing all of it does not suffice.
    """
    missing = maintenance * price * size - equity + fee
    if missing <= 0.0:
        return 0.0
    half, slope = 0.5 * impact, maintenance * price
    inside = slope * slope - 4.0 * half * missing
    root = missing / slope if half == 0.0 else (slope - math.sqrt(inside)) / (2.0 * half) if inside >= 0.0 else math.inf
    if root > size:
        raise statistic_error("partial size", "no part of the position restores it", "Close it whole, or auction it.")
    return root


def griefing_factor(damage: float, cost: float) -> float:
    """Damage done for each unit an attacker lost; infinite where the attack paid."""
    return math.inf if cost <= 0.0 else damage / cost
