"""The door of the venues' examples: their decimals become integers of a scale that suits them, and come back exactly.

A case names no tick, lot or quantum. Its numbers are read as exact fractions; a scale is the finest power of ten at
which all of them, with room for what is made of them, stay far inside 64 bits. A number finer than that is rounded to
the nearest unit of the scale, which is at least a million times finer than what the cases are compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from solvent.lab.cases.case import BadInput, Case, Unsupported, decimal, in_range

PLACES_MAX: Final = 15
"""Decimals beyond which no venue publishes."""

ROOM: Final = 10**17
"""Largest number of a scale: forty of them can still be added inside 62 bits."""

RATE: Final = 10**15
"""Rates and factors are whole numbers of 1 / RATE where nothing larger than some hundreds is among them."""


def number(case: Case, name: str, default: int | Fraction | None = None) -> Fraction:
    """The field as an exact fraction; `default` where it is absent or null. Raises BadInput."""
    if default is not None and not case.has(name):
        return Fraction(default)
    return number_of(name, case.value(name))


def number_of(name: str, value: Any) -> Fraction:
    """A value of a case as an exact fraction. Raises BadInput."""
    return Fraction(decimal(name, value))


def positive(case: Case, name: str, default: int | Fraction | None = None) -> Fraction:
    """A number above zero. Raises BadInput."""
    value = number(case, name, default)
    if value <= 0:
        raise BadInput(f"field {name!r} is {value}; write a number above zero")
    return value


def numbers(case: Case, name: str) -> list[Fraction]:
    """A list of numbers, or one number as a list of it."""
    value = case.value(name)
    if not isinstance(value, list):
        return [number_of(name, value)]
    return [number_of(f"{name}[{place}]", one) for place, one in enumerate(value)]


def field(table: Any, name: str, where: str, default: int | Fraction | None = None) -> Fraction:
    """A number of an object inside the case. Raises BadInput."""
    if not isinstance(table, dict):
        raise BadInput(f"{where} is {table!r}; write an object with a field {name!r}")
    if table.get(name) is None:
        if default is None:
            raise BadInput(f"field {name!r} of {where} is missing; add it")
        return Fraction(default)
    return number_of(f"{where}.{name}", table[name])


def objects(case: Case, name: str) -> list[dict[str, Any]]:
    """A list of objects. Raises BadInput."""
    rows = case.items(name)
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise BadInput(f"{name}[{place}] is {row!r}; write an object")
    return list(rows)


def fine(*values: Fraction | int, room: int = ROOM) -> int:
    """The finest power of ten, up to 10^PLACES_MAX, at which every value stays below `room`."""
    largest = max((abs(Fraction(value)) for value in values), default=Fraction(0))
    scale = 10**PLACES_MAX
    while scale > 1 and largest * scale > room:
        scale //= 10
    return scale


def units(name: str, value: Fraction | int, scale: int) -> int:
    """A number in whole units of 1 / scale, to the nearest. Raises OutOfRange when 64 bits cannot hold it."""
    return in_range(name, round(Fraction(value) * scale))


def columns(name: str, values: Sequence[Fraction], scale: int) -> list[int]:
    """Numbers in whole units of 1 / scale."""
    return [units(f"{name}[{place}]", value, scale) for place, value in enumerate(values)]


def back(value: int, scale: int) -> Fraction:
    """Whole units of 1 / scale as the number they are. Raises OutOfRange for one held to the machine's limit."""
    return Fraction(in_range("a result", int(value)), scale)


def only_of(case: Case, *venues: str) -> None:
    """Raises Unsupported for a venue whose rule of this name is another one, or none that is built."""
    if not any(case.venue == venue or case.venue.startswith(f"{venue}/") for venue in venues):
        raise Unsupported(f"no rule called {case.topic!r} for {case.venue}; it is built for {', '.join(venues)}")


def side_of(case: Case, default: int = 1) -> int:
    """1 for a long, -1 for a short: `side` as a sign or a word, or `is_long`."""
    if case.has("is_long"):
        return 1 if case.flag("is_long") else -1
    if not case.has("side"):
        return default
    value = case.value("side")
    if value in (1, "long", "buy"):
        return 1
    if value in (-1, "short", "sell"):
        return -1
    raise BadInput(f"field 'side' is {value!r}; write 1, -1, long or short")
