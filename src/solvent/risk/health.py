"""Health: what an account owns and owes at weighted prices, and how far each step of a liquidation goes to mend it.

    balance value      amount x price x (asset weight if amount > 0, liability weight if amount < 0)
    token for token    liability needed = -H / (w_L x p_L - w_A x p_A x fee); asset given = liability x p_L / p_A x fee
    settle a loss      against the account's own balance while H without the loss stays >= 0
    loss to end        the loss that must leave for H to reach 0
    insurance          ceil(loss x p_settle x (1 + fee) / p_insurance), as long as the vault lasts

Prices and weights are whole numbers over one denominator each; amounts and health are quanta. A liability that must
move is rounded up, what is given for it down. Source: Mango v4, health/cache.rs and its liquidation instructions.
"""

from solvent.compiled import entry, kernel
from solvent.units import LIMIT, add_saturated, mul_div_down, mul_div_up, mul_saturated


@entry
def weighted_value(amount, price, asset_weight, liability_weight, denominator):
    """Value of a balance for health, down; price x weight is over `denominator`."""
    if amount >= 0:
        return mul_div_down(amount, mul_saturated(price, asset_weight), denominator)
    return -mul_div_up(-amount, mul_saturated(price, liability_weight), denominator)


@kernel
def amount_worth(value, rate, denominator):
    """Amount whose weighted value is `value`, up; LIMIT where nothing is worth anything."""
    return mul_div_up(value, denominator, rate) if rate > 0 else LIMIT


@entry
def liability_needed_up(health, liability_rate, asset_rate, denominator):
    """Liability that must be repaid for health to reach zero, up; rates are price x weight, the asset's with the fee.

    Zero where health is not negative, LIMIT where repaying with this asset does not raise it.
    """
    if health >= 0:
        return 0
    return amount_worth(-health, liability_rate - asset_rate, denominator)


@entry
def settleable(balance, health, price, asset_weight, liability_weight, denominator):
    """Most of a loss the account's own balance can pay before health without the loss goes below zero, down.

    LIMIT where no smaller loss spends it.
    """
    if health <= 0:
        return 0
    asset_rate = mul_saturated(price, asset_weight)
    owned = max(balance, 0)
    value = mul_div_up(owned, asset_rate, denominator)
    if value >= health:
        return min(mul_div_down(health, denominator, asset_rate), owned) if asset_rate > 0 else owned
    liability_rate = mul_saturated(price, liability_weight)
    if liability_rate == 0:
        return LIMIT
    return add_saturated(owned, mul_div_down(health - value, denominator, liability_rate))


@entry
def loss_to_end_up(balance, health, price, asset_weight, liability_weight, denominator):
    """How much a balance (the loss within it) must rise for health to reach zero, up; zero where it is not negative."""
    if health >= 0:
        return 0
    missing = -health
    owed = max(-balance, 0)
    value = mul_div_down(owed, mul_saturated(price, liability_weight), denominator)
    if value >= missing:
        return min(amount_worth(missing, mul_saturated(price, liability_weight), denominator), owed)
    return add_saturated(owed, amount_worth(missing - value, mul_saturated(price, asset_weight), denominator))


@entry
def insured(loss, price, fee_num, insurance_price, denominator, vault, unit):
    """(loss taken over, insurance paid for it): the payment is rounded up to whole `unit`s and held to the vault.

    `price` x `fee_num` is over `denominator` x `insurance_price`; the vault is a whole number of units.
    """
    rate = mul_saturated(price, fee_num)
    cost = mul_saturated(insurance_price, denominator)
    payment = mul_div_up(loss, rate, cost)
    payment = -(-payment // unit) * unit
    if payment <= vault:
        return loss, payment
    return min(mul_div_down(vault, cost, rate) if rate > 0 else 0, loss), vault
