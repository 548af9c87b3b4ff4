"""The strict reading of JSON: whatever could mean two things is refused.

Refused: bytes that are no UTF-8, a body beyond BODY_BYTES_MAX, nesting beyond DEPTH_MAX, a key that stands twice in
one object, NaN and infinities, integers of more than 19 digits, wrong types, unknown fields. JSON libraries take the
last of two equal keys in silence, so that is looked for here.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, TypeVar

import msgspec

from solvent.service.problems import Fault, Problem

BODY_BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 16

_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_KEYS: Final = re.compile(rb'("[^"]*")\s*:')
_LONG_NUMBER: Final = re.compile(rb"(?:^|[\s:,\[])-?[0-9]{20,}")
_DIGITS_ALIKE: Final = bytes.maketrans(b"123456789", b"0" * 9)
_TWENTY: Final = b"0" * 20
Wanted = TypeVar("Wanted")


class _Twice(ValueError):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


# made once: a decoder with hooks costs more to make than a small body costs to read
_LOOKING: Final = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant)


def check_depth(body: bytes) -> None:
    """Refuse deep nesting before any parser goes down into it. Raises Problem."""
    if body.count(b"{") + body.count(b"[") <= DEPTH_MAX:
        return
    depth = 0
    for token in _TOKENS.finditer(body):
        if token[0] in (b"{", b"["):
            depth += 1
            if depth > DEPTH_MAX:
                raise Problem("malformed", f"The body is nested deeper than {DEPTH_MAX}.", "Send a flatter document.")
        elif token[0] in (b"}", b"]"):
            depth -= 1


def read_json(body: bytes, decoder: msgspec.json.Decoder[Wanted]) -> Wanted:
    """The document in a body, as the decoder's type. Raises Problem."""
    if len(body) > BODY_BYTES_MAX:
        raise Problem("too_large", f"A body holds at most {BODY_BYTES_MAX} bytes.", "Split it into several requests.")
    check_depth(body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("malformed", f"Byte {error.start} of the body is not UTF-8.", "Encode as UTF-8.") from None
    # twenty digits in a row are seen at a glance; only then is it asked whether they are a number or in a string
    if _TWENTY in body.translate(_DIGITS_ALIKE) and _LONG_NUMBER.search(body) is not None:
        raise Problem("malformed", "A number has more than 19 digits.", "Write amounts as decimal strings.")
    if not has_plainly_no_key_twice(body):
        _look_for_twice(text)
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        problem, _at, place = str(error).partition(" - at ")
        fault = Fault(place.strip("`") or "$", problem)
        remedy = "Compare with /openapi.json."
        raise Problem("malformed", f"The body does not fit: {problem}.", remedy, [fault]) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem("malformed", f"The body is no JSON: {error}.", "Send one JSON document.") from None


def has_plainly_no_key_twice(body: bytes) -> bool:
    """True where no text before a colon stands twice in the whole body: the common case, seen without reading it.

    An escaped letter could hide a second key, so a body with a backslash is read by whoever can. Only a key that begins
    with a colon can be overlooked, and no structure read here has one: it is refused as unknown.
    """
    keys = _KEYS.findall(body)
    return len(set(keys)) == len(keys) and b"\\" not in body


def _look_for_twice(text: str) -> None:
    try:
        _LOOKING.decode(text)
    except _Twice as twice:
        raise Problem(
            "malformed", f"The key {str(twice)[:60]!r} stands twice in one object.", "Send it once."
        ) from None
    except (ValueError, RecursionError) as error:
        raise Problem("malformed", f"The body is no JSON: {error}.", "Send one JSON document.") from None
