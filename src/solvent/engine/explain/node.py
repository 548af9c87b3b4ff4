"""A number or a fact as a tree: what it is, the rule that made it, where the rule stands, and what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

F = TypeVar("F", bound=Callable[..., Any])


class NotExplainable(Exception):
    """What was asked for does not exist; `str()` is the sentence that says so."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One number or fact: what it is, the rule that made it, where the rule stands, and what it was made from."""

    label: str
    value: int | None = None
    unit: str = ""
    rule: str = ""
    source: str = ""
    adds: bool = False
    children: tuple[Node, ...] = ()


def number(
    label: str, value: int | None, unit: str = "quanta", rule: str = "", source: str = "", *inputs: Node
) -> Node:
    """A number and what its rule made it from."""
    return Node(label=label, value=value, unit=unit, rule=rule, source=source, children=inputs)


def total(label: str, parts: Iterable[Node], rule: str = "", source: str = "", unit: str = "quanta") -> Node:
    """A number that is the sum of its parts."""
    children = tuple(parts)
    value = sum(part.value or 0 for part in children)
    assert all(part.unit == unit for part in children), "a sum has one unit"
    return Node(label=label, value=value, unit=unit, rule=rule, source=source, adds=True, children=children)


def fact(label: str, rule: str, *inputs: Node, source: str = "") -> Node:
    """Something that is no number."""
    return Node(label=label, rule=rule, source=source, children=inputs)


def plain(kernel: F) -> F:
    """A kernel as Python, for those that only read a row: compiled for a whole state it would take half a minute."""
    found: F = getattr(kernel, "py_func", kernel)
    return found


def value_of(lots: int, mark: int, per_lot_tick: int, label: str = "value") -> Node:
    """Contracts at a mark, in quanta."""
    return number(
        label,
        lots * mark * per_lot_tick,
        "quanta",
        "lots x mark x quanta per lot and tick",
        "",
        number("lots", lots, "lots"),
        number("mark", mark, "ticks"),
        number("quanta per lot and tick", per_lot_tick, "quanta"),
    )
