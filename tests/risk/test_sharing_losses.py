"""Losses put on many: an index that moves enough and no more, and winners who are paid what was collected."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import disposal, distress, index_loss, payout, price_bounds

AMOUNT = st.integers(0, 10**14)


@given(st.integers(0, 10**9), st.integers(1, 10**15))
def test_the_funding_index_collects_the_loss(loss, base) -> None:
    step = plain(index_loss.funding_index_step)(loss, base)
    if step >= 2**62 - 1:
        assert loss * 10**12 >= base * (2**62 - 1 - 10**3)
        return
    collected = Fraction(step, 10**3) * base / 10**9
    assert loss <= collected < loss + Fraction(base, 10**9)


@given(st.integers(1, 2**61), AMOUNT, AMOUNT)
def test_the_deposit_index_falls_by_the_loss(index, loss, deposits) -> None:
    step = plain(index_loss.deposit_index_step)(index, min(loss, deposits), deposits)
    if deposits == 0:
        assert step == 0
    else:
        assert 0 <= step <= index
        assert min(loss, deposits) <= Fraction(step, index) * deposits < min(loss, deposits) + Fraction(deposits, index)


@given(st.lists(AMOUNT, min_size=1, max_size=8), st.data())
def test_winners_receive_exactly_what_was_collected(owed, data) -> None:
    total = sum(owed)
    if total == 0:
        return
    collected = data.draw(st.integers(0, total))
    place = data.draw(st.integers(0, len(owed) - 1))
    paid = np.zeros(len(owed), dtype=np.int64)
    plain(payout.pay_in_proportion)(collected, total, np.array(owed, dtype=np.int64), place, paid)
    assert paid.sum() == collected
    for index, amount in enumerate(owed):
        if index != place:
            # sixteen decimals of the ratio and one rounding
            assert abs(int(paid[index]) - Fraction(amount * collected, total)) <= 1 + Fraction(amount, 10**16)


@given(st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=8), AMOUNT)
def test_losers_pay_first_and_the_pool_while_it_lasts(losers, pool) -> None:
    losses, means = (np.array(column, dtype=np.int64) for column in zip(*losers, strict=True))
    owner, helped = np.zeros_like(losses), np.zeros_like(losses)
    left = plain(payout.collect_losses)(losses, means, pool, owner, helped)
    assert (owner <= means).all()
    assert (owner + helped <= losses).all()
    assert left + helped.sum() == pool
    missing = losses.sum() - owner.sum() - helped.sum()
    assert left == 0 or missing == 0


def test_no_more_of_a_position_is_sold_than_a_share_of_what_is_within_range() -> None:
    assert plain(disposal.disposal_size)(1_000, 10, 1, 2, 100, 1, 3) == 34
    assert plain(disposal.disposal_size)(1_000, 10, 1, 2, 10_000, 1, 3) == 500
    assert plain(disposal.disposal_size)(1_000, 10, 1, 2, 0, 1, 3) == 0


@given(st.integers(1, 10**9), st.integers(0, 10**6), st.integers(1, 100), st.integers(0, 100))
def test_a_position_is_disposed_of_in_the_end(position, full, share, more) -> None:
    steps = 0
    while position and steps < 5_000:
        sold = plain(disposal.disposal_size)(position, full, share, share + more, -1, 1, 1)
        assert 0 < sold <= position
        position -= sold
        steps += 1
    assert position == 0


@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT)
def test_an_owner_pays_all_he_has_and_no_more(loss, margin, general, bond) -> None:
    paid = plain(distress.paid_by_owner)(loss, margin, general, bond)
    assert paid == min(loss, margin + general + bond)


def test_an_account_at_its_margin_stays_and_after_cancelling_must_be_above_it() -> None:
    closed = plain(distress.is_closed_out)
    assert not closed(100, 100, False, 100)
    assert closed(99, 100, False, 100)
    assert closed(80, 100, True, 80)
    assert not closed(81, 100, True, 80)


@given(st.integers(0, 10**12), st.integers(0, 10**15), st.integers(10**15, 3 * 10**15))
def test_bounds_round_inward(reference, down, up) -> None:
    low, high = plain(price_bounds.price_bounds)(reference, down, up, 10**15)
    assert low >= Fraction(reference * down, 10**15) > low - 1
    assert high <= Fraction(reference * up, 10**15) < high + 1
