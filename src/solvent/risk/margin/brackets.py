"""Brackets: rates that change with size, of a position or of an amount of collateral.

    marginal   (x times n_k - D_k) / D        k the bracket of x, D the common denominator, D_0 = 0 and
                                              D_k = D_(k-1) + floor_k x (n_k - n_(k-1)) exactly
    whole      x times n_k / D

The marginal form is the value of one continuous function, convex when rates rise and concave when they fall (Binance
calls D_k / D the maintenance amount, Hyperliquid the maintenance deduction).
"""

from solvent.compiled import kernel


@kernel
def bracket_row(state, schedule, size):
    """Row of the bracket that contains the size: the last whose floor is not above it."""
    row = schedule.first_bracket
    last = schedule.first_bracket + schedule.bracket_count - 1
    while row < last and state.brackets[row + 1].floor_quanta <= size:
        row += 1
    return row


@kernel
def bracket_requirement_up(state, schedule, notional_quanta, size, marginal):
    """Requirement of a notional at the bracket its size is in, rounded up; marginal brackets step over the notional."""
    if notional_quanta == 0 or schedule.bracket_count == 0:
        return 0
    bracket = state.brackets[bracket_row(state, schedule, size)]
    denominator = schedule.denominator
    quotient = notional_quanta // denominator
    rest = (notional_quanta - quotient * denominator) * bracket.numerator
    if not marginal:
        return quotient * bracket.numerator - (-rest // denominator)
    rest -= bracket.deduction_rest
    return quotient * bracket.numerator - bracket.deduction_whole - (-rest // denominator)


@kernel
def slices_down(state, tiers, size, denominator):
    """Sum over slices of rate x slice, rounded down; where rates fall the deductions are negative."""
    if tiers.bracket_count == 0:
        return 0
    bracket = state.brackets[bracket_row(state, tiers, size)]
    quotient = size // denominator
    rest = (size - quotient * denominator) * bracket.numerator - bracket.deduction_rest
    return quotient * bracket.numerator - bracket.deduction_whole + rest // denominator
