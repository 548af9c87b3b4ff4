"""`solvent check`: what it prints and how it leaves."""

import json
import sys

import pytest

from solvent.cli import main as cli
from solvent.lab.cases.table import RULES

INPUTS = {"tvl": 15_200_123_456_777, "ppm": 10_000, "minimum": 100_000_000_000}
GOOD = {
    "id": "r",
    "venue": "dydx-v4",
    "fn": "dydx_ratelimit",
    "inputs": INPUTS,
    "expected": {"baseline": 152_001_234_567},
}
WRONG = GOOD | {"id": "w", "expected": {"baseline": 1}}
STRANGE = GOOD | {"id": "s", "fn": "dydx_vault"}
WIDE = GOOD | {"id": "x", "inputs": INPUTS | {"tvl": 2**63}}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    def ran(cases, *options):
        file = tmp_path / "cases.json"
        file.write_text(json.dumps(cases))
        monkeypatch.setattr(sys, "argv", ["solvent", "check", str(file), *options])
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        printed = capsys.readouterr()
        return code, printed.out.splitlines(), printed.err

    return ran


@pytest.mark.parametrize(
    ("cases", "code", "count"),
    [
        ([GOOD], 0, "1 passed, 0 failed, 0 unsupported, 0 out of range"),
        ([GOOD, WIDE], 0, "1 passed, 0 failed, 0 unsupported, 1 out of range"),
        ([GOOD, STRANGE], 3, "1 passed, 0 failed, 1 unsupported, 0 out of range"),
        ([GOOD, WRONG, STRANGE], 1, "1 passed, 1 failed, 1 unsupported, 0 out of range"),
        ({"examples": []}, 0, "0 passed, 0 failed, 0 unsupported, 0 out of range"),
    ],
)
def test_the_count_and_the_exit_code(run, cases, code, count) -> None:
    left, lines, _err = run(cases)
    assert (left, lines[-1]) == (code, count)
    assert len(lines) == 1 + sum(case not in (GOOD,) for case in cases if isinstance(case, dict))


def test_a_failure_is_one_line(run) -> None:
    _code, (line, _count), _err = run([WRONG])
    assert line.startswith("failed  w  dydx_ratelimit: baseline: expected 1, got 152001234567")


def test_json_is_one_object(run) -> None:
    code, lines, _err = run([GOOD, WRONG], "--json")
    (answer,) = (json.loads(line) for line in lines)
    assert code == 1
    assert list(answer) == ["passed", "failed", "unsupported", "out_of_range", "cases"]
    assert [case["outcome"] for case in answer["cases"]] == ["passed", "failed"]


def test_bad_input_is_told_whole(run) -> None:
    code, lines, err = run([GOOD | {"venue": "dydk-v4"}, GOOD | {"inputs": 1}, 3])
    assert code == 2
    assert lines == []
    assert len(err.splitlines()) == 4


def test_faults_of_reading_and_of_situations_are_told_together(run) -> None:
    nowhere = GOOD | {"id": "n", "venue": "dydx-v5"}
    short = GOOD | {"id": "h", "inputs": {"tvl": 1}}
    code, _out, told = run([nowhere, short, GOOD])
    assert code == 2
    assert "n: unknown venue 'dydx-v5'" in told
    assert "h: field " in told
    code, _out, told = run([nowhere, GOOD])
    assert code == 2
    assert "h: " not in told


def test_every_topic_is_listed_with_a_sentence(run) -> None:
    code, lines, _err = run([], "--topics")
    assert code == 0
    assert len(lines) == len(RULES)
    for line in lines:
        topic, sentence = line.split(maxsplit=1)
        assert topic in RULES
        assert sentence.endswith(".")


def test_cases_are_counted_by_venue(run) -> None:
    code, out, _err = run([GOOD, WRONG | {"venue": "vega"}, WIDE], "--by-venue")
    assert code == 1
    assert "| dydx_v4 | 1 | 0 | 0 | 1 |" in out
    assert "| vega | 0 | 1 | 0 | 0 |" in out
    assert "| all | 1 | 1 | 0 | 1 |" in out
