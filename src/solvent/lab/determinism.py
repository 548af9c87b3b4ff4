"""The same commands end in the same state: in other processes, hash seeds, threads, zones, compiled or not.

    python -m solvent.lab.determinism FILE

replays a file of recorded worlds and prints one fingerprint: of every event, of the digest after every so many
commands, and of the digest at the end when the world was taken up again from a snapshot half-way.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from solvent.commands import COMMAND_DTYPE
from solvent.lab.campaign.machine import Machine
from solvent.lab.campaign.story import tell_story
from solvent.state.terms import TermsShape, view_terms
from solvent.state.whole import copy_state, digest

EVERY = 25
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


class Cell(msgspec.Struct, kw_only=True):
    """One way to run the same commands, and what it came to."""

    name: str
    fingerprint: str = ""
    seconds: float = 0.0
    absent: str = ""
    """Why this way could not be run here."""


class Matrix(msgspec.Struct, kw_only=True):
    """All of them."""

    worlds: int
    commands: int
    equal: bool = False
    cells: list[Cell] = msgspec.field(default_factory=list)


def record_worlds(path: Path, worlds: int, commands: int, seed: int) -> int:
    """Write the commands and first terms of so many worlds; give the number of commands."""
    kept: dict[str, Any] = {}
    total = 0
    for place in range(worlds):
        story = tell_story(seed + place, commands, 1)
        if story.broken is not None:
            raise story.broken
        terms = story.world.terms
        shape = story.world.shape
        kept[f"records{place}"] = np.asarray(story.records).view(np.uint8)
        kept[f"cells{place}"] = terms.cells
        kept[f"shape{place}"] = np.array(shape)
        total += len(story.records)
    np.savez_compressed(path, **kept)
    return total


def fingerprint_of(path: Path) -> str:
    """Events, digests along the way, and the digest after a snapshot half-way, of every world of the file."""
    kept = np.load(path)
    hasher = hashlib.blake2b(digest_size=16)
    for place in range(sum(name.startswith("records") for name in kept.files)):
        records = kept[f"records{place}"].view(COMMAND_DTYPE).view(np.recarray)
        shape = TermsShape(*(int(number) for number in kept[f"shape{place}"]))
        machine = Machine.fresh(view_terms(kept[f"cells{place}"].copy(), shape))
        half = None
        for first in range(0, len(records), EVERY):
            if first >= len(records) // 2 and half is None:
                half = first, copy_state(machine.state)
            events = machine.do(records[first : first + EVERY])
            hasher.update(events.tobytes())
            hasher.update(digest(machine.state).encode())
        assert half is not None
        again = Machine(half[1])
        again.do(records[half[0] :])
        hasher.update(digest(again.state).encode())
        if digest(again.state) != digest(machine.state):
            return f"world {place} ends elsewhere from a snapshot after {half[0]} commands"
    return hasher.hexdigest()


def ways(quick: bool) -> list[tuple[str, dict[str, str], str]]:
    """(name, environment, interpreter) of every cell."""
    here = sys.executable
    found = []
    seeds = ["0", "42"] if quick else ["0", "1", "42", "4294967295"]
    for compiled in (True, False):
        for seed in seeds if compiled else seeds[:2]:
            for threads in ("1", "2") if not quick and compiled else ("1",):
                environment = {"PYTHONHASHSEED": seed, "NUMBA_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
                if not compiled:
                    environment["NUMBA_DISABLE_JIT"] = "1"
                kind = "compiled" if compiled else "plain"
                found.append((f"{kind}, hash seed {seed}, {threads} threads", environment, here))
    if not quick:
        zone = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
        found.append(("compiled, another zone and locale", zone, here))
        mine = f"{sys.version_info[0]}.{sys.version_info[1]}"
        for version in PYTHONS:
            if version != mine:
                found.append((f"plain, Python {version}", {"NUMBA_DISABLE_JIT": "1"}, f"python{version}"))
    return found


def run_matrix(*, worlds: int = 6, commands: int = 300, seed: int = 11, quick: bool = False) -> Matrix:
    """Record worlds, replay them in every way this computer has, and compare."""
    with tempfile.TemporaryDirectory(prefix="solvent-determinism-") as folder:
        path = Path(folder) / "worlds.npz"
        matrix = Matrix(worlds=worlds, commands=record_worlds(path, worlds, commands, seed))
        matrix.cells.append(Cell(name="this process", fingerprint=fingerprint_of(path)))
        for name, environment, interpreter in ways(quick):
            matrix.cells.append(_run(name, environment, interpreter, path))
    told = {cell.fingerprint for cell in matrix.cells if not cell.absent}
    matrix.equal = len(told) == 1
    return matrix


def _run(name: str, environment: dict[str, str], interpreter: str, path: Path) -> Cell:
    began = time.perf_counter()
    program = shutil.which(interpreter)
    if program is None:
        return Cell(name=name, absent="not installed")
    if interpreter != sys.executable:
        asked = subprocess.run([program, "-c", "import numpy, numba, msgspec"], capture_output=True, check=False)
        if asked.returncode:
            return Cell(name=name, absent="installed without numpy, numba and msgspec")
    answer = subprocess.run(
        [program, "-m", "solvent.lab.determinism", str(path)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        return Cell(name=name, fingerprint=f"failed: {answer.stderr.strip()[-200:]}")
    return Cell(name=name, fingerprint=answer.stdout.strip(), seconds=round(time.perf_counter() - began, 1))


if __name__ == "__main__":
    sys.stdout.write(fingerprint_of(Path(sys.argv[1])) + "\n")
