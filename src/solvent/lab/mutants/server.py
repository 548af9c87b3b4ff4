"""Runs the planted faults: one process loads everything, a forked child for each fault plants it and looks for it.

    python -m solvent.lab.mutants.server  <a JSON object on standard input>

The ground is not compiled here (NUMBA_DISABLE_JIT=1). A first child casts every net over the clean ground and writes
down what each costs and which places it meets; a fault then meets only the nets that meet its place, the cheapest
first, until one catches it or its time is over. One JSON line for the clean ground, then one for each fault.
"""

import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from solvent.lab.mutants.faults import Fault, FaultGone, Place, find_place
from solvent.lab.mutants.nets import Net, nets
from solvent.lab.mutants.plant import plant, watch_places
from solvent.lab.mutants.tests_net import with_tests

CLEAN_SECONDS_MAX = 1_500
CHILD_SECONDS_MAX = 600
TIMES_MAX = 10
"""A net may take so many times its usual cost, and as many seconds more."""


def in_child(work: Callable[[], Any], seconds_max: float) -> Any:
    """What `work` gives, done in a forked child; None when the child died or did not come back."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the runtime's word on forks
        child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(seconds_max) + 1)
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            answer = json.dumps(work()).encode()
            while answer:
                answer = answer[os.write(writing, answer) :]
        finally:
            os._exit(0)
    os.close(writing)
    content = b""
    while piece := os.read(reading, 1 << 16):
        content += piece
    os.close(reading)
    os.waitpid(child, 0)
    return json.loads(content) if content else None


class NeverEnds(BaseException):
    """A net took many times what it takes over the clean ground: a loop that does not end is a finding too."""


def cast(net: Net, seconds_max: float) -> str | None:
    """What a net found, or None. The limit is of processor time, so that a busy machine finds nothing."""

    def stop(_number: int, _frame: Any) -> None:
        raise NeverEnds(f"not over after {seconds_max:.0f} s")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        signal.signal(signal.SIGVTALRM, stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds_max)
        try:
            net.cast()
        except BaseException as found:  # noqa: BLE001 - whatever the ground does wrong is a finding
            return f"{type(found).__name__}: {found}"[:240]
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None


def survey(all_nets: Sequence[Net], places: Sequence[Place | None]) -> list[tuple[float, list[int], str | None]]:
    """Seconds, places met and finding of each net over the clean ground."""
    known = [place for place in places if place is not None]
    numbers = [number for number, place in enumerate(places) if place is not None]
    met: set[int] = set()
    watch_places(known, met.add)
    told = []
    for net in all_nets:
        met.clear()
        began = time.process_time()
        found = cast(net, CLEAN_SECONDS_MAX)
        told.append((time.process_time() - began, sorted(numbers[number] for number in met), found))
    return told


def look_for(place: Place, chosen: Sequence[tuple[float, Net]], seconds: float) -> dict[str, Any]:
    """Plant the fault and cast the nets until one finds it or the time is over; each is given with its usual cost."""
    began = time.process_time()
    plant(place)
    done = 0
    for cost, net in chosen:
        done += 1
        found = cast(net, TIMES_MAX * cost + TIMES_MAX)
        if found is not None:
            return {"caught": True, "by": net.name, "detail": found, "nets": done, "seconds": _since(began)}
        if _since(began) > seconds:
            break
    return {"caught": False, "nets": done, "of": len(chosen), "seconds": _since(began)}


def _since(began: float) -> float:
    return round(time.process_time() - began, 2)


def main() -> None:
    """Read what to do, do it, print a line for the clean ground and one for each fault."""
    asked = json.load(sys.stdin)
    line_out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    seconds = float(asked["seconds"])
    faults = [Fault(*fields) for fields in asked["faults"]]

    def tell(name: str, answer: dict[str, Any]) -> None:
        line_out.write(json.dumps({"name": name, **answer}) + "\n")
        line_out.flush()

    def hunt(tests: list[Net]) -> None:
        all_nets = [*tests, *nets(quick=asked["quick"])]
        places: list[Place | None] = []
        gone: dict[int, str] = {}
        for number, fault in enumerate(faults):
            try:
                places.append(find_place(fault))
            except FaultGone as error:
                places.append(None)
                gone[number] = str(error)
        told = in_child(lambda: survey(all_nets, places), CLEAN_SECONDS_MAX)
        if told is None:
            tell("", {"caught": True, "detail": "the clean ground did not come to an end"})
            return
        wrong = [f"{net.name}: {found}" for net, (_cost, _met, found) in zip(all_nets, told, strict=True) if found]
        tell("", {"caught": bool(wrong), "detail": "; ".join(wrong), "nets": len(all_nets)})
        for number, (fault, place) in enumerate(zip(faults, places, strict=True)):
            if place is None:
                tell(fault.name, {"gone": gone[number]})
                continue
            # a net that meets few places is about this one: its cost counts for less
            fit = sorted(
                (cost * len(met), index) for index, (cost, met, found) in enumerate(told) if number in met and not found
            )
            chosen = [(told[index][0], all_nets[index]) for _weight, index in fit]
            answer = in_child(partial(look_for, place, chosen, seconds), CHILD_SECONDS_MAX)
            tell(fault.name, answer or {"caught": True, "by": "its process died or never came to an end"})

    with_tests(hunt, quick=asked["quick"])


if __name__ == "__main__":
    main()
