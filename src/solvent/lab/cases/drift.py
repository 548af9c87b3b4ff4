"""Drift v2: what a liquidator takes over and at what fee, weights of collateral, and losses put on everybody.

Rules: solvent.risk.shortage, solvent.risk.weights, solvent.risk.index_loss. Quote and prices are whole numbers of 1e-6,
base of 1e-9, ratios and weights of 1e-4, fees and multipliers of 1e-6. Source: drift-labs/protocol-v2, tests of
math/liquidation, math/margin and controller/liquidation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from solvent.lab.cases.case import BadInput, Case, in_range, whole
from solvent.risk.index_loss import deposit_index_step, funding_index_step
from solvent.risk.shortage import (
    asset_for_liability,
    base_needed,
    base_taken,
    base_to_cover,
    buffered_gain,
    buffered_requirement,
    liability_for_asset,
    liability_to_cover,
    liquidator_fee,
    perp_fund_fee,
    share_allowed,
    spot_fund_fee,
)
from solvent.risk.weights import asset_weight, liability_weight, scaled_asset_weight
from solvent.units import PPM, mul_div_down

BASE: Final = 1_000_000_000
WEIGHT: Final = 10_000


def refused(reason: str) -> dict[str, Any]:
    """The rule refuses the situation."""
    return {"error": reason}


def asset_transfer(case: Case) -> Any:
    """Asset the liquidator receives for the liability he takes over."""
    asset = asset_for_liability(
        case.unsigned("liab_amount"),
        case.positive("liab_price"),
        case.positive("liab_mult", PPM),
        decimals(case, "liab_decimals"),
        case.unsigned("asset_amount"),
        case.positive("asset_price"),
        case.positive("asset_mult", PPM),
        decimals(case, "asset_decimals"),
    )
    return {"asset": in_range("asset", int(asset))}


def implied_liability(case: Case) -> Any:
    """Liability that giving all of an asset moves."""
    liability = liability_for_asset(
        case.unsigned("asset_amount"),
        case.positive("asset_price"),
        case.positive("asset_mult", PPM),
        decimals(case, "asset_decimals"),
        case.positive("liab_price"),
        case.positive("liab_mult", PPM),
        decimals(case, "liab_decimals"),
    )
    return {"liability": in_range("liability", int(liability))}


def decimals(case: Case, name: str) -> int:
    """Decimals of a token."""
    value = case.integer(name)
    if not 0 <= value <= 18:
        raise BadInput(f"field {name!r} is {value}; write a number from 0 to 18")
    return value


def liability_transfer(case: Case) -> Any:
    """Liability that must move to end the shortage."""
    moved = liability_to_cover(
        case.unsigned("shortage"),
        case.unsigned("asset_weight"),
        case.unsigned("asset_mult", PPM),
        case.unsigned("liab_weight"),
        case.positive("liab_mult", PPM),
        decimals(case, "liab_decimals"),
        case.unsigned("liab_price"),
        case.unsigned("if_fee", 0),
    )
    return {"liability": in_range("liability", int(moved))}


def base_to_cover_shortage(case: Case) -> Any:
    """Base that must be closed to end the shortage."""
    base = base_to_cover(
        case.unsigned("shortage"),
        case.unsigned("margin_ratio"),
        case.unsigned("liq_fee"),
        case.unsigned("if_fee", 0),
        case.unsigned("oracle"),
        case.unsigned("quote_oracle", PPM),
    )
    return {"base": in_range("base", int(base))}


def perp_insurance_fee(case: Case) -> Any:
    """The insurance fund's part of a perp takeover."""
    fee = perp_fund_fee(
        case.unsigned("shortage"),
        abs(case.integer("base")),
        case.unsigned("margin_ratio"),
        case.unsigned("liq_fee"),
        case.unsigned("oracle"),
        case.unsigned("quote_oracle", PPM),
        case.unsigned("max_if_fee"),
    )
    return {"fee": int(fee)}


def spot_insurance_fee(case: Case) -> Any:
    """The insurance fund's part of a spot takeover."""
    fee = spot_fund_fee(
        case.unsigned("shortage"),
        case.unsigned("tokens"),
        case.unsigned("asset_weight"),
        case.unsigned("asset_mult", PPM),
        case.unsigned("liab_weight"),
        case.unsigned("liab_mult", PPM),
        decimals(case, "decimals"),
        case.unsigned("price"),
        case.unsigned("max_if_fee"),
    )
    return {"fee": int(fee)}


def liquidation_fee(case: Case) -> Any:
    """The liquidator's fee, which rises with the slots since the account entered liquidation."""
    elapsed = case.integer("slot") - case.integer("user_slot", 0)
    if elapsed < 0:
        return refused("the slot lies before the account entered liquidation")
    case.step("slots elapsed", elapsed, "slot - slot of entry")
    return {"fee": int(liquidator_fee(case.unsigned("base_fee"), case.unsigned("max_fee"), elapsed))}


def max_share(case: Case) -> Any:
    """Ten-thousandths of what would end the shortage that may be taken by now."""
    share = share_allowed(
        case.unsigned("shortage"),
        case.unsigned("freed", 0),
        case.unsigned("slots_elapsed"),
        case.unsigned("initial_pct"),
        case.unsigned("duration"),
    )
    return {"pct": int(share)}


def spot_weights(case: Case) -> Any:
    """Initial weights of a deposit and of a debt of this size."""
    size, places, factor = case.unsigned("size"), decimals(case, "decimals"), case.unsigned("imf", 0)
    weights = {}
    if case.has("initial_asset_weight"):
        weight = asset_weight(size, places, case.unsigned("initial_asset_weight"), factor)
        weights["asset_weight"] = in_range("the size in 1e-9", int(weight))
    if case.has("initial_liability_weight"):
        weight = liability_weight(size, places, case.unsigned("initial_liability_weight"), factor, WEIGHT)
        weights["liability_weight"] = in_range("the size in 1e-9", int(weight))
    return weights


def scaled_initial_weight(case: Case) -> Any:
    """Initial weight of an asset of which there is too much."""
    value = mul_div_down(case.unsigned("deposits"), case.unsigned("price"), 10 ** decimals(case, "decimals"))
    case.step("deposits at the price", int(value), "floor(deposits x price / 10^decimals)")
    in_range("deposits at the price", int(value))
    weight = scaled_asset_weight(case.unsigned("initial_asset_weight"), value, case.unsigned("scale_start", 0))
    return {"weight": int(weight)}


def funding_delta(case: Case) -> Any:
    """How far both sides' cumulative funding moves to share a loss."""
    total = abs(case.integer("base_long")) + abs(case.integer("base_short"))
    if total == 0:
        return refused("nobody is there to share the loss")
    step = funding_index_step(abs(case.integer("loss")), in_range("base of both sides", total))
    return {"delta": in_range("delta", int(step))}


def deposit_delta(case: Case) -> Any:
    """How far the cumulative interest of deposits falls to share a loss."""
    step = deposit_index_step(
        case.unsigned("cumulative_interest"), case.unsigned("borrow"), case.unsigned("total_deposits")
    )
    return {"delta": in_range("delta", int(step))}


@dataclass(slots=True)
class Takeover:
    """One account with a perp position and a quote deposit, as a liquidator takes it over call by call."""

    price: int
    ratio: int
    buffer: int
    base: int
    quote: int
    deposit: int
    bids: int
    asks: int
    orders: int
    entered: int | None = None
    freed: int = 0
    fund: int = 0
    taker_base: int = 0
    taker_quote: int = 0
    bankrupt: bool = False

    def value(self, base: int) -> int:
        """Value of an amount of base at the price, without its sign."""
        return in_range("the value of the position", int(mul_div_down(abs(base), self.price, BASE)))

    def judged(self) -> tuple[int, int, int]:
        """(collateral, requirement, shortage with the buffers); the shortage is negative where there is none."""
        worst = max(abs(self.base + self.bids), abs(self.base - self.asks))
        gain = self.quote + (self.value(self.base) if self.base > 0 else -self.value(self.base))
        requirement, buffered = buffered_requirement(self.value(worst), self.ratio, self.buffer, self.orders)
        return (
            self.deposit + gain,
            int(requirement),
            int(buffered) - self.deposit - int(buffered_gain(gain, self.buffer)),
        )

    def state(self) -> list[int]:
        """[base, quote, margin freed, insurance fees, the taker's base, his quote]."""
        return [self.base, self.quote, self.freed, self.fund, self.taker_base, self.taker_quote]

    def leave(self) -> None:
        """The account is out of liquidation."""
        self.entered, self.freed = None, 0


def liquidate_perp(case: Case) -> Any:
    """The account and its liquidator after each call of a takeover that may take several slots."""
    case.only(
        *("price", "maint_ratio", "liq_fee", "if_fee_max", "duration", "step", "base", "quote", "deposit", "buffer"),
        *("initial_pct", "calls", "open_bids", "open_asks", "open_orders", "quote_price", "liq_fee_max"),
    )
    account = Takeover(
        price=case.positive("price"),
        ratio=case.positive("maint_ratio"),
        buffer=case.unsigned("buffer", 0),
        base=case.integer("base"),
        quote=case.integer("quote"),
        deposit=case.unsigned("deposit", 0),
        bids=case.unsigned("open_bids", 0),
        asks=abs(case.integer("open_asks", 0)),
        orders=case.unsigned("open_orders", 0),
    )
    states = []
    for place, call in enumerate(case.items("calls")):
        if not isinstance(call, list) or len(call) != 2:
            raise BadInput(f"field 'calls[{place}]' is {call!r}; write [slot, most base]")
        slot, most = whole(f"calls[{place}][0]", call[0]), whole(f"calls[{place}][1]", call[1])
        reason = one_call(case, account, slot, most)
        if reason:
            return refused(reason)
        states.append(account.state())
        case.step(f"after slot {slot}", states[-1], "base, quote, freed, insurance fees, taker's base and quote")
    return {"states": states}


def one_call(case: Case, account: Takeover, slot: int, most: int) -> str:
    """One call of the liquidator; the reason when it is refused, else nothing."""
    if account.bankrupt:
        return "the account is bankrupt"
    collateral, requirement, shortage = account.judged()
    case.step("collateral, requirement, shortage", [collateral, requirement, shortage])
    if account.entered is None and collateral >= requirement:
        return "the account holds enough"
    if account.entered is not None and shortage <= 0:
        account.leave()
        return ""
    if account.entered is None:
        account.entered = slot
    elapsed = slot - account.entered
    if elapsed < 0:
        return "the slot lies before the account entered liquidation"
    if account.orders or account.bids or account.asks:
        account.bids = account.asks = account.orders = 0
        before = shortage
        shortage = account.judged()[2]
        account.freed += max(before - abs(shortage), 0)
        case.step("shortage without the orders", shortage)
        if shortage <= 0:
            account.leave()
            return ""
    if account.base == 0:
        return ""
    take_over(case, account, shortage, elapsed, most)
    return ""


def take_over(case: Case, account: Takeover, shortage: int, elapsed: int, most: int) -> None:
    """The liquidator takes what is allowed of the position at the price less the fees."""
    fee_base = case.unsigned("liq_fee")
    fee = int(liquidator_fee(fee_base, case.unsigned("liq_fee_max", fee_base), elapsed))
    ratio, quote_price, step = (
        account.ratio + account.buffer,
        case.positive("quote_price", PPM),
        case.positive("step"),
    )
    held = abs(account.base)
    fund_fee = int(
        perp_fund_fee(shortage, held, ratio, fee, account.price, quote_price, case.unsigned("if_fee_max", 0))
    )
    needed = int(base_needed(shortage, ratio, fee, fund_fee, account.price, quote_price, step))
    share = int(
        share_allowed(shortage, account.freed, elapsed, case.unsigned("initial_pct"), case.unsigned("duration"))
    )
    taken = int(base_taken(held, account.value(account.base), needed, share, most, step))
    case.step("fee, fund's fee, base needed, share, base taken", [fee, fund_fee, needed, share, taken])
    if taken == 0:
        return
    value = account.value(taken)
    signed = value if account.base > 0 else -value
    to_taker, to_fund = int(mul_div_down(value, fee, PPM)), int(mul_div_down(value, fund_fee, PPM))
    moved = taken if account.base > 0 else -taken
    account.base -= moved
    account.quote += signed - to_taker - to_fund
    account.taker_base += moved
    account.taker_quote += to_taker - signed
    account.fund += to_fund
    account.freed += max(shortage - abs(account.judged()[2]), 0)
    if taken >= needed:
        account.leave()
    elif account.base == 0 and account.deposit == 0 and account.quote < 0:
        account.bankrupt = True


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    "drift_asset_transfer": asset_transfer,
    "drift_base_to_cover": base_to_cover_shortage,
    "drift_deposit_delta": deposit_delta,
    "drift_funding_delta": funding_delta,
    "drift_implied_liab": implied_liability,
    "drift_liab_transfer": liability_transfer,
    "drift_liq_fee": liquidation_fee,
    "drift_liquidate_perp_seq": liquidate_perp,
    "drift_max_pct": max_share,
    "drift_perp_if_fee": perp_insurance_fee,
    "drift_scaled_iw": scaled_initial_weight,
    "drift_spot_if_fee": spot_insurance_fee,
    "drift_spot_weights": spot_weights,
}
