"""How much of a position taken over is sold in one step.

    size    |position| when it is no more than `full`, else ceil(|position| x fraction)
    cap     ceil(volume within range x most of it)

Source: Vega, core/execution/liquidation/engine.go.
"""

from solvent.compiled import entry
from solvent.units import mul_div_up


@entry
def disposal_size(position, full, fraction_num, fraction_den, available, most_num, most_den):
    """Size of one step; position is a magnitude, `available` the volume within range, negative where it is no limit."""
    size = position if position <= full else min(mul_div_up(position, fraction_num, fraction_den), position)
    if available >= 0:
        size = min(size, mul_div_up(available, most_num, most_den))
    return size
