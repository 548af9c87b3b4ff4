"""Cases drawn from the worked examples, their numbers moved: the rules agree with formulas in fractions."""

import copy
import json
import os
import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from tests.lab.cases.example_twins import TWINS

from solvent.lab.cases.case import BadInput, OutOfRange, Unsupported
from solvent.lab.cases.reading import cases_of
from solvent.lab.cases.table import RULES, VENUES

ENTRIES = json.loads((Path(__file__).parent / "venue_cases.json").read_text(encoding="utf-8"), parse_float=Decimal)
DRAWS = int(os.environ.get("SOLVENT_CASES", "600"))
KEPT = {"exponent", "positions", "rule", "dex", "side"}
FACTORS = [Decimal(text) for text in ("0.5", "0.8", "0.9", "1.1", "1.3", "2", "3")]


def moved(value, chance, name=""):
    """The same shape with some of its numbers larger or smaller, to ten digits."""
    if isinstance(value, dict):
        return {key: moved(one, chance, key) for key, one in value.items()}
    if isinstance(value, list):
        return [moved(one, chance, name) for one in value]
    if isinstance(value, bool) or name in KEPT or not isinstance(value, int | Decimal) or chance.random() < 0.4:
        return value
    if "leverage" in name:
        return max(2, round(value * chance.choice(FACTORS)))
    return Decimal(f"{value * chance.choice(FACTORS):.10g}")


def fractions(value):
    """Every number as a fraction."""
    if isinstance(value, dict):
        return {key: fractions(one) for key, one in value.items()}
    if isinstance(value, list):
        return [fractions(one) for one in value]
    return Fraction(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def drawn(topic, chance):
    """Situations of a topic: an example that has what the formula reads, moved; sometimes the other side of it."""
    fit = []
    for entry in ENTRIES["examples"]:
        if entry["topic"] == topic:
            try:
                TWINS[topic](fractions(entry["inputs"]))
            except KeyError:
                continue
            fit.append(entry)
    entry = copy.deepcopy(chance.choice(fit))
    entry["inputs"] = moved(entry["inputs"], chance)
    for part in (entry["inputs"], entry["inputs"].get("target", {})):
        if "side" in part and chance.random() < 0.5:
            part["side"] = -part["side"]
    return entry


def differ(got, want) -> bool:
    if isinstance(want, list):
        return len(got) != len(want) or any(differ(a, b) for a, b in zip(got, want, strict=True))
    return abs(Fraction(got) - want) > max(Fraction(1, 10**9), Fraction(1, 10**6) * abs(want))


@pytest.mark.parametrize("topic", sorted(TWINS))
def test_a_rule_agrees_with_its_formula(topic) -> None:
    chance = random.Random(topic)
    compared = 0
    for _ in range(max(DRAWS // len(TWINS), 10)):
        entry = drawn(topic, chance)
        (case,) = cases_of(json.dumps([entry], default=str), "drawn", VENUES)
        try:
            got = RULES[topic](case)
        except (BadInput, OutOfRange, Unsupported):
            continue
        want = TWINS[topic](fractions(entry["inputs"]))
        for name, value in want.items():
            # a price at or below zero is no price; which one the rule names does not matter
            if "liquidation_price" in name and value <= 0:
                continue
            assert not differ(got[name], value), f"{name}: {got[name]} instead of {value} for {entry['inputs']}"
            compared += 1
    assert compared > 5
