"""The machine without a journal: commands in, events out, stopping between two visits of an Advance if asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, final

import numpy as np

from solvent.engine.explain.node import plain
from solvent.engine.room import Machine, fresh_watch, make_room
from solvent.events import EVENT_DTYPE, Tape, blank_tape
from solvent.procedures.advance import room_for_one_account
from solvent.procedures.apply import apply, room_for_command
from solvent.state.tables import State
from solvent.state.whole import FIRST_TABLES, copy_state

STRETCH_COMMANDS: Final = 1 << 16
"""Commands replayed between two copies of the state; a stretch that moved the account is replayed once more."""


@final
class Replay:
    """The machine without a journal: commands in, events out, and between two visits of an Advance if asked."""

    def __init__(self, state: State) -> None:
        self._machine = Machine(state, fresh_watch(state))
        self._tape = blank_tape(STRETCH_COMMANDS)
        self._kept: State | None = None

    @property
    def state(self) -> State:
        """The tables now."""
        return self._machine.state

    def run(self, records: np.ndarray) -> np.ndarray:
        """Apply commands and give their events."""
        parts: list[np.ndarray] = [np.zeros(0, dtype=EVENT_DTYPE)]
        commands = records.view(np.recarray)
        if len(commands):
            self._machine = make_room(self._machine, commands)
        first = 0
        while first < len(commands):
            first, part = self._apply(commands, first, self._tape)
            parts.append(part)
            if self._tape.meter[1] >= len(self._tape.records):
                self._tape = blank_tape(2 * int(self._tape.meter[1]))
        return np.concatenate(parts)

    def visits(self, command: np.ndarray) -> Iterator[tuple[State, np.ndarray]]:
        """The events of one command account by account, each with the state before them, good until the next.

        A tape with room for one account makes the machine stop after it; the result does not depend on the room.
        """
        commands = command.view(np.recarray)
        self._machine = make_room(self._machine, commands)
        first = 0
        while first == 0:
            room = max(int(plain(rule)(self.state)) for rule in (room_for_one_account, room_for_command))
            if room > len(self._tape.records):
                self._tape = blank_tape(2 * room)
            before = self._keep()
            short: Any = self._tape.records[:room]
            first, part = self._apply(commands, 0, Tape(short, self._tape.meter))
            assert first == 1 or len(part) > 0, "a visit has room"
            yield before, part

    def _keep(self) -> State:
        """A copy of the state, written over the last one while it fits: fresh memory would cost most of the time."""
        kept, state = self._kept, self.state
        tables = (*FIRST_TABLES, "cells", "staged")
        if kept is None or any(len(getattr(kept, name)) != len(getattr(state, name)) for name in tables):
            self._kept = copy_state(state)
            return self._kept
        for name in tables:
            # as bytes: NumPy copies records field by field
            np.copyto(getattr(kept, name).view(np.uint8), getattr(state, name).view(np.uint8))
        return kept

    def _apply(self, commands: Any, first: int, tape: Tape) -> tuple[int, np.ndarray]:
        tape.meter[:] = 0
        done = apply(self._machine.state, self._machine.watch, tape, commands, first)
        count = int(tape.meter[0])
        assert count < len(tape.records), "the argument about room holds"
        return int(done), np.array(tape.records[:count], dtype=EVENT_DTYPE)
