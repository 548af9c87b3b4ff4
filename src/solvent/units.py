"""Scales, and exact integer arithmetic with the rounding in the name.

Scales and what their products give (everything else is forbidden):

    lots x ticks x quanta_per_lot_tick       -> quanta      `value_quanta`, exact
    amount x ticks x value_num / value_den   -> quanta      `mul_div_down`, collateral
    quanta x num / den                       -> quanta      `mul_div_up`, requirements and fees
    lots x funding index / FUNDING_SCALE     -> quanta      `mul_div_down` or `mul_div_up`, against the member

Limits. Every stored quantity stays inside +-LIMIT = 2**62 - 1, so the sum of two of them fits an int64. A position
is worth at most VALUE_MAX = 2**54 quanta (listing refuses a contract whose largest position at its largest price
could exceed it) and an account holds at most POSITIONS_MAX = 64 of them, so

    sum |value - cost| <= 64 x 2 x 2**54 = 2**61,      requirement with open orders and open loss <= 2**62,

which is why plain additions are safe when an account is judged. A wallet is held to WALLET_MAX = 2**60 at the door.
`add_saturated` and `mul_saturated` stop at +-LIMIT instead of wrapping; a result that reaches LIMIT is refused.
"""

from solvent.compiled import kernel

LIMIT = 2**62 - 1
VALUE_MAX = 2**54
WALLET_MAX = 2**60
POSITIONS_MAX = 64
HOLDINGS_MAX = 16
PPM = 1_000_000
PPB = 1_000_000_000
FUNDING_SCALE = 2**20
NANOSECONDS_PER_MILLISECOND = 1_000_000
RATE_DENOMINATOR_MAX = 2**31


@kernel
def add_saturated(a, b):
    """a + b for |a|, |b| <= LIMIT; the result is held to +-LIMIT."""
    total = a + b
    if total > LIMIT:
        return LIMIT
    if total < -LIMIT:
        return -LIMIT
    return total


@kernel
def mul_saturated(a, b):
    """a x b for |a|, |b| <= LIMIT; the result is held to +-LIMIT."""
    if a == 0 or b == 0:
        return 0
    size_a = a if a > 0 else -a
    size_b = b if b > 0 else -b
    positive = (a > 0) == (b > 0)
    if size_a > LIMIT // size_b:
        return LIMIT if positive else -LIMIT
    return size_a * size_b if positive else -(size_a * size_b)


@kernel
def value_quanta(lots, price_ticks, quanta_per_lot_tick):
    """Exact value of a position. Inside VALUE_MAX by the bounds checked at listing, so it cannot wrap."""
    return lots * price_ticks * quanta_per_lot_tick


@kernel
def _long_mul_div(rest, b, c):
    """(floor(rest x b / c), remainder) for 0 <= rest < c <= LIMIT, bit by bit: no 128-bit number is needed."""
    quotient = 0
    left = 0
    bit = 62
    while bit >= 0:
        quotient = quotient + quotient
        left = left + left  # left < c <= 2**62 - 1, so the doubled value fits
        if left >= c:
            left -= c
            quotient += 1
        if (b >> bit) & 1:
            left += rest
            if left >= c:
                left -= c
                quotient += 1
        bit -= 1
    return quotient, left


@kernel
def _divided(size, b, c):
    """(floor(size x b / c) held to LIMIT, remainder) for 0 <= size <= LIMIT.

    Split as (size // c) x b + floor((size mod c) x b / c), which needs no number wider than 64 bits.
    """
    whole = size // c
    rest = size - whole * c
    if b <= c and c <= RATE_DENOMINATOR_MAX:
        # a rate of at most one: rest x b is below 2**62 and the quotient at most the size, so nothing need be held
        product = rest * b
        quotient = product // c
        return whole * b + quotient, product - quotient * c
    if rest <= LIMIT // (b if b > 0 else 1):
        product = rest * b
        quotient = product // c
        left = product - quotient * c
    else:
        quotient, left = _long_mul_div(rest, b, c)
    return add_saturated(mul_saturated(whole, b), quotient), left


@kernel
def mul_div_rest(a, b, c):
    """(floor(a x b / c), remainder) exact, for 0 <= a, b <= LIMIT, 1 <= c <= LIMIT; the quotient is held to LIMIT."""
    return _divided(a, b, c)


@kernel
def mul_div_down(a, b, c):
    """floor(a x b / c), exact, for |a| <= LIMIT, 0 <= b <= LIMIT, 1 <= c <= LIMIT; held to +-LIMIT."""
    if a >= 0:
        return _divided(a, b, c)[0]
    quotient, left = _divided(-a, b, c)
    return -add_saturated(quotient, 1 if left > 0 else 0)


@kernel
def mul_div_up(a, b, c):
    """ceil(a x b / c), exact, same ranges as `mul_div_down`."""
    return -mul_div_down(-a, b, c)


@kernel
def mul_div_nearest(a, b, c):
    """a x b / c to the nearest integer, halves upwards, exact, same ranges as `mul_div_down`."""
    quotient, left = _divided(abs(a), b, c)
    if a >= 0:
        return add_saturated(quotient, 1 if left >= c - left else 0)
    return -add_saturated(quotient, 1 if left > c - left else 0)


@kernel
def common_divisor(a, b):
    """Greatest common divisor of two integers that are not negative; 93 steps do for 64 bits."""
    for _ in range(93):  # pragma: no branch
        if b == 0:
            break
        rest = a % b
        a = b
        b = rest
    return a


@kernel
def product_of_fractions(numerator, denominator, by, over):
    """(numerator / denominator) x (by / over) in lowest terms, for numbers not negative; denominator 0 if too wide."""
    if denominator == 0 or numerator == 0 or by == 0:
        return 0, 0 if denominator == 0 else 1
    shared = common_divisor(numerator, denominator)
    numerator = numerator // shared
    denominator = denominator // shared
    shared = common_divisor(by, over)
    by = by // shared
    over = over // shared
    shared = common_divisor(numerator, over)
    numerator = numerator // shared
    over = over // shared
    shared = common_divisor(by, denominator)
    by = by // shared
    denominator = denominator // shared
    top = mul_saturated(numerator, by)
    bottom = mul_saturated(denominator, over)
    if top >= LIMIT or bottom >= LIMIT:
        return 0, 0
    return top, bottom


@kernel
def difference_of_fractions(a, b, c, d):
    """a / b - c / d in lowest terms, for fractions in lowest terms, b > 0; denominator 0 if d is, or if too wide."""
    if d == 0:
        return 0, 0
    shared = common_divisor(b, d)
    left = mul_saturated(a, d // shared)
    right = mul_saturated(c, b // shared)
    bottom = mul_saturated(b, d // shared)
    top = left - right
    if abs(left) >= LIMIT or abs(right) >= LIMIT or bottom >= LIMIT or abs(top) >= LIMIT:
        return 0, 0
    shared = common_divisor(abs(top), bottom)
    return top // shared, bottom // shared


@kernel
def mul_div_twice(a, b, c, d, e):
    """(floor(a x b x d / (c x e)), True when something is left), exact; all from 0 to LIMIT, c and e at least 1.

    The part that shrinks goes first, so that nothing on the way is wider than the amount or the result. A quotient
    that reaches LIMIT does not fit.
    """
    if b > c and d < e:
        b, c, d, e = d, e, b, c
    whole, rest = _divided(a, b, c)
    carried, left = _divided(rest, d, c)
    quotient, over = _divided(whole, d, e)
    if whole >= LIMIT or quotient >= LIMIT:
        return LIMIT, True
    # over < e and carried < d, so their sum fits; what is left of the first division is less than one
    over += carried
    more = over // e
    return add_saturated(quotient, more), left > 0 or over - more * e > 0


@kernel
def mix(seed, number):
    """A keyed 62-bit scramble of two integers: an order nobody can choose a place in. Not for secrets."""
    x = (seed * 1_000_003 + number) & LIMIT
    step = 0
    while step < 3:
        x ^= x >> 29
        # The multiplier is below 2**31 and the operand below 2**32 after masking: no product wraps.
        low = (x & 0xFFFFFFFF) * 0x5BD1E995
        high = ((x >> 32) * 0x2545F491) & 0x3FFFFFFFFFFFFFFF
        x = (low ^ high ^ (x << 7 & LIMIT)) & LIMIT
        step += 1
    return x
