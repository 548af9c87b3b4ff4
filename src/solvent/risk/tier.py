"""A liquidity tier: the share of its value a position must hold, and how open interest raises the initial one.

    value         N   = tz(size x price x 10^exponent)                                       toward zero
    initial share f   = base                                                                 OI <= lower, or no bounds
                      = 1                                                                    OI >= upper
                      = base + floor((1 - base) x (OI - lower) / (upper - lower))            between, in millionths
    initial       IMR = ceil(|N| x max(f, the trader's own share))
    maintenance   MMR = ceil(ceil(|N| x base) x fraction)                                    never raised by OI

Sizes are whole base quanta, prices whole numbers with a decimal exponent, values and open interest whole quote quanta.
A result that reaches LIMIT does not fit and must be refused. Source: dYdX v4, protocol/lib/quantums.go and
x/perpetuals/types/liquidity_tier.go.
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
def initial_share_ppm(base_ppm, open_interest_quanta, lower_quanta, upper_quanta):
    """Initial share of a tier at this open interest, in millionths of the value; 0 <= base_ppm <= PPM."""
    if upper_quanta == 0 or open_interest_quanta <= lower_quanta:
        return base_ppm
    if open_interest_quanta >= upper_quanta:
        return PPM
    return base_ppm + mul_div_down(PPM - base_ppm, open_interest_quanta - lower_quanta, upper_quanta - lower_quanta)


@entry
def initial_up(value_quanta, share_ppm, own_share_ppm):
    """Initial requirement of a position: the tier's share or the trader's own, whichever is more, rounded up."""
    return mul_div_up(abs(value_quanta), max(share_ppm, own_share_ppm), PPM)


@entry
def maintenance_up(value_quanta, base_ppm, fraction_ppm):
    """Maintenance requirement: a fraction of the unraised initial one, rounded up at both steps."""
    return mul_div_up(mul_div_up(abs(value_quanta), base_ppm, PPM), fraction_ppm, PPM)
