"""docs/reliability.md keeps its word: every class of the catalogue and every law has a test that exists, or a reason."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
CLASSES = 98
REASON_MIN = 30
CODES = [
    *(f"M{n}" for n in range(1, 11)),
    *(f"R{n}" for n in range(1, 14)),
    *(f"W{n}" for n in range(1, 8)),
    *(f"O{n}" for n in range(1, 8)),
    *(f"S{n}" for n in range(1, 11)),
    *(f"G{n}" for n in range(1, 9)),
    "L1",
    "X1",
]


def rows(title: str, columns: int) -> list[list[str]]:
    """Cells of the tables between a heading and the next."""
    part = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in cells] for cells in lines if 2 <= len(cells) <= columns]


@cache
def named_in(file: str) -> frozenset[str]:
    """Names of the test functions of a file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def missing(cell: str) -> list[str]:
    """References of a cell to tests that do not exist."""
    references = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cell)
    return [f"{file}::{name}" for file, name in references if name not in named_in(file)]


CATALOGUE = {int(cells[0]): cells for cells in rows("The catalogue", 4) if cells[0].isdigit()}
LAWS = {cells[0]: cells for cells in rows("The laws", 4) if re.fullmatch(r"[A-Z]\d+", cells[0])}


def test_every_class_of_the_catalogue_stands_there_once() -> None:
    assert sorted(CATALOGUE) == list(range(1, CLASSES + 1))
    assert len(re.findall(r"^\| \d+ \|", PAGE.split("## The catalogue", 1)[1], re.M)) == CLASSES


@pytest.mark.parametrize("number", range(1, CLASSES + 1))
def test_a_class_has_a_test_that_exists_or_a_reason(number: int) -> None:
    _number, _mechanism, caught_by, remark = CATALOGUE[number]
    if caught_by == "not applicable":
        assert len(remark) >= REASON_MIN, "say why"
    else:
        assert "::" in caught_by
        assert missing(caught_by) == []


@pytest.mark.parametrize("code", CODES)
def test_a_law_has_a_test_that_exists_or_a_reason(code: str) -> None:
    cells = LAWS[code]
    if "::" in cells[1] + (cells[2] if len(cells) > 2 else ""):
        assert missing(" ".join(cells)) == []
    else:
        assert len(cells[1]) >= 20, "say why"
