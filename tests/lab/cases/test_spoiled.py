"""Situations that make no sense: each is told, turned away or answered, and none ends in a traceback."""

import random
from decimal import Decimal

import pytest
from tests.lab.cases.test_drift_walk import ACCOUNT
from tests.lab.cases.test_twins import DRAWN, VENUE_OF

from solvent.lab.cases.case import BadInput, Case
from solvent.lab.cases.check import Outcome, result_of

SPOILED = 60
NONSENSE = [None, "x", "", True, [], [1], {}, {"BTC": "x"}, "1.5", Decimal("0.5"), Decimal("1e-30"), Decimal("1e30")]
EDGES = [0, 1, -1, 2**61, 2**62, -(2**62), 2**63 - 1, 2**64]


def walk(r):
    return {**ACCOUNT, "calls": [[1, 10**10], [r.randrange(300), 10**10]]}


def modelled(r):
    return {"risk_aversion": Decimal("0.01"), "tau": Decimal("0.1"), "sigma": 1, "open": 40, "mark": 50, "linear": 1}


def bounded(r):
    return {"ref": 100_000, "horizon_s": 600, "probability": Decimal("0.99"), "sigma": 2}


TOPICS = {**DRAWN, "drift_liquidate_perp_seq": walk, "vega_margin_lognormal": modelled, "vega_bounds": bounded}


def spoiled(r, value):
    if isinstance(value, list) and value and r.random() < 0.7:
        place = r.randrange(len(value))
        return [*value[:place], spoiled(r, value[place]), *value[place + 1 :]]
    if isinstance(value, dict) and value and r.random() < 0.7:
        name = r.choice(list(value))
        return {**value, name: spoiled(r, value[name])}
    if isinstance(value, int) and r.random() < 0.5:
        return r.choice([-value, value + 1, value * 10**12])
    return r.choice(NONSENSE + EDGES)


def as_read(value):
    """Floats as a file of cases gives them."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, list):
        return [as_read(inner) for inner in value]
    if isinstance(value, dict):
        return {name: as_read(inner) for name, inner in value.items()}
    return value


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_nonsense_is_told(topic) -> None:
    r = random.Random(topic)
    ended = set()
    for _ in range(SPOILED):
        inputs = as_read(TOPICS[topic](r))
        name = r.choice(list(inputs))
        inputs[name] = spoiled(r, inputs[name])
        if r.random() < 0.1:
            del inputs[name]
        try:
            ended.add(result_of(Case("spoiled", VENUE_OF[topic.split("_")[0]], topic, inputs, {})).outcome)
        except BadInput as fault:
            ended.add("told")
            assert str(fault)
    assert "told" in ended
    assert ended <= {"told", *Outcome}
