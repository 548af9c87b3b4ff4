"""Portfolio margin: one requirement for positions that hedge each other.

    inverse perpetual   value moves by K x d / (1 + d) when the price moves by d            Deribit risk vector
    least delta         (unhedged x |net delta| + hedged x (gross - |net|) / 2) x spot     Paradex
    aggregation         mark to market + factor x (worst span + contingencies)                         Derive
    borrowing           (offset + requirement + debt) / (balance + borrowable) above a ratio   Hyperliquid

Rates are whole numbers of 1 / scale; a requirement is rounded up, a balance down.
"""

from solvent.compiled import kernel
from solvent.units import add_saturated, mul_div_down, mul_div_nearest, mul_div_up


@kernel
def inverse_move_nearest(value_quanta, move, scale):
    """Gain in coin of a coin-margined value when the price moves by `move` parts of scale (above -scale)."""
    if move >= 0:
        return mul_div_nearest(value_quanta, move, scale + move)
    return mul_div_nearest(-value_quanta, -move, scale + move)


@kernel
def hedged_delta(net_lots, gross_lots):
    """Lots of delta that another position of the set takes back: half of what netting removes."""
    return (gross_lots - abs(net_lots)) // 2


@kernel
def least_delta_risk_up(net_quanta, gross_quanta, unhedged, hedged, scale):
    """Least requirement of a set of positions by its deltas, valued at the spot; rounded up.

    The hedged half is taken with the scale, so that nothing is lost when net and gross differ by an odd quantum.
    """
    open_part = mul_div_up(abs(net_quanta), unhedged, scale)
    return open_part + mul_div_up(gross_quanta - abs(net_quanta), hedged, 2 * scale)


@kernel
def aggregated_down(mark_quanta, span_quanta, contingency_quanta, factor, scale):
    """Margin balance of a portfolio: its mark plus the factored worst loss (negative); rounded down."""
    return add_saturated(mark_quanta, mul_div_down(add_saturated(span_quanta, contingency_quanta), factor, scale))


@kernel
def borrowable_down(balance, borrow_cap_quanta, supply_cap, price_num, price_den, share, scale):
    """What a balance can still borrow against: its value at a share, within both caps; rounded down."""
    value = mul_div_down(min(balance, supply_cap), price_num, price_den)
    return min(borrow_cap_quanta, mul_div_down(value, share, scale))


@kernel
def exceeds_ratio(requirement_quanta, value_quanta, ratio, scale):
    """True when requirement / value is above a ratio; exact. A value that is not positive is exceeded by anything."""
    if value_quanta <= 0:
        return requirement_quanta > 0
    return requirement_quanta > mul_div_down(value_quanta, ratio, scale)


@kernel
def ratio_nearest(requirement_quanta, value_quanta, scale):
    """Requirement over value in 1 / scale, to the nearest, for reports."""
    return mul_div_nearest(requirement_quanta, scale, max(value_quanta, 1))
