"""How much of a position must go to end a shortage of margin, at what fee, and how fast.

R is the maintenance ratio with its buffer in ten-thousandths; fees and multipliers are millionths; prices, quote and
shortages are whole numbers of 1e-6, base of 1e-9, weights ten-thousandths. Each division is rounded down unless said.

    liquidator's fee   phi = base fee, and from 1,500 slots after entry base fee + slots elapsed, at most the market's
    fund's fee (perp)  psi = min(most, (100 R - phi - shortage / (base x price)) x 19/20), not below zero
    fund's fee (spot)  psi = min(most, (w_L - w_A k_A / k_L - shortage / value) / w_L), not below zero
    base to cover      b = shortage / (price x (100 R - phi) - oracle x psi); without limit where that is not positive
    share allowed      1 while the shortage is under 50 quote; else ((shortage + freed) x min(t / T + s, 1) - freed) /
                       shortage, t from the moment the account entered liquidation
    base taken         min(held, the taker's most, max(b x share, all of a position worth 50 quote or less)), up to
                       whole steps
    liability to move  L = max(1, shortage / (px_L (w_L - w_A k_A / k_L) - px_L psi w_L)); all where w_A >= w_L
    asset for it       A = max(1, L px_L k_A / (px_A k_L)); the whole deposit where they differ by less than 1 quote
    liability implied  by giving all of an asset: the same turned round, up

LIMIT stands for "without limit" and for what does not fit. Source: Drift v2, programs/drift/src/math/liquidation.rs and
controller/liquidation.rs.
"""

from solvent.compiled import entry, kernel
from solvent.units import LIMIT, PPM, add_saturated, mul_div_down, mul_div_twice, mul_saturated

BASE = 1_000_000_000
"""Base units of one coin."""

RATIO = 10_000
"""Whole margin ratio, weight, or share of a shortage."""

GRACE_SLOTS = 1_500
"""The fee rises from here on."""

SMALL_QUANTA = 50_000_000
"""A shortage below it, or a position not above it, need not be taken piece by piece."""

ROUND_QUANTA = 1_000_000
"""A deposit goes whole when less than this would be left of it."""


@entry
def liquidator_fee(base_fee, fee_max, slots_elapsed):
    """The liquidator's fee in millionths of the value taken over."""
    if slots_elapsed < GRACE_SLOTS:
        return base_fee
    return min(base_fee + slots_elapsed, fee_max)


@kernel
def quoted_price(oracle, quote_oracle):
    """A price in the quote asset's own price, down; both in millionths."""
    return mul_div_down(oracle, quote_oracle, PPM)


@entry
def perp_fund_fee(shortage, base, ratio, fee, oracle, quote_oracle, fee_max):
    """The insurance fund's part of a takeover in millionths; base is a magnitude. Zero without price or base."""
    price = quoted_price(oracle, quote_oracle)
    room = 100 * ratio - fee
    if price <= 0 or base == 0 or room <= 0:
        return 0
    missing = mul_div_down(mul_div_down(shortage, BASE, base), PPM, price)
    return min(max(room - missing, 0) * 19 // 20, fee_max)


@entry
def base_to_cover(shortage, ratio, fee, fund_fee, oracle, quote_oracle):
    """Base that must be closed to end the shortage; LIMIT where no amount would do."""
    room = 100 * ratio - fee
    if oracle <= 0 or room <= 0:
        return LIMIT
    # the fund's part is taken at the oracle price alone, as the venue does
    freed = mul_div_down(quoted_price(oracle, quote_oracle), room, PPM) - mul_div_down(oracle, fund_fee, PPM)
    if freed <= 0:
        return LIMIT
    return mul_div_down(shortage, BASE, freed)


@entry
def share_allowed(shortage, freed, slots_elapsed, initial_share, duration_slots):
    """Ten-thousandths of what would end the shortage that may be taken by now."""
    if shortage < SMALL_QUANTA:
        return RATIO
    reached = RATIO if duration_slots == 0 else mul_div_down(slots_elapsed, RATIO, duration_slots)
    reached = min(reached + initial_share, RATIO)
    allowed = max(mul_div_down(shortage + freed, reached, RATIO) - freed, 0)
    return mul_div_down(allowed, RATIO, shortage)


@kernel
def up_to_step(amount, step):
    """The amount rounded up to whole steps."""
    return min(-(-amount // step), LIMIT // step) * step


@entry
def base_needed(shortage, ratio, fee, fund_fee, oracle, quote_oracle, step):
    """`base_to_cover` rounded up to whole steps."""
    return up_to_step(base_to_cover(shortage, ratio, fee, fund_fee, oracle, quote_oracle), step)


@entry
def base_taken(base, value, needed, share, most, step):
    """Base one call takes over, zero where none is allowed yet; `base` and `value` are magnitudes of the position."""
    allowed = mul_div_down(needed, share, RATIO)
    most = most - most % step
    if allowed == 0 or most == 0:
        return 0
    if value <= SMALL_QUANTA:
        allowed = max(allowed, base)
    return up_to_step(min(min(base, most), allowed), step)


@entry
def spot_fund_fee(shortage, tokens, asset_weight, asset_mult, liab_weight, liab_mult, decimals, price, fee_max):
    """The insurance fund's part of a spot takeover in millionths; zero where there is nothing to take it from."""
    if asset_weight >= liab_weight or price <= 0 or tokens == 0 or liab_mult <= 0:
        return 0
    weight = liab_weight * (PPM // RATIO)
    asset = mul_div_down(asset_weight * (PPM // RATIO), asset_mult, liab_mult)
    missing, _left = mul_div_twice(shortage, PPM, price, 10**decimals, tokens)
    room = max(max(weight - asset, 0) - missing, 0)
    return min(mul_div_down(room, PPM, weight), fee_max)


@entry
def liability_to_cover(shortage, asset_weight, asset_mult, liab_weight, liab_mult, decimals, price, fund_fee):
    """Liability that must move to end the shortage, in its own units, at least one; LIMIT where no amount would do."""
    if asset_weight >= liab_weight:
        return LIMIT
    # ten times the weights, so that the division of the asset's keeps one place more
    weight = 10 * liab_weight
    spread = weight - mul_div_down(10 * asset_weight, asset_mult, liab_mult)
    if spread <= 0:
        return LIMIT
    freed = mul_saturated(price, spread) - mul_saturated(mul_div_down(price, fund_fee, PPM), weight)
    if freed <= 0:
        return LIMIT
    scale = PPM * RATIO * 10
    if decimals >= 6:
        moved, _left = mul_div_twice(shortage, scale, freed, 10 ** (decimals - 6), 1)
    else:
        moved, _left = mul_div_twice(shortage, scale, freed, 1, 10 ** (6 - decimals))
    return max(moved, 1)


@kernel
def exchanged(amount, price_in, mult_in, decimals_in, price_out, mult_out, decimals_out):
    """(units out for `amount` units in, down; True when something is left); LIMIT where it does not fit."""
    if decimals_out >= decimals_in:
        scaled_out = mul_saturated(mult_out, 10 ** (decimals_out - decimals_in))
        return mul_div_twice(amount, price_in, price_out, scaled_out, mult_in)
    return mul_div_twice(
        amount, price_in, price_out, mult_out, mul_saturated(mult_in, 10 ** (decimals_in - decimals_out))
    )


@entry
def asset_for_liability(
    liability, liab_price, liab_mult, liab_decimals, deposit, asset_price, asset_mult, asset_decimals
):
    """Asset the taker receives for a liability, down, at least one unit; prices and multipliers positive."""
    moved, _left = exchanged(liability, liab_price, liab_mult, liab_decimals, asset_price, asset_mult, asset_decimals)
    asset = max(moved, 1)
    if mul_div_down(abs(asset - deposit), asset_price, 10**asset_decimals) < ROUND_QUANTA:
        return deposit
    return asset


@entry
def liability_for_asset(asset, asset_price, asset_mult, asset_decimals, liab_price, liab_mult, liab_decimals):
    """Liability that all of an asset moves, up; prices and multipliers positive."""
    moved, left = exchanged(asset, asset_price, asset_mult, asset_decimals, liab_price, liab_mult, liab_decimals)
    return add_saturated(moved, 1) if left else moved


@entry
def buffered_requirement(liability, ratio, buffer, open_orders):
    """(requirement, requirement with the buffer) of a liability value; ten-thousandths, 1e-2 quote for each order."""
    requirement = mul_div_down(liability, ratio, RATIO) + 10_000 * open_orders
    return requirement, requirement + mul_div_down(liability, buffer, RATIO)


@entry
def buffered_gain(gain, buffer):
    """What a gain or loss counts against a requirement with the buffer: a loss counts a little more, toward zero."""
    if gain >= 0:
        return gain
    return gain - mul_div_down(-gain, buffer, RATIO)
