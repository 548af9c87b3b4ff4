"""At what price a distressed account is closed, and who gets the difference to its bankruptcy price.

With T the account's equity and M its maintenance requirement, over all its positions; N the signed value and MMR the
requirement of the position at hand, q its size; dN and dM what closing a part of it changes of the two:

    bankruptcy quote    B  = -dN - floor(T x |dM| / M)        what the account receives (pays when negative) so that
                                                              equity stays shared by requirement; rounds up, for
                                                              those on the other side
    share of the spread a  = clamp(adjustment x (1 - T / M), 0, 1)
    fillable price      F  = (N - a x spread x MMR) / q       quote quanta per base quantum, exact, in lowest terms
    subticks               = F x 10^-exponent, up for a sale and down for a purchase, then to whole ticks the same way
    fund                d  = +-quote - B;  d <= 0: the fund pays |d|;  d > 0: it receives min(floor(quote x fee), d)

Source: dYdX v4, protocol/x/clob/keeper/liquidations.go. A fraction that does not fit 62 bits is told by a denominator
of zero; an integer by reaching LIMIT.
"""

from solvent.compiled import entry, kernel
from solvent.units import (
    LIMIT,
    PPM,
    common_divisor,
    difference_of_fractions,
    mul_div_down,
    mul_div_twice,
    mul_div_up,
    mul_saturated,
    product_of_fractions,
)


@entry
def bankruptcy_quote(equity_quanta, requirement_quanta, value_change_quanta, requirement_change_quanta):
    """Quote quanta the account receives for a change of its position at bankruptcy; requirement_quanta > 0."""
    share = mul_div_down(equity_quanta, abs(requirement_change_quanta), requirement_quanta)
    return -value_change_quanta - share


@kernel
def health_spread_down(position_requirement_quanta, equity_quanta, requirement_quanta, adjustment_ppm, spread_ppm):
    """a x spread x MMR in whole quanta, rounded down: what a close-out may cost of a position's value.

    The same rule as `fillable_price`, for a value that is whole quanta: N - this, to whole ticks, is that price.
    """
    gap = min(requirement_quanta - equity_quanta, LIMIT)
    if requirement_quanta <= 0 or gap <= 0:
        return 0
    if mul_div_down(gap, adjustment_ppm, PPM) >= requirement_quanta:
        return mul_div_down(position_requirement_quanta, spread_ppm, PPM)
    rate = adjustment_ppm * spread_ppm
    return mul_div_twice(position_requirement_quanta, gap, requirement_quanta, rate, PPM * PPM)[0]


@entry
def fillable_price(
    size, value_quanta, position_requirement_quanta, equity_quanta, requirement_quanta, adjustment_ppm, spread_ppm
):
    """(numerator, denominator) of the price an account's liquidation asks for; requirement_quanta > 0, size not 0.

    adjustment_ppm >= 0 (dYdX: bankruptcy adjustment, 1 or more), spread_ppm >= 0 of the maintenance requirement.
    """
    held = abs(size)
    gap = requirement_quanta - equity_quanta
    # per base quantum first: a value and its requirement are near multiples of the size, and nothing grows
    top, bottom = product_of_fractions(position_requirement_quanta, held, spread_ppm, PPM)
    if gap <= 0:
        top = 0
        bottom = 1
    elif mul_div_down(gap, adjustment_ppm, PPM) < requirement_quanta:
        top, bottom = product_of_fractions(top, bottom, gap, requirement_quanta)
        top, bottom = product_of_fractions(top, bottom, adjustment_ppm, PPM)
    if size < 0:
        # a short is closed above its value: |N| + cut
        top = -top
    shared = common_divisor(abs(value_quanta), held)
    return difference_of_fractions(abs(value_quanta) // shared, held // shared, top, bottom)


@entry
def price_subticks(numerator, denominator, exponent, subticks_per_tick, selling):
    """A price numerator / denominator >= 0 as whole ticks of subticks; `exponent` is that of quote per subtick.

    Rounded up for a sale and down for a purchase, never below one tick; LIMIT means that it does not fit.
    """
    if exponent <= 0:
        by = 10**-exponent
        over = denominator
    else:
        by = 1
        over = mul_saturated(denominator, 10**exponent)
    unit = mul_saturated(over, subticks_per_tick)
    if unit >= LIMIT:
        ticks = mul_div_up(numerator, by, over) if selling else mul_div_down(numerator, by, over)
        ticks = -(-ticks // subticks_per_tick) if selling else ticks // subticks_per_tick
    else:
        ticks = mul_div_up(numerator, by, unit) if selling else mul_div_down(numerator, by, unit)
    return mul_saturated(max(ticks, 1), subticks_per_tick)


@entry
def fund_change(received_quanta, bankruptcy_quanta, fee_ppm):
    """What a fill pays into the insurance fund, or takes from it when negative; received_quanta is the account's."""
    surplus = received_quanta - bankruptcy_quanta
    if surplus <= 0:
        return surplus
    return min(mul_div_down(abs(received_quanta), fee_ppm, PPM), surplus)


@entry
def is_better_state(equity_before, requirement_before, equity_after, requirement_after, initial_after):
    """True when an account may be left so: it meets its initial requirement, or it is under it but no worse off.

    No worse: the maintenance requirement does not grow and equity / requirement does not fall, compared by cross
    multiplication; without any requirement before and after, equity must rise; with one of the two only, it may not.
    Values in quanta within +-2^54, requirements not negative.
    """
    if equity_after >= initial_after:
        return True
    if requirement_after > requirement_before:
        return False
    if requirement_before == 0:
        return equity_after > equity_before
    if requirement_after == 0:
        return False
    # equity_after / requirement_after >= equity_before / requirement_before, compared without a wide product
    whole_after = equity_after // requirement_after
    whole_before = equity_before // requirement_before
    rest_after = equity_after - whole_after * requirement_after
    rest_before = equity_before - whole_before * requirement_before
    if whole_after != whole_before:
        return whole_after > whole_before
    # what is left of each is below its requirement, so one product and one rounding decide exactly
    return mul_div_down(rest_after, requirement_before, requirement_after) >= rest_before


@entry
def blocked_size(size, value_quanta, step, least_quanta, share_ppm, room_quanta):
    """(quote cap, True when the whole position goes) of one liquidation in one block; size and value as magnitudes.

    cap = min(max(min(least, value), floor(value x share)), room); the whole goes when it is within the cap, or no
    larger than one step. room_quanta < 0 means there is no limit on the account.
    """
    cap = max(min(least_quanta, value_quanta), mul_div_down(value_quanta, share_ppm, PPM))
    if room_quanta >= 0:
        cap = min(cap, room_quanta)
    return cap, value_quanta <= cap or size <= step


@entry
def stepped(size, wanted, step):
    """`wanted` rounded down to whole steps, at least one step, at most the position; magnitudes, step > 0."""
    return min(max(wanted - wanted % step, step), size)
