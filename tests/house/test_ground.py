"""The compiled ground is integers and control flow: read from its syntax trees, without running it."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "solvent"
GROUND = sorted(
    [
        *(PACKAGE / name for name in ("units.py", "codes.py", "commands.py", "events.py")),
        *(file for folder in ("state", "risk", "procedures") for file in (PACKAGE / folder).rglob("*.py")),
    ]
)

#: A clock, chance, the outside world, or numbers that are not integers.
FORBIDDEN_IMPORTS = frozenset(
    {"asyncio", "datetime", "os", "pathlib", "random", "secrets", "socket", "subprocess", "threading", "time", "uuid"}
    | {"cmath", "decimal", "fractions", "io", "math", "multiprocessing", "statistics", "sys"}
)

LINES_MAX = 700
"""A file beyond it becomes a folder of the same name."""

FLOATS_CHOOSE = frozenset({"risk/watch/filter.py"})
"""Floats may stand where integers decide (docs/decisions): they say which accounts need not be judged, and err safely."""

EXCUSED: dict[str, int] = {}
"""Files allowed to be longer, and how long. A ratchet: lower the number when the file shrinks, never raise it."""


def named(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=named(file))


def kernels_of(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(mark, ast.Name) and mark.id in ("kernel", "entry") for mark in node.decorator_list
        ):
            yield node


def faults_of(tree: ast.Module) -> list[str]:
    """What a file of the ground may not contain, with its line."""
    faults: list[str] = []

    def tell(node: ast.AST, what: str) -> None:
        faults.append(f"line {getattr(node, 'lineno', 0)}: {what}")

    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            tell(node, f"the literal {node.value!r} is not an integer")
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            tell(node, "a true division; say the rounding with solvent.units, or //")
        if isinstance(node, ast.Name) and node.id in ("float", "complex"):
            tell(node, f"{node.id} is no type of the ground")
        if isinstance(node, ast.Attribute) and node.attr.startswith("float"):
            tell(node, f"{node.attr} is no type of the ground")
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            if module.split(".")[0] in FORBIDDEN_IMPORTS:
                tell(node, f"imports {module}")
    for kernel in kernels_of(tree):
        for node in ast.walk(kernel):
            if isinstance(node, ast.For) and not (
                isinstance(node.iter, ast.Call)
                and isinstance(node.iter.func, ast.Name)
                and node.iter.func.id == "range"
            ):
                tell(node, f"{kernel.name} loops over something that is not a range")
            if isinstance(node, ast.Try | ast.Raise | ast.With):
                tell(node, f"{kernel.name} tries, raises or enters; a kernel refuses before it writes")
            if isinstance(node, ast.Dict | ast.Set | ast.DictComp | ast.SetComp | ast.ListComp | ast.GeneratorExp):
                tell(node, f"{kernel.name} builds a Python collection")
            if isinstance(node, ast.JoinedStr | ast.Lambda | ast.Yield | ast.Await):
                tell(node, f"{kernel.name} leaves the language of kernels")
    return faults


@pytest.mark.parametrize("file", GROUND, ids=named)
def test_the_ground_is_integers_and_control_flow(file: Path) -> None:
    faults = faults_of(tree_of(file))
    if named(file) in FLOATS_CHOOSE:
        faults = [fault for fault in faults if not re.search(r"literal|true division|float\d* is no type", fault)]
    assert faults == []


@pytest.mark.parametrize(
    "text",
    [
        "RATE = 0.5",
        "def f(a, b):\n    return a / b",
        "def f(a):\n    a /= 2",
        "import time",
        "from os.path import join",
        "def f(a):\n    return float(a)",
        "import numpy as np\nX = np.float64",
        "@kernel\ndef f(rows):\n    for row in {1, 2}:\n        pass",
        "@kernel\ndef f(rows):\n    for row in rows:\n        pass",
        "@kernel\ndef f(a):\n    raise ValueError",
        "@entry\ndef f(a):\n    try:\n        return a\n    finally:\n        pass",
    ],
)
def test_a_planted_fault_is_told(text: str) -> None:
    assert faults_of(ast.parse(text)) != []


@pytest.mark.parametrize("file", GROUND, ids=named)
def test_no_file_of_the_ground_grows_past_its_line(file: Path) -> None:
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= EXCUSED.get(named(file), LINES_MAX)


def test_every_excuse_is_still_needed() -> None:
    for name in EXCUSED:
        assert len((PACKAGE / name).read_text(encoding="utf-8").splitlines()) > LINES_MAX, name


@pytest.mark.parametrize("module", ["commands", "events", "state.tables", "state.terms", "risk.watch"])
def test_no_field_hides_behind_an_attribute(module: str) -> None:
    """`row.size` is the field when compiled and NumPy's own attribute when not: such a name would part the twins."""
    records = vars(importlib.import_module(f"solvent.{module}"))
    for name, dtype in records.items():
        if isinstance(dtype, np.dtype):
            assert not [field for field in dtype.names or () if hasattr(np.record, field)], name
