"""What an asset or a debt of this size counts for: weights that fall or rise with its size or the whole market's.

Weights w are ten-thousandths, the size factor is in millionths, r = floor(sqrt(10 x size + 1)) of a size in 1e-9:

    asset            min(w, floor(1.1 / (1 + floor(r x factor / 1e5))))
    liability        max(w, w - floor(w / 5) + floor(r x factor / (1e5 x 1e6 / precision)))
    deposits         V <= start or start = 0: w; else floor(w x start / V), V all deposits at the oracle price

Source: Drift v2, programs/drift/src/math/margin.rs and state/spot_market.rs.
"""

from solvent.compiled import entry, kernel
from solvent.units import LIMIT, PPM, mul_div_down, mul_div_up, mul_saturated

WEIGHT = 10_000
"""A weight of one."""

SIZE_DECIMALS = 9
"""Decimals of the sizes under the root."""

ROOT_MAX = 6_800_000_000
"""Above the root of ten times any size that fits."""


@kernel
def root_of_ten(size):
    """floor(sqrt(10 x size + 1)) for size >= 0, exact though the square does not fit 64 bits."""
    low = 1
    high = ROOT_MAX
    for _ in range(34):
        if low < high:
            middle = (low + high + 1) // 2
            # middle^2 <= 10 size + 1  <=>  ceil((middle - 1)(middle + 1) / 10) <= size
            if mul_div_up(middle - 1, middle + 1, 10) <= size:
                low = middle
            else:
                high = middle - 1
    return low


@kernel
def sized(amount, decimals):
    """An amount with its own decimals as a size with nine, down; LIMIT where it does not fit."""
    if decimals > SIZE_DECIMALS:
        return amount // 10 ** (decimals - SIZE_DECIMALS)
    return mul_saturated(amount, 10 ** (SIZE_DECIMALS - decimals))


@entry
def asset_weight(amount, decimals, weight, size_factor):
    """Weight of a deposit of `amount` units; ten-thousandths. LIMIT where the size does not fit."""
    size = sized(amount, decimals)
    if size >= LIMIT:
        return LIMIT
    if size_factor == 0:
        return weight
    charge = mul_div_down(root_of_ten(size), size_factor, 100_000)
    return min(weight, mul_div_down(1_100_000, WEIGHT, PPM + charge))


@entry
def liability_weight(amount, decimals, weight, size_factor, precision):
    """Weight of a debt, or ratio of a position, of `amount` units in 1/precision. LIMIT where the size does not fit."""
    size = sized(amount, decimals)
    if size >= LIMIT:
        return LIMIT
    if size_factor == 0:
        return weight
    charge = mul_div_down(root_of_ten(size), size_factor, 100_000 * PPM // precision)
    return max(weight, weight - weight // 5 + charge)


@entry
def scaled_asset_weight(weight, deposits_quanta, start_quanta):
    """Weight of an asset whose deposits have passed `start_quanta`; both at the oracle price. start 0: never scaled."""
    if start_quanta == 0 or deposits_quanta < start_quanta:
        return weight
    return mul_div_down(weight, start_quanta, deposits_quanta)
