"""How much may leave in a while: a share of what is there, but never less than a minimum.

    baseline = max(minimum, floor(held x share))

Source: dYdX v4, protocol/x/ratelimit (transfers out of the chain).
"""

from solvent.compiled import entry
from solvent.units import PPM, mul_div_down


@entry
def outflow_baseline(held_quanta, share_ppm, minimum_quanta):
    """The most that may leave while nothing comes in, in quanta of the asset, rounded down."""
    return max(minimum_quanta, mul_div_down(held_quanta, share_ppm, PPM))
