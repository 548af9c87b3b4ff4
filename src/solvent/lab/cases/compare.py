"""Whether what a rule gave is what a case expects.

    |got - expected| <= max(absolute, relative x max(|got|, |expected|))

Numbers are compared as exact fractions; without a tolerance they must be equal. A `null` in what is expected is not
compared. At the top, and in an answer marked `Some`, a case may expect some names only; elsewhere names must agree.
A case that expects an `error` asks for a refusal, in whatever words.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from solvent.lab.cases.case import Some

ERROR = "error"


def differences(expected: Any, got: Any, relative: Decimal, absolute: Decimal) -> list[str]:
    """Where they differ, as `path: expected …, got …`; empty when they agree."""
    if isinstance(expected, dict) and isinstance(got, dict):
        if ERROR in expected and ERROR in got:
            return []
        if (ERROR in expected) != (ERROR in got):
            return [f"expected {written(expected)}, got {written(got)}"]
        got = Some(got)
    return list(_differ("", expected, got, Fraction(relative), Fraction(absolute)))


def _differ(path: str, expected: Any, got: Any, relative: Fraction, absolute: Fraction) -> Iterator[str]:
    place = f"{path}: " if path else ""
    if expected is None:
        return
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in expected:
            inner = f"{path}.{name}" if path else name
            if name in got:
                yield from _differ(inner, expected[name], got[name], relative, absolute)
            elif expected[name] is not None:
                yield f"{inner}: expected {written(expected[name])}, got nothing of this name"
        if not isinstance(got, Some):
            for name in got:
                if name not in expected:
                    yield f"{path}.{name}: expected nothing of this name, got {written(got[name])}"
    elif isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        if len(expected) != len(got):
            yield f"{place}expected {written(expected)}, got {written(got)}"
            return
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differ(f"{path}[{index}]", one, other, relative, absolute)
    elif is_number(expected) and is_number(got):
        one, other = Fraction(expected), Fraction(got)
        if abs(one - other) > max(absolute, relative * max(abs(one), abs(other))):
            yield f"{place}expected {written(expected)}, got {written(got)}"
    elif type(expected) is not type(got) or expected != got:
        yield f"{place}expected {written(expected)}, got {written(got)}"


def is_number(value: object) -> bool:
    """True for integers, decimals, fractions and floats; not for true and false."""
    return isinstance(value, int | Decimal | Fraction | float) and not isinstance(value, bool)


def plain_value(value: Any) -> Any:
    """The value in types a JSON file knows; fractions that are not whole become floats."""
    if isinstance(value, dict):
        return {str(name): plain_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner) for inner in value]
    if isinstance(value, Fraction | Decimal):
        return int(value) if value == int(value) else float(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return int(value) if hasattr(value, "__index__") else str(value)


def written(value: Any) -> str:
    """A value for people, on one line."""
    value = plain_value(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(inner) for inner in value) + "]"
    if value is None:
        return "anything"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
