"""What each net met over the clean ground, kept between runs: the survey costs more than all the hunting.

Beside the compiled machine lies one file of JSON lines. What it says of a net holds while the ground, the list of
faults, the lab and the file of the test are what they were; the rest is surveyed anew. A net that found something is
never kept.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from solvent.compiled import cache_directory
from solvent.lab.mutants.faults import LIST, PACKAGE
from solvent.lab.mutants.tests_net import FOLDER

SHARED = ("conftest.py", "ground.py", "plain.py", "story.py", "laws/machine.py", "laws/conftest.py")
"""Files that tests of several folders lean on."""


class Survey(NamedTuple):
    """What one net cost, the faults whose place it met, and what it found where nothing was planted."""

    seconds: float
    met: list[str]
    found: str | None


class Kept:
    """The surveys of earlier runs that still hold."""

    def __init__(self) -> None:
        self._path = cache_directory() / "mutants.jsonl"
        self._known: dict[tuple[str, str], Survey] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):  # the last line of a run that was stopped
                    name, key, *fields = json.loads(line)
                    self._known[name, key] = Survey(*fields)

    def of(self, net: str) -> Survey | None:
        """What is known of a net, if it still holds."""
        return self._known.get((net, _key(net)))

    def keep(self, net: str, survey: Survey) -> None:
        """Written at once: a run that is stopped has lost nothing."""
        if survey.found is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([net, _key(net), *survey]) + "\n")


def _key(net: str) -> str:
    own = FOLDER / net.split("::", 1)[0]
    return _digest_of(own if "::" in net and own.is_file() else None)


@cache
def _digest_of(own: Path | None) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for path in (LIST, *_shared(), *([own] if own is not None else [])):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _shared() -> Iterable[Path]:
    """The folder already stands for the ground; its tests lean on the lab and on each other's scenes."""
    yield from (path for name in SHARED if (path := FOLDER / name).exists())
    yield from sorted((PACKAGE / "lab").rglob("*.py"))
