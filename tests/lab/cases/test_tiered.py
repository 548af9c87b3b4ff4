"""A liquidity tier in the machine: its shares rise with open interest, and a preset's terms are the same curve."""

from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.lab.cases.tiered import PPM, Tier, judged

AMOUNTS = st.integers(0, 2**50)


@settings(max_examples=40)
@given(st.integers(0, PPM), st.integers(0, PPM), AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_the_initial_requirement_rises_with_open_interest_and_maintenance_does_not(
    base, fraction, one, other, lower, width
) -> None:
    tier = Tier(base, fraction, lower, lower + width)
    low, high = (judged([(0, {"BTC": 10**12})], tier, interest)[0] for interest in sorted((one, other)))
    assert low.maintenance == high.maintenance <= low.initial <= high.initial <= 10**12
    if width:
        assert judged([(0, {"BTC": 10**12})], tier, lower + width)[0].initial == 10**12


@settings(max_examples=40)
@given(st.integers(-(2**50), 2**50), st.lists(st.integers(-(2**50), 2**50), max_size=3))
def test_equity_is_cash_and_values_and_sides_do_not_net(cash, values) -> None:
    (held,) = judged([(cash, {f"M{place}": value for place, value in enumerate(values)})], Tier(200_000, 500_000))
    assert held.equity == cash + sum(values)
    assert held.initial == sum(-(-abs(value) * 200_000 // PPM) for value in values)
