"""What is wrong with a document, all of it at once, with the line and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: where, what, and what to do about it. Without a text to point into `line` is None."""

    line: int | None
    path: str
    problem: str
    remedy: str


class RulebookError(ValueError):
    """A document that cannot be used; `faults` holds everything that is wrong with it."""

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.name = name
        self.faults = tuple(faults)
        assert self.faults, "a document without faults is not refused"
        super().__init__("\n".join(told(name, fault) for fault in self.faults))


def told(name: str, fault: Fault) -> str:
    """The fault as a line: `file:line: path: problem. Remedy.`."""
    place = name if fault.line is None else f"{name}:{fault.line}"
    parts = [place, fault.path] if fault.path else [place]
    return f"{': '.join(parts)}: {fault.problem}. {fault.remedy}"
