"""Examples of models go through the same door as examples of venues."""

import json
import os
from pathlib import Path

import pytest

from solvent.lab.cases.check import Outcome, check
from solvent.lab.cases.models import MODELS, RULES, kind_of
from solvent.lab.cases.reading import CaseFileError, cases_of, read_cases
from solvent.lab.cases.table import VENUES

FILE = Path(os.environ.get("SOLVENT_VECTORS") or Path(__file__).parents[4] / "shared" / "vectors") / "models.json"


def outcome_of(identifier, area, inputs, expected, tolerance=1e-9, *beside):
    test = {"id": identifier, "area": area, "inputs": inputs, "expected": expected, "tol": tolerance}
    cases = cases_of(json.dumps({"tests": [*beside, test]}), "models.json", VENUES)
    result = check(cases, "models.json").results[-1]
    return result.outcome, result.why


# One of each concept, worked by hand or by a closed form that is not the code's own.
WRITTEN = [
    ("linear-cascade-3", "cascade", {"shock": 0.02, "rho_kappa": 0.8}, {"total": 0.1}),
    ("sqrt-cascade", "cascade", {"shock": 0.02, "a": 0.1}, {"total": 0.04}),  # 0.04 = 0.02 + 0.1 x 0.2
    ("bm-first-passage", "first-passage", {"cases": [{"b": 1, "mu": 0, "sigma": 1, "T": 1}]}, {"P": [0.31731050786]}),
    ("toxic-linear", "cascade", {"i": 0.25, "phi": 2, "c": 0.5}, {"LTV_star": 0.4}),
    ("merton", "pd", {"V": 110, "D": 130, "mu": 0.2, "sigma": 0.3, "T": 3}, {"PD": 0.28318789915}),
    ("kupiec-nonrejection", "backtest", {"p": 0.01, "T": 255}, {"p=0.01,T=255": [1, 6]}),
    ("newsvendor", "insurance-fund", {"D": [1, 2, 3, 4], "r": 1, "kappa": 4}, {"K_m": 3}),
    ("cover-n", "insurance-fund", {"losses": [5, -1, 9, 7], "n": 2}, {"fund": 16}),
    ("aci-bound", "control", {"alpha1": 0.1, "gamma": 0.05, "T": 1000}, {"bound": 0.019}),
    ("prior-correction", "pd", {"p": 0.5, "sample_rate": 0.5, "true_rate": 0.01}, {"calibrated": 0.01}),
    ("span-future", "margin", {"price_scan_range": 300, "q": 2}, {"scanning_risk": 600}),
    ("cross-liq-price", "accounting", {"equity": 20, "q": -2, "mark": 100, "mmr": 0}, {"cross": 110}),
    ("cumulative-rounding", "adl", {"lots": [1] * 100, "close": 60}, {"total": 60}),
    ("adl-order", "adl", {"w": [10, 9], "beta": [1, 0.1], "B": 5}, {"leftovers": [5.9, 8.1]}),
    ("adl-knapsack-2", "adl", {"e": [2, 1], "rho": [1, 1], "u": [1, 1], "B": 1}, {"knapsack_h": [1, 0]}),
    ("cumulative-rounding-2", "adl", {"lots": [1] * 100, "close": 60}, {"floor_total": 0}),
    ("quantile-tracker-bound", "control", {"loss_bound": 1, "eta": 0.01, "T": 20000}, {"bound": 0.00505}),
    ("pinball", "backtest", {"losses": [2, 0], "quantiles": [1, 1], "level": 0.9}, {"mean": 0.5}),
    ("linear-book", "adversarial", {"D": 1000, "eps": 0.1}, {"cost": 5, "max_safe_one_sided_oi": 50}),
    ("jelly", "adversarial", {}, {"loss_m": 11.8126316}),
    ("debtrank-2", "network", {"exposures": [[0, 5], [0, 0]], "equity": [10, 4], "h0": [0, 1]}, {"h": [0.5, 1]}),
    ("mutual-fund-0", "network", {"base": "eisenberg-noe-4", "G": 0}, {"phi": 0}),
    # what is asked may stand in a name: the significance in the id, the grid and the costs of default in what is expected
    ("kupiec-nonrejection-1pct", "backtest", {}, {"p=0.01,T=250": [0, 7]}),
    ("kupiec-nonrejection-10pct", "backtest", {}, {"p=0.005,T=510": [1, 5]}),
    (
        "eisenberg-noe-half",
        "network",
        {"L": [[0, 10], [0, 0]], "e": [4, 0]},
        {"rogers_veraart_alpha.5_beta.5_p": [2, 0]},
    ),
    # several of a model of single numbers
    ("linear-cascade-2", "cascade", {"shock": [0.01, 0.02], "rho_kappa": [0.5, 0.9]}, {"total": [0.02, 0.2]}),
    ("merton-2", "pd", {"V": [100, 100], "D": 100, "mu": 0, "sigma": 2, "T": 1}, {"PD": [0.84134474607] * 2}),
    ("kupiec-pof", "backtest", {"T": 100, "p": 0.5, "x": [50, 100]}, {"LR": [0, 138.62943611]}),
    ("queue-linear-regret", "adl", {"T": [64, 10], "M": [4, 2], "lambda": 2}, {"regret": [48, 5]}),
    # a pool pushed down by half: what a short may hold
    (
        "cp-amm-manipulation-down",
        "adversarial",
        {"quote_reserve": 4, "factor": 0.25},
        {"one_way_cost": 2, "max_safe_one_sided_oi": 8 / 3},
    ),
]


@pytest.mark.parametrize(("identifier", "area", "inputs", "expected"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_written_examples(identifier, area, inputs, expected):
    if identifier == "toxic-linear":
        identifier = "toxic-frontier-linear"
    assert outcome_of(identifier, area, inputs, expected, 1e-8) == (Outcome.PASSED, ())


def test_lists_that_do_not_go_side_by_side_are_told():
    with pytest.raises(CaseFileError, match="not of one length"):
        outcome_of("linear-cascade-5", "cascade", {"shock": [0.1, 0.2], "rho_kappa": [0.5]}, {"total": 1})


def test_a_wrong_answer_is_told_by_name():
    outcome, why = outcome_of("linear-cascade-4", "cascade", {"shock": 0.02, "rho_kappa": 0.5}, {"total": 0.1})
    assert outcome == Outcome.FAILED
    assert "total" in why[0]


def test_an_expected_name_the_model_does_not_give_is_a_failure_unless_it_is_the_only_one():
    inputs = {"shock": 0.02, "rho_kappa": 0.5}
    assert outcome_of("linear-cascade", "cascade", inputs, {"end": 0.04})[0] == Outcome.PASSED
    assert outcome_of("linear-cascade", "cascade", inputs, {"end": 0.04, "start": 0})[0] == Outcome.FAILED


def test_kinds_are_found_by_their_beginning_or_by_what_they_bring():
    assert kind_of("es-student7") == "es-student"
    assert kind_of("gpd-danish-u5") == "gpd-danish"
    assert kind_of("kupiec-nonrejection-10pct") == "kupiec-nonrejection"
    assert kind_of("some-name", "network", {"exposures": [], "equity": [], "h0": []}) == "debtrank"
    assert kind_of("some-name", "network", {"nothing": 1}) is None
    assert kind_of("some-name", "adl") is None


def test_an_example_builds_on_another_of_the_file():
    base = {
        "id": "two", "area": "network", "inputs": {"L": [[0, 10], [0, 0]], "e": [4, 0]}, "expected": {}, "tol": 0,
    }  # fmt: skip
    expected = {"phi": 0.5, "own_payment": [4, 0], "paid": [7, 0], "used": 3}
    assert outcome_of("mutual-fund-3", "network", {"base": "two", "G": 3}, expected, 1e-9, base)[0] == Outcome.PASSED


def test_inputs_that_cannot_be_used_are_told():
    assert outcome_of("gpd-danish-u5", "evt", {"u": 5}, {"xi": 1})[0] == Outcome.UNSUPPORTED
    outcome, why = outcome_of("eisenberg-noe-1", "network", {"L": [[1]], "e": [1]}, {"p": [1]})
    assert outcome == Outcome.UNSUPPORTED
    assert "owes itself" in why[0]


def test_every_model_says_what_it_is():
    assert all(RULES[kind].__doc__ for kind in MODELS)


def test_every_given_example_passes():
    if not FILE.is_file():
        pytest.skip("no models.json here; set SOLVENT_VECTORS to the folder that holds it")
    report = check(read_cases(FILE, VENUES), str(FILE))
    left = {result.case.identifier: result.why for result in report.results if result.outcome != Outcome.PASSED}
    assert [name for name in left if not name.startswith("gpd-danish")] == [], left
    assert report.count(Outcome.PASSED) >= 40
