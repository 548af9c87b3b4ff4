"""Allocation of a loss, answered by the policies (money kept to a billionth), and the waves of October 2025.

adl-capped-waterfill    shares of gain under caps, and the optimum of the unweighted sum beside it
adl-five-accounts       one queue and one pro-rata haircut over the same five accounts
global-haircut-index    what is missing of a principal, as one factor for all
queue-linear-regret     a fixed queue against the best answer on an alternating example
hl-oct10                the published record: totals re-added, wave sums and what an online severity would have lost
"""

from typing import Any, Final

import numpy as np

from solvent.lab.cases.models.example import Answer, Inputs, Model, of_each, take
from solvent.lab.fairness import severity
from solvent.lab.fairness.policies import proportional, ranked

FINE: Final = 10**9


def _whole(values: Any) -> np.ndarray:
    return np.array([round(float(value) * FINE) for value in values], dtype=np.int64)


def capped_waterfill(given: Inputs) -> Answer:
    """Shares h of gains w under caps beta that raise B, and whether they are the weighted quadratic optimum.

    The weighted problem has the common share as its optimum (its multiplier is one number for all who are not
    capped); the unweighted one closes in proportion to the gain itself.
    """
    gains = _whole(given["w"])
    caps = _whole([gain * cap for gain, cap in zip(given["w"], given["beta"], strict=True)])
    budget = round(float(given["B"]) * FINE)
    parts = np.zeros(len(gains), dtype=np.int64)
    proportional(budget, gains, caps, parts)
    shares = parts / gains
    free = shares < np.array(given["beta"], dtype=float) - 1e-9
    common = bool(np.ptp(shares[free]) < 1e-6) if free.any() else True
    squares = _whole([gain * gain / max(given["w"]) for gain in given["w"]])
    unweighted = np.zeros(len(gains), dtype=np.int64)
    proportional(budget, squares, caps, unweighted)
    return {
        "h": shares.tolist(),
        "x": (parts / FINE).tolist(),
        "leftovers": ((gains - parts) / FINE).tolist(),
        "weighted_quadratic_optimum_same": common,
        "unweighted_quadratic_optimum": (unweighted / gains).tolist(),
    }


def five_accounts(given: Inputs) -> Answer:
    """A deficit, the gains that may bear it, and two ways to lay the same budget on them."""
    equity = np.array(given["equity"], dtype=float)
    gains = _whole(np.maximum(np.array(given["pnl"], dtype=float), 0.0))
    deficit = float(-equity[equity < 0].sum())
    bearable = float(gains.sum()) / FINE
    budget = round(float(given["theta"]) * deficit * FINE)
    order = [int(place) - 1 for place in given["queue_order_1based"]]
    ranks = np.full(len(gains), -1, dtype=np.int64)
    for rank, place in enumerate(order):
        ranks[place] = len(order) - rank
    queue, share = np.zeros(len(gains), dtype=np.int64), np.zeros(len(gains), dtype=np.int64)
    ranked(budget, ranks, gains, queue)
    proportional(budget, gains, gains, share)
    winners = np.flatnonzero(gains > 0)
    return {
        "D": deficit,
        "U": bearable,
        "budget": budget / FINE,
        "queue_x": (queue / FINE).tolist(),
        "queue_h": (queue[winners] / gains[winners]).tolist(),
        "queue_post_equity": (equity - queue / FINE).tolist(),
        "prorata_h": budget / FINE / bearable,
        "prorata_x": (share / FINE).tolist(),
        "prorata_post_equity": (equity - share / FINE).tolist(),
    }


def global_index(given: Inputs) -> Answer:
    """One factor for every principal when collateral does not cover them all."""
    missing = max(float(given["principal"]) - float(given["collateral"]), 0.0)
    return {"deficit": missing, "haircut": missing / float(given["principal"])}


def queue_regret(given: Inputs) -> Answer:
    """Regret of a fixed queue over T rounds whose worst of M winners alternates: T / 2 x (1 - 1 / M), times lambda."""
    rounds, winners = float(given["T"]), float(given["M"])
    return {"regret": rounds / 2 * (1 - 1 / winners) * float(given.get("lambda", 1))}


def headline(given: Inputs) -> Answer:
    """The published totals of 10 October 2025, with the sums among them re-added."""
    told = severity.PUBLISHED | dict(given)
    adl, market = told["adl_notional_usd"], told["liquidation_notional_usd"]
    return told | {
        "together_usd": adl + market,
        "events_together": told["adl_events"] + told["liquidation_events"],
        "adl_share": adl / (adl + market),
    }


def waves(given: Inputs) -> Answer:
    """Sums over waves of what was needed and taken, and what a constant and an online severity would have lost."""
    needed, taken, deficits = (
        np.asarray(take(given, *names), dtype=float)
        for names in (("B_needed_usd", "B"), ("H_prod_usd", "H"), ("D_usd", "D"))
    )
    answer = severity.sums(needed, taken, deficits, take(given, "standing_usd", default=None))
    if severity.is_published(answer):
        answer |= severity.PUBLISHED_TRACKING
    return answer


def cumulative(given: Inputs) -> Answer:
    """Whole lots by cumulative rounding over the order given: exact in total, and no gain from splitting an account.

    Beside it what rounding down and the largest remainder would close.
    """
    lots = np.array([int(value) for value in take(given, "lots", "sizes")], dtype=np.int64)
    close = int(take(given, "close", "Q"))
    parts = np.zeros(len(lots), dtype=np.int64)
    given_out = proportional(close, lots, lots, parts)
    down = close * lots // int(lots.sum())
    first = np.argsort(-(close * lots % int(lots.sum())), kind="stable")[: close - int(down.sum())]
    remainder = down.copy()
    remainder[first] += 1
    return {
        "closed": parts.tolist(),
        "total": int(given_out),
        "cumulative": parts.tolist(),
        "floor": down.tolist(),
        "floor_total": int(down.sum()),
        "largest_remainder": remainder.tolist(),
    }


def least_risk(given: Inputs) -> Answer:
    """Haircuts that leave the least next-step risk sum (1 - h) e rho: whoever carries most per unit of gain first.

    Beside it the risk-weighted water filling h = min(beta, tau w), which does not minimise it.
    """
    equity, risk, gains = (
        np.asarray(take(given, *names), dtype=float) for names in (("e", "equity"), ("rho", "risk"), ("u", "gains"))
    )
    budget = round(float(take(given, "B", "budget")) * FINE)
    caps = _whole(gains * np.asarray(take(given, "beta", default=1.0), dtype=float))
    order = np.argsort(-(equity * risk / gains), kind="stable")
    ranks = np.empty(len(gains), dtype=np.int64)
    ranks[order] = np.arange(len(gains), 0, -1)
    greedy, water = np.zeros(len(gains), dtype=np.int64), np.zeros(len(gains), dtype=np.int64)
    ranked(budget, ranks, caps, greedy)
    proportional(
        budget, _whole(gains * np.asarray(take(given, "w", "weights", default=risk), dtype=float)), caps, water
    )

    def left(parts: np.ndarray) -> float:
        return float(((1.0 - parts / FINE / gains) * equity * risk).sum())

    return {
        "knapsack_risk": left(greedy),
        "water_filling_risk": left(water),
        "knapsack_h": (greedy / FINE / gains).tolist(),
        "water_filling_h": (water / FINE / gains).tolist(),
    }


MODELS: Final = {
    "adl-capped-waterfill": Model(capped_waterfill, "adl", ("w", "beta", "B")),
    "adl-five-accounts": Model(five_accounts, "adl", ("equity", "pnl", "theta")),
    "global-haircut-index": Model(of_each(global_index), "adl", ("principal", "collateral")),
    "queue-linear-regret": Model(of_each(queue_regret), "adl", ("T", "M")),
    "hl-oct10-headline": Model(headline, "adl"),
    "hl-oct10-waves": Model(waves, "adl", ("B_needed_usd", "D_usd")),
    "adl-knapsack": Model(least_risk, "adl", ("e", "rho", "u", "B")),
    "cumulative-rounding": Model(cumulative, "adl", ("lots", "close")),
}
