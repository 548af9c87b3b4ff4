"""Rungs of the action ladder."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from solvent.rulebook.rules.offer import STEADY, Adapt, Offer


@dataclass(frozen=True, slots=True)
class Stage:
    """A rung of the action ladder. `share` is the fraction closed or the health restored, by `size`.

    `spread` is how far from the mark an order's limit or a takeover stands, `fee_base` what `fee` is a share of.

    A discount by health is `discount_slope` for each share of its requirement that is missing, at most `discount_max`.
    """

    id: str
    level: str
    or_equal: bool
    scale: Fraction
    executor: str
    size: str
    share: Fraction | None
    min_notional: Decimal
    cooldown_ms: int
    price: str
    price_limit: str
    takeover_at: str
    fee: Fraction
    fee_to: str
    residual_to: str
    accept: str
    timeout_ms: int
    discount_max: Fraction = Fraction(0)
    discount_slope: Fraction = Fraction(1)
    discount_of: str = ""
    is_only_limit: bool = True
    tiers_down: int = 1
    step: Fraction = Fraction(0)
    full_below: Fraction = Fraction(0)
    left_min: Decimal = Decimal(0)
    spread: Fraction = Fraction(0)
    fee_base: str = "value"
    round_ms: Fraction = Fraction(0)
    block: Decimal | None = None
    block_draw: Decimal = Decimal(0)
    one_market: bool = False
    room_venue: Decimal = Decimal(0)
    room_market: Decimal = Decimal(0)
    offer: Offer | None = None
    adapt: Adapt = STEADY
    keepers_fees: tuple[str, ...] = ()
