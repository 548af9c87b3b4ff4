"""One worked example of a model: its numbers by the names people give them, and what answers it."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, NamedTuple

from solvent.lab.cases.case import BadInput

Inputs = Mapping[str, Any]
Answer = dict[str, Any]

_MISSING: Final = object()

ASKED: Final = "asked"
"""Among the inputs: the names of what is expected, where a name itself says what is asked ("p=0.01,T=255")."""
NAMED: Final = "id"
"""Among the inputs: the example's id, where it says what is asked ("kupiec-nonrejection-5pct")."""


class Model(NamedTuple):
    """What answers a kind of example: the function, the area it belongs to, and the inputs that tell it.

    The first name of an answer is what the example is about; an example that expects one number under a name of its
    own is compared with that one.
    """

    answer: Callable[[Inputs], Answer]
    area: str
    needs: tuple[str, ...] = ()


def take(given: Inputs, *names: str, default: Any = _MISSING) -> Any:
    """The first of these names that is given. Raises BadInput when none is and there is no default."""
    for name in names:
        if given.get(name) is not None:
            return given[name]
    if default is _MISSING:
        raise BadInput(f"field {names[0]!r} is missing; add it to inputs")
    return default


def listed(value: Any) -> list[Any]:
    """A list, or one value as a list of it."""
    return list(value) if isinstance(value, list | tuple) else [value]


def each(given: Inputs, answer: Callable[[Inputs], Answer]) -> Answer:
    """An answer for every entry of `cases` as lists by name, or one answer where there are no cases.

    What the example gives beside its cases holds for all of them. Of a model whose inputs are single numbers, lists
    of them are cases too: lists of one length go side by side. Raises BadInput where they are not of one length.
    """
    if "cases" not in given:
        lists = {name: value for name, value in given.items() if isinstance(value, list) and name != ASKED}
        if not lists:
            return answer(given)
        if len({len(value) for value in lists.values()}) != 1:
            raise BadInput(f"the lists of {', '.join(sorted(lists))} are not of one length; give one number for each")
        rows = zip(*lists.values(), strict=True)
        given = {**given, "cases": [dict(zip(lists, row, strict=True)) for row in rows]}
        given = {name: value for name, value in given.items() if name not in lists}
    common = {name: value for name, value in given.items() if name != "cases"}
    answers = [answer(common | dict(case)) for case in given["cases"]]
    return {name: [one[name] for one in answers] for name in answers[0]} if answers else {}


def of_each(answer: Callable[[Inputs], Answer]) -> Callable[[Inputs], Answer]:
    """A model of single numbers, answering for each of several too, as `each` does."""

    @wraps(answer)
    def several(given: Inputs) -> Answer:
        return each(given, answer)

    return several
