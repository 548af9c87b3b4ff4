"""What a declaration says, and one short constructor for each type of value.

ppm      whole parts per million                      ms   whole milliseconds
money    decimal string in the settlement currency    text, choice, flag, date, list of texts
table    a section; `tables` a list of them: `least` and `most` bound their number
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from solvent.units import PPM

MILLISECONDS_MAX: Final = 366 * 24 * 3_600 * 1_000
"""A year; in nanoseconds it leaves room to be added to any time of this century."""

MONEY_MAX: Final = 10**15
"""Beyond every sum in use, and with eight decimals still far inside what a Fraction makes exact."""


class Type(StrEnum):
    """What a value looks like in the document."""

    TABLE = "table"
    TABLES = "tables"
    INT = "int"
    PPM = "ppm"
    MS = "ms"
    MONEY = "money"
    TEXT = "text"
    CHOICE = "choice"
    TEXTS = "texts"
    INTS = "ints"
    DECIMAL = "decimal"
    FLAG = "flag"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declaration. `kinds` are the kinds of the enclosing table that use it, all when empty.

    `later` are choices venues use and the machine does not run. Such a choice is read and told as not run; so is
    a parameter with `unrun`, the sentence that says what the machine does not do. A document with one of them is a
    template, refused for live use. Informational parameters are kept for readers and for whoever computes what the
    machine is told; the machine does not read them. `kinds` refers to `kind` beside the parameter, or `metric`.
    """

    path: str
    type: Type
    why: str
    unit: str = ""
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    kinds: tuple[str, ...] = ()
    informational: bool = False
    unrun: str = ""


def table(path: str, why: str, **more: Any) -> Parameter:
    """A section."""
    return Parameter(path, Type.TABLE, why, **more)


def tables(path: str, why: str, most: int, **more: Any) -> Parameter:
    """A list of sections."""
    return Parameter(path, Type.TABLES, why, most=most, **{"least": 0, "default": (), **more})


def ppm(path: str, why: str, **more: Any) -> Parameter:
    """A share in whole parts per million."""
    return Parameter(path, Type.PPM, why, unit="parts per million", **{"least": 1, "most": PPM, **more})


def ms(path: str, why: str, **more: Any) -> Parameter:
    """A time in whole milliseconds."""
    return Parameter(path, Type.MS, why, unit="milliseconds", **{"least": 1, "most": MILLISECONDS_MAX, **more})


def money(path: str, why: str, **more: Any) -> Parameter:
    """An amount in the settlement currency."""
    return Parameter(path, Type.MONEY, why, unit="settlement currency", **{"least": 0, "most": MONEY_MAX, **more})


def whole(path: str, why: str, least: int, most: int, **more: Any) -> Parameter:
    """A whole number."""
    return Parameter(path, Type.INT, why, least=least, most=most, **more)


def text(path: str, why: str, **more: Any) -> Parameter:
    """A text."""
    return Parameter(path, Type.TEXT, why, **more)


def texts(path: str, why: str, **more: Any) -> Parameter:
    """A list of texts."""
    return Parameter(path, Type.TEXTS, why, **{"default": (), **more})


def choice(path: str, why: str, *choices: str, **more: Any) -> Parameter:
    """One of a closed list."""
    return Parameter(path, Type.CHOICE, why, choices=choices, **more)


def decimal(path: str, why: str, unit: str, **more: Any) -> Parameter:
    """A decimal string in a unit of its own."""
    return Parameter(path, Type.DECIMAL, why, unit=unit, **{"least": 0, "most": MONEY_MAX, **more})


def ints(path: str, why: str, least: int, most: int, **more: Any) -> Parameter:
    """A list of whole numbers."""
    return Parameter(path, Type.INTS, why, least=least, most=most, **more)


def flag(path: str, why: str, **more: Any) -> Parameter:
    """Yes or no."""
    return Parameter(path, Type.FLAG, why, **more)
