"""Quantiles that follow a stream: an online tracker and adaptive conformal inference, with their guarantees.

    tracker     q_(t+1) = q_t + eta (1{loss_t > q_t} - alpha)
                |mean error - alpha| <= (B + eta) / (eta T)                                for losses in [0, B]
    adaptive    alpha_(t+1) = alpha_t + gamma (alpha - error_t)
                |mean error - alpha| <= (max(alpha_1, 1 - alpha_1) + gamma) / (gamma T)

Sources: Gibbs and Candes 2021 (adaptive), Angelopoulos, Candes and Tibshirani 2023 (tracker). The guarantee is on the
average over time, not on the hour of a crisis, and useless sequences keep it too: always publish coverage in windows
beside it (`windowed`), and hold what binds between a floor and a cap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Floats = np.ndarray


@dataclass(frozen=True, slots=True)
class Stream:
    """What was charged at each step (T,), where it was passed (T,), how far the share of those may be from alpha."""

    charged: Floats
    passed: np.ndarray
    bound: float

    @property
    def error(self) -> float:
        """Share of steps at which the loss passed what was charged."""
        return float(self.passed.mean())

    def windowed(self, length: int) -> Floats:
        """Share passed in each window of so many steps that do not overlap: what the average hides."""
        whole = len(self.passed) // length
        shares: Floats = self.passed[: whole * length].reshape(whole, length).mean(axis=1)
        return shares


def tracker_bound(loss_bound: float, rate: float, steps: int) -> float:
    """(B + eta) / (eta T). Raises ValueError unless all three are above zero."""
    if loss_bound <= 0 or rate <= 0 or steps < 1:
        raise ValueError("Give a bound of losses, a rate and a number of steps above zero.")
    return (loss_bound + rate) / (rate * steps)


def track(losses: Sequence[float] | Floats, alpha: float, rate: float, start: float = 0.0) -> Stream:
    """The tracker over a stream of losses of zero or more; B is their largest. Raises ValueError."""
    stream = np.asarray(losses, dtype=float)
    if len(stream) == 0 or not 0 < alpha < 1 or not np.isfinite(stream).all() or (stream < 0).any():
        raise ValueError("Give losses of zero or more, and alpha between 0 and 1.")
    charged, passed = np.empty(len(stream)), np.empty(len(stream), dtype=bool)
    now = start
    for step, loss in enumerate(stream.tolist()):
        charged[step], passed[step] = now, loss > now
        now += rate * ((1.0 if loss > now else 0.0) - alpha)
    return Stream(charged, passed, tracker_bound(max(float(stream.max()), start, 1e-300), rate, len(stream)))


def adaptive_bound(start: float, rate: float, steps: int) -> float:
    """(max(alpha_1, 1 - alpha_1) + gamma) / (gamma T). Raises ValueError."""
    if not 0 <= start <= 1 or rate <= 0 or steps < 1:
        raise ValueError("Give a first alpha between 0 and 1, a rate and a number of steps above zero.")
    return (max(start, 1 - start) + rate) / (rate * steps)


def adapt(
    losses: Sequence[float] | Floats, alpha: float, rate: float, window: int = 500, start: float | None = None
) -> Stream:
    """Adaptive conformal inference over the last `window` losses: charged is their quantile at 1 - alpha_t.

    Infinite while alpha_t <= 0 or nothing has been seen, zero when it reaches one. Raises ValueError.
    """
    stream = np.asarray(losses, dtype=float)
    if len(stream) == 0 or not 0 < alpha < 1 or window < 1:
        raise ValueError("Give losses, alpha between 0 and 1, and a window of at least one.")
    now = alpha if start is None else start
    bound = adaptive_bound(now, rate, len(stream))
    charged, passed = np.empty(len(stream)), np.empty(len(stream), dtype=bool)
    for step, loss in enumerate(stream.tolist()):
        seen = stream[max(step - window, 0) : step]
        if now <= 0 or len(seen) == 0:
            charge = np.inf
        elif now >= 1:
            charge = -np.inf
        else:
            charge = float(np.quantile(seen, 1 - now, method="higher"))
        charged[step], passed[step] = charge, loss > charge
        now += rate * (alpha - (1.0 if loss > charge else 0.0))
    return Stream(charged, passed, bound)


def buffer_for(scores: Sequence[float] | Floats, level: float) -> float:
    """One-sided conformal buffer: the ceil((n + 1) level)-th smallest score, infinite where there are too few.

    Scores are what a forecast missed by on data it was not made of; adding the buffer covers the next with `level`.
    """
    ordered = np.sort(np.asarray(scores, dtype=float))
    place = int(np.ceil((len(ordered) + 1) * level - 1e-12))
    return float(ordered[place - 1]) if 1 <= place <= len(ordered) else float("inf")
