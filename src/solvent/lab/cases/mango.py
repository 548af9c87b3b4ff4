"""Mango v4: how far a token or a perp loss is liquidated, and what insurance and everybody else pay.

Rules: solvent.risk.health. Amounts are native units with decimals and become whole billionths here, prices and weights
millionths. The weight of a token counts for what is owned; what is owed counts as much above one as it lies below.
Cases have one open lot, so a loss put on everybody is all of it. Source: blockworks-foundation/mango-v4, tests of
token_liq_with_token and perp_liq_negative_pnl_or_bankruptcy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from solvent.lab.cases.case import BadInput, Case, in_range
from solvent.risk.health import (
    insured,
    liability_needed_up,
    loss_to_end_up,
    settleable,
    weighted_value,
)
from solvent.units import mul_div_down

AMOUNT: Final = 10**9
PRICE: Final = 10**6
RATE: Final = PRICE * PRICE
"""A price times a weight, both in millionths."""


def amount(case: Case, name: str, default: int | None = None) -> int:
    """Native units as whole billionths, to the nearest."""
    return case.scaled(name, AMOUNT, default, rounding="nearest")


def native(value: int) -> Fraction:
    """Whole billionths as native units."""
    return Fraction(value, AMOUNT)


def weights(case: Case, name: str) -> tuple[int, int]:
    """(weight of what is owned, weight of what is owed) in millionths: w and 2 - w."""
    weight = case.scaled(name, PRICE, rounding="nearest")
    if not 0 <= weight <= PRICE:
        raise BadInput(f"field {name!r} is {case.value(name)}; write a weight from 0 to 1")
    return weight, 2 * PRICE - weight


def token_liquidation(case: Case) -> Any:
    """Both balances after a liquidator repays a token debt and receives another token for it."""
    case.only(
        *("asset_weight", "liab_weight", "asset", "liab", "other", "max_liab_transfer"),
        "asset_price",
        "liab_price",
        "fee",
    )
    asset, liability = amount(case, "asset"), amount(case, "liab")
    asset_weight, _ = weights(case, "asset_weight")
    _, liability_weight = weights(case, "liab_weight")
    asset_price = case.scaled("asset_price", PRICE, PRICE, rounding="nearest")
    liability_price = case.scaled("liab_price", PRICE, PRICE, rounding="nearest")
    fee = PRICE + case.scaled("fee", PRICE, 0, rounding="nearest")
    if asset <= 0 or liability >= 0:
        return {"error": "there is no asset to give or no debt to repay"}
    health = in_range(
        "health",
        int(weighted_value(asset, asset_price, asset_weight, 0, RATE))
        + int(weighted_value(liability, liability_price, 0, liability_weight, RATE))
        + amount(case, "other", 0),
    )
    case.step("health", native(health), "sum of balance x price x weight, and the rest of the account")
    # what one unit of liability costs in assets, as the debt's own price with the fee
    asset_rate = liability_price * fee // PRICE * asset_weight
    needed = liability_needed_up(health, liability_price * liability_weight, asset_rate, RATE)
    case.step("liability needed", native(int(needed)), "-H / (w_L p_L - w_A p_L fee)")
    payable = mul_div_down(asset, asset_price * PRICE, liability_price * fee)
    case.step("liability the asset pays for", native(int(payable)))
    moved = min(int(needed), -liability, amount(case, "max_liab_transfer"), int(payable))
    given = min(int(mul_div_down(moved, liability_price * fee, asset_price * PRICE)), asset)
    return {"asset": native(asset - given), "liab": native(liability + moved)}


def perp_bankruptcy(case: Case) -> Any:
    """The account, its liquidator and the rest after a negative perp balance is settled, insured and shared out."""
    case.only(
        *("settle_weight", "settle_price", "insurance_price", "settle", "perp", "other", "insurance"),
        *("settle_limit", "max_liab_transfer", "fee"),
    )
    asset_weight, liability_weight = weights(case, "settle_weight")
    price = case.scaled("settle_price", PRICE, rounding="nearest")
    insurance_price = case.scaled("insurance_price", PRICE, rounding="nearest")
    settle, perp, other = amount(case, "settle"), amount(case, "perp"), amount(case, "other")
    vault, most = amount(case, "insurance"), amount(case, "max_liab_transfer")
    terms = (price, asset_weight, liability_weight, RATE)
    if perp >= 0 or price <= 0 or insurance_price <= 0 or vault < 0:
        return {"error": "there is no loss to settle, or no price"}

    def health(balance: int) -> int:
        return in_range("health", int(weighted_value(balance, *terms)) + other)

    without_loss = health(settle)
    case.step("health without the loss", native(without_loss))
    own = settleable(settle, without_loss, *terms)
    settled = max(min(int(own), -perp, amount(case, "settle_limit"), most), 0)
    case.step("settled from the own balance", native(settled), "while health without the loss stays >= 0")
    settle, perp, most = settle - settled, perp + settled, most - settled
    ending = int(loss_to_end_up(settle + perp, health(settle + perp), *terms))
    remaining = min(ending, -perp)
    case.step("loss to end", native(remaining), "what must leave for health to reach 0, at most the loss")
    fee = PRICE + case.scaled("fee", PRICE, 0, rounding="nearest")
    taken, paid = insured(min(remaining, max(most, 0)), price, fee, insurance_price, PRICE, vault, AMOUNT)
    case.step("loss taken over for insurance", native(int(taken)))
    shared = remaining - int(taken) if int(paid) == vault else 0
    case.step("shared by everybody", native(shared), "only when the vault is empty")
    perp += int(taken) + shared
    return {
        "liqee_settle": native(settle),
        "liqee_perp": native(perp),
        "liqor_settle": native(settled),
        "liqor_perp": native(-settled - int(taken)),
        "liqor_insurance": native(int(paid)),
        "socialised": native(shared),
    }


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    "mango_perp_bankruptcy": perp_bankruptcy,
    "mango_token_liq": token_liquidation,
}
