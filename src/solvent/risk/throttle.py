"""Throttles: how much may be liquidated, and paid for it, in a stretch of time or in one block.

    window      rolling: what was liquidated less than `window` ago is not available again          Synthetix v3
    extra       once a block, while the market's premium is below a limit, one window more          Synthetix v3
    room        what is left under a cap of the venue and of the market                             dYdX v4, Maker
    support     designated makers take min(share x equity - used, factor x equity - notional)       Deribit
    reward      flag rewards of all positions together, held between a least and a most             Synthetix v3

Times are in one unit throughout, rates whole numbers of 1 / scale.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_down, mul_div_nearest, mul_div_up, mul_saturated


@kernel
def window_capacity_down(fees, skew_scale_lots, multiplier, window, scale):
    """Lots of one window: (maker + taker fee) x skew scale x multiplier x seconds, each rate in 1 / scale."""
    return mul_div_down(mul_div_down(mul_saturated(fees, window), skew_scale_lots, scale), multiplier, scale)


@kernel
def used_in_window(times, lots, count, now, window):
    """Lots liquidated later than now - window; what happened exactly a window ago is available again."""
    used = 0
    for i in range(count):
        if times[i] > now - window:
            used += lots[i]
    return used


@kernel
def extra_window(capacity_lots, room_lots, skew_lots, skew_scale_lots, premium_max, scale, acted_in_block):
    """Lots that may be liquidated now: the room, or one whole window more when it is used up and the market is calm.

    `premium_max` 0 means that there is no such allowance; at the limit itself there is none either.
    """
    if room_lots > 0 or premium_max == 0 or acted_in_block:
        return room_lots
    # |skew| / skew scale < limit, that is |skew| < limit x skew scale: exact, the right side rounded up
    if abs(skew_lots) < mul_div_up(skew_scale_lots, premium_max, scale):
        return capacity_lots
    return room_lots


@kernel
def room_left(cap, used):
    """What a cap still allows; never negative."""
    return max(cap - used, 0)


@kernel
def support_capacity_down(equity_quanta, share, used_quanta, factor, notional_quanta, scale):
    """Notional designated makers still take over: within their share of equity and within a multiple of it."""
    by_share = mul_div_down(equity_quanta, share, scale) - used_quanta
    by_notional = mul_div_down(equity_quanta, factor, scale) - notional_quanta
    return max(min(by_share, by_notional), 0)


@kernel
def flag_reward_nearest(notional_quanta, ratio, scale):
    """Reward for flagging one position."""
    return mul_div_nearest(notional_quanta, ratio, scale)


@kernel
def reward_held(reward_quanta, least_quanta, most_quanta):
    """A keeper's reward between its least and its most; the most wins where they contradict."""
    return min(max(reward_quanta, least_quanta), most_quanta)
