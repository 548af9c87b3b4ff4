"""Outliers: one source cannot move the index further than the limit, and two cannot move it at all."""

from statistics import median

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import outlier
from solvent.units import PPM

crowds = st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 1000)), min_size=1, max_size=9)


def columns(crowd):
    return np.array([p for p, _w in crowd], np.int64), np.array([w for _p, w in crowd], np.int64)


@settings(max_examples=300)
@given(crowd=crowds)
def test_the_median_is_the_median(crowd) -> None:
    prices, _weights = columns(crowd)
    got = plain(outlier.median_nearest)(prices, len(crowd))
    assert 0 <= got - median(prices.tolist()) <= 0.5


@settings(max_examples=300)
@given(crowd=crowds, deviation=st.integers(0, PPM))
def test_the_index_is_a_mean_of_those_who_are_near_or_the_median(crowd, deviation) -> None:
    prices, weights = columns(crowd)
    got = plain(outlier.index_nearest)(prices, weights, len(crowd), deviation, PPM)
    middle = int(plain(outlier.median_nearest)(prices, len(crowd)))
    near = [(p, w) for p, w in crowd if abs(p - middle) * PPM <= middle * deviation]
    if len(crowd) - len(near) > 1 or not near:
        assert got == middle
    else:
        exact = sum(p * w for p, w in near) / sum(w for _p, w in near)
        assert abs(got - exact) <= 0.51
        assert min(p for p, _w in near) <= got <= max(p for p, _w in near)


def test_where_everybody_is_astray_the_median_is_left() -> None:
    prices, weights = np.array([90, 110], np.int64), np.array([1, 1], np.int64)
    assert plain(outlier.mean_without_nearest)(prices, weights, 2, 100, 10_000, PPM) == 100
    assert plain(outlier.mean_without_nearest)(prices, weights, 2, 100, 200_000, PPM) == 100
    assert plain(outlier.mean_without_nearest)(prices, np.array([3, 1], np.int64), 2, 100, 200_000, PPM) == 95
