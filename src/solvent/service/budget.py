"""Budgets: a bucket of tokens per key and per class of request, so that nobody's flood is everybody's."""

from __future__ import annotations

from typing import Final

from solvent.service.problems import Problem

BUCKETS_MAX: Final = 10_000
ADDRESS_FAILURES_PER_MINUTE: Final = 30
ADDRESS_FAILURES_BURST: Final = 20.0
"""Wrong keys an address may try; guessing 256 bits is hopeless, but need not be served either."""


class Budget:
    """Tokens per second with one second's burst, for many names."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def spend(self, name: str, kind: str, per_second: float, amount: float, now_s: float, burst: float = 0.0) -> None:
        """Take `amount` tokens or raise Problem with how long to wait; a full bucket holds a second's, or `burst`."""
        place, full = (name, kind), burst or per_second
        tokens, last = self._buckets.get(place, (full, now_s))
        tokens = min(full, tokens + (now_s - last) * per_second)
        # a request larger than the bucket passes when the bucket is full, and leaves it in debt
        if tokens < min(amount, full):
            self._buckets[place] = (tokens, now_s)
            wait = (min(amount, full) - tokens) / per_second
            problem = Problem(
                "too_many_requests",
                f"This key may send {per_second:g} {kind} a second.",
                f"Wait {wait:.2f} seconds, or send batches.",
            )
            problem.retry_after_s = max(1, round(wait))
            raise problem
        if len(self._buckets) >= BUCKETS_MAX and place not in self._buckets:
            self._buckets.clear()  # forgetting is generous for a second; growing without end is not
        self._buckets[place] = (tokens - amount, now_s)
