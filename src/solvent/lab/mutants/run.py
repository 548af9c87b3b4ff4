"""The whole list of planted faults, or a sample of it: which were caught, by what, and which were missed."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec

from solvent.lab.mutants.faults import Fault, read_faults

SECONDS_EACH = 40.0
COMMANDS_EACH = 20_000


class Planted(msgspec.Struct, kw_only=True):
    """One fault and what became of it."""

    name: str
    catalogue: int
    caught: bool = False
    by: str = ""
    detail: str = ""
    gone: str = ""
    commands: int = 0
    seconds: float = 0.0


class Score(msgspec.Struct, kw_only=True):
    """How many of the planted faults were caught."""

    planted: int = 0
    caught: int = 0
    missed: list[str] = msgspec.field(default_factory=list)
    gone: list[str] = msgspec.field(default_factory=list)
    """Faults whose place is not in the ground any more; they count neither way."""
    clean: bool = True
    """The ground without any fault came through the same attack."""
    share: float = 0.0
    seconds: float = 0.0
    faults: list[Planted] = msgspec.field(default_factory=list)

    @property
    def passed(self) -> bool:
        """At least 95 of 100 caught, and nothing found where nothing was planted."""
        return self.clean and self.planted > 0 and self.caught * 100 >= self.planted * 95


def run_mutants(
    *,
    sample: int | None = None,
    seed: int = 1,
    only: str | None = None,
    seconds_each: float = SECONDS_EACH,
    seconds: float | None = None,
    tell: Callable[[Score], None] | None = None,
) -> Score:
    """Plant every fault (or a sample, or those whose name contains `only`), one at a time, and attack."""
    faults = [fault for fault in read_faults() if only is None or only in fault.name]
    random.Random(seed).shuffle(faults)
    faults = faults[: sample or len(faults)]
    score = Score()
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "solvent.lab.mutants.server"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    asked = {"faults": [None, *faults], "seconds": seconds_each, "commands": COMMANDS_EACH}
    try:
        server.stdin.write(json.dumps(asked))
        server.stdin.close()
        for fault, line in zip([None, *faults], server.stdout, strict=False):
            _count(score, fault, json.loads(line))
            score.seconds = round(time.perf_counter() - began, 1)
            if tell is not None:
                tell(score)
            if seconds is not None and score.seconds >= seconds:
                break
    finally:
        server.kill()
        server.wait()
    score.share = round(score.caught / max(score.planted, 1), 4)
    return score


def _count(score: Score, fault: Fault | None, answer: dict[str, Any]) -> None:
    if fault is None:
        score.clean = not answer["caught"]
        if answer["caught"]:
            score.faults.append(Planted(name="nothing planted", catalogue=0, caught=True, detail=answer["detail"]))
        return
    planted = Planted(
        name=fault.name,
        catalogue=fault.catalogue,
        caught=answer.get("caught", False),
        by=answer.get("by", ""),
        detail=answer.get("detail", ""),
        gone=answer.get("gone", ""),
        commands=answer.get("commands", 0),
        seconds=answer.get("seconds", 0.0),
    )
    score.faults.append(planted)
    if planted.gone:
        score.gone.append(f"{planted.name}: {planted.gone}")
        return
    score.planted += 1
    score.caught += planted.caught
    if not planted.caught:
        score.missed.append(planted.name)
