"""Published and recomputed examples of models: all that belong here pass; the file of them is not part of the tree."""

import json
import os
from pathlib import Path

import pytest

from solvent.lab.statistics.vectors import RULES, check_examples, differences, rule_of

FILE = Path(os.environ.get("SOLVENT_VECTORS") or Path(__file__).parents[4] / "shared" / "vectors") / "models.json"

# A few written out, so that something is checked where the file is absent.
WRITTEN = [
    ("bm-first-passage", {"cases": [{"b": 1, "mu": 0.5, "sigma": 1, "T": 1}]}, {"P": [0.18031181859578638]}, 1e-12),
    (
        "gpd-closed-form",
        {"u": 1, "xi": 0.5, "beta": 2, "zeta_u": 0.02, "alpha": [0.999]},
        {"VaR": [14.888543819998311]},
        1e-12,
    ),
    ("newsvendor", {"D": "Exp(mean 5m)", "r": 0.1, "kappa": 5}, {"K_m": 19.56011502714073}, 1e-12),
    ("linear-cascade", {"shock": 0.02, "rho_kappa": 0.8}, {"total": 0.1}, 1e-12),
    ("merton", {"V": 110, "D": 130, "mu": 0.2, "sigma": 0.3, "T": 3}, {"PD": 0.28318789915348974}, 1e-9),
    ("toxic-frontier", {"cases": [{"i": 0.1, "c_over_y": 0.1}]}, {"LTV_star": [0.7575757575757576]}, 1e-12),
    ("kupiec-nonrejection", {"p": 0.01, "T": 255}, {"p=0.01,T=255": [1, 6]}, 0),
]


@pytest.mark.parametrize(("kind", "inputs", "expected", "tolerance"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_written_examples(kind, inputs, expected, tolerance):
    assert differences(expected, RULES[kind](inputs), tolerance) == []


def test_every_given_example_passes():
    if not FILE.is_file():
        pytest.skip("no models.json here; set SOLVENT_VECTORS to the folder that holds it")
    frame = check_examples(FILE)
    failed = frame.filter(frame["outcome"] == "failed")
    assert failed.is_empty(), failed.select("id", "told").rows()
    assert (frame["outcome"] == "passed").sum() >= 24


def test_a_wrong_answer_is_told_by_name(tmp_path):
    file = tmp_path / "models.json"
    file.write_text(
        json.dumps(
            {
                "tests": [
                    {
                        "id": "linear-cascade-2",
                        "inputs": {"shock": 0.02, "rho_kappa": 0.5},
                        "expected": {"total": 0.05},
                        "tol": 1e-9,
                    }
                ]
            }
        )
    )
    row = check_examples(file).row(0, named=True)
    assert row["outcome"] == "failed"
    assert "total" in row["told"]


def test_kinds_are_found_by_their_beginning():
    assert rule_of("es-student7") == "es-student"
    assert rule_of("gpd-danish-u5") == "gpd-danish"
    assert rule_of("debtrank-3") is None
