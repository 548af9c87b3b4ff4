"""Limits: caps reached and caps passed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ground import blank_state
from tests.plain import plain

from solvent.risk.limits import passes_open_interest_cap


@pytest.mark.parametrize(
    ("cap_lots", "cap_quanta", "interest", "passes"),
    [
        (0, 0, 2**62, False),
        (10, 0, 10, False),
        (10, 0, 11, True),
        (0, 3_000, 1, False),
        (0, 3_000, 2, True),
        (0, 2_999, 1, True),
        (0, 6_000, 2, False),
        (1, 6_000, 2, True),
        (3, 6_000, 3, True),
    ],
)
def test_a_cap_may_be_reached_and_not_passed(cap_lots, cap_quanta, interest, passes) -> None:
    state = blank_state()
    state.contracts[0].quanta_per_lot_tick = 3
    state.contracts[0].open_interest_cap_lots, state.contracts[0].open_interest_cap_quanta = cap_lots, cap_quanta
    assert plain(passes_open_interest_cap)(state, 0, interest) == passes


@given(cap=st.integers(1, 2**62), unit=st.integers(1, 100), mark=st.integers(1, 2**31), interest=st.integers(0, 2**50))
def test_a_cap_in_money_is_exact_at_any_size(cap, unit, mark, interest) -> None:
    state = blank_state()
    state.contracts[0].quanta_per_lot_tick, state.instruments[0].mark_ticks = unit, mark
    state.contracts[0].open_interest_cap_quanta = cap
    for near in (interest, cap // (unit * mark), cap // (unit * mark) + 1):
        assert plain(passes_open_interest_cap)(state, 0, near) == (near * unit * mark > cap)
