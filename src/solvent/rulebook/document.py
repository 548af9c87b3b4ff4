"""From a TOML text to a Rulebook, or to everything that is wrong with it.

Three passes: the text is read and its lines are found (`locate`); every value is held against its declaration
(`reading`); what could be read is built and checked against the rest (`checks`). Faults of all
passes are told together.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any, Final, TypeVar

from solvent.rulebook.building.adl import build_adl
from solvent.rulebook.building.breakers import build_breaker
from solvent.rulebook.building.collateral import build_collateral
from solvent.rulebook.building.limits import build_limits
from solvent.rulebook.building.liquidation import build_stage
from solvent.rulebook.building.loss import build_loss
from solvent.rulebook.building.margin import build_level, build_schedule
from solvent.rulebook.building.meta import build_meta
from solvent.rulebook.building.price import build_index, build_mark
from solvent.rulebook.checks import check_all
from solvent.rulebook.checks.parts import Parts
from solvent.rulebook.faults import Fault, RulebookError
from solvent.rulebook.locate import Path, lines_of
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import (
    Funding,
    Rulebook,
)
from solvent.rulebook.schema import TREE

__all__ = ["Fault", "Rulebook", "RulebookError", "parse_rulebook", "preset_names", "read_rulebook"]

T = TypeVar("T")

PRESETS: Final = FilePath(__file__).parent / "presets"
_AT_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def preset_names() -> tuple[str, ...]:
    """The rulebooks that ship with the package."""
    return tuple(sorted(file.stem for file in PRESETS.glob("*.toml")))


def read_rulebook(place: str | FilePath, *, template: bool = False) -> Rulebook:
    """The rulebook in a file, or the preset of that name.

    Raises RulebookError with every fault. With `template` informational values may be "unknown"; such a
    file is not for live use.
    """
    file = FilePath(place)
    if str(place) in preset_names():
        file = PRESETS / f"{place}.toml"
    if not file.is_file():
        remedy = f"Name a file or a preset: {', '.join(preset_names())}."
        raise RulebookError(str(place), [Fault(None, "", "there is no such rulebook", remedy)])
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        fault = Fault(None, "", f"byte {error.start} is not UTF-8", "Save the file as UTF-8.")
        raise RulebookError(file.name, [fault]) from None
    return parse_rulebook(text, file.name, template=template)


def parse_rulebook(text: str, name: str, *, template: bool = False) -> Rulebook:
    """The rulebook a text holds; `name` is what faults call it. Raises RulebookError with every fault."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError(name, [syntax_fault(text, str(error))]) from None
    reading = Reading(lines_of(text), template)
    values = reading.table(TREE, document, ())
    built = _Building(values, reading)
    parts = built.parts()
    check_all(parts, reading.tell)
    rulebook = built.rulebook(name, text, parts)
    if rulebook is None or reading.faults:
        raise RulebookError(name, sorted(reading.faults, key=lambda fault: fault.line or 0))
    return rulebook


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
        levels = self.each(build_level, "margin", "level")
        stages = self.each(build_stage, "liquidation", "stage")
        losses = self.each(build_loss, "loss", "stage")
        complete = frozenset(name for name in _SECTIONS if self.reading.is_read(tuple(name.split("."))))
        return Parts(
            settlement=self.values.get("meta", {}).get("settlement"),
            index=self.one(build_index, "price", "index"),
            mark=self.one(build_mark, "price", "mark"),
            collateral=collateral,
            schedules=schedules,
            levels=levels,
            stages=stages,
            losses=losses,
            adl=self.one(build_adl, "adl"),
            complete=complete,
        )

    def rulebook(self, name: str, text: str, parts: Parts) -> Rulebook | None:
        """The whole, when nothing is missing."""
        meta, limits, breakers = (
            self.one(build_meta, "meta"),
            self.one(build_limits, "limits"),
            self.each(build_breaker, "breakers", "breaker"),
        )
        if self.reading.broken or meta is None or limits is None or parts.index is None or parts.mark is None:
            return None
        return Rulebook(
            name=name.removesuffix(".toml"),
            text=text,
            digest=hashlib.blake2b(text.encode(), digest_size=32).hexdigest(),
            meta=meta,
            modes=self.values["account"]["modes"],
            index=parts.index,
            mark=parts.mark,
            collateral=tuple(item for item in parts.collateral if item is not None),
            schedules=tuple(item for item in parts.schedules if item is not None),
            levels=tuple(item for item in parts.levels if item is not None),
            funding=Funding(self.values["funding"]["kind"], self.values["funding"]["cap_ppm"]),
            stages=tuple(item for item in parts.stages if item is not None),
            losses=tuple(item for item in parts.losses if item is not None),
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
        return build(self.reading, value, path) if value is not None and self.reading.is_read(path) else None

    def each(self, build: Callable[[Reading, dict[str, Any], Path], T | None], *path: str) -> list[T | None]:
        """The elements of a list, None for those that could not be read; their places are kept."""
        items = self.found(*path) or []
        rows: list[tuple[dict[str, Any], Path]] = [(item, (*path, row)) for row, item in enumerate(items)]
        return [build(self.reading, item, at) if self.reading.is_read(at) else None for item, at in rows]
