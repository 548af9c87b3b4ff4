"""Who pays how much of a loss: nine policies over the same winners, in whole quanta.

The allocating is the ground's (risk/allocation.py, risk/waterfall.py); a policy says by what weight, rank or cap.

    queue              by score: gain over entry times leverage                            (venues' queues)
    contracts          in proportion to contracts held
    gains              in proportion to unrealised gain
    capped_gains       the same, each at most its cap
    risk               in proportion to gain times risk density, each at most its cap       (risk-aware pro-rata)
    knapsack           whoever carries most risk per unit of gain first, up to the cap      (least next-step risk)
    levelled           least largest share of gain, in whole lots                           (lexicographic min-max)
    variation          in proportion to gain since the last settlement mark, positions kept (variation-margin haircut)
    index              unvested gains, then the fund, then all equity by one factor         (global index)

Definitions after the research reference of the deleveraging literature: Chitra 2025 (arXiv 2512.01112), Percolator.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from solvent.compiled import entry
from solvent.risk import allocation
from solvent.risk.waterfall import share_out
from solvent.units import LIMIT, PPM, mix

Integers = np.ndarray


@dataclass(frozen=True)
class Winners:
    """Those a loss may be laid upon, one row each, all whole numbers; money in quanta, shares in ppm.

    `gain` is unrealised gain since entry, `settled_gain` since the last settlement mark, `unvested` the part of the
    gain that has not vested, `risk_ppm` the expected next-step loss per unit of equity.
    """

    account: Integers
    lots: Integers
    gain: Integers
    settled_gain: Integers
    unvested: Integers
    equity: Integers
    notional: Integers
    risk_ppm: Integers
    cap_ppm: Integers

    def __len__(self) -> int:
        return len(self.account)

    def caps(self) -> Integers:
        """The most each may be charged: its cap's share of its gain, rounded down."""
        return ppm_of(self.gain, self.cap_ppm)

    def with_rows(self, rows: Integers) -> "Winners":
        """The same winners in another order, or some of them."""
        return replace(self, **{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Loss:
    """What is to be allocated: quanta, the worth of one lot of it, what the fund has, and the event that keys ties."""

    budget: int
    lot_quanta: int
    fund: int = 0
    event: int = 1


@dataclass(frozen=True)
class Allocation:
    """What each winner is charged, what the fund paid, and what nobody could bear."""

    charged: Integers
    fund: int
    missing: int


def ppm_of(amounts: Integers, ppm: Integers) -> Integers:
    """Shares of amounts, rounded down, without a product that leaves 64 bits."""
    share: Integers = amounts // PPM * ppm + amounts % PPM * ppm // PPM
    return share


@entry
def proportional(budget: int, weights: Integers, caps: Integers, parts: Integers) -> int:
    """`allocate_proportional` for Python."""
    given: int = allocation.allocate_proportional(budget, weights, caps, weights.shape[0], parts)
    return given


@entry
def ranked(budget: int, ranks: Integers, caps: Integers, parts: Integers) -> int:
    """`allocate_ranked` for Python."""
    given: int = allocation.allocate_ranked(budget, ranks, caps, ranks.shape[0], parts)
    return given


@entry
def levelled_lots(lots: int, lot_quanta: int, gains: Integers, available: Integers, parts: Integers) -> int:
    """`allocate_levelled` for Python."""
    given: int = allocation.allocate_levelled(lots, lot_quanta, gains, available, gains.shape[0], parts)
    return given


@entry
def shared(amount: int, means: Integers, parts: Integers) -> int:
    """`share_out` for Python."""
    given: int = share_out(amount, means, means.shape[0], parts)
    return given


def keyed(winners: Winners, loss: Loss) -> Integers:
    """The order in which rounding runs: nobody can choose a place in it."""
    keys = [int(mix(loss.event, int(account))) for account in winners.account]
    return np.lexsort((winners.account, np.array(keys, dtype=np.int64)))


def _in_keyed_order(winners: Winners, loss: Loss, weights: Integers, caps: Integers) -> Allocation:
    order = keyed(winners, loss)
    parts = np.zeros(len(winners), dtype=np.int64)
    given = proportional(loss.budget, weights[order].astype(np.int64), caps[order].astype(np.int64), parts)
    charged = np.zeros(len(winners), dtype=np.int64)
    charged[order] = parts
    return Allocation(charged, 0, loss.budget - int(given))


def score(winners: Winners) -> Integers:
    """Gain over entry value times leverage, in millionths, whole; held to 2**62."""
    ranks = []
    for gain, notional, equity in zip(
        winners.gain.tolist(), winners.notional.tolist(), winners.equity.tolist(), strict=True
    ):
        ranks.append(min(gain * notional * PPM // (max(notional - gain, 1) * max(equity, 1)), LIMIT))
    return np.array(ranks, dtype=np.int64)


def by_queue(winners: Winners, loss: Loss) -> Allocation:
    """The best score pays first."""
    parts = np.zeros(len(winners), dtype=np.int64)
    given = ranked(loss.budget, score(winners), winners.caps(), parts)
    return Allocation(parts, 0, loss.budget - int(given))


def by_contracts(winners: Winners, loss: Loss) -> Allocation:
    """In proportion to contracts."""
    return _in_keyed_order(winners, loss, winners.lots, winners.gain)


def by_gains(winners: Winners, loss: Loss) -> Allocation:
    """In proportion to gains."""
    return _in_keyed_order(winners, loss, winners.gain, winners.gain)


def by_capped_gains(winners: Winners, loss: Loss) -> Allocation:
    """In proportion to gains, each at most its cap."""
    return _in_keyed_order(winners, loss, winners.gain, winners.caps())


def by_risk(winners: Winners, loss: Loss) -> Allocation:
    """In proportion to gain times risk, each at most its cap."""
    return _in_keyed_order(winners, loss, ppm_of(winners.gain, winners.risk_ppm), winners.caps())


def by_knapsack(winners: Winners, loss: Loss) -> Allocation:
    """The most risk taken off per unit of gain first."""
    pairs = zip(winners.equity.tolist(), winners.risk_ppm.tolist(), winners.gain.tolist(), strict=True)
    ranks = np.array([min(equity * risk // max(gain, 1), LIMIT) for equity, risk, gain in pairs], dtype=np.int64)
    parts = np.zeros(len(winners), dtype=np.int64)
    given = ranked(loss.budget, ranks, winners.caps(), parts)
    return Allocation(parts, 0, loss.budget - int(given))


def by_level(winners: Winners, loss: Loss) -> Allocation:
    """Whole lots, the largest share of gain as small as it can be. A budget is met to within one lot's worth."""
    lots = -(-loss.budget // loss.lot_quanta)
    available = np.minimum(winners.lots, winners.gain // loss.lot_quanta)
    parts = np.zeros(len(winners), dtype=np.int64)
    given = int(levelled_lots(lots, loss.lot_quanta, winners.gain, available, parts))
    charged = parts * loss.lot_quanta
    # contracts move in whole lots; the cash of the last one is only what is still owed
    over = max(given * loss.lot_quanta - loss.budget, 0)
    if over:
        last = int(np.flatnonzero(charged > 0)[-1])
        charged[last] -= over
    return Allocation(charged, 0, loss.budget - int(charged.sum()))


def by_variation(winners: Winners, loss: Loss) -> Allocation:
    """In proportion to what was gained since the last settlement."""
    return _in_keyed_order(winners, loss, winners.settled_gain, winners.settled_gain)


def by_index(winners: Winners, loss: Loss) -> Allocation:
    """Unvested gains burn first, then the fund, then all equity by one factor."""
    order = keyed(winners, loss)
    charged = np.zeros(len(winners), dtype=np.int64)
    left = loss.budget
    for step in ("unvested", "fund", "equity"):
        if step == "fund":
            from_fund = min(left, loss.fund)
            left -= from_fund
            continue
        means = winners.unvested if step == "unvested" else winners.equity - charged
        amount = min(left, int(means.sum()))
        parts = np.zeros(len(winners), dtype=np.int64)
        if amount:
            shared(amount, means[order].astype(np.int64), parts)
        charged[order] += parts
        left -= amount
    return Allocation(charged, from_fund, left)


POLICIES: Final[dict[str, Callable[[Winners, Loss], Allocation]]] = {
    "queue": by_queue,
    "contracts": by_contracts,
    "gains": by_gains,
    "capped_gains": by_capped_gains,
    "risk": by_risk,
    "knapsack": by_knapsack,
    "levelled": by_level,
    "variation": by_variation,
    "index": by_index,
}
