"""Funding: what longs owe shorts, accrued through one index per market.

The index of a market grows by mark value of a lot x rate, in quanta x FUNDING_SCALE per lot. A position owes
lots x (index now - index when it last settled) / FUNDING_SCALE, rounded up for the payer and down for the receiver,
so the suspense account never has to pay out more than came in.
"""

from solvent.compiled import kernel
from solvent.units import FUNDING_SCALE, LIMIT, PPB, add_saturated, mul_div_nearest, mul_div_up


@kernel
def next_index(index, lot_num, lot_den, rate_ppb):
    """The funding index after one interval at `rate_ppb`; +-LIMIT or beyond must be refused.

    A lot is worth `lot_num / lot_den` quanta at the mark; the denominator is at most 2**31 and times PPB fits.
    """
    if rate_ppb >= 0:
        step = mul_div_nearest(lot_num, rate_ppb * FUNDING_SCALE, lot_den * PPB)
    else:
        step = -mul_div_nearest(lot_num, -rate_ppb * FUNDING_SCALE, lot_den * PPB)
    return add_saturated(index, step)


@kernel
def due_up(lots, index_change):
    """What a position owes for a change of the index, rounded against the account; negative when it receives."""
    if index_change >= 0:
        return mul_div_up(lots, index_change, FUNDING_SCALE)
    if index_change < -LIMIT:
        index_change = -LIMIT
    return mul_div_up(-lots, -index_change, FUNDING_SCALE)
