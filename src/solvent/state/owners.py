"""Which accounts belong to one owner: the last one opened, and before each the one opened before it.

An index beside the tables. It is derived from the owners in the table of accounts: no digest sees it, and it can be
built again at any time. An owner stands in `slots` at the first free place from where the number points; the places are
a power of two and at least twice the accounts, so that one is always free and hardly any owner stands far from there.
Accounts are never closed and never change hands, so nothing is ever taken out.
"""

import numpy as np

from solvent.compiled import kernel
from solvent.state.tables import NONE

LOW_BITS = 2**31 - 1
SPREAD = 2654435769
"""2^32 over the golden ratio (Knuth, volume 3, 6.4): neighbours end far apart; times 31 bits it stays below 2^63."""
SPREAD_SHIFT = 16


def owner_slots(accounts: int) -> int:
    """How many places an index of so many accounts has."""
    return 1 << (2 * max(accounts, 1) - 1).bit_length()


def blank_owners(accounts: int) -> dict[str, np.ndarray]:
    """An index of nobody with room for so many accounts, by the names of its arrays in the watch."""
    return {
        "owner_slots": np.full(owner_slots(accounts), NONE, dtype=np.int32),
        "owner_before": np.full(accounts, NONE, dtype=np.int32),
    }


@kernel
def place_of_owner(slots, accounts, owner):
    """Where the owner stands, or the free place where the owner would."""
    last = slots.shape[0] - 1
    place = (((owner ^ (owner >> 31)) & LOW_BITS) * SPREAD >> SPREAD_SHIFT) & last
    for _turn in range(slots.shape[0]):  # pragma: no branch (half of the places are free)
        if slots[place] == NONE or accounts[slots[place]].owner == owner:
            break
        place = (place + 1) & last
    return place


@kernel
def note_owner(slots, before, accounts, account):
    """An account was opened: from now on it is the last of its owner's."""
    place = place_of_owner(slots, accounts, accounts[account].owner)
    before[account] = slots[place]
    slots[place] = account


@kernel
def last_of_owner(slots, accounts, owner):
    """The account the owner opened last, or NONE; `before` leads to the others."""
    return slots[place_of_owner(slots, accounts, owner)]
