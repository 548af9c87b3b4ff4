"""Options: a short always holds at least its maintenance, and being further from the money never asks for more."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk.margin import option
from solvent.units import PPM

prices = st.integers(1, 10**9)


def initial(spot, strike, mark, is_call):
    return plain(option.short_initial_up)(spot, strike, mark, is_call, 150_000, 100_000, 75_000, PPM)


@settings(max_examples=300)
@given(spot=prices, strike=prices, mark=st.integers(0, 10**9), is_call=st.booleans())
def test_initial_margin_is_at_least_maintenance(spot, strike, mark, is_call) -> None:
    assert initial(spot, strike, mark, is_call) >= plain(option.short_maintenance_up)(spot, mark, is_call, 75_000, PPM)


@settings(max_examples=300)
@given(spot=prices, strike=prices, further=st.integers(0, 10**9), mark=st.integers(0, 10**9), is_call=st.booleans())
def test_further_out_of_the_money_never_needs_more(spot, strike, further, mark, is_call) -> None:
    away = strike + further if is_call else max(strike - further, 1)
    assert initial(spot, away, mark, is_call) <= initial(spot, strike, mark, is_call)
    assert plain(option.out_of_the_money)(spot, away, is_call) >= plain(option.out_of_the_money)(spot, strike, is_call)
