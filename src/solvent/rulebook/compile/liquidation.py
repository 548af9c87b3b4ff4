"""From the action ladder to rows of stages."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from solvent.codes import Accept, Executor, FeeBase, FeePayee, OfferPrice, PriceLimit, Size, SystemAccount
from solvent.codes import Level as LevelCode
from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.locate import Path
from solvent.rulebook.rules import Stage
from solvent.state.terms import Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPM

PAYEES: Final = {
    "trader": FeePayee.TRADER,
    "market_fund": FeePayee.MARKET_FUND,
    "insurance_fund": FeePayee.VENUE_FUND,
    "vault": FeePayee.VAULT,
    "venue_capital": FeePayee.VENUE_CAPITAL,
    "venue": FeePayee.VENUE_CAPITAL,
    "surplus_buffer": FeePayee.VENUE_CAPITAL,
}


def payee_of(work: Work, name: str) -> int:
    """The code of a payee; a vault may have a name of its own."""
    return PAYEES.get(name, FeePayee.VAULT)


def residual_payee(work: Work, stage: Stage) -> int:
    """Who gets what an account leaves: as the stage says, else the vault that took it, else the waterfall."""
    if stage.executor == "engine":
        return FeePayee.TRADER
    if stage.residual_to:
        return payee_of(work, stage.residual_to)
    if stage.takeover_at in ("bankruptcy", "account_transfer"):
        return FeePayee.VAULT
    last = next((loss.to for loss in work.rulebook.losses if loss.kind == "account_residual"), "trader")
    return payee_of(work, last)


def offer_fields(work: Work, stage: Stage, path: Path) -> dict[str, int]:
    """What the stage offers to keepers or bidders, and how it adapts."""
    fields = {"volatility_ppm": int(stage.adapt.volatility * PPM), "depth_ppm": int(stage.adapt.depth * PPM)}
    offer = stage.offer
    if offer is None:
        return fields
    fields |= {
        "price": OfferPrice[offer.price.upper()],
        "endorsed": offer.endorsed,
        "portfolio": offer.portfolio,
        "reward_flat_quanta": work.quanta(offer.reward_flat, (*path, "flat")),
        "reward_min_quanta": work.quanta(offer.reward_least, (*path, "min")),
        "reward_max_quanta": work.quanta(offer.reward_most, (*path, "max")),
        "start_fee_payee": payee_of(work, offer.start_fee_to) if offer.start_fee_to else FeePayee.TRADER,
        "bonus_fee_payee": payee_of(work, offer.bonus_fee_to) if offer.bonus_fee_to else FeePayee.TRADER,
    }
    shares = {"start": offer.start, "first": offer.first, "second": offer.second, "cut": offer.cut}
    shares |= {"slope": offer.slope, "buffer": offer.buffer, "reward": offer.reward}
    shares |= {"reset_below": offer.reset_below, "start_fee": offer.start_fee, "bonus_fee": offer.bonus_fee}
    times = {"first": offer.first_ms, "second": offer.second_ms, "step": offer.step_ms, "reset": offer.reset_ms}
    fields |= {f"{name}_ppm": int(share * PPM) for name, share in shares.items()}
    return fields | {f"{name}_ns": time * NANOSECONDS_PER_MILLISECOND for name, time in times.items()}


def write_stages(work: Work, terms: Terms) -> None:
    """The action ladder."""
    terms.policy[0].routes = int(work.rulebook.routes)
    for row, stage in enumerate(work.rulebook.stages):
        write_fields(terms.offers[row], offer_fields(work, stage, ("liquidation", "stage", row, "fee")))
        path: Path = ("liquidation", "stage", row, "size", "min_notional")
        write_fields(
            terms.stages[row],
            {
                "used": 1,
                "level": LevelCode[stage.level.upper()],
                "or_equal": stage.or_equal,
                "scale_ppm": int(stage.scale * PPM),
                "executor": Executor[stage.executor.upper()],
                "sizing": Size[stage.size.upper()],
                "size_ppm": int((stage.share or 0) * PPM),
                "size_min_quanta": work.quanta(stage.min_notional, path),
                "cooldown_ns": stage.cooldown_ms * NANOSECONDS_PER_MILLISECOND,
                "price_limit": PriceLimit[stage.price_limit.upper()],
                "timeout_ns": stage.timeout_ms * NANOSECONDS_PER_MILLISECOND,
                "fee_ppm": int(stage.fee * PPM),
                "fee_payee": payee_of(work, stage.fee_to) if stage.fee_to else FeePayee.TRADER,
                "residual_payee": residual_payee(work, stage),
                "taker": SystemAccount.VAULT,
                "accept": Accept[stage.accept.upper()],
                "spread_ppm": int(stage.discount_max * PPM),
                "adjustment_ppm": int(stage.discount_slope / stage.discount_max * PPM) if stage.discount_max else 0,
                "tiers_down": stage.tiers_down,
                "step_ppm": int(stage.step * PPM),
                "full_below_ppm": int(stage.full_below * PPM),
                "left_min_quanta": work.quanta(stage.left_min, (*path[:-1], "min_leftover_value")),
                "price_ppm": int(stage.spread * PPM),
                "fee_base": FeeBase[stage.fee_base.upper()],
                "round_ns": int(stage.round_ms * NANOSECONDS_PER_MILLISECOND),
                "block_quanta": work.quanta(stage.block or Decimal(0), (*path[:-2], "throttle", "max_notional")),
                "one_market": stage.one_market,
                "room_venue_quanta": work.quanta(stage.room_venue, (*path[:-2], "throttle", "global")),
                "room_market_quanta": work.quanta(stage.room_market, (*path[:-2], "throttle", "market")),
            },
        )
        if stage.block_draw:
            terms.policy[0].block_draw_quanta = work.quanta(stage.block_draw, (*path[:-2], "throttle", "max_fund_draw"))
