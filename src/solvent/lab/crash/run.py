"""The crash rig: real kills, failing calls, simulated power cuts and damage at rest, judged by the real journal."""

import contextlib
import hashlib
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from solvent.engine.faults import DirectoryLocked, SnapshotUnusable
from solvent.engine.journal import Journal
from solvent.engine.snapshot import read_snapshot, write_snapshot
from solvent.lab.crash.damage import KINDS, damaged
from solvent.lab.crash.disk import read_start, read_trace, states
from solvent.lab.crash.life import RECORD, Life, judge
from solvent.lab.crash.planted import planted
from solvent.lab.crash.shim import build, run_under
from solvent.state.terms import TermsShape, blank_terms
from solvent.state.whole import digest, new_state

POWER_CUTS_EACH = 12
"""Power cuts at every call of a recorded life, each with its own chance."""
LIVES_AT_ONCE = 16
LIVES_AT_MOST = 128
"""Lives recorded by one process: few for a short run, many for a long one, which then starts fewer processes."""
SNAPSHOTS = 300
DAMAGES_SHARE = 4
"""One point in so many is damage at rest, the others are power cuts."""


class CrashReport(msgspec.Struct, kw_only=True):
    """What the rig did and found."""

    seed: int
    planted: str | None = None
    kills: int = 0
    points: int = 0
    distinct: int = 0
    """Of the points, those whose files differed from every earlier one; equal files are judged once."""
    by_kind: dict[str, int] = msgspec.field(default_factory=dict)
    lost_acknowledged: int = 0
    silent_truncations: int = 0
    unexplained_halts: int = 0
    wrong: int = 0
    halts_after_damage: int = 0
    seconds: float = 0.0
    found: list[str] = msgspec.field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True when nothing was lost, cut silently, wrong, or stopped without a reason."""
        return not (self.lost_acknowledged or self.silent_truncations or self.unexplained_halts or self.wrong)

    def find(self, what: str, where: str) -> None:
        """Count one thing that must not happen."""
        setattr(self, what, getattr(self, what) + 1)
        if len(self.found) < 20:
            self.found.append(f"{what}: {where}")


def run_crash(
    kills: int,
    points: int,
    seed: int,
    *,
    fails: int = 1,
    fault: str | None = None,
    folder: Path | None = None,
    seconds: float | None = None,
    tell: Callable[[CrashReport], None] | None = None,
) -> CrashReport:
    """So many real kills, so many simulated points, and `fails` lives failed at every call. Raises ShimUnavailable."""
    report = CrashReport(seed=seed, planted=fault)
    began = time.perf_counter()
    with _folder(folder) as work:
        library = build(work)
        if kills:
            _add(report, _task(library, ["kills", str(work), str(kills), str(seed), *_named(fault)]), "kill")
        if fails:
            _add(report, _task(library, ["fails", str(work), str(fails), str(seed), *_named(fault)]), "failed call")
        if points:
            _second_process(report, work)
            _snapshots(report, work, seed)
        _simulate(report, library, work, points, seed, fault, began, seconds, tell)
    report.seconds = round(time.perf_counter() - began, 3)
    return report


@contextlib.contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    """Where the files live: memory where the system has some for files, for the simulated disk needs no real one."""
    memory = Path("/dev/shm")
    parent = folder or (memory if memory.is_dir() else None)
    with tempfile.TemporaryDirectory(prefix="solvent-crash-", dir=parent) as name:
        yield Path(name)


def _named(fault: str | None) -> list[str]:
    return [fault] if fault else []


def _task(library: Path, task: list[str]) -> dict[str, Any]:
    child = run_under(library, task)
    try:
        answer, _nothing = child.communicate()
    except BaseException:
        child.kill()
        child.wait()
        raise
    if child.returncode:
        raise RuntimeError(f"the task {task} ended with {child.returncode}")
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    read: dict[str, Any] = json.loads(answer)
    return read


def _add(report: CrashReport, tally: dict[str, Any], kind: str) -> None:
    for name in ("kills", "points", "lost_acknowledged", "silent_truncations", "unexplained_halts", "wrong"):
        setattr(report, name, getattr(report, name) + tally[name])
    report.found += tally["found"]
    report.by_kind[kind] = report.by_kind.get(kind, 0) + tally["kills"] + tally["points"]


def _second_process(report: CrashReport, work: Path) -> None:
    """While one holds the directory a second may not write to it, and disturbs nothing."""
    place = work / "second"
    life = Life(3)
    life.start = "closed"
    life.prepare(place)
    with Journal.open(place, RECORD) as journal:
        head = journal.head_sequence
        report.points += 1
        report.by_kind["second process"] = 1
        try:
            Journal.open(place, RECORD).close()
            report.find("wrong", "a second writer was let in")
        except DirectoryLocked:
            pass
        if journal.head_sequence != head:
            report.find("wrong", "a second writer changed the head")


def _snapshots(report: CrashReport, work: Path, seed: int) -> None:
    """A damaged snapshot is refused, or tells the same state: it is never believed to be another."""
    terms = blank_terms(TermsShape(2, 4))
    state = new_state(terms)
    state.venue[0].sequence = 7
    path = write_snapshot(work, state, b"h" * 32)
    whole = {path.name: path.read_bytes()}
    chance = random.Random(seed)
    for number in range(SNAPSHOTS):
        hurt, what = damaged(whole, {}, KINDS[number % len(KINDS)], chance)
        path.write_bytes(hurt[path.name])
        report.points += 1
        report.by_kind["damage: snapshot"] = report.by_kind.get("damage: snapshot", 0) + 1
        try:
            _header, found = read_snapshot(path, terms)
        except SnapshotUnusable:
            report.halts_after_damage += 1
            continue
        if digest(found) != digest(state):
            report.find("wrong", f"snapshot, {what}: another state was believed")
    path.unlink()


def _simulate(
    report: CrashReport,
    library: Path,
    work: Path,
    points: int,
    seed: int,
    fault: str | None,
    began: float,
    seconds: float | None,
    tell: Callable[[CrashReport], None] | None,
) -> None:
    """Record lives, and look at what power cuts and damage may leave of them, until so many points are done."""
    chance = random.Random(seed)
    place = work / "image"
    number = seed * 1_000_003
    wanted = report.points + points
    seen: dict[bytes, Any] = {}
    lives = min(max(points // 4_000, LIVES_AT_ONCE), LIVES_AT_MOST)
    while report.points < wanted and (seconds is None or time.perf_counter() - began < seconds):
        _task(library, ["record", str(work), str(lives), str(number), *_named(fault)])
        for life_number in range(number, number + lives):
            if report.points >= wanted:
                break
            start = read_start(work / f"{life_number}.start")
            calls = read_trace(work / f"{life_number}.trace")
            base = Life(life_number).base_head
            cuts = states(start, calls, chance, POWER_CUTS_EACH)
            whole = cuts[-1][2]
            for call, acknowledged, files in cuts:
                if report.points >= wanted:
                    break
                where = f"life {life_number}, power cut before call {call}"
                _point(report, place, files, max(acknowledged, base), where, fault, seen, "power cut", False)
                if chance.randrange(DAMAGES_SHARE) == 0 and report.points < wanted and any(files.values()):
                    kind = chance.choice(KINDS)
                    hurt, what = damaged(whole, files, kind, chance)
                    promised = max(cuts[-1][1], base)
                    where = f"life {life_number}, {what}"
                    _point(report, place, hurt, promised, where, fault, seen, f"damage: {kind}", True)
            (work / f"{life_number}.trace").unlink()
            (work / f"{life_number}.start").unlink()
            if tell is not None:
                tell(report)
        number += lives
        if len(seen) > 500_000:
            seen.clear()


def _point(
    report: CrashReport,
    place: Path,
    files: dict[str, bytes],
    promised: int,
    where: str,
    fault: str | None,
    seen: dict[bytes, Any],
    kind: str,
    hurt: bool,
) -> None:
    report.points += 1
    report.by_kind[kind] = report.by_kind.get(kind, 0) + 1
    key = _fingerprint(files)
    verdict = seen.get(key)
    if verdict is None:
        report.distinct += 1
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for name, content in files.items():
            (place / name).write_bytes(content)
        with planted(fault):
            verdict = judge(place)
        seen[key] = verdict
    if verdict.fault is not None:
        if hurt:
            report.halts_after_damage += 1
        else:
            report.find("unexplained_halts", f"{where}: {verdict.fault.what}")
    elif verdict.head < promised:
        report.find(
            "silent_truncations" if hurt else "lost_acknowledged",
            f"{where}: {promised} acknowledged, {verdict.head} found",
        )
    elif not verdict.right:
        report.find("wrong", f"{where}: other records than were written")


def _fingerprint(files: dict[str, bytes]) -> bytes:
    hasher = hashlib.blake2b(digest_size=16)
    for name in sorted(files):
        hasher.update(f"{name} {len(files[name])} ".encode())
        hasher.update(files[name])
    return hasher.digest()
