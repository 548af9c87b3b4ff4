"""Runs the planted faults: one process loads everything, a forked child for each fault plants it and looks for it.

    python -m solvent.lab.mutants.server  <a JSON object on standard input>

The ground is not compiled here (NUMBA_DISABLE_JIT=1). A first child casts every net over the clean ground and writes
down what each costs and which places it meets (kept for the next run, see `kept`); a fault then meets only the nets
that meet its place, the cheapest first, until one catches it or its time is over. One JSON line for the clean ground,
then one for each fault.
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

from solvent.lab.mutants.faults import Fault, FaultGone, Place, find_place, read_faults
from solvent.lab.mutants.kept import Kept, Survey
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


def survey(all_nets: Sequence[Net], places: dict[str, Place], kept: Kept | None) -> list[Survey]:
    """Seconds, places met and finding of each net over the clean ground; from what is kept, where it still holds."""
    names = list(places)
    met: set[int] = set()
    watch_places(list(places.values()), met.add)
    told = []
    for net in all_nets:
        known = kept.of(net.name) if kept is not None else None
        if known is None:
            met.clear()
            began = time.process_time()
            found = cast(net, CLEAN_SECONDS_MAX)
            known = Survey(time.process_time() - began, sorted(names[number] for number in met), found)
            if kept is not None:
                kept.keep(net.name, known)
        told.append(known)
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
        places: dict[str, Place] = {}
        gone: dict[str, str] = {}
        for fault in faults if asked["quick"] else read_faults():
            try:
                places[fault.name] = find_place(fault)
            except FaultGone as error:
                gone[fault.name] = str(error)
        kept = None if asked["quick"] else Kept()
        told = in_child(lambda: survey(all_nets, places, kept), CLEAN_SECONDS_MAX)
        if told is None:
            tell("", {"caught": True, "detail": "the clean ground did not come to an end"})
            return
        surveys = [Survey(*fields) for fields in told]
        wrong = [f"{net.name}: {known.found}" for net, known in zip(all_nets, surveys, strict=True) if known.found]
        tell("", {"caught": bool(wrong), "detail": "; ".join(wrong), "nets": len(all_nets)})
        for fault in faults:
            if fault.name in gone:
                tell(fault.name, {"gone": gone[fault.name]})
                continue
            # a net that meets few places is about this one: its cost counts for less
            fit = sorted(
                (known.seconds * len(known.met), index)
                for index, known in enumerate(surveys)
                if fault.name in known.met and not known.found
            )
            chosen = [(surveys[index].seconds, all_nets[index]) for _weight, index in fit]
            answer = in_child(partial(look_for, places[fault.name], chosen, seconds), CHILD_SECONDS_MAX)
            tell(fault.name, answer or {"caught": True, "by": "its process died or never came to an end"})

    with_tests(hunt, quick=asked["quick"])


if __name__ == "__main__":
    main()
