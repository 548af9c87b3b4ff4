"""A number or a fact as a tree: what it is, the rule that made it, where the rule stands, and what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec

from solvent.codes import ContractKind
from solvent.state.values import marked_quanta

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


VALUE_RULES: Final = {
    ContractKind.LINEAR: "lots x mark x quanta per lot and tick",
    ContractKind.OPTION: "lots x mark of the option x quanta per lot and tick",
    ContractKind.INVERSE: "lots x quanta per lot at one tick / mark, below zero for a long, who gains as it shrinks",
}
"""How a contract of each kind is worth what it is worth."""


def value_of(contract: Any, lots: int, mark: int, label: str = "value", worth: Any = marked_quanta) -> Node:
    """Contracts at a mark, in quanta; `worth` is the function of state/values that rounds it."""
    per_lot_tick = int(contract.quanta_per_lot_tick)
    return number(
        label,
        int(plain(worth)(contract, lots, mark)),
        "quanta",
        VALUE_RULES[ContractKind(int(contract.kind))],
        "",
        number("lots", lots, "lots"),
        number("mark", mark, "ticks"),
        number("quanta per lot and tick", per_lot_tick, "quanta"),
    )
