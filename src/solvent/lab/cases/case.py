"""One case of a venue: its situation, what it should lead to, and the steps that led where it did.

A rule of a venue is a function from a `Case` to an answer. It reads the situation through the methods below, which
know the kind each field must be of, turns decimals into integers here at the door, and hands them to the kernels
of the ground. It notes every step on the way, so that a case that fails shows where it left the road.

Three ways out other than an answer, each an exception with a sentence:

    BadInput      the situation cannot be read: a field is missing or of the wrong kind, an instrument is unknown
    OutOfRange    a number does not fit the machine's 64 bits; nothing wraps and nothing is guessed
    Unsupported   the situation asks for something the rule does not cover
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, Final

from solvent.units import LIMIT

INT64_MAX: Final = 2**63 - 1
"""The largest integer of 64 bits with a sign; the machine stores up to LIMIT, half of it."""

EXACT: Final = Context(prec=80)
"""Wide enough that scaling a decimal of a case file loses no digit."""

ROUNDINGS: Final = {"down": ROUND_FLOOR, "up": ROUND_CEILING, "nearest": ROUND_HALF_EVEN}


class BadInput(ValueError):
    """The situation of a case cannot be read; the message is a sentence with the remedy."""


class OutOfRange(ValueError):
    """A number of the case, or one it leads to, does not fit the machine's 64 bits."""


class Unsupported(ValueError):
    """The case asks for something no rule here covers; the message names it."""


class Some(dict[str, Any]):
    """An answer by name of which a case may expect some only: the names it leaves out are not compared."""


@dataclass(frozen=True, slots=True)
class Step:
    """One number on the way to an answer, and the rule it comes from."""

    name: str
    value: object
    rule: str = ""


@dataclass(slots=True)
class Case:
    """A situation and what is expected of it; `topic` is the file's `fn` or `topic`, `line` where it stands."""

    identifier: str
    venue: str
    topic: str
    inputs: Mapping[str, Any]
    expected: Any
    relative: Decimal = Decimal(0)
    absolute: Decimal = Decimal(0)
    line: int | None = None
    steps: list[Step] = field(default_factory=list)

    def step(self, name: str, value: object, rule: str = "") -> None:
        """Note a number on the way; it is shown when the case fails."""
        self.steps.append(Step(name, value, rule))

    def has(self, name: str) -> bool:
        """True when the situation gives the field, and not as null."""
        return self.inputs.get(name) is not None

    def only(self, *names: str) -> None:
        """Refuse a situation with a field the rule knows nothing of: it might change the answer. Raises Unsupported."""
        for name in self.inputs:
            if name not in names and self.has(name):
                raise Unsupported(f"{self.topic} knows no field {name!r}{nearest_hint(name, names)}")

    def value(self, name: str) -> Any:
        """The field as it stands in the file. Raises BadInput when it is missing or null."""
        if not self.has(name):
            raise BadInput(f"field {name!r} is missing; add it to inputs{nearest_hint(name, self.inputs)}")
        return self.inputs[name]

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number inside the machine's range; `default` where the field is absent or null."""
        if default is not None and not self.has(name):
            return default
        return whole(name, self.value(name))

    def unsigned(self, name: str, default: int | None = None) -> int:
        """A whole number that is not negative."""
        value = self.integer(name, default)
        if value < 0:
            raise BadInput(f"field {name!r} is {value}; write a whole number that is not negative")
        return value

    def positive(self, name: str, default: int | None = None) -> int:
        """A whole number above zero."""
        value = self.integer(name, default)
        if value <= 0:
            raise BadInput(f"field {name!r} is {value}; write a whole number above zero")
        return value

    def scaled(self, name: str, scale: int, default: int | None = None, rounding: str = "exact") -> int:
        """A decimal times `scale` as an integer; `default` (already scaled) where the field is absent.

        `rounding` is exact, down, up or nearest; exact refuses a decimal with more places than the scale has.
        """
        if default is not None and not self.has(name):
            return default
        return scaled(name, self.value(name), scale, rounding)

    def ratio(self, name: str, default: tuple[int, int] | None = None) -> tuple[int, int]:
        """A decimal as numerator and denominator in lowest terms, exactly; a string or a number."""
        if default is not None and not self.has(name):
            return default
        numerator, denominator = decimal(name, self.value(name)).as_integer_ratio()
        return in_range(name, numerator), in_range(f"the denominator of {name}", denominator)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        if default is not None and not self.has(name):
            return default
        value = self.value(name)
        if not isinstance(value, bool):
            raise BadInput(f"field {name!r} is {value!r}; write true or false")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        if default is not None and not self.has(name):
            return default
        value = self.value(name)
        if not isinstance(value, str):
            raise BadInput(f"field {name!r} is {value!r}; write a text in quotes")
        return value

    def items(self, name: str) -> Sequence[Any]:
        """A list."""
        value = self.value(name)
        if not isinstance(value, list):
            raise BadInput(f"field {name!r} is {value!r}; write a list")
        return value

    def integers(self, name: str) -> list[int]:
        """A list of whole numbers."""
        return [whole(f"{name}[{place}]", value) for place, value in enumerate(self.items(name))]

    def table(self, name: str) -> Mapping[str, Any]:
        """An object: values by name."""
        value = self.value(name)
        if not isinstance(value, dict):
            raise BadInput(f"field {name!r} is {value!r}; write an object")
        return value


def whole(name: str, value: Any) -> int:
    """A value as a whole number the machine can hold. Raises BadInput or OutOfRange."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"field {name!r} is {value!r}; write a whole number")
    return in_range(name, value)


def decimal(name: str, value: Any) -> Decimal:
    """A value as an exact decimal; a number or a string that holds one. Raises BadInput."""
    if not isinstance(value, bool) and isinstance(value, int | Decimal | str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise BadInput(f"field {name!r} is {value!r}; write a number")


def scaled(name: str, value: Any, scale: int, rounding: str = "exact") -> int:
    """A decimal times `scale` as an integer of the machine; see `Case.scaled`."""
    product = EXACT.multiply(decimal(name, value), Decimal(scale))
    whole_part = product.to_integral_value(ROUNDINGS.get(rounding, ROUND_FLOOR))
    if rounding == "exact" and whole_part != product:
        raise BadInput(f"field {name!r} is {value}; it has more places than 1/{scale} can hold")
    return in_range(name, int(whole_part))


def in_range(name: str, value: int) -> int:
    """The value itself when the machine can hold it. Raises OutOfRange, which names it, when not."""
    if abs(value) >= LIMIT:
        raise OutOfRange(f"{name} = {value} does not fit the machine's 64 bits (below 2^62 in size)")
    return int(value)


def known(what: str, name: str, names: Sequence[str]) -> str:
    """The name itself when it is one of the known. Raises BadInput with the nearest known name when not."""
    if name in names:
        return name
    raise BadInput(f"unknown {what} {name!r}{nearest_hint(name, names)}; known: {', '.join(sorted(names))}")


def nearest_hint(name: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    """`; the nearest known is 'x'`, or nothing where none is near."""
    near = get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; the nearest known is {near[0]!r}" if near else ""
