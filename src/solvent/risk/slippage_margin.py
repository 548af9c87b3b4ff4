"""Margin from a risk factor and the slippage of closing out, and the three levels above maintenance.

V is the open volume, B and S the resting bids and offers, m the mark, a and b linear and quadratic slippage, r+ and r-
the factors of long and short, all sizes in whole units:

    long     V + B > 0:  m (a v + b v^2) + v r+ m + B r+ m,  v = max(V, 0)
    short    V - S < 0:  m (a w + b w^2) + w r- m + S r- m,  w = |min(V, 0)|
    both                 + max(0, funding increment x V)
    maintenance          the larger, rounded up once at the end
    other levels         floor(maintenance x floor(factor x 1e5) / 1e5)

The slippage counts on the open volume only. Factors are not negative and come as numerators over one denominator, so
the sum is exact before it is rounded. LIMIT: a number does not fit. Source: Vega, core/risk/margins_calculation.go.
"""

from solvent.compiled import entry
from solvent.units import LIMIT, add_saturated, mul_div_down, mul_div_rest, mul_saturated

LEVEL_SCALE = 100_000
"""Factors of the levels keep five decimals."""


@entry
def side_margin_up(mark, volume, orders, funded, linear, quadratic, factor, funding, denominator, unit):
    """Maintenance of one side in quanta, rounded up; volume, orders and funded are magnitudes in 1/unit.

    `funding` is the numerator of what one whole unit of `funded` owes.
    """
    over = mul_saturated(denominator, unit)
    raised = 1
    if quadratic > 0:
        over = mul_saturated(over, unit)
        raised = unit
    amounts = (
        mul_saturated(mark, volume),
        mul_saturated(mark, orders),
        mul_saturated(mul_saturated(mark, volume), volume) if quadratic > 0 else 0,
        funded,
    )
    numerators = (
        mul_saturated(add_saturated(linear, factor), raised),
        mul_saturated(factor, raised),
        quadratic,
        mul_saturated(funding, raised),
    )
    whole = 0
    rest = 0
    for term in range(4):
        if over >= LIMIT or amounts[term] >= LIMIT or numerators[term] >= LIMIT:
            return LIMIT
        quotient, left = mul_div_rest(amounts[term], numerators[term], over)
        whole = add_saturated(whole, quotient)
        rest += left
        if rest >= over:
            rest -= over
            whole = add_saturated(whole, 1)
    return add_saturated(whole, 1) if rest > 0 else whole


@entry
def volume_margin_up(
    mark, volume, bids, offers, linear, quadratic, long_factor, short_factor, funding, denominator, unit
):
    """Maintenance of an open volume (signed) with its resting orders, in quanta; see `side_margin_up`.

    `funding` is signed: what one unit of a long owes, what one unit of a short receives.
    """
    long_side = 0
    short_side = 0
    # a volume that owes funding owes it on whichever side counts
    funded = abs(volume) if (funding > 0) == (volume > 0) else 0
    owed = abs(funding)
    if volume + bids > 0:
        held = max(volume, 0)
        long_side = side_margin_up(mark, held, bids, funded, linear, quadratic, long_factor, owed, denominator, unit)
    if volume - offers < 0:
        held = max(-volume, 0)
        short_side = side_margin_up(
            mark, held, offers, funded, linear, quadratic, short_factor, owed, denominator, unit
        )
    return max(long_side, short_side)


@entry
def level_down(maintenance, factor_scaled):
    """A level above maintenance, rounded down; factor_scaled is floor(factor x LEVEL_SCALE)."""
    return mul_div_down(maintenance, factor_scaled, LEVEL_SCALE)
