"""What keepers and bidders are offered: the price of the moment, the reward, and how a stage adapts to its market.

    bonus       factor of the mark, always the same                                    Aave, Compound
    by health   1 - min(slope x missing share of the requirement, most)                Euler, dYdX
    by time     solvent.risk.auction                                                   Maker, Derive
    reward      min(penalty charged, held between least and most: flat + share)        Synthetix, Maker

A long is sold at the mark times the factor, a short bought back at the mark times two less the factor; the tick is
rounded for the account. The discount widens with the part of the market's volatility multiplier above one, and the
time shrinks with it; the share that is closed at once grows with its depth multiplier.
"""

from solvent.codes import OfferPrice
from solvent.compiled import kernel
from solvent.units import PPM, mul_div_down, mul_div_up


@kernel
def grown_ppm(share_ppm, multiplier_ppm):
    """One, and the share of what a multiplier has above one."""
    return PPM + mul_div_down(max(multiplier_ppm - PPM, 0), share_ppm, PPM)


@kernel
def health_factor(offer, equity_quanta, requirement_quanta):
    """Factor by health: nothing off at the requirement, all of the discount at the slope's end."""
    most = PPM - offer.first_ppm
    missing = requirement_quanta - max(equity_quanta, 0)
    if requirement_quanta <= 0:
        return PPM - most
    share = mul_div_down(max(missing, 0), PPM, requirement_quanta)
    return PPM - min(mul_div_down(share, offer.slope_ppm, PPM), most)


@kernel
def widened_factor(factor_ppm, grown):
    """A discount times the market's growth; a premium stays. Never more than the whole price."""
    if factor_ppm >= PPM:
        return factor_ppm
    return PPM - min(mul_div_down(PPM - factor_ppm, grown, PPM), PPM)


@kernel
def offered_ticks(mark_ticks, lots, factor_ppm, least_ticks, most_ticks):
    """Price at which a position of signed `lots` passes, rounded for its owner, inside the contract's bounds."""
    off = PPM - factor_ppm
    move = mul_div_down(mark_ticks, off, PPM) if off >= 0 else -mul_div_up(mark_ticks, -off, PPM)
    price = mark_ticks - move if lots > 0 else mark_ticks + move
    return min(max(price, least_ticks), most_ticks)


@kernel
def reward_of(offer, value_quanta, penalty_quanta):
    """The keeper's reward for closing a value: flat and a share, between its bounds, and never above the penalty."""
    reward = offer.reward_flat_quanta + mul_div_down(value_quanta, offer.reward_ppm, PPM)
    if offer.reward_max_quanta > 0:
        reward = min(reward, offer.reward_max_quanta)
    return min(max(reward, offer.reward_min_quanta), penalty_quanta)


@kernel
def adapted_lots(size_min_quanta, lots, held_lots, notional_quanta, grown):
    """Lots a stage closes in a thinner market: a larger part, and everything of a position that is small in it."""
    if notional_quanta <= mul_div_down(size_min_quanta, grown, PPM):
        return held_lots
    return min(mul_div_up(lots, grown, PPM), held_lots)


@kernel
def is_by_time(offer):
    """True when the price of the offer depends on its age."""
    return offer.price == OfferPrice.TIME or offer.price == OfferPrice.STAIRS
