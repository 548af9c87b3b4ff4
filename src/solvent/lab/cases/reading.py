"""A file of cases, read whole: a list of cases, or an object with `examples`; every fault of it at once.

    {"id": "dydx-tier-01", "venue": "dydx-v4", "fn": "dydx_tier", "inputs": {…}, "expected": …, "tolerance": 0.1}

`topic` may stand for `fn`, and `tol: {"rel": …, "abs": …}` for `tolerance`, which is absolute. Decimals are kept as
they are written. `source`, `case`, `units`, `basis` and `note` are for people.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Never

from solvent.lab.cases.case import BadInput, Case, decimal, nearest_hint
from solvent.lab.cases.models import as_cases
from solvent.rulebook.faults import Fault, RulebookError

FIELDS: Final = (
    *("id", "venue", "fn", "topic", "inputs", "expected", "tolerance", "tol"),
    *("source", "case", "units", "basis", "note"),
)


class CaseFileError(RulebookError):
    """A file of cases that cannot be used: all its `faults`, and the `cases` that could be read nevertheless."""

    cases: tuple[Case, ...] = ()


def read_cases(path: Path, venues: Collection[str]) -> list[Case]:
    """The cases of a file in their order. Raises CaseFileError with every fault, its line and its remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        fault = Fault(None, "", f"cannot be read: {why}", "Name a JSON file of cases")
        raise CaseFileError(str(path), [fault]) from error
    return cases_of(text, str(path), venues)


def cases_of(text: str, name: str, venues: Collection[str]) -> list[Case]:
    """The cases of a text; `name` is what faults call it. Raises CaseFileError."""
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        fault = Fault(error.lineno, "", f"is not JSON: {error.msg}", "Mend the syntax there")
        raise CaseFileError(name, [fault]) from error
    except RecursionError as error:
        fault = Fault(None, "", "is nested too deeply", "A case is an object with a few levels")
        raise CaseFileError(name, [fault]) from error
    except ValueError as error:
        fault = Fault(None, "", f"holds {error}, which is no number", "Write a finite number")
        raise CaseFileError(name, [fault]) from error
    entries = document
    if isinstance(document, dict):
        tests = document.get("tests")
        entries = as_cases(tests) if isinstance(tests, list) else document.get("examples")
    if not isinstance(entries, list):
        fault = Fault(1, "", "holds no cases", "Write a list of cases, or an object with a list `examples` or `tests`")
        raise CaseFileError(name, [fault])
    lines = _lines_of_identifiers(text)
    faults: list[Fault] = []
    cases: list[Case] = []
    seen: set[str] = set()
    for place, entry in enumerate(entries):
        case = _case_of(entry, place, lines, venues, seen, faults)
        if case is not None:
            cases.append(case)
    if faults:
        unusable = CaseFileError(name, faults)
        unusable.cases = tuple(cases)
        raise unusable
    return cases


def _no_constant(word: str) -> Never:
    raise ValueError(word)


def _lines_of_identifiers(text: str) -> dict[str, int]:
    """Line of each `"id": …`, by the identifier."""
    lines: dict[str, int] = {}
    decoder = json.JSONDecoder()
    for number, line in enumerate(text.splitlines(), start=1):
        start = 0
        while (found := line.find('"id"', start)) >= 0:
            start = found + 4
            rest = line[start:].lstrip()
            if rest.startswith(":"):
                try:
                    value, _end = decoder.raw_decode(rest[1:].lstrip())
                except json.JSONDecodeError:
                    continue
                if isinstance(value, str):
                    lines.setdefault(value, number)
    return lines


def _case_of(
    entry: Any, place: int, lines: dict[str, int], venues: Collection[str], seen: set[str], faults: list[Fault]
) -> Case | None:
    """One case, or None with its faults told."""
    before = len(faults)
    path = f"case {place + 1}"
    if not isinstance(entry, dict):
        faults.append(Fault(None, path, "is no object", "Write id, venue, fn, inputs and expected"))
        return None
    identifier = entry.get("id")
    line = lines.get(identifier) if isinstance(identifier, str) else None

    def tell(problem: str, remedy: str) -> None:
        faults.append(Fault(line, path, problem, remedy))

    if not isinstance(identifier, str) or not identifier:
        tell("has no id", 'Give it a text of its own, such as "dydx-tier-01"')
    else:
        path = identifier
        if identifier in seen:
            tell("is there twice", "Give each case an id of its own")
        seen.add(identifier)
    venue = entry.get("venue")
    if not isinstance(venue, str):
        tell("has no venue", 'Say whose rule it is, such as "dydx-v4"')
    elif venue_name(venue) not in venues:
        hint = nearest_hint(venue_name(venue), sorted(venues))
        tell(f"unknown venue {venue!r}{hint}", f"Known venues: {', '.join(sorted(venues))}")
    topic = entry.get("fn", entry.get("topic"))
    if not isinstance(topic, str):
        tell("has neither fn nor topic", "Say which rule it is about")
    if not isinstance(entry.get("inputs"), dict):
        tell("has no inputs", "Give the situation as an object")
    if "expected" not in entry:
        tell("expects nothing", "Give what the venue says comes out as `expected`")
    for field in entry:
        if field not in FIELDS:
            tell(f"unknown field {field!r}{nearest_hint(field, FIELDS)}", "Remove it or correct its name")
    relative, absolute = _tolerance_of(entry, tell)
    if len(faults) > before:
        return None
    assert isinstance(identifier, str)
    assert isinstance(venue, str)
    assert isinstance(topic, str)
    return Case(identifier, venue_name(venue), topic, entry["inputs"], entry["expected"], relative, absolute, line)


def _tolerance_of(entry: dict[str, Any], tell: Any) -> tuple[Decimal, Decimal]:
    """(relative, absolute); both zero where the case says nothing."""
    named = entry.get("tol", {})
    if not isinstance(named, dict) or set(named) - {"rel", "abs"}:
        tell(f"tol is {named!r}", 'Write {"rel": …, "abs": …}, or one of the two')
        named = {}
    wanted = {"tol.rel": named.get("rel", 0), "tol.abs": named.get("abs", 0), "tolerance": entry.get("tolerance", 0)}
    numbers: dict[str, Decimal] = {}
    for name, value in wanted.items():
        try:
            numbers[name] = decimal(name, value)
        except BadInput:
            tell(f"{name} is {value!r}", "Write a number that is not negative")
            continue
        if numbers[name] < 0:
            tell(f"{name} is {value}", "Write a number that is not negative")
    zero = Decimal(0)
    return numbers.get("tol.rel", zero), max(numbers.get("tol.abs", zero), numbers.get("tolerance", zero))


def venue_name(venue: str) -> str:
    """A venue as the presets spell it: `dydx-v4` and `dydx_v4` are one."""
    return venue.strip().lower().replace("-", "_")
