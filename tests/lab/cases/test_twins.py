"""Cases nobody has written: drawn at random, answered by the slow twins, put to the rules like a venue's own."""

import json
import os
import random

import pytest
from tests.lab.cases import twins

from solvent.lab.cases.check import Outcome, check
from solvent.lab.cases.reading import cases_of
from solvent.lab.cases.table import RULES, VENUES

CASES = int(os.environ.get("SOLVENT_CASES", "120"))
"""Of each rule; a longer campaign sets it in the environment."""

VENUE_OF = {"dydx": "dydx-v4", "drift": "drift-v2", "vega": "vega", "mango": "mango-v4"}


def near(r, bound):
    """A number whose size is as likely small as large; sometimes an edge."""
    if r.random() < 0.1:
        return r.choice([0, 1, bound])
    return r.randrange(1, 10 ** r.randrange(1, len(str(bound)))) % (bound + 1)


def signed(r, bound):
    return near(r, bound) * r.choice([1, -1])


def ppm(r):
    return r.choice([0, 1, 10**6, r.randrange(10**6)])


def account(r):
    positions = {name: signed(r, 10**10) for name in ("BTC", "ETH") if r.random() < 0.8}
    positions = {name: size for name, size in positions.items() if size}
    worth = sum(twins.dydx_worth(name, size) for name, size in positions.items())
    # near its bankruptcy or its maintenance, on either side
    gross = sum(abs(twins.dydx_worth(name, size)) for name, size in positions.items())
    return {"usdc": -worth + r.randrange(-gross // 8 - 1, gross // 4 + 2), "positions": positions}


def closing(r, positions):
    perp = r.choice(list(positions) or ["BTC"])
    size = positions.get(perp, 0)
    if r.random() < 0.1:
        return perp, signed(r, 10**10) or 1
    return perp, -size if r.random() < 0.4 else -(r.randrange(abs(size) + 1) or 1) * (1 if size > 0 else -1)


def dydx_margin(r):
    lower = near(r, 10**12)
    return {
        "price": near(r, 10**9),
        "price_exponent": r.randrange(-6, 2),
        "atomic_resolution": r.randrange(-9, -5),
        "base_quantums": signed(r, 10**9),
        "im_ppm": ppm(r),
        "mf_ppm": ppm(r),
        "open_interest": near(r, 10**9),
        "oi_lower": lower,
        "oi_upper": r.choice([0, lower, lower + near(r, 10**12)]),
    }


def dydx_tier(r):
    lower = near(r, 10**15)
    return {
        "im_ppm": ppm(r),
        "quote_quantums": signed(r, 10**15),
        "oi_notional": near(r, 10**15),
        "oi_lower": lower,
        "oi_upper": r.choice([0, lower, lower + near(r, 10**15)]),
    }


def dydx_bankruptcy(r):
    held = account(r)
    perp, delta = closing(r, held["positions"])
    return {**held, "perp": perp, "delta": delta}


def dydx_fillable(r):
    held = account(r)
    perp, _ = closing(r, held["positions"])
    return {**held, "perp": perp, "smmr_ppm": r.choice([1, 10**5, 1_500_000]), "ba_ppm": r.choice([10**6, 2 * 10**6])}


def dydx_subticks(r):
    return {
        "num": near(r, 10**12),
        "den": r.choice([1, 2, 3, 100, 997]),
        "qce": r.randrange(-9, 4),
        "ticks_per": r.choice([1, 5, 100, 10**5]),
        "is_long": r.random() < 0.5,
    }


def dydx_if_delta(r):
    held = account(r)
    perp, delta = closing(r, held["positions"])
    price = twins.MARKETS[perp][0]
    return {
        **held,
        "perp": perp,
        "is_buy": delta > 0,
        "fill": abs(delta),
        "subticks": int(price * 10**8 * r.randrange(800, 1200) / 1000),
        "fee_ppm": r.choice([0, 5_000, 15_000, 10**6]),
        "qce": -8,
    }


def dydx_liq_size(r):
    return {
        "position": signed(r, 10**9) or 7,
        "step": r.choice([1, 3, 5, 10, 1_000]),
        "price": near(r, 10**10) or 1,
        "exp": -5,
        "res": r.choice([-8, -6]),
        "min_notional": near(r, 10**6),
        "portion_ppm": ppm(r),
        "sub_remaining": r.choice([None, 0, near(r, 10**10)]),
    }


def dydx_deleverage(r):
    liquidated, offsetting = account(r), account(r)
    perp, delta = closing(r, liquidated["positions"])
    if r.random() < 0.9:
        offsetting["usdc"] -= twins.dydx_worth(perp, delta) - twins.dydx_worth(
            perp, offsetting["positions"].pop(perp, 0)
        )
        offsetting["positions"][perp] = delta
    return {
        "liq": liquidated,
        "off": offsetting,
        "perp": perp,
        "delta": delta,
        "oracle": r.random() < 0.3,
        "im": r.choice([200_000, 10**6]),
        "mf": r.choice([500_000, 10**6]),
    }


def dydx_ratelimit(r):
    return {"tvl": near(r, 10**17), "ppm": ppm(r), "minimum": near(r, 10**12)}


def spot(r):
    return {
        "asset_decimals": r.choice([2, 6, 8, 9]),
        "liab_decimals": r.choice([5, 6, 9]),
        "asset_price": near(r, 10**11) or 1,
        "liab_price": near(r, 10**11) or 1,
        "asset_mult": r.randrange(10**6, 12 * 10**5),
        "liab_mult": r.randrange(8 * 10**5, 10**6 + 1),
    }


def drift_asset_transfer(r):
    return {**spot(r), "liab_amount": near(r, 10**12), "asset_amount": near(r, 10**12)}


def drift_implied_liab(r):
    return {**spot(r), "asset_amount": near(r, 10**12)}


def drift_liab_transfer(r):
    drawn = spot(r)
    names = ("asset_mult", "liab_mult", "liab_decimals", "liab_price")
    return {
        **{name: drawn[name] for name in names},
        "shortage": near(r, 10**12),
        "asset_weight": r.choice([8_000, 9_500, 10_000]),
        "liab_weight": r.choice([10_000, 11_000, 12_000]),
        "if_fee": r.choice([0, 10_000, 50_000]),
    }


def drift_base_to_cover(r):
    return {
        "shortage": near(r, 10**12),
        "margin_ratio": r.choice([100, 500, 1_000]),
        "oracle": near(r, 10**12),
        "liq_fee": r.choice([0, 10_000, 100_000]),
        "if_fee": r.choice([0, 10_000, 40_000]),
        "quote_oracle": r.choice([990_000, 10**6, 1_010_000]),
    }


def drift_perp_if_fee(r):
    return {
        "base": signed(r, 10**15),
        "margin_ratio": r.choice([100, 500]),
        "oracle": near(r, 10**11),
        "max_if_fee": r.choice([0, 10_000, 50_000]),
        "shortage": near(r, 10**14),
        "liq_fee": r.choice([0, 10_000, 100_000]),
    }


def drift_spot_if_fee(r):
    return {
        "tokens": near(r, 10**16),
        "asset_weight": r.choice([8_000, 10_000, 11_000]),
        "asset_mult": r.choice([10**6, 1_010_000]),
        "liab_weight": r.choice([11_000, 12_000]),
        "liab_mult": r.choice([990_000, 10**6]),
        "decimals": r.choice([6, 9]),
        "price": near(r, 10**10),
        "max_if_fee": r.choice([0, 50_000, 10**6]),
        "shortage": near(r, 10**14),
    }


def drift_liq_fee(r):
    start = near(r, 10**6)
    return {
        "base_fee": r.choice([0, 20_000]),
        "max_fee": r.choice([20_000, 50_000]),
        "user_slot": start,
        "slot": start + r.choice([-1, 0, 10, 1_499, 1_500, 1_501, 30_000, 10**6]),
    }


def drift_max_pct(r):
    return {
        "shortage": r.choice([0, 49_999_999, 50_000_000, near(r, 10**12)]),
        "freed": near(r, 10**11),
        "slots_elapsed": near(r, 300),
        "initial_pct": r.choice([0, 1_000, 10_000]),
        "duration": r.choice([0, 10, 150]),
    }


def drift_spot_weights(r):
    return {
        "decimals": r.choice([6, 9, 11]),
        "initial_asset_weight": r.choice([8_000, 9_000, 10_000]),
        "initial_liability_weight": r.choice([11_000, 12_000]),
        "size": near(r, 10**15),
        "imf": r.choice([0, 10, 3_000, 100_000]),
    }


def drift_scaled_iw(r):
    return {
        "initial_asset_weight": r.choice([8_000, 9_000]),
        "scale_start": near(r, 10**12),
        "deposits": near(r, 10**15),
        "decimals": r.choice([6, 9]),
        "price": near(r, 10**9),
    }


def drift_funding_delta(r):
    return {"loss": -near(r, 10**8), "base_long": near(r, 10**12), "base_short": -near(r, 10**12)}


def drift_deposit_delta(r):
    return {
        "borrow": near(r, 10**12),
        "cumulative_interest": 10**10 + near(r, 10**10),
        "total_deposits": near(r, 10**13),
    }


def decimal_text(r, most):
    return str(r.choice([0, r.randrange(10**6) * most / 10**6, most]))


def vega_margin(r):
    return {
        "open": signed(r, 10**5),
        "buys": near(r, 10**4),
        "sells": near(r, 10**4),
        "mark": near(r, 10**7),
        "rf_long": decimal_text(r, 1),
        "rf_short": decimal_text(r, 2),
        "linear": r.choice(["0", "0.001", "0.25", "0.0873794174757282"]),
        "quadratic": r.choice(["0", "0", "0.0001"]),
        "funding": r.choice(["0", "12", "-3.5"]),
        "factors": [1.1, 1.23456789, 2],
        "pdp": r.choice([0, 0, 1]),
    }


def vega_losssoc(r):
    names = ["party" + str(place) for place in range(r.randrange(1, 7))]
    if r.random() < 0.3:
        names[r.randrange(len(names))] = "network"
    winners = [[name, near(r, 10**12)] for name in names]
    total = sum(owed for _name, owed in winners) or 1
    return {"expected": total, "collected": r.randrange(total + 1), "winners": winners}


def vega_collect(r):
    losses = [["p" + str(place), near(r, 10**9), near(r, 10**9)] for place in range(r.randrange(1, 7))]
    return {"losses": losses, "pool": near(r, 10**9)}


def vega_disposal(r):
    drawn = {
        "position": signed(r, 10**6),
        "fraction": r.choice([0.1, 0.2, 0.333, 1]),
        "full": r.choice([0, 5, 50]),
        "steps": r.randrange(1, 12),
    }
    if r.random() < 0.5:
        drawn |= {"available": near(r, 10**6), "max_fraction": r.choice([0.01, 0.5, 1])}
    return drawn


def vega_closeout(r):
    return {name: near(r, 1_000) for name in ("margin", "general", "mtm_loss", "maintenance")}


def mango_token_liq(r):
    return {
        "asset_weight": r.choice([0.7, 0.8, 0.9, 1]),
        "liab_weight": r.choice([0.7, 0.8, 0.9, 1]),
        "asset": r.randrange(1, 100) / 4,
        "liab": -r.randrange(1, 100) / 4,
        "other": r.randrange(-20, 20) / 4,
        "max_liab_transfer": r.choice([0, 2, 7.5, 100]),
    }


def mango_perp_bankruptcy(r):
    return {
        "settle_weight": r.choice([0.8, 0.9, 1]),
        "settle_price": r.choice([1, 2]),
        "insurance_price": r.choice([1, 3]),
        "settle": r.randrange(-40, 80) / 2,
        "perp": -r.randrange(1, 200) / 2,
        "other": r.randrange(-80, 80) / 2,
        "insurance": r.choice([0, 6, 1_000]),
        "settle_limit": r.choice([0, 5, 100]),
        "max_liab_transfer": r.choice([0, 3, 29, 100]),
    }


DRAWN = {name: draw for name, draw in list(globals().items()) if name.split("_")[0] in VENUE_OF and callable(draw)}
BELOW_THE_ROUNDING = {"mango_token_liq": 1e-6, "mango_perp_bankruptcy": 1e-5}
"""Mango's amounts are billionths and its twin's payment is rounded where one of them would tip it."""


@pytest.mark.parametrize("topic", sorted(DRAWN))
def test_a_rule_agrees_with_its_twin_where_nobody_looked(topic) -> None:
    r = random.Random(topic)
    drawn = [DRAWN[topic](r) for _ in range(CASES)]
    expected = [getattr(twins, topic)(inputs) for inputs in drawn]
    cases = [
        {
            "id": f"{topic}-{place}",
            "venue": VENUE_OF[topic.split("_")[0]],
            "fn": topic,
            "inputs": inputs,
            "expected": answer,
            "tolerance": BELOW_THE_ROUNDING.get(topic, 0),
        }
        for place, (inputs, answer) in enumerate(zip(drawn, expected, strict=True))
    ]
    report = check(cases_of(json.dumps(cases), "drawn", VENUES), "drawn")
    for result, answer in zip(report.results, expected, strict=True):
        if result.outcome == Outcome.OUT_OF_RANGE:
            # only what has no finite answer, or whose answer does not fit, may be turned away
            assert answer is None or too_wide(answer), (result.case.inputs, result.why)
        else:
            assert answer is not None, result.case.inputs
            assert result.outcome == Outcome.PASSED, (result.case.inputs, result.why, result.case.steps)
    answered = sum(answer is not None and "error" not in answer for answer in expected)
    assert answered >= CASES // 3, "too few of the drawn cases have an answer"


def too_wide(answer) -> bool:
    numbers = [answer[name] for name in answer if isinstance(answer[name], int)]
    return any(abs(number) >= twins.LIMIT // 10**6 for number in numbers)


def test_every_rule_with_a_twin_is_drawn() -> None:
    assert set(DRAWN) <= set(RULES)
    ours = {topic for topic in RULES if topic.split("_")[0] in VENUE_OF}
    # the model's factors, the bounds and the walk through slots have tests of their own
    assert ours - set(DRAWN) == {
        *("drift_liquidate_perp_seq", "vega_bounds", "vega_margin:maintenance", "vega_margin_lognormal", "vega_rf"),
    } | {topic for topic in ours if topic.startswith("dydx_") and topic not in DRAWN}
