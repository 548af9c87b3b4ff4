"""The index of owners finds whom a walk over all accounts finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.ground import blank_state
from tests.plain import plain

from solvent.state.owners import blank_owners, last_of_owner, note_owner, owner_slots
from solvent.state.tables import NONE


def found(index: dict[str, np.ndarray], accounts: np.ndarray, owner: int) -> list[int]:
    """Every account of an owner, the last one first."""
    chain = [int(plain(last_of_owner)(index["owner_slots"], accounts, owner))]
    while chain[-1] != NONE:
        chain.append(int(index["owner_before"][chain[-1]]))
    return chain[:-1]


ALIKE = some.integers(-2, 3)
APART = some.integers(-(2**62), 2**62)
CLUSTERED = some.integers(-3, 3).map(lambda n: n << 40)


@given(some.lists(ALIKE | APART | CLUSTERED, max_size=30))
def test_every_owner_has_the_accounts_a_walk_finds(owners):
    room = max(len(owners), 1)
    accounts = blank_state(accounts=room + 16).accounts
    index = blank_owners(len(accounts))
    for account, owner in enumerate(owners):
        accounts[account].owner = owner
        plain(note_owner)(index["owner_slots"], index["owner_before"], accounts, account)
    for owner in {*owners, 4, -5, 2**61 + 1}:
        walked = [account for account in range(len(owners)) if owners[account] == owner]
        assert found(index, accounts, owner) == walked[::-1]


@pytest.mark.parametrize("accounts", [0, 1, 2, 3, 16, 17, 1_000_000])
def test_half_of_the_places_are_free(accounts):
    assert owner_slots(accounts) >= 2 * accounts
    assert owner_slots(accounts) & (owner_slots(accounts) - 1) == 0
