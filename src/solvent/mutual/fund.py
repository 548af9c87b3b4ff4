"""A mutual fund over a network: every shortfall topped up at one rate, and who should pay how much into it.

    own_i   = min(pbar_i, (e_i + sum_j Pi_ji p_j)+)        what i can pay itself
    p_i     = own_i + phi (pbar_i - own_i)                 after the fund
    phi     = the largest rate in [0, 1] at which the fund pays at most G

One rate for all is the rule: nobody is served first. Usage rises with phi (payments rise, and no shortfall rises by
more than it is topped up), so phi is found by bisection. A unit of fund may be worth more than one unit paid, since
what it pays is paid on.

Around the rule: layers (what the protocol bears itself, what the fund bears, what it keeps bearing beside the fund),
Cover-n over entities, and contributions by Shapley value or by the Euler rule of expected shortfall.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from solvent.mutual.clearing import Network, NetworkError, greatest

Floats = np.ndarray

HALVINGS = 200
"""Bisections of the rate: far below the last bit of a double."""


@dataclass(frozen=True, slots=True)
class TopUp:
    """One fund over one network: the rate; what each owes, pays itself, pays in all, is left with (n,); the use."""

    rate: float
    owed: Floats
    own: Floats
    paid: Floats
    equity: Floats
    used: float

    @property
    def defaulted(self) -> tuple[int, ...]:
        """Those who could not pay in full from their own."""
        return tuple(int(place) for place in np.flatnonzero(self.owed - self.own > 1e-9 * np.maximum(self.owed, 1.0)))


def top_up(given: Network, fund: float) -> TopUp:
    """The clearing under a fund of this size. Raises NetworkError for a fund that is negative or no number."""
    if not math.isfinite(fund) or fund < 0:
        raise NetworkError(f"a fund of {fund} is none: give zero or more")
    everything = _at_rate(given, 1.0)
    if everything.used <= fund:
        return everything
    low, high = 0.0, 1.0
    for _halving in range(HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _at_rate(given, middle).used <= fund:
            low = middle
        else:
            high = middle
    return _at_rate(given, low)


def _at_rate(given: Network, rate: float) -> TopUp:
    """Greatest payments at one rate."""
    total = given.total
    paid, _rounds = greatest(given, 1.0, 1.0, rate)
    means = given.assets + given.received(paid)
    own = np.clip(means, 0.0, total)
    paid = own + rate * (total - own)
    return TopUp(rate, total, own, paid, np.maximum(means - total, 0.0), float((paid - own).sum()))


def value_added(given: Network, fund: float) -> float:
    """What is paid more because the fund is there, for each unit of it; nan for no fund."""
    if fund == 0:
        return math.nan
    return float((top_up(given, fund).paid - top_up(given, 0.0).paid).sum()) / fund


def full_cover(given: Network) -> float:
    """The least fund that tops every shortfall up in full."""
    return _at_rate(given, 1.0).used


def fund_for_cover(losses: Sequence[float] | Floats, count: int = 2) -> float:
    """Cover-n: the sum of the `count` largest losses of entities; linked protocols must be merged before."""
    if count < 0:
        raise NetworkError(f"Cover-{count} is none: give zero or more")
    ordered = np.sort(np.maximum(np.asarray(losses, dtype=float), 0.0))[::-1]
    return float(ordered[:count].sum())


@dataclass(frozen=True, slots=True)
class Layer:
    """Cover above `retention`, up to `limit` of loss beyond it, of which the insured keeps `kept` (co-insurance).

    Amounts in the unit of the loss; `kept` a share; `waiting` in the unit of time of `after`: nothing is paid for a
    loss that came sooner after the start of cover.
    """

    retention: float = 0.0
    limit: float = math.inf
    kept: float = 0.0
    waiting: float = 0.0

    def __post_init__(self) -> None:
        if self.retention < 0 or self.limit < 0 or not 0 <= self.kept <= 1 or self.waiting < 0:
            raise NetworkError(f"{self} is no layer: give amounts of zero or more and a kept share from 0 to 1")

    def pays(self, loss: float, after: float = math.inf) -> float:
        """What the layer pays of one loss that came `after` seconds of cover."""
        if after < self.waiting:
            return 0.0
        return (1.0 - self.kept) * min(max(loss - self.retention, 0.0), self.limit)


def layered(loss: float, layers: Sequence[Layer], after: float = math.inf) -> list[float]:
    """What each layer pays of one loss, and last what nobody pays; sums to the loss.

    Layers are applied to the whole loss, so their retentions say where they stand. Raises NetworkError when they
    overlap so far that more would be paid than was lost.
    """
    parts = [layer.pays(loss, after) for layer in layers]
    left = loss - sum(parts)
    if left < -1e-9 * max(loss, 1.0):
        raise NetworkError(f"the layers pay {sum(parts)} of a loss of {loss}: let each begin where the last one ends")
    return [*parts, max(left, 0.0)]


EXACT_MOST = 8
"""Members up to which a Shapley value is summed over all orders; beyond, over sampled ones."""


def shapley(cost: Callable[[frozenset[int]], float], count: int, orders: int = 2_000, seed: int = 1) -> Floats:
    """Each member's average addition to the cost over the orders in which they could have joined, (n,); sums to it all.

    Exact up to eight members, else over `orders` shuffles from the seed, each with its reverse (Shapley 1953).
    """
    known: dict[frozenset[int], float] = {}

    def of(members: frozenset[int]) -> float:
        if members not in known:
            known[members] = cost(members)
        return known[members]

    if count <= EXACT_MOST:
        chosen = [list(order) for order in permutations(range(count))]
    else:
        random = np.random.Generator(np.random.PCG64(seed))
        half = [random.permutation(count).tolist() for _ in range(max(orders // 2, 1))]
        chosen = [*half, *(order[::-1] for order in half)]
    shares = np.zeros(count)
    for order in chosen:
        members: frozenset[int] = frozenset()
        before = of(members)
        for member in order:
            members |= {member}
            after = of(members)
            shares[member] += after - before
            before = after
    result: Floats = shares / len(chosen)
    return result


def euler(losses: Floats, level: float = 0.99) -> Floats:
    """Each member's mean loss in the paths whose total is in the tail: Euler's split of expected shortfall, (n,).

    `losses` is (paths, members); the shares sum to the expected shortfall of the total (Tasche 1999). At least one
    path is in the tail.
    """
    table = np.asarray(losses, dtype=float)
    if table.ndim != 2 or not 0.0 < level < 1.0:
        raise NetworkError("give losses as (paths, members) and a level between 0 and 1")
    count = max(round(len(table) * (1.0 - level)), 1)
    worst = np.argsort(table.sum(axis=1), kind="stable")[-count:]
    shares: Floats = table[worst].mean(axis=0)
    return shares


def stand_alone_cost(given: Network, members: frozenset[int]) -> float:
    """What full cover of these members' shortfalls would use while nobody else is topped up: the game of `shapley`."""
    total = given.total
    covered = np.isin(np.arange(len(total)), list(members))
    paid = total.copy()
    for _step in range(200_000):
        own = np.clip(given.assets + given.received(paid), 0.0, total)
        after = np.where(covered, total, own)
        if float(np.abs(after - paid).max()) <= 1e-13 * max(float(total.max()), 1.0):
            break
        paid = after
    own = np.clip(given.assets + given.received(paid), 0.0, total)
    return float((total - own)[covered].sum())
