"""The same commands end in the same state: in other processes, hash seeds, threads, zones, compiled or not.

    python -m solvent.lab.determinism FILE [GOLDEN ...]

replays a file of recorded worlds and prints one fingerprint: of every event, of the digest after every so many
commands, of the digest at the end when the world was taken up again from snapshots on the way, and of the digests of
the golden journals, which must also be those they were made with.
"""

import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
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
SNAPSHOTS = 4
"""Of each world, at places drawn from its number; the tail of each must lead to the same end."""
GOLDENS = Path(__file__).resolve().parents[3] / "tests" / "golden"
GOLDEN_EVERY = 200
PACKAGES = Path(__file__).resolve().parents[2]
"""Where this package stands, for interpreters that have not installed it."""
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
    goldens: int = 0
    """Golden journals every way has replayed as well."""
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
    """Events, digests along the way, and the digest at the end from snapshots, of every world of the file."""
    kept = np.load(path)
    hasher = hashlib.blake2b(digest_size=16)
    for place in range(sum(name.startswith("records") for name in kept.files)):
        records = kept[f"records{place}"].view(COMMAND_DTYPE).view(np.recarray)
        shape = TermsShape(*(int(number) for number in kept[f"shape{place}"]))
        machine = Machine.fresh(view_terms(kept[f"cells{place}"].copy(), shape))
        chance = random.Random(place)
        places = {chance.randrange(0, len(records), EVERY) for _ in range(SNAPSHOTS)} | {0}
        snapshots = []
        for first in range(0, len(records), EVERY):
            if first in places:
                snapshots.append((first, copy_state(machine.state)))
            events = machine.do(records[first : first + EVERY])
            hasher.update(events.tobytes())
            hasher.update(digest(machine.state).encode())
        for first, state in snapshots:
            again = Machine(state)
            again.do(records[first:])
            hasher.update(digest(again.state).encode())
            if digest(again.state) != digest(machine.state):
                return f"world {place} ends elsewhere from a snapshot after {first} commands"
    return hasher.hexdigest()


def golden_of(path: Path) -> str:
    """A golden journal's digests along the way, as they come out here; says where they are not those it was made with.

    Goldens are in the form of tests/golden/make.py.
    """
    from solvent.engine.engine import Engine, Genesis

    kept = np.load(path)
    commands = kept["commands"].view(COMMAND_DTYPE)
    engine = Engine.in_memory(msgspec.msgpack.decode(kept["genesis"].tobytes(), type=Genesis))
    hasher = hashlib.blake2b(digest_size=8)
    for place, first in enumerate(range(0, len(commands), GOLDEN_EVERY)):
        engine.submit(commands[first : first + GOLDEN_EVERY])
        if engine.digest() != kept["digests"][place]:
            return f"{path.stem} differs after command {first + GOLDEN_EVERY}"
        hasher.update(engine.digest().encode())
    engine.close()
    return f"{path.stem} {hasher.hexdigest()}"


def ways(quick: bool, pythons: Sequence[str] = ()) -> list[tuple[str, dict[str, str], str]]:
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
    for python in pythons:
        found.append((f"plain, {python}", {"NUMBA_DISABLE_JIT": "1"}, python))
        found.append((f"compiled, {python}", {}, python))
    return found


def run_matrix(
    *, worlds: int = 6, commands: int = 300, seed: int = 11, quick: bool = False, pythons: Sequence[str] = ()
) -> Matrix:
    """Record worlds, replay them and the golden journals in every way this computer has, and compare.

    `pythons` are further interpreters, by name or path; those that lack numpy, numba or msgspec are told as absent.
    """
    goldens = [] if quick else sorted(GOLDENS.glob("*.npz"))
    with tempfile.TemporaryDirectory(prefix="solvent-determinism-") as folder:
        path = Path(folder) / "worlds.npz"
        matrix = Matrix(worlds=worlds, commands=record_worlds(path, worlds, commands, seed))
        matrix.goldens = len(goldens)
        matrix.cells.append(Cell(name="this process", fingerprint=_told(path, goldens)))
        for name, environment, interpreter in ways(quick, pythons):
            matrix.cells.append(_run(name, environment, interpreter, [path, *goldens]))
    told = {cell.fingerprint for cell in matrix.cells if not cell.absent}
    matrix.equal = len(told) == 1 and "differs" not in told.pop()
    return matrix


def _told(path: Path, goldens: Sequence[Path]) -> str:
    return "; ".join([fingerprint_of(path), *(golden_of(golden) for golden in goldens)])


def _run(name: str, environment: dict[str, str], interpreter: str, paths: Sequence[Path]) -> Cell:
    began = time.perf_counter()
    program = shutil.which(interpreter)
    if program is None:
        return Cell(name=name, absent="not installed")
    if interpreter != sys.executable:
        asked = subprocess.run([program, "-c", "import numpy, numba, msgspec"], capture_output=True, check=False)
        if asked.returncode:
            return Cell(name=name, absent="installed without numpy, numba and msgspec")
    answer = subprocess.run(
        [program, "-m", "solvent.lab.determinism", *map(str, paths)],
        env={**os.environ, "PYTHONPATH": str(PACKAGES), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        return Cell(name=name, fingerprint=f"failed: {answer.stderr.strip()[-200:]}")
    return Cell(name=name, fingerprint=answer.stdout.strip(), seconds=round(time.perf_counter() - began, 1))


if __name__ == "__main__":
    sys.stdout.write(_told(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]) + "\n")
