"""Cases put to their rules, one after the other: passed, failed, unsupported, or out of the machine's range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from solvent.lab.cases.case import INT64_MAX, BadInput, Case, OutOfRange, Unsupported, nearest_hint
from solvent.lab.cases.compare import differences, plain_value
from solvent.lab.cases.reading import CaseFileError
from solvent.lab.cases.table import RULES
from solvent.rulebook.faults import Fault


class Outcome(StrEnum):
    """How a case ended, by the names of the report."""

    PASSED = "passed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    OUT_OF_RANGE = "out_of_range"


@dataclass(frozen=True, slots=True)
class Result:
    """One case and how it ended; `why` holds the differences or the reason, empty when it passed."""

    case: Case
    outcome: Outcome
    got: Any = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All results in the order of the file."""

    results: tuple[Result, ...] = field(default=())

    def count(self, outcome: Outcome) -> int:
        """How many ended so."""
        return sum(result.outcome == outcome for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """`{"passed": n, "failed": n, "unsupported": n, "out_of_range": n, "cases": […]}` in plain types."""
        answer: dict[str, Any] = {outcome.value: self.count(outcome) for outcome in Outcome}
        answer["cases"] = [_told(result) for result in self.results]
        return answer


def _told(result: Result) -> dict[str, Any]:
    case = result.case
    return {
        "id": case.identifier,
        "venue": case.venue,
        "fn": case.topic,
        "outcome": result.outcome.value,
        "expected": plain_value(case.expected),
        "got": plain_value(result.got),
        "why": list(result.why),
        "steps": [{"name": step.name, "value": plain_value(step.value), "rule": step.rule} for step in case.steps],
    }


def check(cases: Sequence[Case], name: str, told: Callable[[int], None] | None = None) -> Report:
    """Put every case to its rule. Raises CaseFileError, with all of them, for situations that cannot be read.

    `told` is called with the number of cases done, after each.
    """
    results: list[Result] = []
    faults: list[Fault] = []
    for done, case in enumerate(cases, start=1):
        try:
            results.append(result_of(case))
        except BadInput as error:
            faults.append(Fault(case.line, case.identifier, *_sentences(str(error))))
        if told is not None:
            told(done)
    if faults:
        raise CaseFileError(name, faults)
    return Report(tuple(results))


def _sentences(text: str) -> tuple[str, str]:
    """Problem and remedy of `problem; remedy`."""
    problem, _mark, remedy = text.rpartition("; ")
    return (problem, remedy[:1].upper() + remedy[1:]) if problem else (text, "Correct the situation of the case")


def result_of(case: Case) -> Result:
    """One case put to its rule. Raises BadInput when its situation cannot be read."""
    beyond = next(beyond_64_bits("inputs", case.inputs), None) or next(beyond_64_bits("expected", case.expected), None)
    if beyond is not None:
        return Result(case, Outcome.OUT_OF_RANGE, why=(beyond,))
    rule = RULES.get(case.topic)
    if rule is None:
        missing = f"no rule called {case.topic!r}{nearest_hint(case.topic, RULES)}"
        return Result(case, Outcome.UNSUPPORTED, why=(missing,))
    try:
        got = rule(case)
    except OutOfRange as error:
        return Result(case, Outcome.OUT_OF_RANGE, why=(str(error),))
    except OverflowError:
        return Result(case, Outcome.OUT_OF_RANGE, why=("a number on the way does not fit the machine's 64 bits",))
    except ZeroDivisionError as error:
        raise BadInput("it divides by zero; give prices, sizes and scales that are above zero") from error
    except Unsupported as error:
        return Result(case, Outcome.UNSUPPORTED, why=(str(error),))
    why = tuple(differences(case.expected, got, case.relative, case.absolute))
    return Result(case, Outcome.FAILED if why else Outcome.PASSED, got, why)


def beyond_64_bits(path: str, value: Any) -> Iterator[str]:
    """Every integer of the value that 64 bits with a sign cannot hold, by name."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from beyond_64_bits(f"{path}.{name}", inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from beyond_64_bits(f"{path}[{place}]", inner)
    elif isinstance(value, int) and abs(value) > INT64_MAX:
        yield f"{path} = {value} does not fit 64 bits"
