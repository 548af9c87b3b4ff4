"""Every cell of the matrix in docs/deleveraging.md is found again, and the counter-examples stay."""

import re
from pathlib import Path

import numpy as np
import pytest

from solvent.lab.fairness.axioms import AXIOMS, UNMOVED, draw, first_break
from solvent.lab.fairness.policies import POLICIES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "deleveraging.md"
ROW = re.compile(r"^\| (\w+) \| ((?:holds|\d+)(?: \| (?:holds|\d+))+) \|$", re.MULTILINE)
SEEDS = 200


def cells() -> list[tuple[str, str, str]]:
    found = []
    for policy, row in ROW.findall(PAGE.read_text(encoding="utf-8")):
        found += [(policy, axiom, cell) for axiom, cell in zip(AXIOMS, row.split(" | "), strict=True)]
    return found


def test_the_page_holds_a_cell_for_every_policy_and_axiom() -> None:
    assert {(policy, axiom) for policy, axiom, _cell in cells()} == {(p, a) for p in POLICIES for a in AXIOMS}


@pytest.mark.parametrize(("policy", "axiom", "cell"), cells())
def test_the_page_says_what_the_seeds_say(policy: str, axiom: str, cell: str) -> None:
    if cell == "holds":
        assert first_break(policy, axiom, 40).broken_by is None
        return
    seed = int(cell)
    winners, loss, random = draw(seed)
    how = AXIOMS[axiom][1](POLICIES[policy], winners, loss, random)
    assert how is not None
    assert how != UNMOVED or seed == 0


def test_no_policy_keeps_every_axiom() -> None:
    for policy in POLICIES:
        assert any(cell != "holds" for name, _axiom, cell in cells() if name == policy)


def test_a_check_finds_a_planted_fault() -> None:
    def thief(winners, loss):
        got = POLICIES["gains"](winners, loss)
        charged = got.charged.copy()
        charged[0] += 1
        return type(got)(charged, got.fund, got.missing)

    winners, loss, random = draw(1)
    assert AXIOMS["A1"][1](thief, winners, loss, random) is not None

    def by_place(winners, loss):
        got = POLICIES["gains"](winners, loss)
        return type(got)(np.sort(got.charged), got.fund, got.missing)

    broken = [AXIOMS["A7"][1](by_place, *draw(seed)[:2], random) for seed in range(40)]
    assert any(broken)
