"""All declarations as one tree, and the known name most like an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from solvent.rulebook.schema.declare import Parameter, Type


@dataclass(slots=True)
class Node:
    """A place of the document: its declaration, and what may stand below it."""

    parameter: Parameter
    fields: dict[str, Node] = field(default_factory=dict)
    any_name: Node | None = None


def tree_of(parameters: Iterable[Parameter]) -> Node:
    """The declarations as a tree; a list and its element are one node."""
    root = Node(Parameter("", Type.TABLE, "The document."))
    for parameter in parameters:
        *above, name = parameter.path.split(".")
        node = root
        for step in above:
            plain = step.removesuffix("[]")
            below = node.any_name if plain == "*" else node.fields[plain]
            assert below is not None, f"{parameter.path} is declared before what holds it"
            assert step.endswith("[]") == (below.parameter.type == Type.TABLES), parameter.path
            node = below
        if name == "*":
            node.any_name = Node(parameter)
        else:
            assert name not in node.fields, f"{parameter.path} is declared twice"
            node.fields[name] = Node(parameter)
    return root


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like this one, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""
