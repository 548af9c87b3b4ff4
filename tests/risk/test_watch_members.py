"""Sets of accounts against Python's own, in both word sizes NumPy may hand in."""

import random

import numpy as np
import pytest
from tests.plain import plain

from solvent.risk.watch.members import (
    COUNT,
    add_member,
    blank_members,
    clear_members,
    grown_members,
    has_member,
    next_member,
    remove_member,
)

ADD, HAS, NEXT, REMOVE, CLEAR = map(plain, (add_member, has_member, next_member, remove_member, clear_members))


def listed(members: np.ndarray) -> list[int]:
    found, account = [], -1
    while (account := int(NEXT(members, account + 1))) != -1:
        found.append(account)
    return found


@pytest.mark.parametrize("accounts", [1, 31, 32, 33, 1_024, 1_025, 32_768, 40_000])
@pytest.mark.parametrize("kind", [int, np.int32, np.int64])
def test_a_set_is_a_set(accounts: int, kind: type) -> None:
    chance = random.Random(accounts)
    members, truth = blank_members(accounts), set()
    edges = [0, accounts - 1, accounts // 2, min(31, accounts - 1), min(32, accounts - 1)]
    for _ in range(200):
        account = chance.choice([*edges, chance.randrange(accounts)])
        if chance.random() < 0.6:
            ADD(members, kind(account))
            truth.add(account)
        else:
            REMOVE(members, kind(account))
            truth.discard(account)
        assert bool(HAS(members, kind(account))) == (account in truth)
        assert members[COUNT] == len(truth)
    assert listed(members) == sorted(truth)
    bigger = grown_members(members, 3 * accounts + 7)
    assert listed(bigger) == sorted(truth)
    ADD(bigger, 3 * accounts + 6)
    assert listed(bigger) == [*sorted(truth), 3 * accounts + 6]
    CLEAR(members)
    assert listed(members) == []
    assert not members[4:].any()


def test_the_last_words_of_a_set_that_fills_all_its_levels() -> None:
    for accounts in (32, 1_024, 32_768, 65_536):
        members = blank_members(accounts)
        ADD(members, 0)
        assert NEXT(members, 1) == -1
        assert NEXT(members, accounts - 1) == -1
        assert NEXT(members, max(accounts - 40, 1)) == -1
        ADD(members, accounts - 1)
        assert listed(members) == [0, accounts - 1]
