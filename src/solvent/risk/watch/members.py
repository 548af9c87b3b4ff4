"""Sets of accounts as bits: taken in ascending order whatever the order they came in, at an eighth of a byte each.

A set is one int64 array: [count, words, words above, words above those], then three levels of words of 32 bits. A bit
of a higher level says that the word below it holds something, so that an empty stretch of a million accounts is
skipped by reading some thirty words.
"""

import numpy as np

from solvent.compiled import kernel
from solvent.state.tables import NONE

COUNT = 0
HEADER = 4
WORD = 32


def blank_members(accounts: int) -> np.ndarray:
    """An empty set with room for so many accounts."""
    low = -(-max(accounts, 1) // WORD)
    middle = -(-low // WORD)
    high = -(-middle // WORD)
    members = np.zeros(HEADER + low + middle + high, dtype=np.int64)
    members[1:HEADER] = low, middle, high
    return members


def grown_members(members: np.ndarray, accounts: int) -> np.ndarray:
    """The same set with room for at least so many accounts."""
    bigger = blank_members(accounts)
    if len(bigger) <= len(members):
        return members
    words = members[HEADER : HEADER + int(members[1])]
    first = HEADER
    for level in range(1, HEADER):
        bigger[first : first + len(words)] = words
        first += int(bigger[level])
        filled = np.zeros(-(-len(words) // WORD) * WORD, dtype=np.int64)
        filled[: len(words)] = words != 0
        words = (filled.reshape(-1, WORD) << np.arange(WORD)).sum(axis=1)
    bigger[COUNT] = members[COUNT]
    return bigger


@kernel
def clear_members(members):
    """Nobody is in the set any more."""
    members[COUNT] = 0
    members[HEADER:] = 0


@kernel
def has_member(members, account):
    """True when the account is in the set."""
    return (members[HEADER + (account >> 5)] >> (account & 31)) & 1 == 1


@kernel
def add_member(members, account):
    """Put the account into the set; nothing when it is there."""
    low = account >> 5
    place = HEADER + low
    bit = 1 << int(account & 31)
    before = members[place]
    if before & bit != 0:
        return
    members[place] = before | bit
    members[COUNT] += 1
    if before == 0:
        middle = low >> 5
        place = HEADER + members[1] + middle
        before = members[place]
        members[place] = before | (1 << int(low & 31))
        if before == 0:
            members[HEADER + members[1] + members[2] + (middle >> 5)] |= 1 << int(middle & 31)


@kernel
def remove_member(members, account):
    """Take the account out of the set; nothing when it is not there."""
    low = account >> 5
    place = HEADER + low
    bit = 1 << int(account & 31)
    before = members[place]
    if before & bit == 0:
        return
    members[place] = before ^ bit
    members[COUNT] -= 1
    if before == bit:
        middle = low >> 5
        place = HEADER + members[1] + middle
        before = members[place]
        bit = 1 << int(low & 31)
        members[place] = before ^ bit
        if before == bit:
            members[HEADER + members[1] + members[2] + (middle >> 5)] ^= 1 << int(middle & 31)


@kernel
def _lowest(word):
    """Place of the lowest bit of a word that has one."""
    place = 0
    if word & 0xFFFF == 0:
        word >>= 16
        place = 16
    if word & 0xFF == 0:
        word >>= 8
        place += 8
    if word & 0xF == 0:
        word >>= 4
        place += 4
    if word & 0x3 == 0:
        word >>= 2
        place += 2
    if word & 0x1 == 0:
        place += 1
    return place


@kernel
def next_member(members, account):
    """The smallest account of the set that is not below `account`, or -1."""
    low_words = members[1]
    middle_words = members[2]
    low = account >> 5
    if members[COUNT] == 0 or low >= low_words:
        return NONE
    word = members[HEADER + low] >> (account & 31)
    if word != 0:
        return account + _lowest(word)
    low += 1
    middle = low >> 5
    if middle >= middle_words:
        return NONE
    word = members[HEADER + low_words + middle] >> (low & 31)
    if word != 0:
        low += _lowest(word)
        return low * WORD + _lowest(members[HEADER + low])
    middle += 1
    high = middle >> 5
    if high >= members[3]:
        return NONE
    first = HEADER + low_words + middle_words
    word = members[first + high] >> (middle & 31)
    if word != 0:
        middle += _lowest(word)
    else:
        high += 1
        while high < members[3] and members[first + high] == 0:
            high += 1
        if high >= members[3]:
            return NONE
        middle = high * WORD + _lowest(members[first + high])
    low = middle * WORD + _lowest(members[HEADER + low_words + middle])
    return low * WORD + _lowest(members[HEADER + low])


@kernel
def take_batch(members, account, batch, most):
    """Write members from `account` (one of them) on into `batch`, at most so many: (how many, the next one or -1)."""
    count = 0
    room = min(batch.shape[0], most)
    while account != NONE and count < room:
        batch[count] = account
        count += 1
        account = next_member(members, account + 1)
    return count, account
