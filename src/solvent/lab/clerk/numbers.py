"""The clerk's own arithmetic: exact quotients of products, by other ways than the machine's."""

from solvent.lab.clerk.compiled import step

SAFE = 2**62


@step
def ceil_quotient(a, b):
    """a / b rounded up, b above zero."""
    return -(-a // b)


@step
def wide_floor(a, b, c):
    """a x b / c rounded down, for a of either sign, b not below zero and c above zero, all within 62 bits.

    The product is formed in two halves of 31 bits of b, each divided with its rest carried on:

        b = h x 2**31 + l,   a x h = q x c + r,   a x b = q x c x 2**31 + (r x 2**31 + a x l)
    """
    if b == 0 or a == 0:
        return 0
    size = a if a > 0 else -a
    if size <= SAFE // b:
        return a * b // c
    # whole parts first, so that only rests below c are multiplied
    whole = size // c
    rest = size - whole * c
    quotient = whole * b
    if rest > 0 and rest <= SAFE // b:
        quotient += rest * b // c
        left = rest * b % c
    else:
        part, left = _by_bits(rest, b, c)
        quotient += part
    if a > 0:
        return quotient
    return -quotient - (1 if left > 0 else 0)


@step
def _by_bits(rest, b, c):
    """(quotient, rest) of rest x b / c with rest < c, adding rest x 2**k for every bit k of b, lowest first."""
    quotient = 0
    left = 0
    power_whole = 0
    power_left = rest
    while b > 0:
        if b & 1:
            quotient += power_whole
            left += power_left
            if left >= c:
                left -= c
                quotient += 1
        b >>= 1
        power_whole += power_whole
        power_left += power_left
        if power_left >= c:
            power_left -= c
            power_whole += 1
    return quotient, left


@step
def funding_due(lots, change):
    """lots x change / 2**20 rounded up, wholes and rests of the change apart."""
    whole = change >> 20
    rest = change - (whole << 20)
    return lots * whole + ceil_quotient(lots * rest, 1 << 20)
