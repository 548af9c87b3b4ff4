"""Price bands: never narrower than their width, by less than a step wider."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import band
from solvent.units import PPM


@settings(max_examples=300)
@given(mark=st.integers(1, 2**31), width=st.integers(0, 2 * PPM), step=st.integers(1, 1000))
def test_a_band_is_rounded_outwards_to_the_step(mark, width, step) -> None:
    low = plain(band.lowest_ticks)(mark, width, PPM, step)
    high = plain(band.highest_ticks)(mark, width, PPM, step)
    assert low % step == 0
    assert high % step == 0
    assert 0 <= max(Fraction(mark * (PPM - width), PPM), 0) - low < step
    assert 0 <= high - Fraction(mark * (PPM + width), PPM) < step
