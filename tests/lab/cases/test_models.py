"""Examples of models go through the same door as examples of venues."""

import json

from solvent.lab.cases.check import check
from solvent.lab.cases.reading import cases_of
from solvent.lab.cases.table import VENUES

TESTS = [
    {
        "id": "linear-cascade-3",
        "area": "cascade",
        "inputs": {"shock": 0.02, "rho_kappa": 0.8},
        "expected": {"total": 0.1},
        "tol": 1e-9,
    },
    {
        "id": "linear-cascade-4",
        "area": "cascade",
        "inputs": {"shock": 0.02, "rho_kappa": 0.5},
        "expected": {"total": 0.1},
        "tol": 1e-9,
    },
    {"id": "debtrank-3", "area": "network", "inputs": {}, "expected": {}, "tol": 0},
]


def test_a_file_of_models_is_read_and_answered():
    cases = cases_of(json.dumps({"schema": 1, "tests": TESTS}), "models.json", VENUES)
    report = check(cases, "models.json")
    told = report.as_json()
    assert [told[name] for name in ("passed", "failed", "unsupported")] == [1, 1, 1]
