"""Cases put to their rules: every way one can end."""

import json

import pytest

from solvent.lab.cases.case import OutOfRange
from solvent.lab.cases.check import Outcome, check
from solvent.lab.cases.reading import CaseFileError, cases_of
from solvent.lab.cases.table import RULES, VENUES

TIER = {"im_ppm": 567_243, "quote_quantums": 123_456, "oi_notional": 0, "oi_lower": 0, "oi_upper": 0}
ACCOUNT = {"usdc": -5_100_000_000, "positions": {"BTC": 10_000_000}, "perp": "BTC", "delta": -10_000_000}


def reported(*entries):
    cases = [
        {"id": f"c{place}", "venue": "dydx-v4", "fn": fn, "inputs": inputs, "expected": expected}
        for place, (fn, inputs, expected) in enumerate(entries)
    ]
    return check(cases_of(json.dumps(cases), "cases.json", VENUES), "cases.json")


def test_each_outcome_is_counted_apart() -> None:
    report = reported(
        ("dydx_tier", TIER, {"imr": 70_030}),
        ("dydx_tier", TIER, {"imr": 70_029}),
        ("dydx_teir", TIER, {"imr": 70_030}),
        ("dydx_tier", TIER | {"quote_quantums": 2**64}, {"imr": 1}),
        ("dydx_tier", TIER | {"quote_quantums": 2**62}, {"imr": 1}),
        ("dydx_tier", TIER, {"imr": 10**30}),
    )
    assert [result.outcome for result in report.results] == [
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.UNSUPPORTED,
        *[Outcome.OUT_OF_RANGE] * 3,
    ]
    told = report.as_json()
    assert {key: told[key] for key in ("passed", "failed", "unsupported", "out_of_range")} == {
        "passed": 1,
        "failed": 1,
        "unsupported": 1,
        "out_of_range": 3,
    }
    assert told["cases"][1]["why"] == ["imr: expected 70029, got 70030"]
    assert told["cases"][1]["steps"]
    assert "the nearest known is 'dydx_tier'" in told["cases"][2]["why"][0]
    assert "inputs.quote_quantums" in told["cases"][3]["why"][0]
    assert json.loads(json.dumps(told)) == told


def test_situations_that_cannot_be_read_are_told_together() -> None:
    with pytest.raises(CaseFileError) as caught:
        reported(
            ("dydx_tier", TIER | {"im_ppm": "a fifth"}, {}),
            ("dydx_tier", {}, {}),
            ("dydx_bankruptcy", ACCOUNT | {"perp": "ETC"}, {}),
            ("dydx_bankruptcy", ACCOUNT | {"positions": {"BTX": 1}}, {}),
        )
    told = str(caught.value).splitlines()
    assert len(told) == 4
    assert "unknown instrument 'ETC'; the nearest known is 'ETH'" in told[2]
    assert "BTC, ETH" in told[3]


def test_a_rule_that_leaves_the_range_is_not_a_failure(monkeypatch) -> None:
    def beyond(case):
        raise OutOfRange("x = 2^70")

    monkeypatch.setitem(RULES, "dydx_tier", beyond)
    (result,) = reported(("dydx_tier", TIER, {"imr": 1})).results
    assert result.outcome == Outcome.OUT_OF_RANGE
    assert result.why == ("x = 2^70",)
