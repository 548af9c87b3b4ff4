"""The prices between which a market may trade without a pause: a reference times a factor below and one above.

    lower = ceil(reference x down)      upper = floor(reference x up)

Both round inward: a price on a bound is still inside the range the model allows. The factors come from an advisor.
Source: Vega, core/monitor/price/pricemonitoring.go.
"""

from solvent.compiled import entry
from solvent.units import mul_div_down, mul_div_up


@entry
def price_bounds(reference, down_num, up_num, denominator):
    """(lower, upper) in the unit of the reference."""
    return mul_div_up(reference, down_num, denominator), mul_div_down(reference, up_num, denominator)
