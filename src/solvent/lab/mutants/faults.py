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

    @property
    def module(self) -> str:
        """The module it is planted in."""
        return "solvent." + self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


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


def planted_source(fault: Fault) -> str:
    """The source of the fault's module with the fault in it. Raises FaultGone."""
    path = PACKAGE / fault.file
    if not path.is_file():
        raise FaultGone(f"{fault.file} is gone")
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == fault.function:
            assert node.end_lineno is not None
            before = "".join(lines[: node.lineno - 1])
            inside = "".join(lines[node.lineno - 1 : node.end_lineno])
            after = "".join(lines[node.end_lineno :])
            if inside.count(fault.was) != 1:
                raise FaultGone(f"{fault.was!r} stands {inside.count(fault.was)} times in {fault.function}")
            return before + inside.replace(fault.was, fault.now) + after
    raise FaultGone(f"{fault.file} has no function {fault.function}")
