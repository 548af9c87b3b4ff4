"""How long a price report waits for its decision: measured by the engine, outside the ground, in a histogram.

A report has three stamps: its source's time and the number its source gave it, both told by the source; the time it was
received, which the gateway writes into the command; and the sequence under which it was decided. This file adds what no
state may hold: the real time between receiving and deciding. A batch is decided as a whole, so each of its reports is
counted with the time of the whole: nobody waited longer.

Bounds are a quarter of a doubling apart, from a microsecond to about a minute: a percentile read from them is at most
19 % above the true one.
"""

import numpy as np

from solvent.commands import CommandKind

QUARTERS = 104
FIRST_NS = 1_000
BOUNDS_NS = np.array([round(FIRST_NS * 2 ** (place / 4)) for place in range(QUARTERS + 1)], dtype=np.int64)
"""Upper bounds of the buckets; what is beyond the last is counted after it."""


class ReportLatency:
    """Counts of reports by the nanoseconds from their arrival to their decision; since the process started."""

    def __init__(self) -> None:
        self.counts = np.zeros(len(BOUNDS_NS) + 1, dtype=np.int64)
        self.sum_ns = 0
        self.worst_ns = 0

    @property
    def reports(self) -> int:
        """How many reports were counted."""
        return int(self.counts.sum())

    def note(self, batch: np.ndarray, taken_ns: int) -> None:
        """Every report of a batch of commands was decided `taken_ns` after it came."""
        kinds = batch["kind"]
        count = int(kinds[0] == CommandKind.PRICE_REPORT) if len(kinds) == 1 else 0
        if len(kinds) > 1:
            count = int(np.count_nonzero(kinds == CommandKind.PRICE_REPORT))
        if count == 0:
            return
        taken = max(taken_ns, 0)
        self.counts[int(np.searchsorted(BOUNDS_NS, taken))] += count
        self.sum_ns += count * taken
        self.worst_ns = max(self.worst_ns, taken)

    def percentile_ns(self, share: float) -> int:
        """The bound that so many per cent of the reports stay within; 0 before the first, the worst beyond the last."""
        if self.reports == 0:
            return 0
        place = int(np.searchsorted(np.cumsum(self.counts), self.reports * share / 100))
        return min(int(BOUNDS_NS[place]), self.worst_ns) if place < len(BOUNDS_NS) else self.worst_ns
