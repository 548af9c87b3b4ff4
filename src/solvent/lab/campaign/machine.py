"""A machine for campaigns: state, watch and tape together, with room for any world."""

from typing import Any

import numpy as np

from solvent.compiled import quick_compilation
from solvent.events import EVENT_DTYPE, blank_tape
from solvent.procedures.apply import apply
from solvent.procedures.rebuild import rebuild_watch
from solvent.risk.watch import blank_watch
from solvent.state.tables import State
from solvent.state.terms import Terms
from solvent.state.whole import copy_state, new_state

ROOM = {"accounts": 40, "positions": 200, "orders": 200, "holdings": 80}
KEYS = 256
TAPE = 1 << 16


class Machine:
    """`do` applies one command and gives its events; nothing is kept on disk."""

    def __init__(self, state: State, tape: Any = None) -> None:
        self.state = state
        self.watch = blank_watch(
            np.full(2 * len(state.contracts), KEYS), len(state.accounts), len(state.positions), len(state.holdings)
        )
        self.tape = blank_tape(TAPE) if tape is None else tape
        self.before: State | None = None
        with quick_compilation():
            rebuild_watch(self.state, self.watch)

    @staticmethod
    def fresh(terms: Terms) -> "Machine":
        """A machine that has seen no command."""
        return Machine(new_state(terms, **ROOM))

    def do(self, records: Any, *, keep: bool = False) -> Any:
        """Apply records in order and give a copy of their events; `keep` keeps the state from before."""
        self.before = copy_state(self.state) if keep else None
        told = []
        place = 0
        with quick_compilation():
            while True:
                self.tape.meter[0] = 0
                place = apply(self.state, self.watch, self.tape, records, place)
                told.append(self.tape.records[: int(self.tape.meter[0])].copy())
                if place == len(records):
                    break
        return np.concatenate(told) if told else np.recarray(0, dtype=EVENT_DTYPE)
