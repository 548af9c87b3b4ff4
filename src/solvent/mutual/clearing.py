"""Who pays how much when protocols owe one another: the greatest clearing vector.

    owed in all            pbar_i = sum_j L_ij + external_i
    share of a payment     Pi_ij  = L_ij / pbar_i
    clearing               p_i    = min(pbar_i, (e_i + sum_j Pi_ji p_j)+)           Eisenberg and Noe 2001
    costs of default       p_i    = alpha e_i + beta sum_j Pi_ji p_j, if that sum does not reach pbar_i
                                                                                    Rogers and Veraart 2013

Three ways to the same vector: fictitious default (at most n rounds, a linear system in each), the fixed point from
above, and a linear program (costs of default aside). Their agreement is a law of the tests. Assets outside the
network may fall with what must be sold of them (`sell`), and classes of liabilities may stand before one another
(`by_seniority`); both are monotone, so the greatest solution is found from above.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Floats = np.ndarray

NEAR = 1e-12
"""Two payments nearer than this share of what is owed are one; it decides who counts as in default, not how much."""


class NetworkError(ValueError):
    """Liabilities or assets no clearing can be made of; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Network:
    """Liabilities of n protocols: `owed[i, j]` from i to j, `outside[i]` to others, `assets[i]` from outside.

    Shapes (n, n), (n,), (n,), one unit of money. Raises NetworkError for shapes that differ, numbers that are negative
    or not finite, and debts to oneself.
    """

    owed: Floats
    outside: Floats
    assets: Floats

    def __post_init__(self) -> None:
        count = len(self.assets)
        if self.owed.shape != (count, count) or self.outside.shape != (count,) or count == 0:
            raise NetworkError(
                f"liabilities are {self.owed.shape}, outside {self.outside.shape}, assets {self.assets.shape}: "
                "give n x n, n and n, with n at least one"
            )
        for name, values in (("liabilities", self.owed), ("outside", self.outside)):
            bad = np.argwhere(~np.isfinite(values) | (values < 0))
            if len(bad):
                raise NetworkError(f"{name} at {tuple(bad[0].tolist())} are negative or no number: give zero or more")
        if not np.isfinite(self.assets).all():
            raise NetworkError("assets hold a value that is no number: give finite amounts")
        itself = np.flatnonzero(np.diag(self.owed) > 0)
        if len(itself):
            raise NetworkError(f"protocol {int(itself[0])} owes itself: leave the diagonal at zero")

    @property
    def total(self) -> Floats:
        """What each owes in all, (n,)."""
        total: Floats = self.owed.sum(axis=1) + self.outside
        return total

    @property
    def shares(self) -> Floats:
        """Share of i's payment that goes to j, (n, n); rows of those who owe nothing are zero."""
        total = self.total[:, None]
        shares: Floats = np.divide(self.owed, total, out=np.zeros_like(self.owed), where=total > 0)
        return shares

    def received(self, paid: Floats) -> Floats:
        """What each gets from the others when `paid` is paid, (n,)."""
        got: Floats = self.shares.T @ paid
        return got

    def with_assets(self, assets: Floats) -> "Network":
        """The same debts over other assets."""
        return Network(self.owed, self.outside, np.asarray(assets, dtype=float))


def network(
    owed: Sequence[Sequence[float]] | Floats,
    assets: Sequence[float] | Floats,
    outside: Sequence[float] | Floats | None = None,
) -> Network:
    """A network of lists; nothing is owed outside where that is not given. Raises NetworkError."""
    matrix = np.array(owed, dtype=float)
    held = np.array(assets, dtype=float)
    beyond = np.zeros(len(held)) if outside is None else np.array(outside, dtype=float)
    return Network(matrix, beyond, held)


@dataclass(frozen=True, slots=True)
class Clearing:
    """What is paid, what is left to each, and who defaulted in which round of the fictitious default (0-based)."""

    paid: Floats
    equity: Floats
    rounds: tuple[tuple[int, ...], ...]

    @property
    def defaulted(self) -> tuple[int, ...]:
        """All who cannot pay in full."""
        return self.rounds[-1] if self.rounds else ()


def clear(given: Network, outside_recovery: float = 1.0, inside_recovery: float = 1.0) -> Clearing:
    """The greatest clearing vector by fictitious default: at most n rounds, each one exact linear system.

    Recoveries below one are Rogers and Veraart's alpha (on assets outside) and beta (on what the others pay).
    Raises NetworkError for recoveries outside 0 to 1.
    """
    for name, value in (("outside", outside_recovery), ("inside", inside_recovery)):
        if not 0.0 <= value <= 1.0:
            raise NetworkError(f"recovery {name} is {value}: give a share between 0 and 1")
    paid, rounds = greatest(given, outside_recovery, inside_recovery, 0.0)
    equity = np.maximum(given.assets + given.received(paid) - given.total, 0.0)
    equity[list(rounds[-1]) if rounds else []] = 0.0
    return Clearing(paid, equity, rounds)


def greatest(given: Network, alpha: float, beta: float, rate: float) -> tuple[Floats, tuple[tuple[int, ...], ...]]:
    """Greatest payments, and who failed in which round, when every shortfall is topped up at `rate` by somebody."""
    total, shares = given.total, given.shares
    paid = total.copy()
    failed = np.zeros(len(total), dtype=bool)
    rounds: list[tuple[int, ...]] = []
    for _round in range(len(total)):
        means = given.assets + given.received(paid)
        now = failed | (means < total - NEAR * np.maximum(total, 1.0))
        if np.array_equal(now, failed):
            break
        failed = now
        rounds.append(tuple(int(place) for place in np.flatnonzero(failed)))
        paid = _paid_by_failed(given, total, shares, failed, alpha, beta, rate)
    return paid, tuple(rounds)


def _paid_by_failed(
    given: Network, total: Floats, shares: Floats, failed: np.ndarray, alpha: float, beta: float, rate: float
) -> Floats:
    """Payments when exactly these fail: they hand out what they get and what is added to it, the others pay in full.

    p = rate pbar + (1 - rate) own, own = alpha e + beta (received from the sound and from one another). Who would have
    less than nothing to hand out (assets below zero) has nothing.
    """
    paid = total.copy()
    left = np.flatnonzero(failed)
    while len(left):
        others = np.setdiff1d(np.arange(len(total)), left)
        fixed = alpha * given.assets[left] + beta * shares[np.ix_(others, left)].T @ paid[others]
        among = beta * (1.0 - rate) * shares[np.ix_(left, left)].T
        matrix, right = np.eye(len(left)) - among, rate * total[left] + (1.0 - rate) * fixed
        solved = np.linalg.lstsq(matrix, right, rcond=None)[0] if _singular(matrix) else np.linalg.solve(matrix, right)
        broke = solved < rate * total[left] - NEAR
        paid[left] = np.clip(solved, 0.0, total[left])
        if not broke.any():
            return paid
        paid[left[broke]] = rate * total[left[broke]]
        left = left[~broke]
    return paid


def _singular(matrix: Floats) -> bool:
    return bool(np.linalg.cond(matrix) > 1e13)


def clear_by_iteration(
    given: Network, outside_recovery: float = 1.0, inside_recovery: float = 1.0, steps: int = 200_000
) -> Floats:
    """The same vector as the limit from above of the map itself; slow, obvious, the twin of `clear`."""
    total = given.total
    paid = total.copy()
    for _step in range(steps):
        inside = given.received(paid)
        means = given.assets + inside
        sound = means >= total - NEAR * np.maximum(total, 1.0)
        after = np.where(sound, total, np.clip(outside_recovery * given.assets + inside_recovery * inside, 0.0, total))
        if float(np.abs(after - paid).max()) <= 1e-13 * max(float(total.max()), 1.0):
            return after
        paid = after
    raise NetworkError(f"the payments did not settle within {steps} steps: the network pays in a circle")


def clear_by_program(given: Network) -> Floats:
    """The same vector as the linear program max sum p, p <= pbar, p <= e + Pi' p, without costs of default."""
    from scipy.optimize import linprog  # heavy, and only wanted here

    count = len(given.assets)
    found = linprog(
        -np.ones(count),
        A_ub=np.eye(count) - given.shares.T,
        b_ub=np.maximum(given.assets, 0.0),
        bounds=[(0.0, float(most)) for most in given.total],
        method="highs",
    )
    if not found.success:
        raise NetworkError(f"the linear program found no payments: {found.message}")
    paid: Floats = np.asarray(found.x)
    return paid


def by_seniority(classes: Sequence[Network], assets: Floats) -> list[Clearing]:
    """Clear class by class, most senior first: what is left after one class, receipts included, serves the next.

    The assets of the given networks are not read. A senior class is paid before anything junior is received, which is
    the careful order: receipts on junior claims come too late to pay senior debts.
    """
    left = np.asarray(assets, dtype=float).copy()
    cleared = []
    for one in classes:
        result = clear(one.with_assets(left))
        left = np.maximum(left + one.received(result.paid) - result.paid, 0.0)
        cleared.append(result)
    return cleared


@dataclass(frozen=True, slots=True)
class Sale:
    """A clearing in which what is missing is raised by selling: units sold (n,), and the price they went at."""

    clearing: Clearing
    sold: Floats
    price: float


def sell(given: Network, units: Floats, price: Callable[[float], float], steps: int = 10_000) -> Sale:
    """Clearing when each holds `units` of one asset beside its assets and sells of it what it is short of.

    `price(sold in all)` falls as more is sold and is price(0) at rest (Cifuentes, Ferrucci and Shin 2005). Prices are
    iterated down from there, which gives the greatest solution.
    """
    held = np.asarray(units, dtype=float)
    now = price(0.0)
    for _step in range(steps):
        cleared = clear(given.with_assets(given.assets + held * now))
        short = np.maximum(given.total - given.assets - given.received(cleared.paid), 0.0)
        sold = np.minimum(held, short / now if now > 0 else held)
        after = min(price(float(sold.sum())), now)
        if now - after <= 1e-13 * max(price(0.0), 1e-300):
            return Sale(cleared, sold, after)
        now = after
    raise NetworkError(f"the price did not settle within {steps} rounds: give a price that falls more slowly")
