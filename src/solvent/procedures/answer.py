"""A price, a funding or new terms, answered: first decided, then repaired.

Decide: whoever may have become distressed is judged exactly, in ascending order, and flagged. The list is complete
before anything else happens. Repair: those who stayed sound get new corners, at most a slice of them now; the others
are `pending`, judged at every price until their turn comes. When a change concerns more than a tenth of the accounts
the collecting stops and everybody is scanned; those it concerns are pending, or, when they are most of the accounts,
all corners are made anew in slices while prices go on being answered by the scan. Neither the list nor its order
depends on the way it was found.
"""

import numpy as np

from solvent.codes import AccountKind, Level, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.review import flag, give_corner, set_negative
from solvent.risk.margin import judge
from solvent.risk.watch import (
    COUNT,
    CURSOR,
    JUDGED,
    REPAIRED,
    SCANS,
    SLICE,
    WARM_CHUNK,
    add_member,
    clear_members,
    collect,
    collect_holders,
    doubt,
    find_passed,
    hide_from_scan,
    is_mirrored,
    keep_thin,
    make_maxima,
    next_member,
    remove_member,
    take_batch,
    warm,
)
from solvent.state.tables import NONE
from solvent.units import LIMIT, PPM

SLICE_SHARE = 16
"""Part of all accounts whose corners one command makes anew at most, where that is more than `meter[SLICE]`."""

ANEW_SHARE = 2
"""From this part of the accounts on, making all corners anew in their order is cheaper than finding the broken ones."""

FILTER_SHARE = 100
"""From this part of the accounts on, clearing everybody by the filter is cheaper than judging those who were found."""

UNKNOWN = -1
ANEW = -2

FUNDING_STEPS = 8
"""Fundings of the size of the last one that a market's band leaves room for, each way."""

WORKLIST_PRIME = 2**31 - 1
WORKLIST_LOW = 48_271
WORKLIST_HIGH = 69_621
"""The worklist's hash: two residues of a polynomial in the account numbers, from the price version on."""


@kernel
def _is_watched(state, account):
    """True for a trader's account that is not with the liquidation engine."""
    terms = state.accounts[account]
    return terms.status == Status.SOUND and terms.kind != AccountKind.SYSTEM and terms.kind != AccountKind.NONE


@kernel
def _decide_one(state, watch, tape, account):
    """Surplus of the account if it stays sound, else -1 after flagging it."""
    equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    watch.meter[JUDGED] += 1
    surplus = equity - requirement - state.stages[0].or_equal
    if surplus >= 0 or (requirement == 0 and equity >= 0):
        return max(surplus, 0)
    flag(state, tape, account, equity, requirement)
    set_negative(state, tape, account, 1 if equity < 0 else 0)
    return NONE


@kernel
def _judge_found(state, watch, tape, found):
    """Judge the first `found` of `watch.fired`; those who stay sound move up, with their surplus; give their number."""
    left = 0
    for first in range(0, found, WARM_CHUNK):
        last = min(first + WARM_CHUNK, found)
        # a few stay in the caches until they are repaired
        with_keys = found <= WARM_CHUNK
        warm(state, watch, watch.fired[first:last], watch.surplus[first:last], last - first, with_keys)
        for i in range(first, last):
            account = watch.fired[i]
            if _is_watched(state, account):
                surplus = _decide_one(state, watch, tape, account)
                if surplus >= 0:
                    watch.fired[left] = account
                    watch.surplus[left] = surplus
                    left += 1
    return left


@kernel
def _slice(state, watch):
    """How many corners one command makes anew at most."""
    return max(watch.meter[SLICE], state.venue[0].account_count // SLICE_SHARE)


@kernel
def _repair_found(state, watch, left):
    """New corners for a slice of those who stayed sound; the others wait, and are judged at every price meanwhile."""
    piece = min(_slice(state, watch), left)
    rows = np.empty(WARM_CHUNK, np.int64)
    for first in range(0, piece, WARM_CHUNK):
        last = min(first + WARM_CHUNK, piece)
        if left > WARM_CHUNK or watch.surplus[first] == UNKNOWN:
            warm(state, watch, watch.fired[first:last], rows, last - first, True)
        for i in range(first, last):
            account = watch.fired[i]
            if not _is_watched(state, account):
                remove_member(watch.pending, account)
            elif watch.surplus[i] == UNKNOWN:
                give_corner(state, watch, account, surplus_of(state, account))
            else:
                give_corner(state, watch, account, watch.surplus[i])
    for i in range(piece, left):
        if _is_watched(state, watch.fired[i]):
            add_member(watch.pending, watch.fired[i])
    watch.meter[REPAIRED] += piece


@kernel
def repair_pending(state, watch, accounts):
    """New corners for so many of those who wait; give how many that were."""
    batch = np.empty(WARM_CHUNK, np.int32)
    rows = np.empty(WARM_CHUNK, np.int64)
    done = 0
    account = next_member(watch.pending, 0)
    while account != NONE and done < accounts:
        count, account = take_batch(watch.pending, account, batch, accounts - done)
        warm(state, watch, batch, rows, count, True)
        for i in range(count):
            if _is_watched(state, batch[i]):
                give_corner(state, watch, batch[i], surplus_of(state, batch[i]))
            else:
                remove_member(watch.pending, batch[i])
        done += count
    watch.meter[REPAIRED] += done
    return done


@kernel
def _scan_mirror(state, watch, tape):
    """Decide about everybody the filter does not clear, in ascending order."""
    doubt(state, watch, PPM)
    batch = np.empty(WARM_CHUNK, np.int32)
    rows = np.empty(WARM_CHUNK, np.int64)
    account = next_member(watch.ordering, 0)
    while account != NONE:
        count, account = take_batch(watch.ordering, account, batch, WARM_CHUNK)
        warm(state, watch, batch, rows, count, False)
        for i in range(count):
            remove_member(watch.ordering, batch[i])
            if _is_watched(state, batch[i]):
                _decide_one(state, watch, tape, batch[i])
            else:
                hide_from_scan(watch, batch[i])


@kernel
def _scan(state, watch, tape):
    """Decide about everybody, in ascending order."""
    watch.meter[SCANS] += 1
    if is_mirrored(watch):
        _scan_mirror(state, watch, tape)
        return
    for account in range(state.venue[0].account_count):
        if _is_watched(state, account):
            _decide_one(state, watch, tape, account)


@kernel
def _start_over(watch):
    """All corners will be made anew, from the first account on."""
    clear_members(watch.pending)
    watch.meter[CURSOR] = 0


@kernel
def surplus_of(state, account):
    """What a sound account may spend on a corner. Whoever is sound by status stands at or above the threshold here."""
    equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    return max(equity - requirement - state.stages[0].or_equal, 0)


@kernel
def upkeep(state, watch, accounts):
    """Make the corners of so many further accounts anew, if a scan left them without; give how many are left.

    When the last is made the maxima are, and whom prices passed in the meantime waits as pending.
    """
    first = watch.meter[CURSOR]
    if first == NONE:
        return 0
    count = state.venue[0].account_count
    last = min(first + accounts, count)
    batch = np.empty(WARM_CHUNK, np.int32)
    rows = np.empty(WARM_CHUNK, np.int64)
    for begin in range(first, last, WARM_CHUNK):
        size = min(WARM_CHUNK, last - begin)
        for i in range(size):
            batch[i] = begin + i
        warm(state, watch, batch, rows, size, True)
        for account in range(begin, begin + size):
            if _is_watched(state, account):
                give_corner(state, watch, account, surplus_of(state, account))
    watch.meter[REPAIRED] += last - first
    watch.meter[CURSOR] = last
    if last == count:
        watch.meter[CURSOR] = NONE
        make_maxima(watch)
        for instrument in range(state.instruments.shape[0]):
            find_passed(watch, instrument, state.instruments[instrument].mark_ticks)
    return count - last


@kernel
def tell_worklist(state, tape, flagged_before):
    """Number and hash of the accounts this command flagged, in their order, when there are any."""
    venue = state.venue[0]
    if venue.queue_count == flagged_before:
        return
    low = venue.price_version % WORKLIST_PRIME
    high = low
    for i in range(flagged_before, venue.queue_count):
        account = state.queue[(venue.queue_head + i) % state.queue.shape[0]]
        low = (low * WORKLIST_LOW + account + 1) % WORKLIST_PRIME
        high = (high * WORKLIST_HIGH + account + 1) % WORKLIST_PRIME
    event = tell(state, tape, EventKind.WORKLIST_TOLD)
    event.lots = venue.queue_count - flagged_before
    event.value = high * 2**31 + low


@kernel
def _decide(state, watch, tape, found):
    """Flag everybody who is distressed; give how many of `watch.fired` are to be repaired, NONE when all are pending.

    A list so long that the filter is cheaper than its judging is decided by the filter, and judged when repaired.
    """
    if found < 0:
        _scan(state, watch, tape)
        return NONE
    if not is_mirrored(watch) or found * FILTER_SHARE <= state.venue[0].account_count:
        return _judge_found(state, watch, tape, found)
    _scan_mirror(state, watch, tape)
    for i in range(found):
        watch.surplus[i] = UNKNOWN
    return found


@kernel
def decide_price(state, watch, tape, instrument, before_ticks, mark_ticks):
    """The first half of an answer: whom a moved mark endangers, complete; `repair` follows with what this gives."""
    flagged_before = state.venue[0].queue_count
    left = 0
    if watch.meter[CURSOR] != NONE:
        _scan(state, watch, tape)
    else:
        left = _decide(state, watch, tape, collect(watch, instrument, before_ticks, mark_ticks))
    tell_worklist(state, tape, flagged_before)
    return left


@kernel
def repair(state, watch, left, flagged_before):
    """The second half: a slice of those who stayed sound, and of what a scan left, gets new corners.

    The keys of the flagged stay where they are until a mark passes them or their positions are closed: nobody who is
    not watched is judged for a key.
    """
    venue = state.venue[0]
    for i in range(flagged_before, venue.queue_count):
        account = state.queue[(venue.queue_head + i) % state.queue.shape[0]]
        remove_member(watch.loose, account)
        remove_member(watch.pending, account)
        remove_member(watch.thin, account)
    if left >= 0:
        _repair_found(state, watch, left)
    elif left == ANEW or watch.pending[COUNT] * ANEW_SHARE > venue.account_count:
        _start_over(watch)
    else:
        repair_pending(state, watch, _slice(state, watch))
    upkeep(state, watch, _slice(state, watch))


@kernel
def answer_price(state, watch, tape, instrument, before_ticks, mark_ticks):
    """A mark has moved: everybody it endangers is flagged."""
    flagged_before = state.venue[0].queue_count
    left = decide_price(state, watch, tape, instrument, before_ticks, mark_ticks)
    repair(state, watch, left, flagged_before)


@kernel
def answer_funding(state, watch, tape, instrument, step):
    """A market's funding index has moved by `step`: inside the band the thin accounts are judged, beyond it all."""
    flagged_before = state.venue[0].queue_count
    index = state.instruments[instrument].funding_index
    is_inside = watch.funding_low[instrument] <= index <= watch.funding_high[instrument]
    if not is_inside:
        watch.funding_low[instrument] = max(index - FUNDING_STEPS * abs(step), -LIMIT)
        watch.funding_high[instrument] = min(index + FUNDING_STEPS * abs(step), LIMIT)
    left = 0
    if watch.meter[CURSOR] != NONE:
        _scan(state, watch, tape)
        keep_thin(watch)
        if not is_inside:
            left = ANEW
    else:
        left = _decide(state, watch, tape, collect_holders(watch, instrument, is_inside))
    tell_worklist(state, tape, flagged_before)
    repair(state, watch, left, flagged_before)


@kernel
def answer_terms(state, watch, tape):
    """New terms bind: everybody is decided about under them by a scan, and every corner made anew, in slices.

    The mirror holds what accounts have, not what is asked of them, so it serves the new terms as well; until the last
    corner is made prices are answered by the scan.
    """
    flagged_before = state.venue[0].queue_count
    _scan(state, watch, tape)
    tell_worklist(state, tape, flagged_before)
    repair(state, watch, ANEW, flagged_before)
