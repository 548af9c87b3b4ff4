"""The second pass over a document: values against declarations, defaults filled in, faults collected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.faults import Fault
from solvent.rulebook.locate import Path, nearest_line
from solvent.rulebook.schema import Node, Parameter, Type, nearest
from solvent.units import PPM

UNKNOWN: Final = "unknown"
_DECIMAL: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")
_BAD: Final = object()


def written(path: Path) -> str:
    """`liquidation.stage[1].size.ppm`, counted from zero as in the text's order."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


class Reading:
    """What was read, what was wrong with it, and what had to be left out because of that.

    For live use a value that is unknown or a rule the machine does not run is a fault. In a template the two are
    only remembered, `unknown` and `unrun`, each as the fault it would be.
    """

    def __init__(self, lines: dict[Path, int], template: bool) -> None:
        self.lines = lines
        self.template = template
        self.faults: list[Fault] = []
        self.unknown: list[Fault] = []
        self.unrun: list[Fault] = []
        self.broken: list[Path] = []
        self.left: list[Path] = []

    def tell(self, path: Path, problem: str, remedy: str) -> None:
        """Remember a fault."""
        self.faults.append(Fault(nearest_line(self.lines, path), written(path), problem, remedy))

    def refuse(self, path: Path, problem: str, remedy: str) -> Any:
        """Remember a fault that leaves the value out."""
        self.tell(path, problem, remedy)
        self.broken.append(path)
        return _BAD

    def leave_out(self, path: Path, problem: str, remedy: str) -> Any:
        """A value nobody knows: a fault, or in a template a hole."""
        if not self.template:
            return self.refuse(path, problem, remedy)
        self.unknown.append(Fault(nearest_line(self.lines, path), written(path), problem, remedy))
        self.broken.append(path)
        return _BAD

    def tell_unrun(self, path: Path, problem: str, remedy: str) -> None:
        """A rule the machine does not run: a fault, or in a template a note."""
        fault = Fault(nearest_line(self.lines, path), written(path), problem, remedy)
        if self.template:
            self.unrun.append(fault)
            self.left.append(path)
        else:
            self.faults.append(fault)

    def is_read(self, path: Path) -> bool:
        """True when nothing at, above or below the path was left out."""
        return not any(bad[: len(path)] == path or path[: len(bad)] == bad for bad in self.broken)

    def is_run(self, path: Path) -> bool:
        """True when everything at and below the path was read and is run by the machine."""
        return self.is_read(path) and not any(left[: len(path)] == path for left in self.left)

    def table(self, node: Node, given: Any, path: Path) -> dict[str, Any]:
        """A section: its known fields read, its unknown ones told."""
        if not isinstance(given, dict):
            self.refuse(path, "this is a section, not a value", f"Write [{written(path)}] and fields below it.")
            return {}
        out: dict[str, Any] = {}
        for name, value in given.items():
            if name not in node.fields and node.any_name is not None:
                self.keep(out, node.any_name, name, value, path)
            elif name not in node.fields:
                self.tell_unknown(node, (*path, name))
        name_of_kind = next((name for name in ("kind", "metric") if name in node.fields), "")
        kind_node = node.fields.get(name_of_kind)
        choices = (*kind_node.parameter.choices, *kind_node.parameter.later) if kind_node is not None else ()
        kind = given.get(name_of_kind, kind_node.parameter.default if kind_node is not None else None)
        for name, below in node.fields.items():
            kinds = below.parameter.kinds
            if kinds and choices and kind not in choices:
                continue  # nobody knows which fields a wrong kind has
            if name in given:
                if kinds and kind not in kinds:
                    used = [
                        other for other, at in node.fields.items() if kind in at.parameter.kinds and other not in given
                    ]
                    like = nearest(name, used)
                    remedy = f"Did you mean `{like}`?" if like else "Remove it."
                    self.tell((*path, name), f"kind {kind} does not use this", remedy)
                else:
                    self.keep(out, below, name, given[name], path)
                    if below.parameter.unrun and given[name] not in ([], {}):
                        self.tell_unrun(
                            (*path, name), below.parameter.unrun, "Remove it, and say so in meta.not_expressed."
                        )
            elif kinds and kind not in kinds:
                continue
            elif below.parameter.required:
                self.refuse((*path, name), "this is missing", f"Add it: {below.parameter.why}")
            elif below.parameter.default is not None:
                out[name] = self.value(below, below.parameter.default, (*path, name))
        return out

    def keep(self, out: dict[str, Any], node: Node, name: str, value: Any, path: Path) -> None:
        """Read one field; what is bad or unknown is left out."""
        read = self.value(node, value, (*path, name))
        if read is not _BAD and read is not None:
            out[name] = read

    def tell_unknown(self, node: Node, path: Path) -> None:
        """A name nobody declared."""
        like = nearest(str(path[-1]), node.fields)
        remedy = f"Did you mean `{like}`?" if like else f"Known here: {', '.join(node.fields) or 'nothing'}."
        self.tell(path, "no such parameter", remedy)

    def value(self, node: Node, given: Any, path: Path) -> Any:
        """One value of any type, as the machine's side wants it; `_BAD` when it was refused."""
        parameter = node.parameter
        if given == UNKNOWN or (isinstance(given, list) and UNKNOWN in given):
            if not parameter.informational:
                return self.leave_out(path, "the machine needs a value here, not `unknown`", parameter.why)
            if self.template:
                problem, remedy = "`unknown` is refused for live use", "Find the value, or leave the field out."
                self.unknown.append(Fault(nearest_line(self.lines, path), written(path), problem, remedy))
                return None
            return self.refuse(path, "`unknown` is refused for live use", "Find the value, or leave the field out.")
        if parameter.type == Type.TABLE:
            return self.table(node, given, path)
        if parameter.type == Type.TABLES:
            return self.tables(node, given, path)
        return _LEAVES[parameter.type](self, parameter, given, path)

    def tables(self, node: Node, given: Any, path: Path) -> Any:
        """A list of sections, element by element."""
        parameter = node.parameter
        if not isinstance(given, list | tuple):
            return self.refuse(path, "this is a list of sections", f"Write [[{written(path)}]].")
        least, most = parameter.least or 0, parameter.most or 0
        if not least <= len(given) <= most:
            self.refuse(path, f"there are {len(given)} of these", f"Write {least} to {most}.")
        return [self.table(node, item, (*path, row)) for row, item in enumerate(given)]

    def whole(self, parameter: Parameter, given: Any, path: Path) -> Any:
        """A whole number within its bounds."""
        if isinstance(given, str) and given in parameter.choices:
            return None
        unit = f" {parameter.unit}" if parameter.unit else ""
        remedy = f"Write {parameter.least} to {parameter.most}{unit}."
        if isinstance(given, bool) or not isinstance(given, int):
            return self.refuse(path, f"{given!r} is not a whole number", remedy)
        assert parameter.least is not None, "every number has bounds"
        assert parameter.most is not None, "every number has bounds"
        if not parameter.least <= given <= parameter.most:
            return self.refuse(path, f"{given} is out of bounds", remedy)
        return Fraction(given, PPM) if parameter.type == Type.PPM else given

    def money(self, parameter: Parameter, given: Any, path: Path) -> Any:
        """A decimal string within its bounds."""
        if isinstance(given, str) and given in parameter.choices:
            return Decimal("Infinity")
        if isinstance(given, int | float) and not isinstance(given, bool):
            return self.refuse(path, f"{given!r} is a number, money is text", f'Write "{given}" in quotes.')
        if not isinstance(given, str) or not _DECIMAL.fullmatch(given):
            return self.refuse(path, f"{given!r} is not an amount", 'Write digits and a point, as "1500.25".')
        amount = Decimal(given)
        assert parameter.least is not None, "every amount has bounds"
        assert parameter.most is not None, "every amount has bounds"
        if not parameter.least <= amount <= parameter.most:
            return self.refuse(path, f"{given} is out of bounds", f"Write {parameter.least} to {parameter.most}.")
        return amount

    def text(self, parameter: Parameter, given: Any, path: Path) -> Any:
        """A text that says something."""
        if not isinstance(given, str) or not given.strip():
            return self.refuse(path, f"{given!r} is not a text", parameter.why)
        return given

    def choice(self, parameter: Parameter, given: Any, path: Path) -> Any:
        """One of a closed list."""
        if isinstance(given, str) and given in parameter.choices:
            return given
        listed = ", ".join(parameter.choices)
        if isinstance(given, str) and given in parameter.later:
            problem, remedy = f"the machine does not run `{given}`", f"Use {listed}, and say so in meta.not_expressed."
            if not self.template:
                return self.refuse(path, problem, remedy)
            self.tell_unrun(path, problem, remedy)
            return given
        like = nearest(str(given), (*parameter.choices, *parameter.later))
        hint = f" Did you mean `{like}`?" if like else ""
        return self.refuse(path, f"{given!r} is not a choice here", f"Use one of: {listed}.{hint}")

    def texts(self, parameter: Parameter, given: Any, path: Path) -> Any:
        """A list of texts, of a closed list if there is one."""
        if not isinstance(given, list | tuple):
            return self.refuse(path, f"{given!r} is not a list", 'Write ["…", "…"].')
        read = self.choice if parameter.choices else self.text
        found = [read(parameter, item, (*path, row)) for row, item in enumerate(given)]
        return tuple(item for item in found if item is not _BAD)

    def ints(self, parameter: Parameter, given: Any, path: Path) -> Any:
        """A list of whole numbers within their bounds."""
        if not isinstance(given, list | tuple) or not given:
            return self.refuse(path, f"{given!r} is not a list of whole numbers", "Write [1, 2, 3].")
        found = [self.whole(parameter, item, (*path, row)) for row, item in enumerate(given)]
        return tuple(item for item in found if item is not _BAD)

    def flag(self, _parameter: Parameter, given: Any, path: Path) -> Any:
        """Yes or no."""
        if not isinstance(given, bool):
            return self.refuse(path, f"{given!r} is neither true nor false", "Write true or false.")
        return given

    def day(self, _parameter: Parameter, given: Any, path: Path) -> Any:
        """A calendar date, as text."""
        if isinstance(given, date) and not isinstance(given, datetime):
            return given.isoformat()
        try:
            return date.fromisoformat(given).isoformat()
        except (TypeError, ValueError):
            return self.refuse(path, f"{given!r} is not a date", 'Write "2026-11-22".')


_LEAVES: Final[Mapping[Type, Callable[[Reading, Parameter, Any, Path], Any]]] = {
    Type.INT: Reading.whole,
    Type.PPM: Reading.whole,
    Type.MS: Reading.whole,
    Type.MONEY: Reading.money,
    Type.DECIMAL: Reading.money,
    Type.INTS: Reading.ints,
    Type.TEXT: Reading.text,
    Type.CHOICE: Reading.choice,
    Type.TEXTS: Reading.texts,
    Type.FLAG: Reading.flag,
    Type.DATE: Reading.day,
}
