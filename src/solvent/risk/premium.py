"""Funding rates: what the distance of a contract from its index makes the longs pay.

Rates are whole numbers of 1 / scale; the caller chooses the scale (a billion in the machine, finer for reports).

    outside     (max(0, impact bid - index) - max(0, index - impact ask)) / index          Hyperliquid, BitMEX, Binance
    mid         ((impact bid + impact ask) / 2 - index) / index                            Hyperliquid HIP-3
    clamped     P + clip(interest - P, +-clamp), held to +-cap                             Hyperliquid, Binance, Paradex
    damped      max(d, P) + min(-d, P), held to +-cap                                      Deribit
    velocity    dr/dt = velocity x clip(skew / skew scale, +-1)                            Synthetix SIP-279
    adaptive    the rate drifts with the imbalance of open interest                        GMX v2
    curve       factor x imbalance^e / open interest; what one side pays the other gets    GMX v2
    clamp bound multiplier x (initial rate - maintenance rate)                             dYdX v4
"""

from solvent.compiled import kernel
from solvent.units import LIMIT, add_saturated, mul_div_down, mul_div_nearest, mul_div_up, mul_saturated


@kernel
def premium_outside_nearest(index_ticks, bid_ticks, ask_ticks, scale):
    """How far the impact prices stand outside the index; zero while the index is between them."""
    outside = max(bid_ticks - index_ticks, 0) - max(index_ticks - ask_ticks, 0)
    return mul_div_nearest(outside, scale, index_ticks)


@kernel
def premium_mid_nearest(index_ticks, bid_ticks, ask_ticks, scale):
    """How far the middle of the impact prices stands from the index."""
    return mul_div_nearest(bid_ticks + ask_ticks - 2 * index_ticks, scale, 2 * index_ticks)


@kernel
def premium_of_price_nearest(index_ticks, price_ticks, scale):
    """How far one price, a mark or an average, stands from the index."""
    return mul_div_nearest(price_ticks - index_ticks, scale, index_ticks)


@kernel
def held(rate, cap):
    """The rate within +-cap; a negative cap means none."""
    if cap < 0:
        return rate
    return min(max(rate, -cap), cap)


@kernel
def pull(premium, interest, clamp):
    """What the interest adds to a premium: the way back to itself, at most the clamp."""
    return min(max(interest - premium, -clamp), clamp)


@kernel
def clamped_rate(premium, interest, clamp, cap):
    """Premium plus the clamped way back to the interest; flat at the interest while they are closer than the clamp."""
    return held(premium + pull(premium, interest, clamp), cap)


@kernel
def damped_rate(premium, damper, cap):
    """Zero while the premium is within the damper, and what exceeds it beyond."""
    return held(max(damper, premium) + min(-damper, premium), cap)


@kernel
def interval_rate_nearest(rate, interval, period, cap):
    """A rate quoted per period for one interval of it, held to the cap of an interval."""
    return held(mul_div_nearest(rate, interval, period), cap)


@kernel
def payment_up(value_quanta, rate, scale):
    """What a position of this signed value pays at a rate, rounded against it; negative when it receives."""
    if rate >= 0:
        return mul_div_up(value_quanta, rate, scale)
    return mul_div_up(-value_quanta, -rate, scale)


@kernel
def velocity_nearest(velocity_max, skew_lots, skew_scale_lots):
    """Change of the rate per day: the largest one times the skew's share of its scale, held to +-1."""
    return mul_div_nearest(min(max(skew_lots, -skew_scale_lots), skew_scale_lots), velocity_max, skew_scale_lots)


@kernel
def rate_after_nearest(rate, velocity, elapsed, day):
    """The rate after a time in which the velocity stood still."""
    return add_saturated(rate, mul_div_nearest(velocity, elapsed, day))


@kernel
def accrued_nearest(value_quanta, rate_before, rate_after, elapsed, day, scale):
    """What a value pays while its daily rate moves linearly between two: the mean of both times the time.

    The half of the mean is taken with the day, so nothing is rounded twice but the sum of the rates over time.
    """
    paid = mul_div_nearest(rate_before + rate_after, elapsed, 2 * day)
    if paid >= 0:
        return mul_div_nearest(value_quanta, paid, scale)
    return -mul_div_nearest(value_quanta, -paid, scale)


@kernel
def adaptive_change(imbalance, same_direction, stable, decrease, growth_per_second, decay_per_second, seconds, scale):
    """By how much the funding rate drifts in its own direction; `imbalance` is skew over open interest, in 1 / scale.

    Above `stable` it grows with the imbalance, below `decrease` it decays, between them it stands. When the skew has
    turned against the rate, it grows the other way, whatever its size (gmx-synthetics, getNextFundingFactor).
    """
    grown = mul_div_nearest(imbalance, mul_saturated(growth_per_second, seconds), scale)
    if not same_direction:
        return -grown
    if imbalance > stable:
        return grown
    if imbalance < decrease:
        return -mul_saturated(decay_per_second, seconds)
    return 0


@kernel
def curve_paying_nearest(factor, imbalance_quanta, open_interest_quanta, unit_quanta, exponent):
    """Rate per second of the larger side, in the unit of the factor; `unit_quanta` is one unit of currency.

    factor x (imbalance / unit)^exponent / (open interest / unit), the exponent a whole number.
    """
    if open_interest_quanta <= 0:
        return 0
    rate = mul_div_nearest(factor, imbalance_quanta, open_interest_quanta)
    for _ in range(1, exponent):
        rate = mul_div_nearest(rate, imbalance_quanta, unit_quanta)
    return rate


@kernel
def curve_receiving_down(paying_rate, paying_quanta, receiving_quanta):
    """Rate per second of the smaller side: the same money over less, so that all that is paid is received."""
    if receiving_quanta <= 0:
        return 0
    return mul_div_down(paying_rate, paying_quanta, receiving_quanta)


@kernel
def clamp_bound_down(factor_ppm, initial_ppm, maintenance_fraction_ppm, ppm):
    """Largest funding rate in ppm: factor x (initial - maintenance), each floored to ppm as dYdX v4 does.

    protocol/x/perpetuals/types/liquidity_tier.go, GetMaxAbsFundingClampPpm.
    """
    maintenance = mul_div_down(initial_ppm, maintenance_fraction_ppm, ppm)
    return min(mul_div_down(factor_ppm, max(initial_ppm - maintenance, 0), ppm), LIMIT)
