"""What two rulebooks say differently, parameter by parameter, and what each change asks of those who make it.

Documents are compared as they bind, overlays joined. The elements of a list are matched by what names them (id, name,
asset, kind, the floor of a bracket), not by their place, so that a stage put first is one new stage and not five
changed ones. A change larger than the declared step says in how many steps it could be made.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.rules import Rulebook
from solvent.rulebook.schema.change import ChangeRule, change_rule
from solvent.units import PPM

NAMING: Final = ("id", "name", "asset", "from", "metric", "kind")
"""What an element of a list is known by, the first it has."""

STEPS_MAX: Final = 1_000
"""Beyond this many steps a change is not a change but another rule."""

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Difference:
    """One parameter: its path, the values before and after (None: not there), its rule, and the steps it takes."""

    path: str
    before: Any
    after: Any
    rule: ChangeRule
    steps: int | None

    def as_json(self) -> dict[str, Any]:
        """Plain types."""
        return {
            "path": self.path,
            "before": self.before,
            "after": self.after,
            "step_max_ppm": self.rule.step_max_ppm,
            "steps": self.steps,
            "notice_ms": self.rule.notice_ms,
            "who": self.rule.who,
        }


def differences_of(before: Rulebook, after: Rulebook) -> list[Difference]:
    """Everything the machine or a reader would notice; sources and remarks about the document are left out."""
    left, right = (dict(_leaves(tomllib.loads(book.text), "", "")) for book in (before, after))
    found = []
    for path in sorted(left.keys() | right.keys()):
        declared = (left.get(path) or right[path])[1]
        if declared.startswith("meta.") and not declared.startswith("meta.as_of"):
            continue
        old, new = (side[path][0] if path in side else None for side in (left, right))
        if old != new:
            rule = change_rule(declared)
            found.append(Difference(path, old, new, rule, steps_of(old, new, rule.step_max_ppm)))
    return found


def _leaves(value: Any, path: str, declared: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    """(path, (value, path as declared)) of every value below."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _leaves(below, f"{path}.{name}".lstrip("."), f"{declared}.{name}".lstrip("."))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        seen: dict[str, int] = {}
        for row in value:
            name = next((str(row[key]) for key in NAMING if key in row), "")
            seen[name] = seen.get(name, 0) + 1
            label = name if seen[name] == 1 else f"{name}#{seen[name]}"
            yield from _leaves(row, f"{path}[{label}]", f"{declared}[]")
    else:
        yield path, (value, declared)


def number_of(value: Any) -> Fraction | None:
    """A quantity of a document, or None where the value is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Fraction(value)
    return None


def steps_of(before: Any, after: Any, step_max_ppm: int | None) -> int | None:
    """Into how many changes this one must be divided; 1 where one is enough, None where the value changes whole.

    A step is a share of the value in force and at least one unit, so the way up is shorter than the way down.
    """
    old, new = number_of(before), number_of(after)
    if step_max_ppm is None or old is None or new is None:
        return None
    steps = 0
    while old != new and steps < STEPS_MAX:
        reach = max(abs(old) * step_max_ppm / PPM, Fraction(1))
        old = min(old + reach, new) if new > old else max(old - reach, new)
        # whole units below a thousandth add nothing but digits
        old = new if old == new else Fraction(round(old * 1000), 1000)
        steps += 1
    return steps if old == new else None


def enforcement_of(before: Rulebook, found: list[Difference]) -> list[str]:
    """What the machine, running `before`, will ask of this change; one sentence each."""
    governance = before.governance
    if not governance.seats:
        return ["Nothing of this is enforced: the rules in force name no seats (governance.seats)."]
    rules = {one.rule for one in found}
    notice = max([governance.delay_ms, *(rule.notice_ms for rule in rules)])
    lone = [role for role in ("controller", "operator") if all(role in rule.who for rule in rules)]
    days = f"{notice / 86_400_000:g} days"
    lines = [f"The machine takes this by proposal, and it binds {days} later at the earliest."]
    alone = [role for role in lone if role in governance.seats]
    if alone:
        lines.append(f"Seats that may make it alone: {', '.join(alone)}.")
    council = governance.seats.count("council")
    lines.append(f"Votes of the council: {governance.votes} of {council}.")
    if any(one.steps is not None and one.steps > 1 for one in found):
        lines.append("It refuses this as one change: some value moves further than its step.")
    lines.append(f"It refuses a change that makes more than {governance.harm_max} accounts liquidatable.")
    return lines
