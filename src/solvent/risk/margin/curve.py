"""Curves: a rate that grows with something, and is held between a floor and a cap.

    rate = clip(base + slope x max(driver - threshold, 0) ** exponent, floor, cap)      in parts per billion

rounded down to whole `rate_step_ppb` (dYdX v4 keeps whole ppm, protocol/x/perpetuals/types/liquidity_tier.go). With a
step the excess counts in whole steps, begun ones included (BitMEX risk limits). A rate is never below its floor and
never above its cap, and never falls while the driver grows.
"""

from solvent.codes import Driver, Exponent
from solvent.compiled import kernel
from solvent.state.values import market_value_saturated
from solvent.units import add_saturated, mul_div_down, mul_saturated

ROOT_BITS = 10
"""A square root is kept with this many binary places."""


@kernel
def root_down(number):
    """Largest whole number whose square is not above `number`, for 0 <= number < 2**62."""
    root = 0
    bit = 1 << 60
    rest = number
    while bit > rest:
        bit >>= 2
        if bit == 0:
            return 0
    while bit != 0:
        if rest >= root + bit:
            rest -= root + bit
            root = (root >> 1) + bit
        else:
            root >>= 1
        bit >>= 2
    return root


@kernel
def curve_rate_ppb(schedule, driver):
    """The rate at a size of the driver; never falls while the driver grows."""
    excess = max(driver - schedule.threshold, 0)
    if schedule.step > 0:
        excess = (excess + schedule.step - 1) // schedule.step
    if schedule.exponent == Exponent.SQUARE:
        rise = mul_div_down(excess, mul_saturated(excess, schedule.slope_num), schedule.slope_den)
    elif schedule.exponent == Exponent.ROOT:
        if excess < 1 << (60 - 2 * ROOT_BITS):
            root = root_down(excess << (2 * ROOT_BITS))
        else:
            root = root_down(excess) << ROOT_BITS
        rise = mul_div_down(root, schedule.slope_num, schedule.slope_den) >> ROOT_BITS
    else:
        rise = mul_div_down(excess, schedule.slope_num, schedule.slope_den)
    rate = min(max(add_saturated(schedule.base_ppb, rise), schedule.floor_ppb), schedule.cap_ppb)
    return rate - rate % schedule.rate_step_ppb


@kernel
def driver_of(state, kind, instrument, lots, notional_quanta):
    """What a curve grows with, in whole numbers: lots, or quanta at the mark."""
    if kind == Driver.SIZE:
        return lots
    if kind == Driver.NOTIONAL:
        return notional_quanta
    if kind == Driver.OPEN_INTEREST:
        market = state.instruments[instrument]
        return market_value_saturated(state.contracts[instrument], market.open_interest_lots, market.mark_ticks)
    return 0
