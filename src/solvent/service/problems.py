"""What can be wrong with a request, as typed answers: a code for programs, a sentence and a remedy for people.

Every answer that is not a success has this shape, whatever its status:

    {"error": {"code": "queue_full", "sentence": "...", "remedy": "...", "faults": [{"place", "problem"}]}}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

STATUSES: Final = {
    "malformed": 400,
    "key_missing": 401,
    "key_unknown": 401,
    "role_may_not": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "too_slow": 408,
    "id_reused": 409,
    "digest_differs": 409,
    "primary_alive": 409,
    "gone": 410,
    "too_large": 413,
    "wrong_media_type": 415,
    "out_of_range": 422,
    "too_many_requests": 429,
    "queue_full": 429,
    "too_many_streams": 429,
    "standing_by": 503,
    "halted": 503,
    "stopping": 503,
}
"""Code -> HTTP status. Codes are never given another meaning."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: where in the request, and what."""

    place: str
    problem: str


class Problem(Exception):
    """A request that cannot be served as it is."""

    def __init__(self, code: str, sentence: str, remedy: str = "", faults: Iterable[Fault] = ()) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        self.faults = list(faults)
        self.retry_after_s = 1 if STATUSES[code] in (429, 503) else 0

    @property
    def status(self) -> int:
        """HTTP status of the code."""
        return STATUSES[self.code]

    def body(self) -> bytes:
        """The answer as JSON."""
        faults = [{"place": fault.place, "problem": fault.problem} for fault in self.faults]
        told = {"code": self.code, "sentence": self.sentence, "remedy": self.remedy, "faults": faults}
        return msgspec.json.encode({"error": told})
