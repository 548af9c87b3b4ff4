"""From breakers to rows."""

from __future__ import annotations

from typing import Final

from solvent.codes import Metric, Mode
from solvent.rulebook.compile.work import Work
from solvent.state.terms import Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPM

MODES: Final = {
    "caution": Mode.CAUTION,
    "reduce_only": Mode.REDUCE_ONLY,
    "reset_auction": Mode.AUCTION,
    "halt_market": Mode.HALTED,
}


def write_breakers(work: Work, terms: Terms) -> None:
    """What slows or stops a market."""
    for row, breaker in enumerate(work.rulebook.breakers):
        terms.breakers[row] = (
            1,
            int(breaker.move * PPM),
            breaker.window_ms * NANOSECONDS_PER_MILLISECOND,
            MODES[breaker.action],
            breaker.release_ms * NANOSECONDS_PER_MILLISECOND,
            Metric[breaker.metric.removesuffix("_over_depth").upper()],
            int(breaker.exit * PPM),
            breaker.by_command,
        )
