"""Funding: the payer rounds up, the receiver down, and what is between them is never missing."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk.funding import due_up, next_index
from solvent.units import FUNDING_SCALE, LIMIT, PPB

due = plain(due_up)
step = plain(next_index)


@settings(max_examples=300)
@given(index=st.integers(-(2**61), 2**61), value=st.integers(1, 2**40), rate=st.integers(-(10**9), 10**9))
def test_an_interval_moves_the_index_by_value_times_rate_to_the_nearest_unit(index, value, rate) -> None:
    exact = Fraction(value * abs(rate) * FUNDING_SCALE, PPB)
    moved = floor(exact + Fraction(1, 2)) * (1 if rate >= 0 else -1)
    assert step(index, value, 1, rate) == max(-LIMIT, min(LIMIT, index + moved))


@settings(max_examples=100)
@given(index=st.integers(-(2**40), 2**40), value=st.integers(1, 2**40), rate=st.integers(0, 10**9))
def test_a_rate_and_its_opposite_cancel(index, value, rate) -> None:
    assert step(step(index, value, 1, rate), value, 1, -rate) == index


@settings(max_examples=300)
@given(lots=st.integers(-(2**31), 2**31), change=st.integers(-(2**40), 2**40))
def test_what_is_owed_is_rounded_up_whoever_owes_it(lots, change) -> None:
    assert due(lots, change) == ceil(Fraction(lots * change, FUNDING_SCALE))
    assert due(lots, change) + due(-lots, change) in (0, 1)


@settings(max_examples=200)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=20), st.integers(-(2**40), 2**40))
def test_the_suspense_account_never_pays_out_more_than_came_in(lots, change) -> None:
    lots.append(-sum(lots))
    left = sum(due(held, change) for held in lots)
    assert 0 <= left < len(lots)


@settings(max_examples=200)
@given(lots=st.integers(-(10**6), 10**6), parts=st.lists(st.integers(-(2**30), 2**30), max_size=8))
def test_settling_often_costs_at_most_one_quantum_a_time(lots, parts) -> None:
    often = sum(due(lots, change) for change in parts)
    once = due(lots, sum(parts))
    assert once <= often <= once + max(len(parts) - 1, 0)


def test_a_change_beyond_the_limit_is_held_to_it_for_the_receiver() -> None:
    assert plain(due_up)(1, -2 * LIMIT) == plain(due_up)(1, -LIMIT) == -(LIMIT // FUNDING_SCALE)
