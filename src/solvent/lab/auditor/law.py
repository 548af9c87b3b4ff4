"""A broken law, and the record the auditor reads events from."""

from collections import namedtuple
from typing import Any

from solvent.events import EVENT_DTYPE

record_of: Any = namedtuple  # the fields are the columns of the table, not a literal
Event = record_of("Event", EVENT_DTYPE.names or ())


class LawBroken(AssertionError):
    """The machine did what no rule allows."""

    def __init__(self, law: str, detail: str) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law
        self.detail = detail


def require(law: str, holds: bool, detail: str) -> None:
    """Raise LawBroken unless the law holds."""
    if not holds:
        raise LawBroken(law, detail)
