"""The tutorials are run: each file is written as printed, each command must answer as the page says.

`…` in an expected line stands for any text, on a line of its own for any number of lines. `file=` writes a block,
`append=` adds it, `replace=` puts each of its lines in the place of the line that begins with the same word.
"""

import re
import shlex
import sys
from pathlib import Path

import pytest

from solvent.cli import main as cli

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "tutorials").glob("*.md"))
FENCE = re.compile(r"^```(?P<kind>\w+)(?P<options>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def pattern_of(expected: str) -> re.Pattern[str]:
    """The expected text as a pattern: `…` is any text of one line, a line of it any lines."""
    parts = []
    for line in expected.splitlines():
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(
                r"[^\n]*?".join(re.escape(piece.rstrip() if not piece.strip() else piece) for piece in line.split("…"))
            )
            parts.append(r"[ ]*\n")
    return re.compile("".join(parts) + r"\s*")


def ran(command: str, monkeypatch, capsys) -> tuple[int, str]:
    """(exit code, what it printed) of one command line."""
    name, *words = shlex.split(command)
    assert name == "solvent"
    monkeypatch.setattr(sys, "argv", [name, *words])
    capsys.readouterr()
    try:
        cli.main()
        code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    printed = capsys.readouterr()
    notes = [line for line in printed.err.splitlines() if not re.match(r"\s*\d+% |compiling ", line)]
    return code, printed.out + "".join(f"{line}\n" for line in notes)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs_as_it_is_printed(page, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    commands = 0
    for fence in FENCE.finditer(page.read_text(encoding="utf-8")):
        options = dict(option.split("=", 1) for option in fence["options"].split())
        body = fence["body"]
        if "file" in options:
            Path(options["file"]).write_text(body, encoding="utf-8")
        elif "append" in options:
            with Path(options["append"]).open("a", encoding="utf-8") as file:
                file.write("\n" + body)
        elif "replace" in options:
            file = Path(options["replace"])
            lines = file.read_text(encoding="utf-8").splitlines()
            for new in body.splitlines():
                (place,) = [k for k, line in enumerate(lines) if line.split(" ")[0] == new.split(" ")[0]]
                lines[place] = new
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        elif fence["kind"] == "console":
            first, expected = body.split("\n", 1)
            assert first.startswith("$ "), first
            code, printed = ran(first[2:], monkeypatch, capsys)
            assert code == int(options.get("exit", 0)), printed
            assert pattern_of(expected).fullmatch(printed), f"{first}\n{printed}"
            commands += 1
    assert commands >= 4


def test_a_page_that_says_something_else_is_told() -> None:
    assert pattern_of("a …\n…\nz\n").fullmatch("a b\nc\nd\nz\n")
    assert not pattern_of("a …\n…\nz\n").fullmatch("a b\nc\nd\ny\n")
    assert not pattern_of("a 1\n").fullmatch("a 2\n")
