"""Haircuts: what collateral is worth less because it would have to be sold, and how much of it a debt sells.

    impact      value x (1 - clip(amount / skew scale x scalar, floor, cap))          Synthetix v3
    exchange    debt / (1 - haircut) of collateral is sold for a debt                 Binance auto-exchange

Rates are whole numbers of 1 / scale.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_down, mul_div_nearest, mul_div_up


@kernel
def impact_discount_nearest(amount, skew_scale, scalar, floor, cap, scale):
    """Discount of selling an amount at once, in 1 / scale, held between floor and cap."""
    return min(max(mul_div_nearest(amount, scalar, skew_scale), floor), cap)


@kernel
def discounted_down(value_quanta, discount, scale):
    """A value after a discount, rounded down."""
    return mul_div_down(value_quanta, max(scale - discount, 0), scale)


@kernel
def exchanged_up(debt_quanta, haircut, scale):
    """Value of collateral that must be sold to cover a debt when selling costs a haircut, rounded up."""
    return mul_div_up(debt_quanta, scale, scale - haircut)
