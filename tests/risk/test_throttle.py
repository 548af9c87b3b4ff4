"""Throttles: in no stretch as long as the window is more liquidated than the window holds."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import column
from tests.plain import plain

from solvent.risk import throttle
from solvent.units import PPM


@settings(max_examples=200)
@given(
    asks=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 200)), min_size=1, max_size=20),
    window=st.integers(1, 12),
    capacity=st.integers(1, 150),
)
def test_no_window_holds_more_than_its_capacity(asks, window, capacity) -> None:
    now = 0
    times: list[int] = []
    done: list[int] = []
    for wait, wanted in asks:
        now += wait
        used = plain(throttle.used_in_window)(column(times), column(done), len(times), now, window)
        times.append(now)
        done.append(min(wanted, plain(throttle.room_left)(capacity, used)))
    for start in times:
        assert sum(lots for time, lots in zip(times, done, strict=True) if start <= time < start + window) <= capacity


@settings(max_examples=200)
@given(skew=st.integers(-(10**6), 10**6), scale=st.integers(1, 10**6), limit=st.integers(1, PPM), acted=st.booleans())
def test_one_window_more_only_while_the_market_is_calm_and_once_a_block(skew, scale, limit, acted) -> None:
    extra = plain(throttle.extra_window)
    calm = Fraction(abs(skew), scale) < Fraction(limit, PPM)
    assert extra(70, 0, skew, scale, limit, PPM, acted) == (70 if calm and not acted else 0)
    assert extra(70, 5, skew, scale, limit, PPM, False) == 5
    assert extra(70, 0, skew, scale, 0, PPM, False) == 0


@settings(max_examples=100)
@given(fees=st.integers(0, 10**4), scale=st.integers(0, 10**9), window=st.integers(1, 3600))
def test_a_windows_capacity_is_rounded_down(fees, scale, window) -> None:
    got = plain(throttle.window_capacity_down)(fees, scale, PPM, window, PPM)
    assert 0 <= Fraction(fees * window * scale, PPM) - got < 1


@settings(max_examples=200)
@given(equity=st.integers(0, 10**12), used=st.integers(0, 10**12), notional=st.integers(0, 10**12))
def test_makers_take_no_more_than_either_limit(equity, used, notional) -> None:
    got = plain(throttle.support_capacity_down)(equity, 150_000, used, 2 * PPM, notional, PPM)
    assert got >= 0
    assert got == 0 or (got + used <= equity * Fraction(15, 100) and got + notional <= 2 * equity)


@settings(max_examples=100)
@given(reward=st.integers(0, 10**6), least=st.integers(0, 10**6), most=st.integers(0, 10**6))
def test_a_reward_is_held_and_the_most_wins(reward, least, most) -> None:
    got = plain(throttle.reward_held)(reward, least, most)
    assert got <= most
    assert got >= min(least, most)
    assert plain(throttle.flag_reward_nearest)(reward, PPM, PPM) == reward
