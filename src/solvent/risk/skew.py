"""Fills against a pool: what moving the imbalance of a market costs whoever moves it.

    skew fill       index x (1 + (skew + size / 2) / skew scale), the mean of before and after     Synthetix
    premium         |size| / skew scale x notional x multiplier, held back from a liquidation      Synthetix v2
    impact          factor x (before^e - after^e) of the sides' difference, negative is a cost     GMX v2
    as entry        the impact is put into the number of tokens bought, and so into the entry    GMX v2

Factors, multipliers and impacts are whole numbers of 1 / scale.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_nearest, mul_div_up


@kernel
def skewed_ticks_nearest(index_ticks, skew_lots, skew_scale_lots):
    """Price of a market with this skew."""
    return index_ticks + mul_div_nearest(skew_lots, index_ticks, skew_scale_lots)


@kernel
def skew_fill_ticks_nearest(index_ticks, skew_lots, size_lots, skew_scale_lots):
    """Price of a fill of a signed size: the mean of the price before it and after it, rounded once."""
    return index_ticks + mul_div_nearest(2 * skew_lots + size_lots, index_ticks, 2 * skew_scale_lots)


@kernel
def liquidation_premium_up(size_lots, notional_quanta, skew_scale_lots, multiplier, scale):
    """What closing a position at once would cost by the skew, held back before it is judged; rounded up."""
    return mul_div_up(mul_div_up(notional_quanta, abs(size_lots), skew_scale_lots), multiplier, scale)


@kernel
def power_of_imbalance_nearest(factor, difference_quanta, unit_quanta, exponent):
    """factor x (difference / unit)^exponent, in the unit of the factor; the exponent is a whole number."""
    power = factor
    for _ in range(exponent):
        power = mul_div_nearest(power, difference_quanta, unit_quanta)
    return power


@kernel
def impact_nearest(before_quanta, after_quanta, factor_reducing, factor_growing, exponent, unit_quanta):
    """What a trade gets (positive) or pays for moving the difference between the sides, in the unit of the factors.

    Reducing the imbalance is paid by `factor_reducing`, growing it costs `factor_growing`.
    """
    factor = factor_reducing if after_quanta < before_quanta else factor_growing
    return power_of_imbalance_nearest(factor, before_quanta, unit_quanta, exponent) - power_of_imbalance_nearest(
        factor, after_quanta, unit_quanta, exponent
    )


@kernel
def lots_after_impact_nearest(lots, impact, scale, is_long):
    """Tokens of a size with the impact, in parts of it, put in: a cost buys a long fewer, sells a short more."""
    change = mul_div_nearest(impact, lots, scale)
    return lots + change if is_long else lots - change
