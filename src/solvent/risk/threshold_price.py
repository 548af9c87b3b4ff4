"""Threshold prices: the mark at which an account meets a line, and the price at which it holds its ratio.

For a linear contract whose requirement is locally notional x n / D - d, everything else standing still, equity meets
the requirement at

    price = s x (d - cash) / (|lots| x quanta per lot and tick x (1 - s x n / D))        with s = the position's sign

where `cash` is the equity the account would have at a price of zero, less what its other positions require: wallet -
cost + gains of the others - requirement of the others. With n = d = 0 and no others' requirement it is the bankruptcy
price. Hyperliquid, Binance, Bybit and everyone with brackets write the same line differently.

    zero price      mark x (1 - s x rate x equity / requirement)          Lighter: closing there leaves equity /
                                                                          requirement as it was
"""

from solvent.compiled import kernel
from solvent.units import mul_div_down, mul_div_nearest, mul_div_up


@kernel
def threshold_ticks_down(lots, quanta_per_lot_tick, cash_quanta, numerator, denominator, deduction_quanta):
    """Largest whole price at or below the one at which equity is the requirement; below 1 there is none.

    A long below it falls short. |lots| x quanta_per_lot_tick fits by the bounds of listing; the numerator is below
    the denominator.
    """
    per_tick = abs(lots) * quanta_per_lot_tick
    if lots > 0:
        return mul_div_down(-deduction_quanta - cash_quanta, denominator, denominator - numerator) // per_tick
    return mul_div_down(cash_quanta + deduction_quanta, denominator, denominator + numerator) // per_tick


@kernel
def threshold_ticks_up(lots, quanta_per_lot_tick, cash_quanta, numerator, denominator, deduction_quanta):
    """Least whole price at or above the one at which equity is the requirement. A long at it still holds."""
    per_tick = abs(lots) * quanta_per_lot_tick
    if lots > 0:
        quotient = mul_div_up(-deduction_quanta - cash_quanta, denominator, denominator - numerator)
    else:
        quotient = mul_div_up(cash_quanta + deduction_quanta, denominator, denominator + numerator)
    return -(-quotient // per_tick)


@kernel
def zero_price_nearest(mark_ticks, is_long, rate, scale, equity_quanta, requirement_quanta):
    """Price at which closing leaves equity over requirement as it was; at the line itself the loss is the rate."""
    if requirement_quanta <= 0:
        return mark_ticks
    move = mul_div_nearest(mul_div_nearest(equity_quanta, mark_ticks, requirement_quanta), rate, scale)
    return mark_ticks - move if is_long else mark_ticks + move
