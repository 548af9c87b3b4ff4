"""The first stage is maintenance itself; executors, prices and payees fit each other."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from solvent.rulebook.checks.margin import bound_of, rate_range
from solvent.rulebook.checks.parts import PAYEES, STAGE_PATH, Parts, Tell, known_rows, payee_names, tell_twins
from solvent.rulebook.locate import Path
from solvent.rulebook.rules import Stage

PRICES: Final = {
    "engine": ("market", "reference_spread"),
    "backstop_vault": ("takeover", "reference_spread", "oracle_bonus"),
    "adl": ("", "reference_spread"),
    "keeper": ("oracle_bonus", "oracle_health_discount", "auction"),
    "auction": ("auction",),
}
"""Kinds of price an executor closes at, the usual one first."""


def check_stages(parts: Parts, tell: Tell) -> None:
    """The first stage is maintenance itself; executors, prices and payees fit each other."""
    tell_twins((((*STAGE_PATH, row, "id"), stage.id) for row, stage in known_rows(parts.stages)), tell)
    levels = {level.name for _row, level in known_rows(parts.levels)}
    for row, stage in known_rows(parts.stages):
        path: Path = (*STAGE_PATH, row)
        if stage.level not in levels and "margin.level" in parts.complete:
            tell(
                (*path, "when", "level"),
                f"there is no level `{stage.level}`",
                f"Name one of: {', '.join(levels)}.",
            )
        if row == 0 and (stage.level != "maintenance" or stage.scale != 1):
            tell(
                (*path, "when"),
                "the first stage is what makes an account distressed",
                'Write level = "maintenance" and scale_ppm = 1000000 first; deeper stages follow.',
            )
        check_executor(path, stage, parts.adl.price if parts.adl is not None else "", tell)
        check_payees(path, stage, parts, tell)


def check_executor(path: Path, stage: Stage, adl_price: str, tell: Tell) -> None:
    """The venue sells in the market, the vault takes over, winners close; a part leaves the rest with the trader."""
    if stage.executor == "engine" and stage.price == "oracle_health_discount":
        check_discount(path, stage, tell)
    elif stage.offer is not None and stage.offer.portfolio and stage.executor != "auction":
        tell((*path, "size"), "only bidders take a share of a whole account", 'Write executor = "auction".')
    elif stage.price not in PRICES.get(stage.executor, PRICES["backstop_vault"]):
        wanted = PRICES.get(stage.executor, PRICES["backstop_vault"])[0]
        remedy = f'Write price = {{ kind = "{wanted}", … }}.' if wanted else "Leave it out; [adl] price is used."
        tell((*path, "price"), f"executor {stage.executor} does not close at this kind of price", remedy)
    if stage.takeover_at in ("bankruptcy", "account_transfer") and stage.size != "full":
        tell(
            (*path, "size"),
            f"a takeover at {stage.takeover_at} hands the whole account over",
            'Leave the size out, or take over at = "mark" or "zero_price".',
        )
    if stage.executor == "adl" and stage.size != "full" and adl_price == "bankruptcy":
        tell(
            (*path, "size"),
            "winners pay a loss at bankruptcy only when the whole account is closed",
            'Leave the size out, or write [adl] price = "mark".',
        )
    if stage.cooldown_ms and stage.size != "fraction":
        tell((*path, "throttle"), "only a fraction is throttled", "Leave it out, or close a fraction.")
    if stage.block is not None and stage.executor != "engine":
        tell(
            (*path, "throttle"), "a block bounds the venue's own orders", 'Leave it out, or write executor = "engine".'
        )
    if (stage.room_venue or stage.room_market) and stage.executor not in ("engine", "keeper", "auction"):
        tell((*path, "throttle"), "room bounds what is ordered or on offer", "Leave it out: nothing is, at this stage.")
    if (stage.room_venue or stage.room_market) and stage.offer is not None and stage.offer.portfolio:
        tell((*path, "throttle"), "shares of a whole account are offered whole", "Leave it out, or offer positions.")
    if stage.fee_base == "improvement" and stage.price_limit == "none":
        tell(
            (*path, "fee"),
            "without a limit nothing is better than it",
            'Write price = { kind = "market", limit = "zero_price" }.',
        )
    if stage.round_ms and (stage.round_ms * 1_000_000).denominator != 1:
        tell((*path, "throttle", "rounds_per_s"), "a round is no whole number of nanoseconds", "Write 1, 2, 4, 5 …")


def check_discount(path: Path, stage: Stage, tell: Tell) -> None:
    """A discount by health is the limit of an order, a share of the maintenance requirement, and grows to its most."""
    if not stage.is_only_limit:
        tell(
            (*path, "price", "as_limit"),
            "the venue's own orders are filled by the market; the discount is their limit",
            "Write as_limit = true.",
        )
    if stage.discount_of != "maintenance_margin":
        tell(
            (*path, "price", "relative_to"),
            f"a discount of `{stage.discount_of}` is not built",
            'Write relative_to = "maintenance_margin".',
        )
    if stage.discount_max and (stage.discount_slope / stage.discount_max * 1_000_000).denominator != 1:
        tell(
            (*path, "price", "slope_ppm"),
            "slope / max is no whole number of millionths",
            "Choose a slope that is a simple multiple of max_ppm.",
        )
    if stage.discount_max and not 1 <= stage.discount_slope / stage.discount_max <= 1_000:
        tell(
            (*path, "price", "slope_ppm"),
            "the largest discount must be reached when the account is bankrupt",
            "Write a slope from max_ppm to a thousand times max_ppm.",
        )


def check_payees(path: Path, stage: Stage, parts: Parts, tell: Tell) -> None:
    """Fees go to somebody who exists, and the rest of an account to whoever took its positions."""
    known = payee_names(parts)
    for payee in dict.fromkeys((stage.fee_to, stage.residual_to)):
        if payee and payee not in known and "loss.stage" in parts.complete:
            tell((*path, "fee"), f"there is no payee `{payee}`", f"Name one of: {', '.join(known)}.")
    offer = stage.offer
    if offer is not None and (offer.reward or offer.reward_flat or offer.reward_least) and not stage.fee:
        tell(
            (*path, "fee"),
            "a keeper's reward comes out of the penalty, and there is none",
            'Add { kind = "notional", ppm = …, to = "…" }.',
        )
    for payee in (offer.start_fee_to, offer.bonus_fee_to) if offer is not None else ():
        if payee and payee not in known and "loss.stage" in parts.complete:
            tell((*path, "fee"), f"there is no payee `{payee}`", f"Name one of: {', '.join(known)}.")
    if offer is None and stage.keepers_fees:
        told = ", ".join(f"`{kind}`" for kind in stage.keepers_fees)
        tell((*path, "fee"), f"{told} belongs to what is offered to keepers", "Remove it, or name a keeper or auction.")
    vaults = ("", "vault", *known[len(PAYEES) :])
    if stage.executor == "engine" and stage.residual_to:
        tell((*path, "fee"), "what the venue's own orders leave is the trader's", "Remove the residual fee.")
    elif stage.takeover_at in ("bankruptcy", "account_transfer") and stage.residual_to not in vaults:
        tell(
            (*path, "fee"),
            f"a takeover at {stage.takeover_at} hands the rest to the vault",
            'Write to = "vault", or take over at = "mark".',
        )


def check_health_search(parts: Parts, tell: Tell) -> None:
    """Closing more never leaves an account further from its target, or the machine's search may not halve.

    Closing a notional x frees target x rate x x of what equity must cover and costs fee x x.
    """
    level = next((level for _row, level in known_rows(parts.levels) if level.name == "maintenance"), None)
    schedule = bound_of(parts, level) if level is not None else None
    if level is None or schedule is None:
        return
    markets = schedule.brackets or schedule.curves
    lowest = min((rate_range(level, schedule, market)[0] for market in markets), default=Fraction(0))
    for row, stage in known_rows(parts.stages):
        if stage.size not in ("to_health", "same_share") or stage.share is None or stage.fee == 0:
            continue
        if stage.fee_base not in ("value", "debt"):
            if stage.fee_base == "requirement" and stage.fee >= stage.share:
                tell(
                    (*STAGE_PATH, row, "fee"),
                    "the penalty costs as much as closing frees",
                    "Write less than the target.",
                )
            continue
        if stage.fee >= stage.share * lowest:
            most = int(stage.share * lowest * 1_000_000)
            tell(
                (*STAGE_PATH, row, "fee"),
                "the penalty costs as much as closing frees",
                f"Write less than {most} ppm, target x smallest maintenance rate.",
            )
