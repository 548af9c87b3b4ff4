"""Steps of a change and who is entitled to it."""

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.codes import Authority
from solvent.risk.governance import is_entitled, is_step_allowed
from solvent.units import PPM

values = st.integers(-(10**12), 10**12)


@given(values, values, st.integers(0, 3 * PPM))
def test_a_value_moves_at_most_a_share_of_itself(before: int, after: int, step: int) -> None:
    allowed = plain(is_step_allowed)(before, after, 0, step)
    if step == 0 or before == 0:
        assert allowed, "without a step any way; what was off may be switched on"
    else:
        assert allowed == (abs(after - before) <= ceil(Fraction(abs(before) * step, PPM)))


@given(values, st.integers(1, 3 * PPM))
def test_a_share_of_zero_moves_at_most_a_share_of_one(after: int, step: int) -> None:
    assert plain(is_step_allowed)(0, after, PPM, step) == (abs(after) <= step)


def test_any_bit_in_common_entitles() -> None:
    both = Authority.COUNCIL | Authority.OPERATOR
    assert plain(is_entitled)(Authority.OPERATOR, both)
    assert not plain(is_entitled)(Authority.GUARDIAN, both)
    assert not plain(is_entitled)(0, both)
