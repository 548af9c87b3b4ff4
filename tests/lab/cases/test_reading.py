"""A file of cases: both shapes, and every fault of it at once with line and remedy."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from solvent.lab.cases.reading import CaseFileError, cases_of, read_cases
from solvent.lab.cases.table import VENUES

CASE = {"id": "a", "venue": "dydx-v4", "fn": "dydx_tier", "inputs": {"x": 0.1}, "expected": {"imr": 1}}


def read(document):
    text = document if isinstance(document, str) else json.dumps(document, indent=1)
    return cases_of(text, "cases.json", VENUES)


def without_line(cases):
    return [replace(case, line=None) for case in cases]


def faults(document):
    with pytest.raises(CaseFileError) as caught:
        read(document)
    return str(caught.value).splitlines()


def test_a_list_and_an_object_with_examples_are_the_same_cases() -> None:
    topical = {key: value for key, value in CASE.items() if key != "fn"} | {"topic": "dydx_tier"}
    other = read({"schema": "rulebook-examples/1", "examples": [topical]})
    assert without_line(read([CASE])) == without_line(other)


def test_decimals_are_kept_as_written() -> None:
    (case,) = read([CASE])
    assert case.inputs["x"] == Decimal("0.1")
    assert case.venue == "dydx_v4"


@pytest.mark.parametrize(
    ("extra", "relative", "absolute"),
    [
        ({}, "0", "0"),
        ({"tolerance": 0.1}, "0", "0.1"),
        ({"tol": {"rel": 1e-6}}, "0.000001", "0"),
        ({"tol": {"rel": 0, "abs": 5}}, "0", "5"),
    ],
)
def test_tolerances(extra, relative, absolute) -> None:
    (case,) = read([CASE | extra])
    assert (case.relative, case.absolute) == (Decimal(relative), Decimal(absolute))


def test_all_faults_at_once_each_with_its_line() -> None:
    told = faults(
        [
            CASE,
            CASE,
            CASE | {"id": "b", "venue": "dydx-v3"},
            CASE | {"id": "c", "inputs": [], "tolerance": -1, "colour": "red"},
            {"id": "d"},
            7,
        ]
    )
    lines = [int(line.split(":")[1]) for line in told if line.split(":")[1].isdigit()]
    assert lines == sorted(lines)
    assert all(
        line.rstrip().endswith((".", "…}", "object", "expected", "name", "own")) or ". " in line for line in told
    )
    text = "\n".join(told)
    for said in (
        "a: is there twice",
        "unknown venue 'dydx-v3'; the nearest known is 'dydx_v4'",
        "c: has no inputs",
        "c: tolerance is -1",
        "unknown field 'colour'",
        "d: has no venue",
        "d: expects nothing",
        "case 6: is no object",
    ):
        assert said in text, said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cases.json:1: is not JSON"),
        ('[\n{"id": 1,,}]', "cases.json:2: is not JSON"),
        ('{"cases": []}', "holds no cases"),
        ('[{"x": NaN}]', "holds NaN, which is no number"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_text_that_is_no_file_of_cases(text, said) -> None:
    assert said in faults(text)[0]


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(CaseFileError, match="cannot be read"):
        read_cases(tmp_path / "none.json", VENUES)
    (tmp_path / "latin.json").write_bytes(b'["\xe9"]')
    with pytest.raises(CaseFileError, match="not UTF-8"):
        read_cases(tmp_path / "latin.json", VENUES)
