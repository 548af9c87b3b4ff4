"""How much to take in each wave: sums of the record of 10 October 2025, and what a severity rule would have lost.

A severity theta takes theta x deficit; what could have been used is min(needed, deficit). The loss of a wave is the
distance between them. Rules compared: the venue's own taking, one constant, and projected online gradient descent with
the step its bound asks for,

    theta_(t+1) = clip(theta_t - eta D_t sign(theta_t D_t - min(B_t, D_t)), 0, 1),   eta = sqrt(1 + 2 P) / sqrt(sum D^2)
    bound       = sqrt(1 + 2 P) sqrt(sum D^2),        P the path's variation of the severity that would have been right

(Zinkevich 2003; P fixed beforehand, as its users do). A deficit is a stock: an account that stands unpaid through many
waves is sighted in each, so the sum over waves is a flow of sightings and the deficit itself counts it once.
"""

import math
from typing import Any, Final

import numpy as np

Floats = np.ndarray

PUBLISHED: Final[dict[str, Any]] = {
    "adl_events": 34_983,
    "liquidation_events": 63_637,
    "tickers": 162,
    "adl_notional_usd": 2_103_111_431,
    "liquidation_notional_usd": 5_511_042_925,
    "first_adl_seconds_after_first_liquidation": 61.7,
    "largest_second": {"liq": 11_279, "adl": 11_279},
    "adl_on_profitable_pct": 99.4,
    "median_leverage_of_adled": 0.2,
    "btc_adl_usd_m": 620.9,
    "eth_adl_usd_m": 458.0,
    "sol_adl_usd_m": 276.2,
}
"""Totals as published by ConejoCapital/HyperMultiAssetedADL; each deleveraging is there in the liquidations as well."""

PUBLISHED_NEEDED_USD: Final = 15_079_669.61
PUBLISHED_TRACKING: Final = {
    "tracking_integer_prorata": 3_020_120.65,
    "tracking_vector_md": 1_793_022.03,
    "tracking_fixed_point_integer": 106_205.81,
}
"""What other rules missed over the same waves, as published (pluriholonomic/autodeleveraging-analysis, MIT)."""

VARIATION: Final = 7.06
"""P the bound is quoted with."""


def is_published(found: dict[str, Any]) -> bool:
    """True when the waves are those of the published record, by what they needed."""
    return bool(abs(found["sum_B"] - PUBLISHED_NEEDED_USD) < 1.0)


def constant_loss(needed: Floats, deficits: Floats, theta: float) -> float:
    """What one severity for all waves loses."""
    return float(np.abs(theta * deficits - np.minimum(needed, deficits)).sum())


def online_loss(needed: Floats, deficits: Floats, variation: float = VARIATION, start: float = 0.0) -> float:
    """What projected online gradient descent loses with the step of its bound."""
    wanted = np.minimum(needed, deficits)
    step = math.sqrt((1.0 + 2.0 * variation) / float((deficits**2).sum()))
    theta, lost = start, 0.0
    for deficit, want in zip(deficits.tolist(), wanted.tolist(), strict=True):
        lost += abs(theta * deficit - want)
        theta = min(max(theta - step * deficit * float(np.sign(theta * deficit - want)), 0.0), 1.0)
    return lost


def sums(needed: Floats, taken: Floats, deficits: Floats, standing: float | None = None) -> dict[str, Any]:
    """Totals of waves in USD: flows, the stock of deficit with the standing account counted once, severities.

    `standing` is the hole of an account that stands through several waves; the first wave's deficit where it is not
    given.
    """
    over = taken - needed
    right = np.divide(np.minimum(needed, deficits), deficits, out=np.zeros_like(needed), where=deficits > 0)
    variation = float(np.abs(np.diff(right)).sum())
    size = math.sqrt(float((deficits**2).sum()))
    hole = float(deficits[0]) if standing is None else standing
    sighted = int((deficits >= hole - 0.005).sum())
    once = float(deficits.sum()) - max(sighted - 1, 0) * hole
    found = {
        "sum_B": float(needed.sum()),
        "sum_H": float(taken.sum()),
        "sum_D": float(deficits.sum()),
        "sum_abs_tracking": float(np.abs(over).sum()),
        "net_overshoot": float(over.sum()),
        "gross_over": float(np.maximum(over, 0.0).sum()),
        "gross_under": float(np.maximum(-over, 0.0).sum()),
        "sqrt_sum_D2": size,
        "path_variation_theta": variation,
        f"instance_bound_with_P={VARIATION:g}": math.sqrt(1.0 + 2.0 * VARIATION) * size,
        "instance_bound": math.sqrt(1.0 + 2.0 * variation) * size,
        f"sum_D_counting_the_one_{hole:.2f}_account_once": once,
        "deficit_stock": once,
        "ogd_loss_theta1=0": online_loss(needed, deficits),
    }
    for hundredths in range(0, 101, 5):
        theta = hundredths / 100.0
        found[f"const_theta_{theta:g}_loss"] = constant_loss(needed, deficits, theta)
    return found
