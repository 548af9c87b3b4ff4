"""The venues' own numbers, where the folder with them is beside the project: each passes or is out of range by name."""

import os
from pathlib import Path

import pytest

from solvent.lab.cases.check import Outcome, check
from solvent.lab.cases.reading import read_cases
from solvent.lab.cases.table import VENUES

PLACE = os.environ.get("SOLVENT_VECTORS")


@pytest.mark.skipif(PLACE is None, reason="SOLVENT_VECTORS does not name the folder with the venues' numbers")
def test_the_engines_numbers() -> None:
    file = Path(PLACE or "") / "venue_engines.json"
    report = check(read_cases(file, VENUES), str(file))
    wrong = [(result.case.identifier, result.why) for result in report.results if result.outcome == Outcome.FAILED]
    assert wrong == []
    assert report.count(Outcome.UNSUPPORTED) == 0
    assert [result.case.identifier for result in report.results if result.outcome == Outcome.OUT_OF_RANGE] == [
        "dydx-margin-05",
        "dydx-subticks-06",
    ]
