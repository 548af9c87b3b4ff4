"""Funding rates: flat where the venue says flat, odd in the premium, and what one side pays the other receives."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import premium
from solvent.units import PPB, PPM

prices = st.integers(1, 2**31)
rates = st.integers(-PPB, PPB)
sizes = st.integers(0, PPB)


@settings(max_examples=200)
@given(index=prices, bid=prices, ask=prices)
def test_the_premium_is_zero_while_the_index_is_between_the_impact_prices(index, bid, ask) -> None:
    got = plain(premium.premium_outside_nearest)(index, min(bid, ask), max(bid, ask), PPB)
    if min(bid, ask) <= index <= max(bid, ask):
        assert got == 0
    else:
        exact = Fraction((min(bid, ask) if min(bid, ask) > index else max(bid, ask)) - index, index) * PPB
        assert abs(got - exact) <= Fraction(1, 2)


@settings(max_examples=200)
@given(index=prices, bid=prices, ask=prices)
def test_the_premium_of_the_middle_is_the_mean_of_two_premiums(index, bid, ask) -> None:
    one = plain(premium.premium_of_price_nearest)
    got = plain(premium.premium_mid_nearest)(index, bid, ask, PPB)
    assert abs(2 * got - one(index, bid, PPB) - one(index, ask, PPB)) <= 2


@settings(max_examples=300)
@given(p=rates, interest=rates, clamp=sizes, cap=st.one_of(st.just(-1), sizes))
def test_the_clamped_rate_is_the_interest_near_it_and_never_further_than_the_clamp_from_the_premium(
    p, interest, clamp, cap
) -> None:
    free = plain(premium.clamped_rate)(p, interest, clamp, -1)
    assert free == interest if abs(interest - p) <= clamp else abs(free - p) == clamp
    got = plain(premium.clamped_rate)(p, interest, clamp, cap)
    assert got == (free if cap < 0 else max(-cap, min(cap, free)))


@settings(max_examples=300)
@given(p=rates, damper=sizes)
def test_the_damped_rate_is_odd_flat_and_continuous(p, damper) -> None:
    got = plain(premium.damped_rate)(p, damper, -1)
    assert got == -plain(premium.damped_rate)(-p, damper, -1)
    assert got == (0 if abs(p) <= damper else p - damper if p > 0 else p + damper)


@settings(max_examples=200)
@given(value=st.integers(-(2**54), 2**54), rate=rates)
def test_a_payment_is_rounded_against_whoever_pays_or_receives(value, rate) -> None:
    got = plain(premium.payment_up)(value, rate, PPB)
    assert 0 <= got - Fraction(value * rate, PPB) < 1


@settings(max_examples=200)
@given(limit=sizes, skew=st.integers(-(10**9), 10**9), scale=st.integers(1, 10**9))
def test_velocity_is_the_skews_share_of_its_scale_and_stops_there(limit, skew, scale) -> None:
    got = plain(premium.velocity_nearest)(limit, skew, scale)
    share = max(Fraction(-1), min(Fraction(1), Fraction(skew, scale)))
    assert abs(got - limit * share) <= Fraction(1, 2)


@settings(max_examples=200)
@given(before=rates, velocity=rates, value=st.integers(-(10**15), 10**15), days=st.integers(0, 30))
def test_what_accrues_is_the_area_under_the_rate(before, velocity, value, days) -> None:
    after = plain(premium.rate_after_nearest)(before, velocity, days * 86_400, 86_400)
    assert after == before + velocity * days
    got = plain(premium.accrued_nearest)(value, before, after, days * 86_400, 86_400, PPB)
    exact = Fraction(value, PPB) * Fraction(before + after, 2) * days
    assert abs(got - exact) <= Fraction(abs(value), 2 * PPB) + 1


@settings(max_examples=300)
@given(
    imbalance=sizes,
    same=st.booleans(),
    stable=sizes,
    decrease=sizes,
    grow=st.integers(0, 10**6),
    decay=st.integers(0, 10**6),
    seconds=st.integers(0, 10**6),
)
def test_the_adaptive_rate_grows_stands_or_decays(imbalance, same, stable, decrease, grow, decay, seconds) -> None:
    got = plain(premium.adaptive_change)(imbalance, same, stable, decrease, grow, decay, seconds, PPB)
    grown = Fraction(imbalance * grow * seconds, PPB)
    if not same:
        assert abs(got + grown) <= Fraction(1, 2)
    elif imbalance > stable:
        assert abs(got - grown) <= Fraction(1, 2)
    elif imbalance < decrease:
        assert got == -decay * seconds
    else:
        assert got == 0


@settings(max_examples=200)
@given(
    factor=st.integers(1, 10**6),
    long=st.integers(1, 10**8),
    short=st.integers(1, 10**8),
    exponent=st.integers(1, 2),
)
def test_the_curve_pays_out_no_more_than_it_takes(factor, long, short, exponent) -> None:
    larger, smaller = max(long, short), min(long, short)
    paying = plain(premium.curve_paying_nearest)(factor, larger - smaller, long + short, 10**6, exponent)
    receiving = plain(premium.curve_receiving_down)(paying, larger, smaller)
    assert receiving * smaller <= paying * larger < (receiving + 1) * smaller


@settings(max_examples=200)
@given(factor=st.integers(0, 10**9), initial=st.integers(0, PPM), share=st.integers(0, PPM))
def test_the_clamp_bound_is_floored_twice(factor, initial, share) -> None:
    assert plain(premium.clamp_bound_down)(factor, initial, share, PPM) == (
        factor * (initial - initial * share // PPM) // PPM
    )


@given(rate=st.integers(-(10**9), 10**9), interval=st.integers(1, 24), cap=st.integers(0, 10**9))
def test_a_rate_for_an_interval_is_its_part_of_the_period_held_to_the_cap(rate, interval, cap) -> None:
    got = plain(premium.interval_rate_nearest)(rate, interval, 24, cap)
    assert abs(got) <= cap
    assert abs(got) == cap or abs(got - Fraction(rate * interval, 24)) <= Fraction(1, 2)


def test_where_nobody_stands_nobody_pays() -> None:
    assert plain(premium.curve_paying_nearest)(10**9, 0, 0, PPM, 2) == 0
    assert plain(premium.curve_receiving_down)(10**9, 5, 0) == 0
    assert plain(premium.curve_receiving_down)(10**9, 5, 10) == 5 * 10**8
    assert plain(premium.curve_paying_nearest)(1_000, 5 * PPM, 10 * PPM, PPM, 2) == 2_500
