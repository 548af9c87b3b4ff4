"""A liquidity tier's arithmetic: what a size is worth at a price with an exponent, and a trader's own share.

    value         N = tz(size x price x 10^exponent)                    toward zero
    size          floor(value / (price x 10^exponent))
    own share     ceil(|N| x share)

How open interest raises the initial requirement is a curve of `risk/margin/curve.py`. Sizes are whole base quanta,
prices whole numbers with a decimal exponent, values whole quote quanta. A result that reaches LIMIT does not fit and
must be refused. Source: dYdX v4, protocol/lib/quantums.go and x/perpetuals/types/liquidity_tier.go.
"""

from solvent.compiled import entry
from solvent.units import LIMIT, PPM, mul_div_down, mul_div_up, mul_saturated

EXPONENT_MAX = 18
"""10^18 is the largest power of ten below LIMIT."""


@entry
def scaled_value(size, price, exponent):
    """size x price x 10^exponent toward zero, for price >= 0 and |exponent| <= 36; held to +-LIMIT."""
    amount = size if size >= 0 else -size
    if exponent >= 0:
        value = mul_saturated(mul_saturated(amount, price), 10 ** min(exponent, EXPONENT_MAX))
        if exponent > EXPONENT_MAX:
            value = mul_saturated(value, 10 ** (exponent - EXPONENT_MAX))
    else:
        value = mul_div_down(amount, price, 10 ** min(-exponent, EXPONENT_MAX))
        if -exponent > EXPONENT_MAX and value < LIMIT:
            # a floor of a floor is the floor of the whole quotient
            value = value // 10 ** (-exponent - EXPONENT_MAX)
    return value if size >= 0 else -value


@entry
def scaled_size(value_quanta, price, exponent):
    """value / (price x 10^exponent) rounded down, for value >= 0, price > 0, |exponent| <= 36; held to LIMIT."""
    if exponent >= 0:
        value = value_quanta // 10 ** min(exponent, EXPONENT_MAX)
        if exponent > EXPONENT_MAX:
            value = value // 10 ** (exponent - EXPONENT_MAX)
        return value // price
    if -exponent <= EXPONENT_MAX:
        return mul_div_down(value_quanta, 10**-exponent, price)
    # the rest of the first division is below the price and would be lost: what does not fit at once is refused
    raised = mul_saturated(value_quanta, 10 ** (-exponent - EXPONENT_MAX))
    return LIMIT if raised == LIMIT else mul_div_down(raised, 10**EXPONENT_MAX, price)


@entry
def own_share_up(value_quanta, own_share_ppm):
    """What a trader who chose a leverage of his own holds at least at the initial level, rounded up."""
    return mul_div_up(abs(value_quanta), own_share_ppm, PPM)
