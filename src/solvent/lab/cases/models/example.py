"""One worked example of a model: its numbers by the names people give them, and what answers it."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from solvent.lab.cases.case import BadInput

Inputs = Mapping[str, Any]
Answer = dict[str, Any]

_MISSING: Final = object()


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

    What the example gives beside its cases holds for all of them.
    """
    if "cases" not in given:
        return answer(given)
    common = {name: value for name, value in given.items() if name != "cases"}
    answers = [answer(common | dict(case)) for case in given["cases"]]
    return {name: [one[name] for one in answers] for name in answers[0]} if answers else {}
