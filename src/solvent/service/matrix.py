"""Which commands a market takes in its present mode, as the machine would answer."""

from __future__ import annotations

from solvent.codes import Mode
from solvent.state.tables import State


def allowed_commands(state: State, instrument: int) -> dict[str, str]:
    """Command -> yes, reducing or no, in the market's mode."""
    mode = Mode(int(state.instruments[instrument].mode))
    trading = {Mode.ACTIVE: "yes", Mode.CAUTION: "yes", Mode.REDUCE_ONLY: "reducing"}.get(mode, "no")
    return {"trade": trading, "reserve_order": trading, "deposit": "yes"}
