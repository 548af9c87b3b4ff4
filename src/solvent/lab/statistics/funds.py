"""How large a fund: newsvendor, ruin with premiums, Cover-n over linked entities, replenishment."""

import math
from collections.abc import Sequence

import numpy as np

from solvent.lab.statistics.faults import statistic_error


def newsvendor_level(capital_cost: float, shortage_cost: float) -> float:
    """1 - r / k: the quantile at which a unit of fund costs what a unit of shortage would."""
    if not 0.0 < capital_cost < shortage_cost:
        raise statistic_error(
            "newsvendor", f"a fund that costs {capital_cost} a unit against {shortage_cost} is never worth having",
            "Give 0 < cost of capital < cost of a unit not covered.",
        )  # fmt: skip
    return 1.0 - capital_cost / shortage_cost


def newsvendor_size(losses: np.ndarray, capital_cost: float, shortage_cost: float) -> float:
    """The newsvendor's quantile of simulated losses."""
    return float(np.quantile(losses, newsvendor_level(capital_cost, shortage_cost), method="inverted_cdf"))


def newsvendor_exponential(mean: float, capital_cost: float, shortage_cost: float) -> float:
    """The newsvendor's size for exponential losses: -mean x ln(r / k)."""
    return -mean * math.log(1.0 - newsvendor_level(capital_cost, shortage_cost))


def ruin_probability(fund: float, premium_rate: float, claim_rate: float, claim_mean: float) -> tuple[float, float]:
    """(loading, probability of ever ruining) with exponential claims (Cramer and Lundberg).

    theta = c / (lambda m) - 1; psi = exp(-theta u / ((1 + theta) m)) / (1 + theta). One where premiums do not cover.
    """
    loading = premium_rate / (claim_rate * claim_mean) - 1.0
    if loading <= 0.0:
        return loading, 1.0
    return loading, math.exp(-loading * fund / ((1.0 + loading) * claim_mean)) / (1.0 + loading)


def cover(losses_by_entity: Sequence[float] | np.ndarray, count: int) -> float:
    """Sum of the `count` largest stressed losses over margin; linked accounts must be merged before."""
    ordered = np.sort(np.maximum(np.asarray(losses_by_entity, dtype=float), 0.0))[::-1]
    return float(ordered[:count].sum())


def entities_needed(
    losses_by_entity: np.ndarray, probabilities: np.ndarray | float, most: float, draws: int = 20_000
) -> int:
    """Least n such that Cover-n is passed by total losses with probability at most `most`.

    Entities default independently with the given probabilities; drawn from a fixed seed. Cover-2 ignores how many
    entities there are, this does not (Murphy and Nahai-Williamson 2014).
    """
    losses = np.maximum(np.asarray(losses_by_entity, dtype=float), 0.0)
    chance = np.broadcast_to(np.asarray(probabilities, dtype=float), losses.shape)
    random = np.random.Generator(np.random.PCG64(0x636F7665))
    totals = np.zeros(draws)
    for loss, likely in zip(losses.tolist(), chance.tolist(), strict=True):
        totals[random.random(draws) < likely] += loss
    ordered = np.sort(losses)[::-1]
    for count, fund in enumerate(np.concatenate([[0.0], np.cumsum(ordered)]).tolist()):
        if float((totals > fund * (1.0 + 1e-12)).mean()) <= most:
            return count
    return len(losses)


def replenishment_days(fund_used: float, income_a_day: float) -> float:
    """Days until fees have filled again what was used."""
    return math.inf if income_a_day <= 0.0 else fund_used / income_a_day
