"""Which actions a market allows at its present breaker level: the machine's own table, as names."""

from __future__ import annotations

from solvent.codes import Action, Mode
from solvent.engine.explain import plain
from solvent.state.levels import ALLOWED, level_of
from solvent.state.tables import State


def level_in_force(state: State, instrument: int) -> Mode:
    """The level that counts in a market: its own, or the venue's where that is stricter."""
    return Mode(int(plain(level_of)(state, instrument)))


def allowed_actions(state: State, instrument: int) -> dict[str, bool]:
    """Action -> whether the market allows it now."""
    bits = ALLOWED[level_in_force(state, instrument)]
    return {action.name.lower(): bool(bits >> action & 1) for action in Action}


def matrix() -> dict[str, dict[str, bool]]:
    """The whole table: level -> action -> allowed."""
    return {
        mode.name.lower(): {action.name.lower(): bool(ALLOWED[mode] >> action & 1) for action in Action}
        for mode in Mode
    }
