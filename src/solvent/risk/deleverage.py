"""Deleveraging: who on the winning side closes against a defaulter, and for how many contracts.

Moving contracts and sharing a loss are two problems. Here contracts move: whole lots, open interest balanced, only
against positions on the opposite side with a gain at the execution price. Cash is shared by the waterfall.

Scores (higher closes first), as the venues publish them:
    Hyperliquid   (mark / entry) x (notional / equity)                   for longs; the inverse ratio for shorts
    Binance       gain / max(1, wallet) x requirement / (wallet + gain)  zero when the account has no equity

Ratios are kept in millionths and held to 2**31, so a product fits; ties go to the lower account number.
Pro-rata closes everyone in proportion to lots with cumulative rounding over an order keyed by the event, so that
splitting an account or choosing its number gains nothing.
"""

from solvent.codes import AdlScore
from solvent.compiled import kernel
from solvent.units import PPM, mul_div_down

RATIO_MAX = 2**31


@kernel
def ratio_millionths(numerator, denominator):
    """numerator / denominator in millionths, held to 2**31; a denominator that is not positive counts as one."""
    return min(mul_div_down(max(numerator, 0), PPM, max(denominator, 1)), RATIO_MAX)


@kernel
def score_of(kind, lots, value_quanta, cost_quanta, gain_quanta, wallet_quanta, equity_quanta, requirement_quanta):
    """Rank of one winning position; values and costs are signed like lots, notional is their size."""
    if equity_quanta <= 0:
        return 0
    if kind == AdlScore.HYPERLIQUID:
        if lots > 0:
            move = ratio_millionths(value_quanta, cost_quanta)
        else:
            move = ratio_millionths(-cost_quanta, -value_quanta)
        return move * ratio_millionths(abs(value_quanta), equity_quanta)
    return ratio_millionths(gain_quanta, max(wallet_quanta, 1)) * ratio_millionths(requirement_quanta, equity_quanta)


@kernel
def pair_queue(lots, available, count, paired):
    """Fill `paired` in the order given until `lots` are closed; give how many were."""
    left = lots
    for i in range(count):
        paired[i] = min(left, available[i])
        left -= paired[i]
    return lots - left


@kernel
def pair_pro_rata(lots, available, count, paired):
    """Close everyone in proportion to what is available, cumulative rounding; give how many lots were closed."""
    total = 0
    for i in range(count):
        total += available[i]
    closing = min(lots, total)
    running = 0
    given = 0
    for i in range(count):
        running += available[i]
        upto = mul_div_down(closing, running, total) if total > 0 else 0
        paired[i] = upto - given
        given = upto
    return given
