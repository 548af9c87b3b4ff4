"""How far one protocol's trouble reaches before anyone has failed: DebtRank.

    lever    Lambda_ij = A_ij / E_i, what i has at stake with j over i's own equity
    step     h_i(t+1) = min(1, h_i(t) + sum_j Lambda_ij (h_j(t) - h_j(t-1)))        Bardoscia et al. 2015

h is the share of equity lost. The update passes on what was newly lost, so trouble is not counted twice along a path
and, unlike the first version of the index (Battiston et al. 2012), may go round a circle more than once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solvent.mutual.clearing import NetworkError

Floats = np.ndarray


@dataclass(frozen=True, slots=True)
class Distress:
    """Final share of equity lost by each (n,), every step on the way (steps, n), and the loss added by contagion.

    `added` is the share of all equity lost beyond what the shock itself took.
    """

    lost: Floats
    steps: Floats
    added: float


def debt_rank(
    exposures: Sequence[Sequence[float]] | Floats,
    equity: Sequence[float] | Floats,
    shock: Sequence[float] | Floats,
    steps: int = 100_000,
) -> Distress:
    """Shares of equity lost after a first loss `shock` has gone round. Raises NetworkError for what is no network.

    `exposures[i, j]` is what i loses when j loses everything, in the money `equity` is in; shapes (n, n), (n,), (n,).
    """
    at_stake, own, before = (np.array(values, dtype=float) for values in (exposures, equity, shock))
    count = len(own)
    if at_stake.shape != (count, count) or before.shape != (count,):
        raise NetworkError(f"exposures {at_stake.shape}, equity {own.shape}, shock {before.shape}: give n x n, n and n")
    if not (np.isfinite(at_stake).all() and (at_stake >= 0).all() and np.isfinite(own).all() and (own > 0).all()):
        raise NetworkError("exposures must not be negative and equity must be above zero: leave out who has none")
    if not ((before >= 0) & (before <= 1)).all():
        raise NetworkError("a shock is a share of equity: give numbers from 0 to 1")
    lever = at_stake / own[:, None]
    first = before.copy()
    fresh = before
    trail: list[Floats] = []
    now = before
    for _step in range(steps):
        after = np.minimum(now + lever @ fresh, 1.0)
        fresh = after - now
        now = after
        trail.append(now)
        if float(fresh.max()) <= 1e-15:
            break
    added = float(((now - first) * own).sum() / own.sum())
    return Distress(now, np.array(trail), added)


def importance(exposures: Sequence[Sequence[float]] | Floats, equity: Sequence[float] | Floats) -> Floats:
    """Loss added when each in turn loses all its equity, as a share of all equity, (n,): the order to watch them in."""
    count = len(equity)
    return np.array([debt_rank(exposures, equity, np.eye(count)[place]).added for place in range(count)])
