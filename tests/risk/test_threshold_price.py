"""Threshold prices: on one side of them an account holds, on the other it does not, to the tick."""

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import threshold_price
from solvent.units import PPM

lots = st.integers(-(10**6), 10**6).filter(bool)
cash = st.integers(-(10**12), 10**12)


def spare(price, lots, per, cash, n, d, deduction) -> Fraction:
    """Equity less requirement at a price, exactly."""
    value = lots * price * per
    return cash + value - (Fraction(abs(value) * n, d) - deduction)


@settings(max_examples=400)
@given(lots=lots, per=st.integers(1, 1000), cash=cash, n=st.integers(0, 999), deduction=st.integers(0, 10**9))
def test_equity_meets_the_requirement_between_the_two_roundings(lots, per, cash, n, deduction) -> None:
    low = plain(threshold_price.threshold_ticks_down)(lots, per, cash, n, 1000, deduction)
    high = plain(threshold_price.threshold_ticks_up)(lots, per, cash, n, 1000, deduction)
    assert low <= high <= low + 1
    if low < 1:
        return
    at_low, at_high = (spare(price, lots, per, cash, n, 1000, deduction) for price in (low, high))
    if lots > 0:
        assert at_low <= 0 <= at_high
    else:
        assert at_high <= 0 <= at_low


@settings(max_examples=300)
@given(
    mark=st.integers(10**6, 10**9),
    lots=st.integers(-1000, 1000).filter(bool),
    rate=st.integers(1, PPM // 2),
    others=st.integers(0, 10**12),
    equity=st.integers(0, 10**12),
)
def test_closing_at_the_zero_price_leaves_equity_over_requirement_as_it_was(mark, lots, rate, others, equity) -> None:
    own = Fraction(abs(lots) * mark * rate, PPM)
    required = int(own) + others
    assume(required > 0)
    price = plain(threshold_price.zero_price_nearest)(mark, lots > 0, rate, PPM, equity, required)
    after = equity + lots * (price - mark)
    # what rounding the price (by up to two ticks, the second of them scaled down by the rate) can move
    slack = 2 * abs(lots) + Fraction(equity, required)
    assert abs(after * required - equity * (required - own)) <= slack * required


def test_without_a_requirement_the_zero_price_is_the_mark() -> None:
    assert plain(threshold_price.zero_price_nearest)(1_000, True, 1, 2, 50, 0) == 1_000
    assert plain(threshold_price.zero_price_nearest)(1_000, True, 1, 2, 50, 100) == 750
    assert plain(threshold_price.zero_price_nearest)(1_000, False, 1, 2, 50, 100) == 1_250
