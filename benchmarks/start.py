"""How long a person waits: cold compile, help, and the embedded replay, each as a whole process.

    python benchmarks/start.py [--json] [--skip-cold]

The cold run uses an empty cache folder; the others use the cache it filled. Help and replay are the median of five
and three runs. A bare interpreter start is measured beside them: it is the part nobody can save.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

SOLVENT = [sys.executable, "-m", "solvent.cli.main"]


def seconds_of(command: list[str], environment: dict[str, str]) -> float:
    """Wall seconds of one run that must succeed."""
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def median_of(runs: int, command: list[str], environment: dict[str, str]) -> float:
    """Median wall seconds."""
    return round(statistics.median(seconds_of(command, environment) for _ in range(runs)), 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--skip-cold", action="store_true", help="use the cache of this computer as it is")
    given = parser.parse_args()
    answer: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as empty:
        environment = dict(os.environ)
        if not given.skip_cold:
            environment["SOLVENT_CACHE"] = empty
        small = [*SOLVENT, "replay", "--accounts", "0", "--json"]
        engine = "from solvent.engine.engine import Engine, Genesis; from solvent.state.terms import *; "
        engine += "Engine.in_memory(Genesis.of(blank_terms(TermsShape(1, 1)), ['X'], {}))"
        if not given.skip_cold:
            cold = seconds_of([sys.executable, "-c", engine], environment)
            answer["cold_start_of_the_machine_seconds"] = round(cold, 1)
        answer["warm_start_of_the_machine_seconds"] = median_of(3, [sys.executable, "-c", engine], environment)
        seconds_of(small, environment)  # compiles what only measures need
        answer["python_seconds"] = median_of(5, [sys.executable, "-c", "pass"], environment)
        answer["help_seconds"] = median_of(5, [*SOLVENT, "replay", "--help"], environment)
        answer["replay_seconds"] = median_of(3, [*SOLVENT, "replay"], environment)
        out = os.path.join(empty, "out")
        answer["replay_with_report_seconds"] = median_of(3, [*SOLVENT, "replay", "--out", out], environment)
    if given.json:
        print(json.dumps(answer, indent=2))
        return
    for name, value in answer.items():
        print(f"{name.replace('_', ' '):<40} {value}")


if __name__ == "__main__":
    main()
