"""Positions against a pool: what is left of an isolated position's collateral, and when it is closed.

    remaining     collateral value + gain + min(0, impact) - fees
    closed when   remaining < least value, or <= 0, or < factor x size at entry     GMX v2
    paid out      collateral - what the position lost, in collateral

The requirement is of the size the position was opened with, in quote, not of its value at the mark.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_down, mul_div_up


@kernel
def remaining_quanta(collateral_quanta, gain_quanta, impact_quanta, fees_quanta):
    """What the position is worth to its owner if it is closed now; a favourable impact does not count."""
    return collateral_quanta + gain_quanta + min(impact_quanta, 0) - fees_quanta


@kernel
def falls_short(left_quanta, size_quanta, factor, scale, least_quanta):
    """True when what remains is not positive, below the least worth, or below the factor of the size."""
    return left_quanta <= 0 or left_quanta < least_quanta or left_quanta < mul_div_up(size_quanta, factor, scale)


@kernel
def returned_down(collateral, collateral_quanta, lost_quanta):
    """Collateral that is given back after a loss has been paid out of it; nothing when it was not enough."""
    return mul_div_down(collateral, max(collateral_quanta - max(lost_quanta, 0), 0), max(collateral_quanta, 1))
