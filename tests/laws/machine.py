"""A small machine for tests: state, watch and tape together, one command at a time."""

from typing import Any

import numpy as np

from solvent.commands import Command, pack
from solvent.events import blank_tape
from solvent.procedures.apply import apply
from solvent.risk.watch import blank_watch
from solvent.state.tables import State
from solvent.state.terms import Terms
from solvent.state.whole import copy_state, new_state


class Machine:
    """Tables large enough for the test at hand; `do` applies one command and gives its events."""

    def __init__(
        self,
        terms: Terms,
        *,
        accounts: int = 40,
        positions: int = 200,
        orders: int = 200,
        holdings: int = 80,
        keys: int = 256,
        tape: int = 8_192,
    ) -> None:
        self.state: State = new_state(terms, accounts=accounts, positions=positions, orders=orders, holdings=holdings)
        self.watch = blank_watch(np.full(2 * len(terms.contracts), keys), len(self.state.accounts), positions, holdings)
        self.tape = blank_tape(tape)
        self.before: State | None = None

    def do(self, command: Command | np.ndarray, *, keep: bool = False) -> Any:
        """Apply one command (or one record) and give a copy of its events; `keep` keeps the state before it."""
        records = command if isinstance(command, np.ndarray) else pack([command])
        self.before = copy_state(self.state) if keep else None
        told: list[Any] = []
        place = 0
        while True:
            place = apply(self.state, self.watch, self.tape, records, place)
            count = int(self.tape.meter[0])
            told.append(self.tape.records[:count].copy())
            self.tape.meter[0] = 0
            if place == len(records):
                return np.concatenate(told)
            assert self.tape.meter[1] <= len(self.tape.records), "the tape is too short for this test"
