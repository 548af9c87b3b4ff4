"""Which input matters: first-order and total Sobol indices (Saltelli 2010, through scipy's `sobol_indices`)."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def sobol_indices(
    function: Callable[[np.ndarray], np.ndarray],
    bounds: list[tuple[float, float]],
    *,
    count: int = 1024,
    seed: int = 1,
) -> dict[str, list[float]]:
    """First-order and total indices of `function` (inputs [d, n] to outputs [n]) over independent uniform inputs."""
    from scipy.stats import sobol_indices as scipy_indices
    from scipy.stats import uniform

    found: Any = scipy_indices(
        func=function,
        n=count,
        dists=[uniform(loc=low, scale=high - low) for low, high in bounds],
        rng=np.random.Generator(np.random.PCG64(seed)),
    )
    return {"first": found.first_order.tolist(), "total": found.total_order.tolist()}


def ishigami(inputs: np.ndarray, a: float = 7.0, b: float = 0.1) -> np.ndarray:
    """Ishigami and Homma's test function of three inputs, [3, n]."""
    value: np.ndarray = np.sin(inputs[0]) + a * np.sin(inputs[1]) ** 2 + b * inputs[2] ** 4 * np.sin(inputs[0])
    return value


def ishigami_indices(a: float = 7.0, b: float = 0.1) -> tuple[list[float], list[float]]:
    """(first, total) in closed form: V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225."""
    alone, second = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2, a * a / 8.0
    together = 8.0 * b * b * math.pi**8 / 225.0
    whole = alone + second + together
    if whole == 0.0:
        return [0.0] * 3, [0.0] * 3
    first = [alone / whole, second / whole, 0.0]
    return first, [(alone + together) / whole, second / whole, together / whole]
