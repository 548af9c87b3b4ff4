"""Dutch auctions: prices only fall, nobody gets more than is paid for, and no dust is left behind."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import auction
from solvent.state.terms import TermsShape, blank_terms
from solvent.units import PPB, PPM

UNIT = 10**6
money = st.integers(1, 10**12)


@settings(max_examples=200)
@given(top=money, tau=st.integers(1, 10**5), times=st.tuples(st.integers(0, 10**5), st.integers(0, 10**5)))
def test_a_linear_price_falls_to_zero(top, tau, times) -> None:
    early, late = sorted(times)
    price = plain(auction.linear_price_down)
    assert price(top, 0, tau) == top
    assert price(top, early, tau) >= price(top, late, tau) >= 0
    assert price(top, tau, tau) == 0


@settings(max_examples=100)
@given(top=money, cut=st.integers(900_000_000, PPB), elapsed=st.integers(0, 500), step=st.integers(1, 60))
def test_a_stepped_price_is_the_power_of_its_cut(top, cut, elapsed, step) -> None:
    price = plain(auction.stairstep_price_nearest)
    got = price(top, cut, PPB, elapsed, step)
    exact = top * Fraction(cut, PPB) ** (elapsed // step)
    assert abs(got - exact) <= 1 + Fraction(top * 2 * (elapsed // step + 1), PPB)
    assert price(top, cut, PPB, elapsed + step, step) <= got
    assert price(top, cut, PPB, elapsed - elapsed % step, step) == got


@pytest.mark.parametrize(
    ("elapsed", "factor"),
    [
        (0, 1_000_000),
        (5, 950_000),
        (9, 910_000),
        (10, 900_000),
        (15, 700_000),
        (19, 540_000),
        (20, 500_000),
        (99, 500_000),
    ],
)
def test_two_straight_lines_and_then_still(elapsed, factor) -> None:
    offer = blank_terms(TermsShape(1, 1)).offers[0]
    offer.start_ppm, offer.first_ppm, offer.first_ns = PPM, 900_000, 10
    offer.second_ppm, offer.second_ns = 500_000, 10
    assert plain(auction.segment_factor)(offer, elapsed) == factor
    offer.second_ns = 0
    assert plain(auction.segment_factor)(offer, elapsed) == max(factor, 900_000)


@settings(max_examples=300)
@given(
    mark=st.integers(-(10**12), 10**12),
    below=st.integers(1, 10**12),
    buffer=st.integers(0, PPM),
    factor=st.integers(0, PPB),
    reserved=st.integers(0, 10**9),
)
def test_the_largest_share_brings_the_buffer_margin_back_to_zero(mark, below, buffer, factor, reserved) -> None:
    maintenance = mark - below
    bm = plain(auction.buffer_margin_down)(mark, maintenance, buffer, PPM)
    share = plain(auction.portfolio_share_nearest)(bm, mark, reserved, factor, PPB)
    assert 0 <= share <= PPB
    if bm >= 0:
        assert share == 0
        return
    price = Fraction((mark - reserved) * factor, PPB) + reserved
    if price > 1 and share < PPB:
        # selling the share at the price: the margin scaled down, the price received
        left = bm * (1 - Fraction(share, PPB)) + price * Fraction(share, PPB)
        assert abs(left) <= 2 + (price - bm) / PPB


@settings(max_examples=200)
@given(mark=money, factor=st.integers(0, PPB), share=st.integers(0, PPB))
def test_a_share_costs_its_part_of_the_discounted_mark(mark, factor, share) -> None:
    got = plain(auction.portfolio_price_nearest)(mark, 0, factor, share, PPB)
    assert abs(got - Fraction(mark * factor * share, PPB * PPB)) <= 1


@settings(max_examples=400)
@given(debt=money, lot=money, price=money, wanted=money, dust=st.integers(0, 10**9))
def test_a_bid_never_gets_more_than_it_pays_for_nor_leaves_dust(debt, lot, price, wanted, dust) -> None:
    amount, paid = plain(auction.taken)(debt, lot, price, UNIT, wanted, dust)
    assert 0 <= amount <= min(lot, wanted)
    assert paid <= debt
    assert amount * price <= paid * UNIT
    left = debt - paid
    if left > 0 and amount < lot and amount > 0:
        assert left >= dust


@settings(max_examples=300)
@given(debt=money, room=st.integers(0, 10**12), dust=st.integers(0, 10**9), penalty=st.integers(PPM, 2 * PPM))
def test_a_vault_goes_to_auction_whole_or_leaves_more_than_dust(debt, room, dust, penalty) -> None:
    part = plain(auction.barked_debt)(debt, room, dust, penalty, PPM)
    assert 0 <= part <= debt
    if 0 < part < debt:
        assert debt - part >= dust
        assert part >= dust
        assert part * penalty <= room * PPM


@settings(max_examples=100)
@given(debt=money, feed=money, flat=st.integers(0, 10**9), share=st.integers(0, PPM))
def test_starting_an_auction(debt, feed, flat, share) -> None:
    assert plain(auction.kicked_debt_up)(debt, PPM, PPM) == debt
    assert plain(auction.kicked_top_nearest)(feed, PPM, PPM) == feed
    reward = plain(auction.keeper_reward_down)(flat, debt, share, PPM)
    assume(share <= PPM)
    assert flat <= reward <= flat + debt


def test_a_bid_that_would_leave_dust_is_made_smaller_until_the_dust_remains() -> None:
    take = plain(auction.taken)
    # 100 of debt, a price of 1: 95 wanted would leave 5, less than the dust of 10
    assert take(100, 200, UNIT, UNIT, 95, 10) == (90, 90)
    assert take(100, 200, UNIT, UNIT, 90, 10) == (90, 90)
    assert take(9, 200, UNIT, UNIT, 5, 10) == (0, 0)
    assert take(100, 200, UNIT, UNIT, 150, 10) == (100, 100)
