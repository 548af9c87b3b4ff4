"""The effect of a change: none of one with itself, and what the machine says account by account."""

import tomllib
from fractions import Fraction

import numpy as np
import pytest

from solvent.codes import Level
from solvent.lab.effect import contracts_of, effect_of, opening_of, standings, traders_of, under
from solvent.procedures.assess import assess_accounts
from solvent.rulebook.document import parse_rulebook, read_rulebook

BOOK = read_rulebook("solvent")


@pytest.fixture(scope="module")
def snapshot():
    return opening_of("2025-10-10", BOOK, 200, 1)


def test_the_same_rules_change_nothing_and_judge_as_the_machine_does(snapshot) -> None:
    state, symbols, decimals = snapshot
    effect = effect_of(state, symbols, decimals, BOOK, BOOK)
    assert (effect.fallen_count, effect.recovered_count) == (0, 0)
    assert effect.maintenance_quanta[0] == effect.maintenance_quanta[1]
    accounts = traders_of(state)
    answers = np.zeros((len(accounts), 4), dtype=np.int64)
    assess_accounts(state, int(Level.MAINTENANCE), accounts, answers)
    assert effect.maintenance_quanta[0] == int(answers[:, 1].sum())
    judged = standings(under(state, BOOK, BOOK, contracts_of(state, symbols, decimals), decimals), accounts)
    assert [one.equity for one in judged] == answers[:, 0].tolist()


def test_twice_the_maintenance_is_twice_the_maintenance(snapshot) -> None:
    state, symbols, decimals = snapshot
    text = BOOK.text.replace("maintenance_share_ppm = 500000", "maintenance_share_ppm = 1000000")
    assert tomllib.loads(text) != tomllib.loads(BOOK.text)
    effect = effect_of(state, symbols, decimals, BOOK, parse_rulebook(text, "doubled.toml"))
    before, after = effect.maintenance_quanta
    assert abs(Fraction(after, before) - 2) < Fraction(1, 10**6)
    assert effect.fallen_count >= len(effect.fallen)
    assert all(one.after.distressed and not one.before.distressed for one in effect.fallen)
    shortfalls = [one.after.equity - one.after.maintenance for one in effect.fallen]
    assert shortfalls == sorted(shortfalls)
