"""From breakers to rows."""

from __future__ import annotations

from typing import Final

from solvent.codes import Action, Metric, Mode
from solvent.rulebook.compile.work import Work
from solvent.state.terms import Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPM

MODES: Final = {
    "caution": Mode.CAUTION,
    "reduce_only": Mode.REDUCE_ONLY,
    "reset_auction": Mode.AUCTION,
    "halt_market": Mode.HALTED,
}

BLOCKS: Final = {"halt_liquidation": Action.LIQUIDATE, "halt_withdrawal": Action.WITHDRAW}
"""Actions that stop one thing alone, in whatever mode."""


def write_breakers(work: Work, terms: Terms) -> None:
    """What slows or stops a market."""
    for row, breaker in enumerate(work.rulebook.breakers):
        terms.breakers[row] = (
            1,
            int(breaker.move * PPM),
            breaker.window_ms * NANOSECONDS_PER_MILLISECOND,
            MODES.get(breaker.action, Mode.ACTIVE),
            breaker.release_ms * NANOSECONDS_PER_MILLISECOND,
            Metric[breaker.metric.removesuffix("_over_depth").removesuffix("_over_fund").upper()],
            int(breaker.exit * PPM),
            breaker.by_command,
            1 << BLOCKS[breaker.action] if breaker.action in BLOCKS else 0,
        )
