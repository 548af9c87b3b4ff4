"""Drift's takeover through several slots, with the numbers its own tests state after each call."""

import json

from solvent.lab.cases.check import check
from solvent.lab.cases.reading import cases_of
from solvent.lab.cases.table import VENUES

# protocol-v2, controller/liquidation/tests.rs, liquidation_over_multiple_slots as of 2026: twenty coins at 100, 5 % maintenance and 2 % buffer
ACCOUNT = {
    "price": 100_000_000,
    "maint_ratio": 500,
    "liq_fee": 10_000,
    "if_fee_max": 10_000,
    "duration": 150,
    "step": 10_000_000,
    "base": 20_000_000_000,
    "quote": -2_000_000_000,
    "deposit": 50_000_000,
    "buffer": 200,
    "initial_pct": 1_000,
    "open_bids": 10_000_000_000,
    "open_orders": 1,
}


def walked(inputs, expected):
    case = {"id": "walk", "venue": "drift-v2", "fn": "drift_liquidate_perp_seq", "inputs": inputs, "expected": expected}
    (result,) = check(cases_of(json.dumps([case]), "walk", VENUES), "walk").results
    return result


def test_over_several_slots() -> None:
    calls = [[1, 10**10], [76, 10**10], [76, 10**11], [101, 10**11], [136, 10**11]]
    states = [
        [20_000_000_000, None, 70_010_000, None, None, None],
        [14_800_000_000, None, 95_802_000, None, None, None],
        [14_760_000_000, None, 96_000_400, None, None, None],
        [9_420_000_000, None, 122_486_800, None, None, None],
        [1_910_000_000, None, 0, None, None, None],
    ]
    result = walked({**ACCOUNT, "calls": calls}, {"states": states})
    assert result.why == ()


def test_a_small_shortage_is_ended_at_once() -> None:
    small = {**ACCOUNT, "base": 2 * 10**9, "quote": -200_000_000, "deposit": 5_000_000, "open_bids": 10**9}
    result = walked({**small, "calls": [[1, 10**10]]}, {"states": [[200_000_000, None, 0, None, None, None]]})
    assert result.why == ()


def test_what_leaves_one_account_arrives_in_another() -> None:
    calls = [[1, 10**10], [76, 10**10], [101, 10**11]]
    result = walked({**ACCOUNT, "calls": calls}, {"states": [None] * 3})
    for base, quote, _freed, fund, taker_base, taker_quote in result.got["states"]:
        assert base + taker_base == ACCOUNT["base"]
        assert quote + taker_quote + fund == ACCOUNT["quote"]


def test_a_short_walks_like_a_long() -> None:
    short = {**ACCOUNT, "base": -20 * 10**9, "quote": 2_000_000_000, "open_bids": 0, "open_asks": -(10**10)}
    calls = [[1, 10**10], [76, 10**10], [136, 10**11]]
    longs = walked({**ACCOUNT, "calls": calls}, {"states": [None] * 3}).got["states"]
    shorts = walked({**short, "calls": calls}, {"states": [None] * 3}).got["states"]
    assert [[-state[0], state[2], state[3]] for state in shorts] == [[state[0], state[2], state[3]] for state in longs]


def test_refusals() -> None:
    sound = {**ACCOUNT, "deposit": 10**9, "calls": [[1, 10**10]]}
    assert walked(sound, {"error": "sufficient collateral"}).why == ()
    ruined = {**ACCOUNT, "base": 10**9, "quote": -150_000_000, "deposit": 0, "initial_pct": 10_000}
    ruined["calls"] = [[1, 10**10], [2, 10**10]]
    assert walked(ruined, {"error": "bankrupt"}).why == ()


def test_a_field_the_rule_does_not_know_is_not_ignored() -> None:
    result = walked({**ACCOUNT, "calls": [[1, 10**10]], "funding_rate": 3}, {"states": []})
    assert result.outcome == "unsupported"
    assert "'funding_rate'" in result.why[0]
