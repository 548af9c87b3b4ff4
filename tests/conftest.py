"""One machine for the whole run."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from solvent.compiled import ground_digest, is_cold

# A gate that is drawn anew at every run passes a change by luck and fails another's; what it draws is a matter of the
# test alone. `--hypothesis-profile explore` looks further, with new draws each time.
# How long a draw takes says how busy the computer is, and is no fault of the test.
BUSY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **BUSY)
settings.register_profile("explore", derandomize=False, max_examples=1000, **BUSY)
settings.load_profile("repeatable")


@contextlib.contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Held by one process of this computer; where the system knows no such lock, by all."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (Path(tempfile.gettempdir()) / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> None:
    """Compile the machine in one worker while the other waits: side by side both would take half as long again.

    Runs that collected no test of the machine do not wait for it.
    """
    if "solvent.procedures.apply" not in sys.modules or not is_cold():
        return
    from solvent.engine.engine import Engine, Genesis
    from solvent.state.terms import TermsShape, blank_terms

    with one_at_a_time(f"solvent-{ground_digest()}.lock"):
        Engine.in_memory(Genesis.of(blank_terms(TermsShape(1, 1)), ["-"], {})).close()
