"""Triggers: when a fund or a pool has lost so much that positions are deleveraged.

    drawdown     (value now - its peak in the window) / peak of the pool <= -limit       Bybit, OKX
    pool gains   gains of the traders / value of the pool > limit                        GMX v2

At the limit the drawdown has triggered (Bybit's published example, although its text says "below").
"""

from solvent.compiled import kernel
from solvent.units import mul_div_nearest, mul_div_up


@kernel
def peak_of(values, first, last):
    """Largest of values[first..last]."""
    peak = values[first]
    for i in range(first + 1, last + 1):
        peak = max(peak, values[i])
    return peak


@kernel
def drawdown_nearest(value_quanta, peak_quanta, pool_peak_quanta, scale):
    """Fall from the peak as parts of the pool's peak; negative when it has fallen."""
    return mul_div_nearest(value_quanta - peak_quanta, scale, max(pool_peak_quanta, 1))


@kernel
def loss_beyond(value_quanta, peak_quanta, pool_peak_quanta, limit, scale):
    """What the fall is more than limit x the pool's peak, at least 0; negative when it is not reached.

    Zero exactly at the limit: the sign says whether it triggers, the amount how much is to be deleveraged.
    """
    return peak_quanta - value_quanta - mul_div_up(pool_peak_quanta, limit, scale)


@kernel
def exceeds_pool_share(gains_quanta, pool_quanta, limit, scale):
    """True when the traders' gains are above a share of the pool: compared by multiplying across."""
    return gains_quanta > mul_div_nearest(pool_quanta, limit, scale)


@kernel
def pool_share_nearest(gains_quanta, pool_quanta, scale):
    """The traders' gains as parts of the pool, for reports and floors."""
    return mul_div_nearest(gains_quanta, scale, max(pool_quanta, 1))
