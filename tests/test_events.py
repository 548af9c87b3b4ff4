"""Events: one record each, told in full, and every kind of them met by a case in words."""

import contextlib

import numpy as np
from tests.plain import plain
from tests.story import CASES, CaseFailed, played

from solvent.events import EVENT_DTYPE, EventKind, blank_tape, tell
from solvent.state.terms import TermsShape, blank_terms
from solvent.state.whole import new_state

NO_CASE: set[EventKind] = {
    EventKind.ACT_RECORDED,
    EventKind.PREMIUM_REPORTED,
    EventKind.FUNDING_COMPUTED,
    EventKind.TERMS_PROPOSED,
    EventKind.TERMS_VOTED,
    EventKind.TERMS_VETOED,
    EventKind.ACTIONS_BLOCKED,
    EventKind.INTEREST_ACCRUED,
    EventKind.INTEREST_POSTED,
    EventKind.DEBT_ORDERED,
    EventKind.DEBT_COVERED,
}
"""Kinds no case tells of: acts of operators are the service's (tests/service); computed funding, governance
and lending have stories of their own (tests/procedures)."""


def test_an_event_takes_152_bytes_of_whole_numbers() -> None:
    assert EVENT_DTYPE.itemsize == 152
    assert {EVENT_DTYPE[name].kind for name in EVENT_DTYPE.names or ()} == {"i"}


def test_kinds_are_numbered_once_and_upwards() -> None:
    numbers = [int(kind) for kind in EventKind]
    assert numbers == sorted(set(numbers))


def test_an_event_is_stamped_and_everything_else_starts_at_zero() -> None:
    state = new_state(blank_terms(TermsShape(1, 1)))
    state.venue[0].sequence, state.venue[0].time_ns, state.venue[0].price_version = 7, 8, 9
    tape = blank_tape(3)
    for name in EVENT_DTYPE.names or ():
        tape.records[name] = -1
    for number, kind in enumerate((EventKind.TRADED, EventKind.DEPOSITED), start=1):
        event = plain(tell)(state, tape, kind)
        assert tape.meter[0] == number
        known = {"sequence": 7, "time_ns": 8, "price_version": 9, "kind": int(kind)}
        assert {name: int(event[name]) for name in EVENT_DTYPE.names or ()} == {
            name: known.get(name, 0) for name in EVENT_DTYPE.names or ()
        }


def test_a_full_tape_shows_in_its_meter_and_never_writes_beyond_its_end() -> None:
    state = new_state(blank_terms(TermsShape(1, 1)))
    tape = blank_tape(2)
    for number in range(5):
        plain(tell)(state, tape, EventKind.TRADED).lots = number
    assert tape.meter[0] >= len(tape.records)
    assert list(tape.records.lots) == [0, 4]


def test_every_kind_is_told_by_at_least_one_case() -> None:
    told: set[int] = set()
    for file in CASES:
        with contextlib.suppress(CaseFailed):  # a case that fails says so itself
            told |= set(np.unique(played(file).all_events()["kind"]).tolist())
    assert {EventKind(kind) for kind in told} == set(EventKind) - NO_CASE
