"""Losses on withdrawal: whoever leaves bears what staying would have cost, and never gains by leaving first."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import socialise
from solvent.units import PPM

money = st.integers(0, 10**15)


@settings(max_examples=300)
@given(withdrawn=money, shortfall=money, total=money)
def test_what_is_retained_is_the_share_rounded_up(withdrawn, shortfall, total) -> None:
    got = plain(socialise.retained_up)(withdrawn, shortfall, total)
    if shortfall == 0:
        assert got == 0
        return
    exact = Fraction(withdrawn * shortfall, total + shortfall)
    assert 0 <= got - exact < 1
    assert got <= withdrawn
    share = plain(socialise.share_nearest)(shortfall, total, PPM)
    assert abs(share - Fraction(shortfall * PPM, total + shortfall)) <= Fraction(1, 2)


@settings(max_examples=200)
@given(parts=st.lists(st.integers(0, 10**9), min_size=1, max_size=6), rest=money, shortfall=money)
def test_when_all_leave_together_the_shortfall_is_paid(parts, rest, shortfall) -> None:
    owed = sum(parts) + rest
    shortfall = min(shortfall, owed)
    kept = [plain(socialise.retained_up)(part, shortfall, owed - shortfall) for part in (*parts, rest)]
    assert shortfall <= sum(kept) <= shortfall + len(kept)
