"""The planted faults: small mistakes in the compiled ground, each standing for a class of the catalogue.

They are written in `faults.txt`, each as what it is, the class it stands for, the file, the function, and what stands
there => what is put in its place. A fault whose place is not found (or found twice) any more is `gone`: the ground has
changed, and the list must follow.
"""

import ast
from pathlib import Path
from typing import NamedTuple

import solvent

PACKAGE = Path(solvent.__file__).parent
LIST = Path(__file__).parent / "faults.txt"


class Fault(NamedTuple):
    """One planted fault."""

    name: str
    catalogue: int
    """Number of the class in docs/reliability.md."""
    file: str
    function: str
    was: str
    now: str


class FaultGone(Exception):
    """The place of a planted fault is not in the ground any more."""


def read_faults() -> list[Fault]:
    """Every fault of the list. Raises ValueError for a line that cannot be read."""
    faults: list[Fault] = []
    head: list[str] = []
    body: list[str] = []

    def end() -> None:
        if not head:
            return
        text = "\n".join(body)
        if text.count(" => ") != 1 or len(head) != 4:
            raise ValueError(f"planted fault {head[0]!r} is not written as name | class | file | function, was => now")
        was, now = (part.strip("\n") for part in text.split(" => "))
        faults.append(Fault(head[0], int(head[1]), head[2], head[3], was.strip(), now.strip()))

    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith(" "):
            end()
            head, body = [part.strip() for part in line.split("|")], []
        else:
            body.append(line[4:])
    end()
    return faults


class Place(NamedTuple):
    """Where a fault goes: a function of a module, and the module's source before and with it."""

    module: str
    function: str
    path: Path
    clean: str
    planted: str
    line: int
    """Line of the text that is replaced, counted from one."""
    column: int


def find_place(fault: Fault) -> Place:
    """The one function of the ground that holds the fault's text; one that has moved to another file is found there.

    Raises FaultGone when no function of the ground has that name and that text, or more than one has.
    """
    found = []
    for path in _candidates(fault):
        text = path.read_text(encoding="utf-8")
        if f"def {fault.function}(" not in text:
            continue
        lines = text.splitlines(keepends=True)
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name == fault.function:
                assert node.end_lineno is not None
                before, inside = "".join(lines[: node.lineno - 1]), "".join(lines[node.lineno - 1 : node.end_lineno])
                if inside.count(fault.was) == 1:
                    upto = before + inside[: inside.index(fault.was)]
                    planted = before + inside.replace(fault.was, fault.now) + "".join(lines[node.end_lineno :])
                    line, column = upto.count("\n") + 1, len(upto) - upto.rfind("\n") - 1
                    found.append(Place(_module_of(path), node.name, path, text, planted, line, column))
        if found and path == PACKAGE / fault.file:
            break
    if len(found) != 1:
        raise FaultGone(f"{fault.was!r} stands in {len(found)} functions named {fault.function}")
    return found[0]


def _candidates(fault: Fault) -> list[Path]:
    """The file the list names, then the rest of the ground."""
    ground = [PACKAGE / "units.py"]
    for folder in ("state", "risk", "procedures"):
        ground += sorted((PACKAGE / folder).rglob("*.py"))
    named = PACKAGE / fault.file
    return [*([named] if named in ground else []), *(path for path in ground if path != named)]


def _module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("solvent", *(parts[:-1] if parts[-1] == "__init__" else parts)))
