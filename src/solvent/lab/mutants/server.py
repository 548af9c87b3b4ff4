"""Runs the planted faults: one process loads Python and NumPy, a child for each fault loads the ground with it.

    python -m solvent.lab.mutants.server  <a JSON object on standard input>

The ground is not compiled here (NUMBA_DISABLE_JIT=1): a child starts in a fraction of a second, and most faults are
found within a few hundred commands. Nothing of the ground may be imported before the fork. One JSON line a fault.
"""

import importlib.abc
import importlib.util
import json
import os
import sys
import time
import traceback
from types import ModuleType
from typing import Any

import msgspec  # noqa: F401 - these are loaded once, for all children
import numba
import numba.experimental.structref  # noqa: F401
import numpy  # noqa: F401

from solvent.lab.mutants.faults import Fault, FaultGone, find_place


class Planter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a source of its own."""

    def __init__(self, module: str, source: str) -> None:
        self.module, self.source = module, source

    def find_spec(self, name: str, _path: Any, _target: Any = None) -> Any:
        """The planted module is ours, all others are not."""
        if name != self.module:
            return None
        return importlib.util.spec_from_loader(name, self, origin=self.module)

    def create_module(self, _spec: Any) -> None:
        """An ordinary module."""
        return

    def exec_module(self, module: ModuleType) -> None:
        """Run the planted source as the module."""
        module.__file__ = self.module
        exec(compile(self.source, self.module, "exec"), module.__dict__)


def attack(seconds: float, commands_max: int, quick: bool) -> dict[str, Any]:
    """Look for the fault until it is found, the time is over or the commands are done."""
    import warnings

    warnings.simplefilter("error")
    began = time.perf_counter()
    from solvent.lab.mutants.attack import QUICK_TRIALS, TRIALS

    told = 0
    try:
        for trial in QUICK_TRIALS if quick else TRIALS:
            for commands in trial(commands_max):
                told += commands
                if time.perf_counter() - began > seconds:
                    break
    except BaseException as found:  # noqa: BLE001 - whatever the ground does wrong is a finding
        by = type(found).__name__
        law = getattr(found, "law", None)
        where = traceback.extract_tb(found.__traceback__)[-1]
        return {
            "caught": True,
            "by": f"law {law}" if law else by,
            "detail": f"{found}"[:200] or f"{where.name} line {where.lineno}",
            "commands": told,
            "seconds": round(time.perf_counter() - began, 2),
        }
    return {"caught": False, "commands": told, "seconds": round(time.perf_counter() - began, 2)}


def in_child(place: tuple[str, str] | None, seconds: float, commands_max: int, quick: bool) -> dict[str, Any]:
    """Fork, plant, attack; a child that never comes back or dies is caught as well."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            if place is not None:
                sys.meta_path.insert(0, Planter(*place))
            import signal

            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(3 * seconds) + 60)
            os.write(writing, json.dumps(attack(seconds, commands_max, quick)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    content = b""
    while piece := os.read(reading, 1 << 16):
        content += piece
    os.close(reading)
    status = os.waitpid(child, 0)[1]
    if not content:
        return {
            "caught": True,
            "by": "it never came to an end",
            "detail": f"status {status}",
            "commands": 0,
            "seconds": 0,
        }
    answer: dict[str, Any] = json.loads(content)
    return answer


def main() -> None:
    """Read what to do, do it, print a line for each fault."""
    asked = json.load(sys.stdin)
    if "solvent.units" in sys.modules:
        raise RuntimeError("the ground was imported before the fork: the faults could not be planted")
    for fields in asked["faults"]:
        fault = Fault(*fields) if fields is not None else None
        try:
            place = find_place(fault) if fault is not None else None
        except FaultGone as gone:
            answer: dict[str, Any] = {"gone": str(gone)}
        else:
            answer = in_child(place, asked["seconds"], asked["commands"], asked["quick"])
        sys.stdout.write(json.dumps({"name": fault.name if fault else "", **answer}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
