"""On which line of a TOML text each value stands; the standard reader does not say.

`lines_of` walks a text that tomllib has already accepted, so it never judges: it only steps over comments,
strings, numbers and brackets, and to count lines. Paths are tuples of names and list positions.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final

Path = tuple[str | int, ...]

_SPACE: Final = re.compile(r"[ \t\r\n]*(?:#[^\n]*[ \t\r\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_STRINGS: Final = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def lines_of(text: str) -> dict[Path, int]:
    """Path -> line, counted from 1, of every table, list element and value of a valid TOML text."""
    return _Walk(text).walk()


def nearest_line(lines: dict[Path, int], path: Path) -> int:
    """The line of the path, or of the nearest place around it; the first line when there is none."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


class _Walk:
    """One pass over the text; `at` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counted_to = 0
        self.counted = 1
        self.lines: dict[Path, int] = {}
        self.lengths: dict[Path, int] = {}  # lists of tables and how many elements they have so far

    def walk(self) -> dict[Path, int]:
        """Statement by statement."""
        table: Path = ()
        self.skip()
        while self.at < len(self.text):
            before = self.at
            if self.text.startswith("[[", self.at):
                table = self.header(2)
                length = self.lengths.get(table, 0)
                self.lengths[table] = length + 1
                self.lines.setdefault(table, self.line_at(before))
                table = (*table, length)
                self.lines[table] = self.line_at(before)
            elif self.text[self.at] == "[":
                table = self.header(1)
                self.lines[table] = self.line_at(before)
            else:
                self.statement(table)
            self.skip()
            assert self.at > before, "a valid text lets every statement step forward"
        return self.lines

    def line_at(self, at: int) -> int:
        """Line of a place; asked in ascending order, so the text is counted once."""
        if at < self.counted_to:
            return 1 + self.text.count("\n", 0, at)
        self.counted += self.text.count("\n", self.counted_to, at)
        self.counted_to = at
        return self.counted

    def skip(self) -> None:
        """Step over blanks, line ends and comments."""
        found = _SPACE.match(self.text, self.at)
        assert found is not None, "the pattern also matches nothing"
        self.at = found.end()

    def header(self, brackets: int) -> Path:
        """`[a.b]` or `[[a.b]]`: the table it opens, through the latest element of every list on the way."""
        self.at += brackets
        names = self.key()
        self.at += brackets
        table: Path = ()
        for name in names[:-1]:
            table = self.entered((*table, name))
        table = (*table, names[-1])
        return table if brackets == 2 else self.entered(table)

    def entered(self, table: Path) -> Path:
        """The latest element when this is a list of tables, else the table itself."""
        self.lines.setdefault(table, self.line_at(self.at))
        length = self.lengths.get(table, 0)
        return (*table, length - 1) if length else table

    def key(self) -> list[str]:
        """A dotted key; stands behind it and its blanks afterwards."""
        names: list[str] = []
        while True:
            self.skip()
            quoted = self.string()
            if quoted:
                names.append(next(iter(tomllib.loads(f"{quoted} = 0"))))
            else:
                found = _BARE_KEY.match(self.text, self.at)
                assert found is not None, "a valid key is bare or quoted"
                names.append(found.group())
                self.at = found.end()
            self.skip()
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def string(self) -> str:
        """A string in any of the four quotes, or nothing."""
        for pattern in _STRINGS:
            found = pattern.match(self.text, self.at)
            if found:
                self.at = found.end()
                return found.group()
        return ""

    def statement(self, table: Path) -> None:
        """`key = value` inside a table."""
        line = self.line_at(self.at)
        names = self.key()
        for length in range(1, len(names)):
            self.lines.setdefault((*table, *names[:length]), line)
        self.at += 1  # the sign
        self.value((*table, *names), line)

    def value(self, path: Path, line: int) -> None:
        """Any value; lists and inline tables tell their elements."""
        self.lines[path] = line
        self.skip()
        opening = self.text[self.at]
        if opening not in "[{":
            if not self.string():
                found = _SCALAR.match(self.text, self.at)
                assert found is not None, "a valid value is not empty"
                self.at = found.end()
            return
        self.at += 1
        count = 0
        while True:
            self.skip()
            if self.text[self.at] in "]}":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
            elif opening == "[":
                self.value((*path, count), self.line_at(self.at))
                count += 1
            else:
                self.statement(path)
