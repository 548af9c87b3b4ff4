"""Events older than memory: the journal is replayed for them, in a process of its own.

Its own process, because the machine holds the interpreter while it applies a batch, and a replay inside the service
would stand in the way of the next price. Run as `python -m solvent.service.history DIR FROM COUNT`, it writes the raw
events of at least COUNT commands from FROM on to standard output.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import numpy as np

from solvent.events import EVENT_DTYPE

PAGE_COMMANDS: Final = 20_000
WAIT_S: Final = 600.0
_ONE_AT_A_TIME: Final = asyncio.Semaphore(1)


def events_between(directory: Path, first: int, last: int) -> np.ndarray:
    """Events of the commands from `first` to `last`, replayed from the newest snapshot before them."""
    from solvent.engine.engine import Engine
    from solvent.engine.journal import Entry

    found: list[np.ndarray] = []

    def keep(_entry: Entry, events: np.recarray) -> None:
        inside = (events["sequence"] >= first) & (events["sequence"] <= last)
        if inside.any():
            found.append(np.asarray(events[inside]))

    def is_before(path: Path) -> bool:
        return int(path.name.split("-")[1]) < first

    Engine.open(directory, until=last, observe=keep, is_usable=is_before).close()
    return np.concatenate(found) if found else np.zeros(0, dtype=EVENT_DTYPE)


async def past_events(directory: Path, first: int, last: int) -> np.ndarray:
    """As `events_between`, in another process; one at a time. Raises OSError where it fails."""
    async with _ONE_AT_A_TIME:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "solvent.service.history",
            str(directory),
            str(first),
            str(last),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            told, complaint = await asyncio.wait_for(process.communicate(), WAIT_S)
        except BaseException:
            if process.returncode is None:
                process.kill()
            raise
        if process.returncode != 0:
            raise OSError(f"the journal could not be replayed: {complaint.decode(errors='replace')[-300:]}")
        return np.frombuffer(told, dtype=EVENT_DTYPE)


if __name__ == "__main__":
    sys.stdout.buffer.write(events_between(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).tobytes())
