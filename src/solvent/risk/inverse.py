"""Fees inside the margin of coin-margined positions, as BitMEX and Bybit round them: to the nearest.

What an inverse contract is worth is said in solvent.state.values.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_nearest


@kernel
def share_nearest(value_quanta, rate, scale):
    """A rate of a value: margin, fee or maintenance of a coin-margined position."""
    return mul_div_nearest(value_quanta, rate, scale)


@kernel
def close_fee_nearest(entry_value_quanta, fee, scale, leverage_num, leverage_den, side):
    """Fee for closing at the bankruptcy price of a linear position: fee x entry value x (1 - side / leverage).

    `side` is 1 for a long, whose bankruptcy lies below the entry, and -1 for a short. Bybit holds it inside both the
    initial and the maintenance requirement.
    """
    at_bankruptcy = mul_div_nearest(entry_value_quanta, leverage_num - side * leverage_den, leverage_num)
    return mul_div_nearest(at_bankruptcy, fee, scale)
