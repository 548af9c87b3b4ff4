"""Price bands: the lowest and the highest price an order may name.

    lowest = mark x (1 - width), highest = mark x (1 + width)

each rounded outwards to a whole step of the order book (Deribit; checked on a recorded ticker of 2025-12-12), so the
band is never narrower than its width says. Paradex, Deribit.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_down, mul_div_up


@kernel
def lowest_ticks(mark_ticks, width, scale, step_ticks):
    """Lowest price of the band, on a step of the book, at or below mark x (1 - width)."""
    lowest = mul_div_down(mark_ticks, max(scale - width, 0), scale)
    return lowest - lowest % step_ticks


@kernel
def highest_ticks(mark_ticks, width, scale, step_ticks):
    """Highest price of the band, on a step of the book, at or above mark x (1 + width)."""
    highest = mul_div_up(mark_ticks, scale + width, scale)
    return highest + -highest % step_ticks
