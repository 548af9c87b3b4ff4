"""Triggers: at the limit they have triggered, a quantum before it they have not."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import column
from tests.plain import plain

from solvent.risk import trigger
from solvent.units import PPM

money = st.integers(-(10**15), 10**15)


@settings(max_examples=300)
@given(value=money, fallen=st.integers(0, 10**15), pool=st.integers(0, 10**15), limit=st.integers(0, PPM))
def test_a_drawdown_triggers_at_its_limit(value, fallen, pool, limit) -> None:
    beyond = plain(trigger.loss_beyond)(value, value + fallen, pool, limit, PPM)
    assert (beyond >= 0) == (fallen * PPM >= pool * limit)
    ratio = plain(trigger.drawdown_nearest)(value, value + fallen, pool, PPM)
    assert ratio <= 0


@settings(max_examples=100)
@given(values=st.lists(money, min_size=1, max_size=20), data=st.data())
def test_the_peak_is_that_of_the_window(values, data) -> None:
    first = data.draw(st.integers(0, len(values) - 1))
    last = data.draw(st.integers(first, len(values) - 1))
    assert plain(trigger.peak_of)(column(values), first, last) == max(values[first : last + 1])


@settings(max_examples=200)
@given(gains=money, pool=st.integers(1, 10**12), limit=st.integers(0, PPM))
def test_a_pools_share_is_exceeded_only_above_the_limit(gains, pool, limit) -> None:
    pool *= PPM  # whole millionths, so that the comparison is exact
    assert plain(trigger.exceeds_pool_share)(gains, pool, limit, PPM) == (gains * PPM > pool * limit)
    assert (plain(trigger.pool_share_nearest)(gains, pool, PPM) > 0) <= (gains > 0)
