"""The reference page of every parameter, made from the declarations: a table for each slot, and nothing typed twice.

`solvent rulebook docs` prints it; docs/rulebook-reference.md is its output, and a test keeps the two the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Final

from solvent.rulebook.schema import PARAMETERS, Parameter, Type
from solvent.rulebook.schema.change import DAY_MS, HOUR_MS, change_rule
from solvent.units import PPM

TITLE: Final = "Rulebook reference"

TYPES: Final = {
    Type.TABLE: "section",
    Type.TABLES: "list of sections",
    Type.INT: "whole number",
    Type.PPM: "ppm",
    Type.MS: "ms",
    Type.MONEY: "money",
    Type.TEXT: "text",
    Type.CHOICE: "one of",
    Type.TEXTS: "list of texts",
    Type.INTS: "list of whole numbers",
    Type.DECIMAL: "decimal",
    Type.FLAG: "yes or no",
    Type.DATE: "date",
}

QUANTITIES: Final = frozenset({Type.INT, Type.PPM, Type.MS, Type.MONEY, Type.DECIMAL, Type.INTS})


def reference_page() -> str:
    """The page, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f"# {TITLE}"
    yield ""
    yield "Made by `solvent rulebook docs` from the declarations in `src/solvent/rulebook/schema/`; not edited by hand."
    yield ""
    yield "`[]` is an element of a list, `*` a name of your choice. ppm are whole parts per million, ms whole"
    yield 'milliseconds, money and decimals are written as text, as `"1500.25"`. A parameter without a default and not'
    yield "required may be left out. *For readers* means that the machine does not read it. The largest step is a share"
    yield "of the value in force that one change may move it by; the notice is the time before a change binds."
    for slot, parameters in groupby(PARAMETERS, key=lambda one: one.path.split(".")[0].removesuffix("[]")):
        yield ""
        yield f"## {slot}"
        yield ""
        yield "| parameter | type and bounds | default | kinds | largest step | notice | who | why |"
        yield "|---|---|---|---|---|---|---|---|"
        for parameter in parameters:
            yield _row(parameter)


def _row(parameter: Parameter) -> str:
    rule = change_rule(parameter.path)
    section = parameter.type in (Type.TABLE, Type.TABLES)
    bound = parameter.informational or section
    step = "–" if bound else _step(parameter, rule.step_max_ppm)
    cells = (
        f"`{parameter.path}`",
        _bounds(parameter),
        _default(parameter),
        ", ".join(parameter.kinds) or "all",
        step,
        "–" if bound else duration(rule.notice_ms),
        "–" if bound else rule.who,
        _why(parameter),
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _why(parameter: Parameter) -> str:
    text = parameter.why
    if parameter.informational:
        text += " *For readers.*"
    unrun = getattr(parameter, "unrun", "")
    return f"{text} *Not run: {unrun}.*" if unrun else text


def _step(parameter: Parameter, step_max_ppm: int | None) -> str:
    if step_max_ppm is None or parameter.type not in QUANTITIES:
        return "whole"
    return f"{Fraction(step_max_ppm * 100, PPM)} %"


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    if parameter.default is None:
        return "none"
    if parameter.default in ((), {}, []):
        return "empty"
    if isinstance(parameter.default, bool):
        return "true" if parameter.default else "false"
    if isinstance(parameter.default, tuple | list):
        return ", ".join(map(str, parameter.default))
    return str(parameter.default)


def _bounds(parameter: Parameter) -> str:
    kind = TYPES[parameter.type]
    if parameter.choices:
        text = f"{kind} {', '.join(parameter.choices)}"
        return f"{text}; not run: {', '.join(parameter.later)}" if parameter.later else text
    if parameter.least is None and parameter.most is None:
        return kind
    unit = f" {parameter.unit}" if parameter.unit and parameter.type in (Type.INT, Type.INTS, Type.DECIMAL) else ""
    return f"{kind}, {_number(parameter.least)} to {_number(parameter.most)}{unit}"


def _number(value: int | None) -> str:
    return "–" if value is None else f"{Decimal(value):,}"


def duration(span_ms: int) -> str:
    """A time in the largest whole unit."""
    if span_ms == 0:
        return "at once"
    for size, name in ((DAY_MS, "day"), (HOUR_MS, "hour"), (60_000, "minute"), (1000, "second")):
        if span_ms % size == 0:
            count = span_ms // size
            return f"{count} {name}{'s' if count != 1 else ''}"
    return f"{span_ms} ms"
