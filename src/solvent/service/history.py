"""Events older than memory: the log is replayed for them, in a process of its own.

Its own process, because the machine holds the interpreter while it applies a batch, and a replay inside the service
would stand in the way of the next price. `python -m solvent.service.history` reads what is wanted from standard input
(the address of a log may hold a password, which a command line would show to everybody) and writes the raw events of
the commands asked for to standard output.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from solvent.commands import COMMAND_DTYPE
from solvent.events import EVENT_DTYPE

PAGE_COMMANDS: Final = 20_000
WAIT_S: Final = 600.0
_ONE_AT_A_TIME: Final = asyncio.Semaphore(1)


class Wanted(msgspec.Struct, frozen=True):
    """Events of the commands from `first` to `last` of the log at a place; `snapshots` is a directory, or empty."""

    log: str
    snapshots: str
    first: int
    last: int


def events_between(wanted: Wanted) -> np.ndarray:
    """The events, replayed from the newest snapshot before them. Raises EngineFault."""
    from solvent.engine.blocks import Entry
    from solvent.engine.engine import Engine
    from solvent.engine.postgres import PostgresJournal, is_address

    found: list[np.ndarray] = []

    def keep(_entry: Entry, events: np.recarray) -> None:
        inside = (events["sequence"] >= wanted.first) & (events["sequence"] <= wanted.last)
        if inside.any():
            found.append(np.asarray(events[inside]))

    def is_before(path: Path) -> bool:
        return bool(wanted.snapshots) and int(path.name.split("-")[1]) < wanted.first

    log = PostgresJournal.open(wanted.log, COMMAND_DTYPE, read_only=True) if is_address(wanted.log) else None
    place = Path(wanted.snapshots if log is not None else wanted.log)
    Engine.open(place, until=wanted.last, observe=keep, is_usable=is_before, log=log).close()
    return np.concatenate(found) if found else np.zeros(0, dtype=EVENT_DTYPE)


async def past_events(wanted: Wanted) -> np.ndarray:
    """As `events_between`, in another process; one at a time. Raises OSError where it fails."""
    async with _ONE_AT_A_TIME:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "solvent.service.history",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            told, complaint = await asyncio.wait_for(process.communicate(msgspec.json.encode(wanted)), WAIT_S)
        except BaseException:
            if process.returncode is None:
                process.kill()
            raise
        if process.returncode != 0:
            last = complaint.decode(errors="replace").replace(wanted.log, "the log")[-300:]
            raise OSError(f"the journal could not be replayed: {last}")
        return np.frombuffer(told, dtype=EVENT_DTYPE)


if __name__ == "__main__":
    sys.stdout.buffer.write(events_between(msgspec.json.decode(sys.stdin.buffer.read(), type=Wanted)).tobytes())
