"""What runs above the shim: lives that are killed at a system call, failed at one, or recorded.

    python -m solvent.lab.crash.under_shim kills  FOLDER COUNT SEED [FAULT]
    python -m solvent.lab.crash.under_shim fails  FOLDER LIVES SEED [FAULT]
    python -m solvent.lab.crash.under_shim record FOLDER LIVES SEED [FAULT]

Each prints one JSON object. The parent is a fork server: Python, SQLite and the shim are loaded once, a child lives
one life and is killed, the parent opens what it left.
"""

import json
import os
import shutil
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any

from solvent.engine.faults import EngineFault, WriteFailed
from solvent.lab.crash.life import NOTHING, Life, append, judge
from solvent.lab.crash.planted import planted
from solvent.lab.crash.shim import (
    FAIL_EIO,
    FAIL_ENOSPC,
    KILL_AFTER,
    KILL_BEFORE,
    KILL_HALFWAY,
    SHORT,
    Shim,
)

ACTIONS = {KILL_BEFORE: "before", KILL_HALFWAY: "halfway", KILL_AFTER: "after"}
FAILURES = {FAIL_EIO: "EIO", FAIL_ENOSPC: "ENOSPC", SHORT: "short write"}


class Tally(dict[str, Any]):
    """Counts, and the first few things that were found."""

    def __init__(self) -> None:
        super().__init__(
            kills=0, points=0, lost_acknowledged=0, silent_truncations=0, unexplained_halts=0, wrong=0, found=[]
        )

    def find(self, what: str, where: str) -> None:
        """Count one thing that must not happen."""
        self[what] += 1
        if len(self["found"]) < 10:
            self["found"].append(f"{what}: {where}")


def in_child(work: Any) -> tuple[int, int]:
    """Fork and work in the child; (status as the system gives it, last whole number it wrote)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            work(lambda sequence: os.write(writing, int(sequence).to_bytes(8, "little")))
            os._exit(0)
        except EngineFault:
            os._exit(3)
        finally:
            os._exit(1)
    os.close(writing)
    content = b""
    while piece := os.read(reading, 1 << 16):
        content += piece
    os.close(reading)
    status = os.waitpid(child, 0)[1]
    whole = len(content) // 8 * 8
    return status, int.from_bytes(content[whole - 8 : whole], "little") if whole else -1


def fresh(folder: Path, prepared: Path) -> Path:
    """A directory like the prepared one."""
    place = folder / "life"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(prepared, place)
    return place


def prepare(folder: Path, life: Life) -> Path:
    """The directory a life begins with."""
    prepared = folder / "prepared"
    shutil.rmtree(prepared, ignore_errors=True)
    life.prepare(prepared)
    return prepared


def count_calls(shim: Shim, folder: Path, prepared: Path, life: Life) -> int:
    """System calls of an undisturbed life."""
    place = fresh(folder, prepared)
    shim.watch()
    try:
        life.live(place, lambda _sequence: None)
    finally:
        shim.rest()
    return shim.read("calls")


def kills(folder: Path, count: int, seed: int, fault: str | None) -> Tally:
    """Kill at every call, before it, halfway and after it, life after life until so many died."""
    shim, tally = Shim(), Tally()
    number = seed * 1_000_003
    told = time.monotonic()
    while tally["kills"] < count:
        life = Life(number)
        prepared = prepare(folder, life)
        with planted(fault):
            calls = in_numbers(shim, folder, prepared, life)
        for at in range(1, calls + 1):
            for action, word in ACTIONS.items():
                if tally["kills"] >= count:
                    break
                place = fresh(folder, prepared)

                def work(
                    acknowledge: Any, at: int = at, action: int = action, place: Path = place, life: Life = life
                ) -> None:
                    with planted(fault):
                        shim.watch(act_at=at, action=action)
                        life.live(place, acknowledge)

                status, acknowledged = in_child(work)
                if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
                    tally.find("unexplained_halts", f"life {number} was to be killed {word} call {at}, status {status}")
                    continue
                tally["kills"] += 1
                with planted(fault):
                    look(tally, life, place, acknowledged, f"life {number}, killed {word} call {at}")
            if time.monotonic() - told > 2:
                told = time.monotonic()
                sys.stderr.write(f"\r{tally['kills']:,} kills")
                sys.stderr.flush()
        number += 1
    tally["lives"] = number - seed * 1_000_003
    return tally


def in_numbers(shim: Shim, folder: Path, prepared: Path, life: Life) -> int:
    """Calls of an undisturbed life, counted in a child so that the parent stays clean."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, count_calls(shim, folder, prepared, life).to_bytes(8, "little"))
        finally:
            os._exit(0)
    os.close(writing)
    content = os.read(reading, 8)
    os.close(reading)
    os.waitpid(child, 0)
    return int.from_bytes(content, "little")


def look(tally: Tally, life: Life, place: Path, acknowledged: int, where: str) -> None:
    """Judge what a death left: everything acknowledged is there, in its place, and the journal goes on."""
    promised = max(acknowledged, life.base_head)
    verdict = judge(place, go_on=True)
    if verdict.fault is not None:
        tally.find("unexplained_halts", f"{where}: {verdict.fault.what}")
    elif verdict.head < promised:
        tally.find("lost_acknowledged", f"{where}: {promised} acknowledged, {verdict.head} found")
    elif not verdict.right:
        tally.find("wrong", f"{where}: other records than were written")


def fails(folder: Path, lives: int, seed: int, fault: str | None) -> Tally:
    """At every call of so many lives: EIO, ENOSPC, a short write. The journal stops, syncs no more, and reopens."""
    shim, tally = Shim(), Tally()
    for number in range(seed * 1_000_003, seed * 1_000_003 + lives):
        life = Life(number)
        prepared = prepare(folder, life)
        with planted(fault):
            calls = in_numbers(shim, folder, prepared, life)
        for at in range(1, calls + 1):
            for action, word in FAILURES.items():
                place = fresh(folder, prepared)
                after, stopped = folder / "after", folder / "stopped"
                after.unlink(missing_ok=True)
                stopped.unlink(missing_ok=True)

                def work(
                    acknowledge: Any,
                    at: int = at,
                    action: int = action,
                    place: Path = place,
                    life: Life = life,
                    after: Path = after,
                    stopped: Path = stopped,
                ) -> None:
                    with planted(fault):
                        shim.watch(act_at=at, action=action)
                        try:
                            live_to_failure(life, place, acknowledge, stopped)
                        finally:
                            shim.rest()
                            after.write_text(f"{shim.read('syncs_after')} {shim.read('failed_sync')}")

                status, acknowledged = in_child(work)
                tally["points"] += 1
                where = f"life {number}, {word} at call {at}"
                took_more = stopped.exists() and stopped.read_text() == "took"
                halted = os.WEXITSTATUS(status) == 3 or stopped.exists()
                if os.WEXITSTATUS(status) not in (0, 3) or took_more:
                    tally.find("unexplained_halts", f"{where}: status {status}, took more: {took_more}")
                syncs_after, failed_sync = map(int, after.read_text().split()) if after.exists() else (0, 0)
                if halted and action == FAIL_EIO and syncs_after > 0:
                    tally.find("wrong", f"{where}: synced again after the failure")
                if failed_sync and not halted:
                    tally.find("wrong", f"{where}: went on after a sync that failed")
                with planted(fault):
                    look(tally, life, place, acknowledged, where)
    return tally


def live_to_failure(life: Life, place: Path, acknowledge: Any, stopped: Path) -> None:
    """Live; after a failed append try another, which must not be taken."""
    from solvent.engine import journal as journal_module
    from solvent.engine.journal import Journal
    from solvent.lab.crash.life import GENESIS, RECORD

    journal_module.CHECKPOINT_BYTES = life.checkpoint_bytes
    creates = life.start == NOTHING
    journal = Journal.create(place, RECORD, GENESIS) if creates else Journal.open(place, RECORD)
    try:
        for time_place, count in enumerate(life.blocks):
            acknowledge(append(journal, count, life.times[time_place]))
    except WriteFailed:
        stopped.write_text("stopped")
        try:
            append(journal, 1, 1)
        except WriteFailed:
            journal.close()
            return
        stopped.write_text("took")
        return
    if life.closes:
        journal.close()


def record(folder: Path, lives: int, seed: int, fault: str | None) -> Tally:
    """Write FOLDER/NUMBER.trace and FOLDER/NUMBER.start for so many lives."""
    shim, tally = Shim(), Tally()
    for number in range(seed, seed + lives):
        life = Life(number)
        prepared = prepare(folder, life)
        place = fresh(folder, prepared)
        trace = os.open(folder / f"{number}.trace", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

        def work(_acknowledge: Any, trace: int = trace, place: Path = place, life: Life = life) -> None:
            with planted(fault):
                shim.watch(trace_fd=trace)
                life.live(place, shim.mark)

        status, _last = in_child(work)
        os.close(trace)
        if status:
            tally.find("unexplained_halts", f"life {number} ended with status {status}")
        with (folder / f"{number}.start").open("wb") as start:
            for file in sorted(prepared.iterdir()):
                if file.is_file() and not file.name.endswith("-shm"):
                    content = file.read_bytes()
                    name = file.name.encode()
                    start.write(struct.pack("<II", len(name), len(content)) + name + content)
    tally["lives"] = lives
    return tally


def main() -> None:
    """Do one task and print its tally."""
    task, folder, count, seed, *fault = sys.argv[1:]
    tasks = {"kills": kills, "fails": fails, "record": record}
    tally = tasks[task](Path(folder), int(count), int(seed), fault[0] if fault else None)
    sys.stdout.write(json.dumps(tally) + "\n")


if __name__ == "__main__":
    main()
