"""The whole list of planted faults, or a sample of it: which were caught, by what, and which were missed."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from solvent.lab.mutants.faults import PACKAGE, Fault, find_place, read_faults

DEEP_COMMANDS = 1_000_000
DEEP_SECONDS_MAX = 1_800
SECONDS_EACH = 12.0


class Planted(msgspec.Struct, kw_only=True):
    """One fault and what became of it."""

    name: str
    catalogue: int
    caught: bool = False
    by: str = ""
    detail: str = ""
    gone: str = ""
    nets: int = 0
    """Tests, stories, twins and worlds cast until it was caught; those that never meet its place are not cast."""
    seconds: float = 0.0


class Score(msgspec.Struct, kw_only=True):
    """How many of the planted faults were caught."""

    planted: int = 0
    caught: int = 0
    missed: list[str] = msgspec.field(default_factory=list)
    gone: list[str] = msgspec.field(default_factory=list)
    """Faults whose place is not in the ground any more; they count neither way."""
    clean: bool = True
    """The ground without any fault came through every net."""
    found_clean: str = ""
    """What was found where nothing was planted."""
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
    only: Sequence[str] = (),
    names: Sequence[str] | None = None,
    part: tuple[int, int] = (1, 1),
    quick: bool = False,
    deep: bool = False,
    seconds_each: float = SECONDS_EACH,
    seconds: float | None = None,
    tell: Callable[[Score], None] | None = None,
) -> Score:
    """Plant every fault (or a sample, those whose name contains one of `only`, or those of `names`), and attack.

    `part` (k, n) takes the k-th of n equal parts of the list, so that a run can be made in several sittings.
    `quick` looks with arithmetic, the first worlds and a few of the tests.
    With `deep` what was missed is compiled and met by a campaign of DEEP_COMMANDS: a minute or two each.
    """
    faults = [fault for fault in read_faults() if not only or any(word in fault.name for word in only)]
    if names is not None:
        faults = [fault for fault in faults if fault.name in names]
    random.Random(seed).shuffle(faults)
    faults = faults[part[0] - 1 :: part[1]]
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
    asked = {"faults": faults, "seconds": seconds_each, "quick": quick}
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
        server.stdout.close()
    if deep:
        known = {fault.name: fault for fault in faults}
        for planted in [planted for planted in score.faults if planted.name in score.missed]:
            _attack_compiled(score, planted, known[planted.name])
            score.seconds = round(time.perf_counter() - began, 1)
            if tell is not None:
                tell(score)
    score.share = round(score.caught / max(score.planted, 1), 4)
    return score


def _attack_compiled(score: Score, planted: Planted, fault: Fault) -> None:
    """The whole package with the fault in it, in a folder of its own, under `solvent break`."""
    with tempfile.TemporaryDirectory(prefix="solvent-mutant-") as name:
        folder = Path(name)
        shutil.copytree(PACKAGE, folder / "solvent", ignore=shutil.ignore_patterns("__pycache__"))
        place = find_place(fault)
        (folder / "solvent" / place.path.relative_to(PACKAGE)).write_text(place.planted, encoding="utf-8")
        answer = subprocess.run(
            [sys.executable, "-m", "solvent.cli.main", "break", "--commands", str(DEEP_COMMANDS), "--json"],
            env={**os.environ, "PYTHONPATH": str(folder), "SOLVENT_CACHE": str(folder / "cache")},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEEP_SECONDS_MAX,
        )
    try:
        told = json.loads(answer.stdout)
    except ValueError:
        planted.by, planted.detail = "it stopped", answer.stderr[-200:]
    else:
        if not told["violations"]:
            return
        finding = told["findings"][0]
        planted.by, planted.detail = f"law {finding['law']}, compiled", finding["auditor"][:200]
    planted.caught = True
    score.missed.remove(planted.name)
    score.caught += 1


def _count(score: Score, fault: Fault | None, answer: dict[str, Any]) -> None:
    if fault is None:
        score.clean, score.found_clean = not answer["caught"], answer["detail"]
        return
    planted = Planted(
        name=fault.name,
        catalogue=fault.catalogue,
        caught=answer.get("caught", False),
        by=answer.get("by", ""),
        detail=answer.get("detail", ""),
        gone=answer.get("gone", ""),
        nets=answer.get("nets", 0),
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
