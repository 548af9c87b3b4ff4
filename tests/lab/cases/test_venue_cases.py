"""The venues' own numbers: published ones, one of each kind, and ours at their edges, put to the ground."""

import json
import os
from pathlib import Path

import pytest

from solvent.lab.cases.check import Outcome, Report, check
from solvent.lab.cases.door import fine, units
from solvent.lab.cases.reading import cases_of, read_cases
from solvent.lab.cases.table import CONCEPTS, RULES, VENUES
from solvent.units import LIMIT

CASES = Path(__file__).parent / "venue_cases.json"
REFERENCE = (
    Path(os.environ.get("SOLVENT_VECTORS") or Path(__file__).parents[4] / "shared" / "vectors") / "venue_examples.json"
)


def told(report: Report) -> list[str]:
    """What did not pass, in words."""
    return [f"{one.case.identifier}: {'; '.join(one.why)}" for one in report.results if one.outcome != Outcome.PASSED]


def test_every_case_passes() -> None:
    cases = read_cases(CASES, VENUES)
    assert len(cases) > 100
    assert told(check(cases, "venue_cases.json")) == []


def test_every_kind_of_case_has_a_case() -> None:
    asked = {case.topic for case in read_cases(CASES, VENUES)}
    assert {topic for concept in CONCEPTS for topic in concept.RULES} - asked == set()
    assert asked <= set(RULES)


def test_a_wrong_expectation_is_told_for_every_kind() -> None:
    """A case that cannot fail would be no case: with another answer each one fails."""
    entries = json.loads(CASES.read_text(encoding="utf-8"))["examples"]
    spoiled = [
        entry | {"expected": {name: spoil(value) for name, value in entry["expected"].items()}} for entry in entries
    ]
    report = check(cases_of(json.dumps(spoiled), "spoiled", VENUES), "spoiled")
    assert [one.case.identifier for one in report.results if one.outcome != Outcome.FAILED] == []


def spoil(value):
    """Something else of the same shape."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 1.01 + 0.017
    if isinstance(value, str):
        return value + "?"
    if isinstance(value, list):
        return [spoil(one) for one in value]
    return {name: spoil(one) for name, one in value.items()}


def test_the_reference_vectors_pass() -> None:
    if not REFERENCE.is_file():
        pytest.skip("no reference vectors here; set SOLVENT_VECTORS to the folder that holds venue_examples.json")
    assert told(check(read_cases(REFERENCE, VENUES), str(REFERENCE))) == []


def test_a_number_beyond_the_machine_is_out_of_range_and_named() -> None:
    text = CASES.read_text(encoding="utf-8").replace('"wallet": 1535443.01', '"wallet": 1e30')
    report = check(cases_of(text, "beyond", VENUES), "beyond")
    beyond = [one for one in report.results if one.outcome == Outcome.OUT_OF_RANGE]
    assert beyond
    assert all("64 bits" in one.why[0] for one in beyond)
    assert report.count(Outcome.FAILED) == 0


def test_a_scale_is_as_fine_as_its_numbers_allow() -> None:
    for value in (1, 10**6, 10**12, 10**17):
        scale = fine(value)
        assert units("x", value, scale) <= 10**17 < LIMIT
        assert scale == 10**15 or value * scale * 10 > 10**17


@pytest.mark.parametrize("topic", ["bankruptcy_price", "insurance_fund_flow", "adl_rank", "liquidation_throughput_cap"])
def test_a_rule_of_another_venue_of_the_same_name_is_unsupported_and_named(topic) -> None:
    entry = {"id": "x", "venue": "mango_v4", "topic": topic, "inputs": {"equity": 1}, "expected": {"price": 1}}
    report = check(cases_of(json.dumps([entry]), "other", VENUES), "other")
    assert [one.outcome for one in report.results] == [Outcome.UNSUPPORTED]
    assert topic in report.results[0].why[0]
    assert "mango_v4" in report.results[0].why[0]
