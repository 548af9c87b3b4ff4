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
from decimal import Decimal
from fractions import Fraction
from pathlib import Path as FilePath
from typing import Any, Final, TypeVar

from solvent.rulebook.checks import check_all
from solvent.rulebook.checks.parts import Parts
from solvent.rulebook.faults import Fault, RulebookError
from solvent.rulebook.locate import Path, lines_of
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import (
    Adl,
    Bracket,
    Breaker,
    Collateral,
    Component,
    Funding,
    Index,
    Level,
    Limits,
    LossStage,
    Mark,
    Meta,
    Rulebook,
    Schedule,
    Source,
    Stage,
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
        collateral = self.each(_collateral, "collateral")
        schedules = self.each(self.schedule, "margin", "schedule")
        levels = self.each(_level, "margin", "level")
        stages = self.each(self.stage, "liquidation", "stage")
        losses = self.each(_loss, "loss", "stage")
        complete = frozenset(name for name in _SECTIONS if self.reading.is_read(tuple(name.split("."))))
        return Parts(
            settlement=self.values.get("meta", {}).get("settlement"),
            index=self.one(self.index, "price", "index"),
            mark=self.one(_mark, "price", "mark"),
            collateral=collateral,
            schedules=schedules,
            levels=levels,
            stages=stages,
            losses=losses,
            adl=self.one(_adl, "adl"),
            complete=complete,
        )

    def rulebook(self, name: str, text: str, parts: Parts) -> Rulebook | None:
        """The whole, when nothing is missing."""
        meta, limits, breakers = (
            self.one(_meta, "meta"),
            self.one(self.limits, "limits"),
            self.each(_breaker, "breakers", "breaker"),
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

    def one(self, build: Callable[[dict[str, Any]], T], *path: str) -> T | None:
        """A section, when it stands there and all of it could be read."""
        value = self.found(*path)
        return build(value) if value is not None and self.reading.is_read(path) else None

    def each(self, build: Callable[[dict[str, Any], Path], T | None], *path: str) -> list[T | None]:
        """The elements of a list, None for those that could not be read; their places are kept."""
        items = self.found(*path) or []
        rows: list[tuple[dict[str, Any], Path]] = [(item, (*path, row)) for row, item in enumerate(items)]
        return [build(item, at) if self.reading.is_read(at) else None for item, at in rows]

    def index(self, value: dict[str, Any]) -> Index:
        """Guards become three bounds; each may stand once."""
        bounds: dict[str, Any] = {}
        for row, guard in enumerate(value["guards"]):
            if guard["kind"] in bounds:
                path: Path = ("price", "index", "guards", row, "kind")
                self.reading.tell(path, f"`{guard['kind']}` stands here a second time", "Remove one of the two.")
            bounds[guard["kind"]] = guard["ppm"] if guard["kind"] == "max_step" else guard["ms"]
        return Index(
            kind=value["kind"],
            sources=_sources(value["sources"]),
            default_weight=value["default_w"],
            minimum_sources=value["minimum_sources"],
            age_max_ms=bounds.get("max_age"),
            step_max=bounds.get("max_step"),
            future_max_ms=bounds.get("future"),
        )

    def schedule(self, value: dict[str, Any], path: Path) -> Schedule | None:
        """Brackets become rates: initial from the leverage, maintenance from its own figure or a share."""
        share = value.get("maintenance_share_ppm")
        brackets: dict[str, tuple[Bracket, ...]] = {}
        known = len(self.reading.broken)
        for market, rows in value.get("brackets", {}).items():
            brackets[market] = tuple(
                self.bracket(row, share, (*path, "brackets", market, place)) for place, row in enumerate(rows)
            )
        if value["kind"] == "brackets" and not brackets:
            self.reading.refuse((*path, "brackets"), "no market has brackets", "Add at least `default`.")
        if len(self.reading.broken) > known:
            return None
        return Schedule(value["id"], value["kind"], value.get("mode", ""), brackets, value.get("bounded_by", ""))

    def bracket(self, row: dict[str, Any], share: Fraction | None, path: Path) -> Bracket:
        """One row; told when its rates cannot be known."""
        leverage, maintenance = row.get("max_leverage"), row.get("mmr_ppm")
        if leverage is None and maintenance is None:
            self.reading.refuse(path, "the bracket has no rate", "Add max_leverage, mmr_ppm or both.")
        elif maintenance is None and share is None:
            self.reading.refuse(
                path,
                "the maintenance rate is not known",
                "Add mmr_ppm here or maintenance_share_ppm to the schedule.",
            )
        initial = Fraction(1, leverage) if leverage is not None else maintenance or Fraction(1)
        if maintenance is None:
            maintenance = initial * (share or 1)
        return Bracket(row["from"], initial, maintenance)

    def stage(self, value: dict[str, Any], path: Path) -> Stage:
        """A stage; its fees are told apart, its throttle and size flattened."""
        size = value.get("size", {"kind": "full"})
        price = value.get("price", {"kind": "market" if value["executor"] == "engine" else ""})
        fees: dict[str, dict[str, Any]] = {}
        for row, fee in enumerate(value["fee"]):
            if fee["kind"] in fees:
                at: Path = (*path, "fee", row, "kind")
                self.reading.tell(at, f"`{fee['kind']}` stands here a second time", "Remove one of the two.")
            fees[fee["kind"]] = fee
        notional, residual = fees.get("notional", {}), fees.get("residual", {})
        limit = price.get("limit", "none")
        return Stage(
            id=value["id"],
            level=value["when"]["level"],
            or_equal=value["when"]["cmp"] == "le",
            scale=value["when"]["scale_ppm"],
            executor=value["executor"],
            size=size["kind"],
            share=size.get("ppm", size.get("target_ppm")),
            min_notional=size.get("min_notional", Decimal(0)),
            cooldown_ms=value.get("throttle", {}).get("ms", 0),
            price=price["kind"],
            price_limit="none" if limit == "ioc" else limit,
            takeover_at=price.get("at", ""),
            fee=notional.get("ppm", Fraction(0)),
            fee_to=notional.get("to", ""),
            residual_to=residual.get("to", ""),
            accept=value["accept"],
            timeout_ms=value["timeout_ms"],
        )

    def limits(self, value: dict[str, Any]) -> Limits:
        """Caps by name; each may stand once, an open-interest cap once per unit."""
        caps: dict[str, Any] = {}
        for row, limit in enumerate(value["limit"]):
            name = f"{limit['kind']} {limit.get('unit', '')}".strip()
            if name in caps:
                path: Path = ("limits", "limit", row, "kind")
                self.reading.tell(path, f"`{name}` stands here a second time", "Remove one of the two.")
            caps[name] = limit
        return Limits(
            open_interest_notional=caps.get("open_interest notional", {}).get("cap"),
            open_interest_size=caps.get("open_interest size", {}).get("cap"),
            withdraw_floor=caps.get("withdraw_floor", {}).get("notional_ppm", Fraction(0)),
            withdraw_gains=caps.get("withdraw_gains", {}).get("allowed", False),
        )


def _sources(values: list[dict[str, Any]]) -> tuple[Source, ...]:
    return tuple(Source(value["id"], value["w"]) for value in values)


def _meta(value: dict[str, Any]) -> Meta:
    return Meta(**{name: value.get(name, ()) for name in Meta.__dataclass_fields__})


def _mark(value: dict[str, Any]) -> Mark:
    parts = (Component(part["kind"], _sources(part.get("sources", []))) for part in value["components"])
    return Mark(value["kind"], tuple(parts))


def _collateral(value: dict[str, Any], _path: Path) -> Collateral:
    return Collateral(
        asset=value["asset"],
        kind=value["kind"],
        initial=value.get("initial_ppm", Fraction(1)),
        maintenance=value.get("maintenance_ppm", Fraction(1)),
        price=value.get("price", value["asset"]),
        decimals=value.get("decimals", 0),
    )


def _level(value: dict[str, Any], _path: Path) -> Level:
    return Level(
        name=value["name"],
        of=value["of"],
        scale=value["scale_ppm"],
        includes_orders=value["includes_orders"],
        open_loss=bool(value["add"]),
        weights=value.get("weights", "initial" if value["name"] == "initial" else "maintenance"),
        blocks=value["blocks"],
    )


def _loss(value: dict[str, Any], _path: Path) -> LossStage:
    return LossStage(
        kind=value["kind"],
        to=value.get("to", ""),
        scope=value.get("scope", ""),
        id=value.get("id", ""),
        cap=value.get("draw_cap_ppm", Fraction(1)),
    )


def _adl(value: dict[str, Any]) -> Adl:
    return Adl(value["score"], value["combine"], value["price"], value["unit"])


def _breaker(value: dict[str, Any], _path: Path) -> Breaker:
    trigger = value["trigger"]
    return Breaker(trigger["value"], trigger["window_ms"], value["action"], value["release_ms"])
