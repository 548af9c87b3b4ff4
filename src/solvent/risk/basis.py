"""Basis: what a contract's price should be, given the index and what is paid until the two must meet.

    decaying      index x (1 + rate x time left / interval)     perpetuals: BitMEX fair price, Binance price 1
    annualised    index x (1 + rate x time left / year)         dated futures: BitMEX fair price

The time left may be floored to whole minutes first: all 34 recorded BitMEX contracts agree to their price precision
with the floor, one of them only with it. Rates are whole numbers of 1 / scale, prices are ticks.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_nearest


@kernel
def time_left(now, until, floor):
    """Time until a moment, never negative, in whole multiples of `floor` (1 for none)."""
    left = max(until - now, 0)
    return left - left % floor


@kernel
def basis_nearest(rate, left, period):
    """The part of a rate per period that is still to be paid."""
    return mul_div_nearest(rate, left, period)


@kernel
def based_ticks_nearest(index_ticks, basis, scale):
    """The index moved by a basis."""
    return index_ticks + offset_ticks_nearest(index_ticks, basis, scale)


@kernel
def offset_ticks_nearest(index_ticks, basis, scale):
    """A basis as a distance from the index."""
    return mul_div_nearest(basis, index_ticks, scale)
