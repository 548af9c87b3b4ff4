"""`solvent compare`: what it prints and writes, and what bad input is told."""

import json
import sys

import pytest

from solvent.cli import main as cli
from solvent.lab.scenario import SCENARIOS


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    text = (SCENARIOS / "2025-10-10.toml").read_text()
    file = tmp_path / "short.toml"
    file.write_text(text.replace('2025-10-10T21:48:00Z"\nstep', '2025-10-10T20:49:00Z"\nstep'))

    def ran(*words, scenario=file):
        monkeypatch.setattr(sys, "argv", ["solvent", "compare", str(scenario), *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return ran


def test_a_table_a_page_and_json(run, tmp_path) -> None:
    page = tmp_path / "page.html"
    code, out, _err = run("--rulebooks", "solvent,hyperliquid", "-n", 40, "--out", page)
    assert code == 0
    assert "Liquidated notional" in out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    code, out, _err = run("--rulebooks", "solvent,hyperliquid", "-n", 40, "--json")
    answer = json.loads(out)
    assert (code, answer["same_book"]) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rulebooks", "solvent"), "Name 2 to"),
        (("--rulebooks", "solvant,hyperliquit"), "Did you mean `hyperliquid`?"),
        (("--rulebooks", "solvant,hyperliquit"), "Did you mean `solvent`?"),
        (("--rulebooks", "solvent,hyperliquid", "--out", "."), "is a folder"),
        (("--rulebooks", "solvent,hyperliquid", "--out", "nowhere/page.html"), "no folder"),
    ],
)
def test_bad_input_is_told_before_any_work(run, words, said) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err


def test_an_unknown_scenario_is_told(run) -> None:
    code, _out, err = run("--rulebooks", "solvent,hyperliquid", scenario="2025-10-11")
    assert code == 2
    assert "2025-10-1" in err
