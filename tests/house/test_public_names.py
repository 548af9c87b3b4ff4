"""Names a user meets: documented, complete, and the words of the glossary."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from solvent.codes import REFUSAL_SENTENCES, Refusal
from solvent.commands import COMMAND_DTYPE, COMMANDS, CommandKind, fields_set
from solvent.events import EVENT_DTYPE, EventKind

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "solvent"
FILES = sorted(PACKAGE.rglob("*.py"))
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")

VAGUE_VERBS = ("process_", "handle_", "manage_", "do_", "perform_")
VAGUE_ENDINGS = ("Manager", "Handler", "Processor", "Provider", "Helper", "Util", "Utils")
FAMILIES = {1: "form", 2: "identity", 3: "state", 4: "risk", 5: "price", 6: "terms"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def named(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def public_definitions(body: list[ast.stmt], before: str = "") -> Iterator[tuple[str, Definition]]:
    """Functions, classes and their methods whose names do not start with an underscore."""
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from public_definitions(node.body, before)
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        yield before + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node.body, f"{before}{node.name}.")


def is_overload(node: Definition) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list)


@pytest.mark.parametrize("file", FILES, ids=named)
def test_everything_public_says_what_it_is(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the file does not say what it decides"
    public = public_definitions(tree.body)
    silent = [name for name, node in public if not ast.get_docstring(node) and not is_overload(node)]
    assert silent == []


@pytest.mark.parametrize("file", FILES, ids=named)
def test_names_say_what_is_done(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    vague = [
        name
        for name, node in public_definitions(tree.body)
        if node.name.startswith(VAGUE_VERBS) or (isinstance(node, ast.ClassDef) and node.name.endswith(VAGUE_ENDINGS))
    ]
    assert vague == []


def test_every_refusal_has_a_sentence_that_ends() -> None:
    assert set(REFUSAL_SENTENCES) == set(Refusal)
    for refusal, sentence in REFUSAL_SENTENCES.items():
        assert sentence[0].isupper(), refusal
        assert sentence.endswith("."), refusal
        assert len(sentence) <= 120, refusal


def test_refusals_stay_in_their_families() -> None:
    assert {refusal // 100 for refusal in Refusal if refusal} == set(FAMILIES)
    for family, word in FAMILIES.items():
        assert f"| {family}xx | {word} |" in GLOSSARY


def test_every_command_kind_has_its_dataclass() -> None:
    assert set(COMMANDS) == set(CommandKind)
    for kind, command in COMMANDS.items():
        assert command.__name__ == "".join(word.capitalize() for word in kind.name.split("_"))


def test_the_mask_of_fields_follows_the_record() -> None:
    names = [name for name in COMMAND_DTYPE.names or () if name != "kind"]
    for place, name in enumerate(names):
        record = np.zeros(1, COMMAND_DTYPE).view(np.recarray)
        record[name] = 1
        assert int(fields_set(record[0])) == 1 << place, name


def test_records_have_no_hidden_bytes() -> None:
    for dtype in (COMMAND_DTYPE, EVENT_DTYPE):
        assert dtype.itemsize == sum(dtype[name].itemsize for name in dtype.names or ())
        assert dtype.itemsize % 8 == 0


def test_the_glossary_knows_every_event() -> None:
    told = set(re.findall(r"`([A-Z_]+)`", GLOSSARY))
    assert {kind.name for kind in EventKind} <= told
