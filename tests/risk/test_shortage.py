"""Taking over: what is taken ends the shortage and little more, and a fee never becomes a new one."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import shortage
from solvent.units import LIMIT, PPM

SHORTAGES = st.integers(0, 10**13)
PRICES = st.integers(1, 10**12)
RATIOS = st.integers(50, 5_000)
FEES = st.integers(0, 50_000)


@given(SHORTAGES, RATIOS, FEES, PRICES, st.integers(10**6, 10**14))
def test_the_base_to_cover_frees_the_shortage(missing, ratio, fee, price, base) -> None:
    fund = plain(shortage.perp_fund_fee)(missing, base, ratio, fee, price, PPM, 50_000)
    needed = plain(shortage.base_to_cover)(missing, ratio, fee, fund, price, PPM)
    if needed == LIMIT:
        return
    # each unit of base frees its margin less both fees; rounding the freed amount down asks for a little more
    freed = Fraction(needed + 1, 10**9) * price * Fraction(100 * ratio - fee - fund, PPM)
    assert freed * (1 + Fraction(2 * 10**6, price * max(100 * ratio - fee - fund, 1)) * 10**6) >= missing
    assert plain(shortage.base_needed)(missing, ratio, fee, fund, price, PPM, 10_000) % 10_000 == 0


@given(SHORTAGES, RATIOS, FEES, PRICES, st.integers(1, 10**14), FEES)
def test_the_fund_takes_only_what_the_margin_leaves(missing, ratio, fee, price, base, most) -> None:
    fund = plain(shortage.perp_fund_fee)(missing, base, ratio, fee, price, PPM, most)
    assert 0 <= fund <= most
    assert fund == 0 or fee + fund < 100 * ratio


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5))
def test_the_fee_waits_then_rises_to_its_bound(base, room, slots) -> None:
    most = base + room
    fee = plain(shortage.liquidator_fee)(base, most, slots)
    assert base <= fee <= most
    if slots < shortage.GRACE_SLOTS:
        assert fee == base
    assert plain(shortage.liquidator_fee)(base, most, slots + 1) >= fee


@given(SHORTAGES, SHORTAGES, st.integers(0, 1_000), st.integers(0, 10_000), st.integers(0, 300))
def test_the_share_grows_with_time_and_is_all_in_the_end(missing, freed, slots, initial, duration) -> None:
    share = plain(shortage.share_allowed)(missing, freed, slots, initial, duration)
    assert 0 <= share <= 10_000
    assert plain(shortage.share_allowed)(missing, freed, slots + 1, initial, duration) >= share
    assert plain(shortage.share_allowed)(missing, freed, duration, initial, duration) == 10_000


@given(
    st.integers(1, 10**6), st.integers(0, 10**12), st.integers(0, 10**9), st.integers(0, 10_000), st.integers(0, 10**9)
)
def test_what_is_taken_is_whole_steps_within_every_limit(lots, value, needed, share, most) -> None:
    step = 1_000
    base = lots * step
    taken = plain(shortage.base_taken)(base, value, needed, share, most, step)
    assert taken % step == 0
    assert 0 <= taken <= base
    assert taken <= most
    if value > shortage.SMALL_QUANTA:
        assert taken < needed * share // 10_000 + step


WEIGHTS = st.tuples(st.integers(0, 10_000), st.integers(10_000, 15_000))


@given(SHORTAGES, WEIGHTS, st.integers(PPM, 1_200_000), st.integers(800_000, PPM), PRICES, st.integers(0, 9))
def test_moving_the_liability_frees_the_shortage(missing, weights, asset_mult, liab_mult, price, decimals) -> None:
    asset, liability = weights
    moved = plain(shortage.liability_to_cover)(missing, asset, asset_mult, liability, liab_mult, decimals, price, 0)
    assert moved >= 1
    if moved >= LIMIT:
        return
    weighed = liability - Fraction(10 * asset * asset_mult // liab_mult, 10)
    freed = Fraction(moved + 1, 10**decimals) * price * weighed / 10_000
    assert freed >= missing


@given(st.integers(0, 10**14), PRICES, PRICES, st.integers(0, 9), st.integers(0, 9), st.integers(1, 10**6))
def test_there_and_back_is_never_a_gain(amount, one, other, here, there, fee) -> None:
    asset, liability = PPM + fee, PPM
    moved = plain(shortage.liability_for_asset)(amount, one, asset, here, other, liability, there)
    if moved >= LIMIT or moved == 0:
        return
    back = plain(shortage.asset_for_liability)(moved, other, liability, there, 0, one, asset, here)
    # all of an asset, rounded up into liability, buys at least that asset again, less what goes whole
    assert back >= amount or back in (0, 1)


@given(st.integers(-(10**15), 10**15), st.integers(0, 10_000))
def test_a_loss_counts_more_with_the_buffer_and_a_gain_as_it_is(gain, buffer) -> None:
    counted = plain(shortage.buffered_gain)(gain, buffer)
    assert counted == gain if gain >= 0 else 2 * gain <= counted <= gain


@given(st.integers(0, 10**15), RATIOS, st.integers(0, 10_000), st.integers(0, 32))
def test_the_buffer_is_on_top_of_the_requirement(liability, ratio, buffer, orders) -> None:
    requirement, buffered = plain(shortage.buffered_requirement)(liability, ratio, buffer, orders)
    assert requirement == liability * ratio // 10_000 + 10_000 * orders
    assert buffered - requirement == liability * buffer // 10_000


def test_a_spot_takeover_pays_the_fund_out_of_what_the_weights_leave() -> None:
    # a liability worth 1.2 of its value against an asset of 0.8: 0.4 of 1.2 is there, less what is missing already
    fee = plain(shortage.spot_fund_fee)
    assert fee(0, 10**6, 8_000, 10_000, 12_000, 10_000, 6, 10**6, PPM) == PPM * 4 // 12
    assert fee(0, 10**6, 8_000, 10_000, 12_000, 10_000, 6, 10**6, 5_000) == 5_000
    assert fee(10**12, 1, 8_000, 10_000, 12_000, 10_000, 6, 10**6, PPM) == 0
    for spoiled in ((12_000, 10**6, 10**6, 10_000), (8_000, 0, 10**6, 10_000), (8_000, 10**6, 0, 10_000)):
        weight, tokens, price, mult = spoiled
        assert fee(0, tokens, weight, 10_000, 12_000, mult, 6, price, PPM) == 0


def test_a_fund_that_takes_all_that_is_freed_leaves_no_amount_that_would_do() -> None:
    cover = plain(shortage.liability_to_cover)
    assert cover(10**6, 8_000, 10_000, 12_000, 10_000, 6, 10**6, PPM) == LIMIT
    assert cover(10**6, 8_000, 10_000, 12_000, 10_000, 6, 10**6, 0) < LIMIT
