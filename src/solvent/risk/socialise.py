"""Losses on withdrawal: until a shortfall is paid, whoever leaves bears the share that staying would have cost.

    share = shortfall / (total + shortfall)

where the total is what all accounts are still owed after the shortfall has been taken out. Paradex, socialised losses:
its formula and its worked table agree with this reading of "total" only.
"""

from solvent.compiled import kernel
from solvent.units import add_saturated, mul_div_nearest, mul_div_up


@kernel
def retained_up(withdrawn_quanta, shortfall_quanta, total_quanta):
    """What is held back of a withdrawal, rounded up: nobody leaves ahead of the loss by a rounding."""
    owed = add_saturated(max(total_quanta, 0), max(shortfall_quanta, 0))
    if shortfall_quanta <= 0 or owed == 0:
        return 0
    return mul_div_up(withdrawn_quanta, shortfall_quanta, owed)


@kernel
def share_nearest(shortfall_quanta, total_quanta, scale):
    """The share in 1 / scale, for reports."""
    lost = max(shortfall_quanta, 0)
    return mul_div_nearest(lost, scale, max(add_saturated(max(total_quanta, 0), lost), 1))
