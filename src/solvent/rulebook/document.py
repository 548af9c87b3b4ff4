"""From a TOML text to a Rulebook, or to everything that is wrong with it.

Three passes: the text is read and its lines are found (`locate`); every value is held against its declaration
(`reading`); what could be read is built and checked against the rest (`checks`). Faults of all
passes are told together.
"""

from __future__ import annotations

import copy
import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path as FilePath
from typing import Any, Final, TypeVar

from solvent.rulebook.building.adl import build_adl
from solvent.rulebook.building.borrow import build_borrow
from solvent.rulebook.building.breakers import build_breaker
from solvent.rulebook.building.collateral import build_collateral
from solvent.rulebook.building.dynamic import build_dynamic
from solvent.rulebook.building.funding import build_funding
from solvent.rulebook.building.governance import build_governance
from solvent.rulebook.building.limits import build_limits
from solvent.rulebook.building.liquidation import build_stage
from solvent.rulebook.building.loss import build_loss
from solvent.rulebook.building.margin import build_level, build_schedule, resolve_levels
from solvent.rulebook.building.meta import build_meta
from solvent.rulebook.building.pools import build_pool
from solvent.rulebook.building.price import build_condition, build_index, build_mark
from solvent.rulebook.checks import check_all
from solvent.rulebook.checks.collateral import check_borrow
from solvent.rulebook.checks.parts import Parts
from solvent.rulebook.faults import Fault, RulebookError
from solvent.rulebook.locate import Path, lines_of, nearest_line
from solvent.rulebook.overlay import as_text, filled, resolved, without_unknown
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Fill, Meta, Rulebook
from solvent.rulebook.schema import TREE, nearest

__all__ = [
    "Fault",
    "Rulebook",
    "RulebookError",
    "Template",
    "parse_rulebook",
    "parse_template",
    "preset_names",
    "read_rulebook",
    "read_template",
    "vintages",
]

T = TypeVar("T")

PRESETS: Final = FilePath(__file__).parent / "presets"
_AT_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def preset_names() -> tuple[str, ...]:
    """The rulebooks that ship with the package."""
    return tuple(sorted(file.stem for file in PRESETS.glob("*.toml")))


@dataclass(frozen=True, slots=True)
class Template:
    """A document with everything in it that keeps it from live use, each as the fault it would be.

    `rulebook` is None where a hole leaves the machine without a value it needs.
    """

    name: str
    text: str
    meta: Meta | None
    unknown: tuple[Fault, ...]
    unrun: tuple[Fault, ...]
    rulebook: Rulebook | None


def read_rulebook(
    place: str | FilePath,
    *,
    template: bool = False,
    fill: Mapping[str, str] | None = None,
    leave_out_unknown: bool = False,
) -> Rulebook:
    """The rulebook in a file, or the preset of that name; NAME@DATE is the one of the venue valid on the day.

    Raises RulebookError with every fault. `fill` gives values to places that say "unknown"; `leave_out_unknown` takes
    such places out. With `template` informational values may stay unknown; such a file is not for live use.
    """
    name, text, folder = _found(str(place), FilePath())
    return parse_rulebook(text, name, template=template, fill=fill, leave_out_unknown=leave_out_unknown, folder=folder)


def read_template(place: str | FilePath) -> Template:
    """The document of a file or preset with its holes. Raises RulebookError with every other fault."""
    name, text, folder = _found(str(place), FilePath())
    return parse_template(text, name, folder=folder)


def _found(place: str, folder: FilePath) -> tuple[str, str, FilePath]:
    """Name, text and folder of a file, a preset, or the preset of a venue valid on a day."""
    file = folder / place
    if place in preset_names():
        file = PRESETS / f"{place}.toml"
    elif "@" in place and not file.is_file():
        file = _vintage(*place.split("@", 1))
    if not file.is_file():
        like = nearest(place, preset_names())
        hint = f"Did you mean `{like}`? " if like else ""
        remedy = f"{hint}Name a file or a preset: {', '.join(preset_names())}."
        raise RulebookError(place, [Fault(None, "", "there is no such rulebook", remedy)])
    try:
        return file.name, file.read_text(encoding="utf-8"), file.parent
    except UnicodeDecodeError as error:
        fault = Fault(None, "", f"byte {error.start} is not UTF-8", "Save the file as UTF-8.")
        raise RulebookError(file.name, [fault]) from None


def vintages(venue: str) -> list[tuple[str, str]]:
    """(date, preset name) of every preset of a venue, oldest first."""
    found: list[tuple[str, str]] = []
    for name in preset_names():
        meta = tomllib.loads((PRESETS / f"{name}.toml").read_text(encoding="utf-8")).get("meta", {})
        if meta.get("venue") == venue:
            found.append((str(meta.get("as_of")), name))
    return sorted(found)


def _vintage(venue: str, day: str) -> FilePath:
    """The file of a venue valid on a day: the youngest that is not younger."""
    dated = vintages(venue)
    whole = f"{venue}@{day}"
    try:
        wanted = date.fromisoformat(day).isoformat()
    except ValueError:
        raise RulebookError(whole, [Fault(None, "", f"`{day}` is not a date", "Write 2025-10-10.")]) from None
    if not dated:
        like = nearest(venue, preset_names())
        remedy = f"Did you mean `{like}`?" if like else f"Presets: {', '.join(preset_names())}."
        raise RulebookError(whole, [Fault(None, "", f"there is no preset of venue `{venue}`", remedy)])
    valid = [name for as_of, name in dated if as_of <= wanted]
    if not valid:
        remedy = f"The oldest is of {dated[0][0]}: name it, `{dated[0][1]}`, if you will have it for an earlier day."
        raise RulebookError(whole, [Fault(None, "", f"no preset of {venue} is that old", remedy)])
    return PRESETS / f"{valid[-1]}.toml"


def parse_rulebook(
    text: str,
    name: str,
    *,
    template: bool = False,
    fill: Mapping[str, str] | None = None,
    leave_out_unknown: bool = False,
    folder: FilePath | None = None,
) -> Rulebook:
    """The rulebook a text holds; `name` is what faults call it. Raises RulebookError with every fault."""
    read = _read(text, name, template, fill or {}, leave_out_unknown, folder or FilePath())
    if read.rulebook is None:
        raise RulebookError(name, sorted((*read.unknown, *read.unrun), key=lambda fault: fault.line or 0))
    return read.rulebook


def parse_template(text: str, name: str, *, folder: FilePath | None = None) -> Template:
    """The document a text holds, holes allowed. Raises RulebookError with every other fault."""
    return _read(text, name, True, {}, False, folder or FilePath())


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError(name, [syntax_fault(text, str(error))]) from None
    except RecursionError:
        raise RulebookError(name, [nesting_fault()]) from None


def _read(
    text: str, name: str, template: bool, fill: Mapping[str, str], leave_out_unknown: bool, folder: FilePath
) -> Template:
    """All passes over one document."""
    document = _document(text, name)
    lines = lines_of(text)
    whole = text
    own = name.removesuffix(".toml")

    def find(place: str) -> tuple[str, dict[str, Any]]:
        found, below, _folder = _found(place, folder)
        return found.removesuffix(".toml"), _document(below, found)

    faults: list[Fault] = []
    try:
        over = resolved(document, own, find)
    except LookupError as error:
        raise RulebookError(name, [_extends_fault(lines, str(error))]) from None
    except RulebookError as error:
        raise RulebookError(
            name, [_extends_fault(lines, str(fault.problem), fault) for fault in error.faults]
        ) from None
    over = copy.deepcopy(over)
    over = filled(over, fill, faults)
    if leave_out_unknown:
        over, _places = without_unknown(over)
    if over != document:
        over.get("meta", {}).pop("extends", None)
        whole = as_text(over)
    reading = Reading(lines, template)
    reading.faults += faults
    values = reading.table(TREE, over, ())
    built = _Building(values, reading)
    parts = built.parts()
    check_all(parts, reading.tell, reading.tell_unrun)
    check_borrow(parts, values.get("borrow", {}).get("kind"), reading.tell_unrun)
    rulebook = built.rulebook(name, whole, text, parts)
    if reading.faults or (rulebook is None and not template):
        raise RulebookError(name, sorted(reading.faults, key=lambda fault: fault.line or 0))
    return Template(
        name=own,
        text=whole,
        meta=build_meta(reading, values["meta"], ("meta",)) if reading.is_read(("meta",)) else None,
        unknown=tuple(reading.unknown),
        unrun=tuple(reading.unrun),
        rulebook=rulebook,
    )


def _extends_fault(lines: dict[Path, int], problem: str, inner: Fault | None = None) -> Fault:
    """Why `meta.extends` leads nowhere."""
    remedy = inner.remedy if inner is not None else "Let one of them stand on its own."
    return Fault(nearest_line(lines, ("meta", "extends")), "meta.extends", problem, remedy)


def nesting_fault() -> Fault:
    """The fault of a text whose brackets stand in each other beyond what can be read."""
    return Fault(None, "", "lists or tables stand in each other too deeply", "Use the few levels the schema has.")


def syntax_fault(text: str, message: str) -> Fault:
    """The fault of a text that is not TOML, at its line."""
    found = _AT_LINE.search(message)
    line = None
    if found:
        line = int(found.group(1)) if found.group(1) else text.count("\n") + 1
        message = message[: found.start()]
    return Fault(line, "", f"this is not TOML: {message[:1].lower()}{message[1:]}", "Correct the line.")


_SECTIONS: Final = ("collateral", "margin.schedule", "margin.level", "liquidation.stage", "loss.stage", "adl")


class _Building:
    """The third pass: records out of what could be read."""

    def __init__(self, values: dict[str, Any], reading: Reading) -> None:
        self.values = values
        self.reading = reading

    def parts(self) -> Parts:
        """Everything the checks look at."""
        collateral = self.each(build_collateral, "collateral")
        schedules = self.each(build_schedule, "margin", "schedule")
        levels = resolve_levels(self.reading, self.each(build_level, "margin", "level"), schedules)
        stages = self.each(build_stage, "liquidation", "stage")
        losses = self.each(build_loss, "loss", "stage")
        complete = frozenset(name for name in _SECTIONS if self.reading.is_run(tuple(name.split("."))))
        return Parts(
            settlement=self.values.get("meta", {}).get("settlement"),
            index=self.one(build_index, "price", "index"),
            mark=self.one(build_mark, "price", "mark"),
            conditions=self.each(build_condition, "price", "condition"),
            collateral=collateral,
            schedules=schedules,
            levels=levels,
            stages=stages,
            losses=losses,
            pools=self.each(build_pool, "pools", "pool"),
            adl=self.one(build_adl, "adl"),
            complete=complete,
        )

    def rulebook(self, name: str, text: str, source: str, parts: Parts) -> Rulebook | None:
        """The whole, when nothing is missing."""
        dynamic = self.one(build_dynamic, "dynamic")
        funding = self.one(build_funding, "funding")
        borrow = self.one(build_borrow, "borrow")
        governance = self.one(build_governance, "governance")
        meta, limits, breakers = (
            self.one(build_meta, "meta"),
            self.one(build_limits, "limits"),
            self.each(build_breaker, "breakers", "breaker"),
        )
        if (
            self.reading.broken
            or self.reading.unrun
            or meta is None
            or limits is None
            or dynamic is None
            or funding is None
            or borrow is None
            or governance is None
            or parts.index is None
            or parts.mark is None
        ):
            return None
        return Rulebook(
            name=name.removesuffix(".toml"),
            text=text,
            source=source,
            digest=hashlib.blake2b(text.encode(), digest_size=32).hexdigest(),
            meta=meta,
            modes=self.values["account"]["modes"],
            index=parts.index,
            mark=parts.mark,
            fill=Fill(self.values["price"]["fill"]["kind"], self.values["price"]["fill"].get("skew_scale")),
            conditions=tuple(item for item in parts.conditions if item is not None),
            collateral=tuple(item for item in parts.collateral if item is not None),
            schedules=tuple(item for item in parts.schedules if item is not None),
            levels=tuple(item for item in parts.levels if item is not None),
            dynamic=dynamic,
            funding=funding,
            borrow=borrow,
            governance=governance,
            stages=tuple(item for item in parts.stages if item is not None),
            routes=self.values["liquidation"]["route"] == "cost",
            losses=tuple(item for item in parts.losses if item is not None),
            pools=tuple(item for item in parts.pools if item is not None),
            adl=parts.adl,
            limits=limits,
            breakers=tuple(item for item in breakers if item is not None),
            accounts_per_advance=self.values["engine"]["accounts_per_advance"],
        )

    def found(self, *path: str) -> Any:
        """The read value at a path, or None."""
        value: Any = self.values
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def one(self, build: Callable[[Reading, dict[str, Any], Path], T | None], *path: str) -> T | None:
        """A section, when it stands there and all of it could be read."""
        value = self.found(*path)
        return build(self.reading, value, path) if value is not None and self.reading.is_run(path) else None

    def each(self, build: Callable[[Reading, dict[str, Any], Path], T | None], *path: str) -> list[T | None]:
        """The elements of a list, None for those that could not be read; their places are kept."""
        items = self.found(*path) or []
        rows: list[tuple[dict[str, Any], Path]] = [(item, (*path, row)) for row, item in enumerate(items)]
        return [build(self.reading, item, at) if self.reading.is_run(at) else None for item, at in rows]
