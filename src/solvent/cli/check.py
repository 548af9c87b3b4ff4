"""`solvent check`: a file of cases put to the ground; a line for each that fails, a count, an exit code.

Exit codes: 0 all passed (those out of the machine's range are counted apart); 1 at least one failed; 2 the file
cannot be used, with every fault; 3 none failed but at least one asks for a rule that is not there.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from solvent.lab.cases.case import Case
from solvent.lab.cases.check import Outcome, Report, Result, check
from solvent.lab.cases.compare import written
from solvent.lab.cases.reading import CaseFileError, read_cases
from solvent.lab.cases.table import RULES, VENUES

FAILED = 1
UNSUPPORTED = 3


def check_command(file: Path, as_json: bool, by_venue: bool = False) -> None:
    """Check the file and print the report; leaves with 1 or 3. Raises CaseFileError for a file that cannot be used."""
    cases = _cases_of(file)
    report = check(cases, str(file), _progress(len(cases)) if sys.stderr.isatty() else None)
    if as_json:
        sys.stdout.write(msgspec.json.encode(report.as_json()).decode() + "\n")
    else:
        for result in report.results:
            if result.outcome != Outcome.PASSED:
                print(line_of(result))
        if by_venue:
            print("\n".join(venue_lines(report)))
        print(count_line(report))
    if report.count(Outcome.FAILED):
        sys.exit(FAILED)
    if report.count(Outcome.UNSUPPORTED):
        sys.exit(UNSUPPORTED)


def _cases_of(file: Path) -> list[Case]:
    """The cases of the file. Raises CaseFileError with every fault, of reading them and of their situations."""
    try:
        return read_cases(file, VENUES)
    except CaseFileError as unread:
        try:
            check(unread.cases, str(file))
        except CaseFileError as unfit:
            faults = sorted((*unread.faults, *unfit.faults), key=lambda fault: fault.line or 0)
            raise CaseFileError(str(file), faults) from None
        raise


def _progress(total: int) -> Callable[[int], None]:
    def told(done: int) -> None:
        sys.stderr.write(f"\r{done} of {total} cases" + ("\n" if done == total else ""))
        sys.stderr.flush()

    return told


def line_of(result: Result) -> str:
    """A case that did not pass, on one line: expected, got, and for a failure the steps that led there."""
    case = result.case
    line = f"{result.outcome.value.replace('_', ' ')}  {case.identifier}  {case.topic}: {'; '.join(result.why)}"
    if result.outcome == Outcome.FAILED and case.steps:
        line += "  by way of " + ", ".join(f"{step.name} = {written(step.value)}" for step in case.steps)
    return line


def topic_lines() -> list[str]:
    """Every `fn` or `topic` a case may name, with the sentence of its rule."""
    width = max(map(len, RULES))
    return [f"{topic:<{width}}  {(RULES[topic].__doc__ or '').strip().splitlines()[0]}" for topic in sorted(RULES)]


def count_line(report: Report) -> str:
    """How many ended which way."""
    return ", ".join(f"{report.count(outcome)} {outcome.value.replace('_', ' ')}" for outcome in Outcome)


def venue_lines(report: Report) -> list[str]:
    """How many of each venue's cases ended which way, as a Markdown table with a row for all."""
    names = [outcome.value.replace("_", " ") for outcome in Outcome]
    counts: dict[str, list[int]] = {}
    for result in report.results:
        row = counts.setdefault(result.case.venue, [0] * len(Outcome))
        row[list(Outcome).index(result.outcome)] += 1
    lines = [f"| venue | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    lines += [f"| {venue} | {' | '.join(map(str, counts[venue]))} |" for venue in sorted(counts)]
    total = [sum(row[place] for row in counts.values()) for place in range(len(names))]
    return [*lines, f"| all | {' | '.join(map(str, total))} |", ""]
