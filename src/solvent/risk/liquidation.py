"""Liquidation: which rung of the action ladder acts on a distressed account, for how much, at what limit.

A stage is breached when equity is below (or at, where the rulebook says so) scale x requirement of its level.
Among the breached the deepest acts first, that is the one with the smallest threshold amount; stages with the same
threshold act in file order, each falling through to the next while the account stays distressed and the stage
could do nothing or its order found no fill. A stage whose order found no fill waits until every other breached one has
had its turn: so a stage that is breached only now, and is deeper, acts before the rest.

Limit price. `bankruptcy` asks that the close-out leaves the account's equity not below zero. An account with
several positions shares its equity among them in proportion to their maintenance requirement (dYdX v4,
protocol/x/clob, GetBankruptcyPriceInQuoteQuantums; by notional where no requirement exists):

    limit = the price at which floor(equity x requirement_i / requirement) is lost (state/values, closing_limit_ticks)

At that price equity over maintenance stays as it is while a position is closed: Lighter calls it the zero price.
A spread is a distance from the mark, for whoever takes the position (Deribit's liquidity support, Aave's bonus); an
account that is not bankrupt never sells beyond its limit.
"""

import numpy as np

from solvent.codes import FeeBase, Size
from solvent.compiled import kernel
from solvent.state.terms import STAGES_MAX
from solvent.state.values import closing_limit_ticks
from solvent.units import PPM, mul_div_down, mul_div_up


@kernel
def threshold_up(requirement_quanta, scale_ppm):
    """Least whole equity that is not below scale x requirement."""
    return mul_div_up(requirement_quanta, scale_ppm, PPM)


@kernel
def is_breached(stage, equity_quanta, requirement_quanta):
    """True when equity is below scale x requirement, or at it where the stage says `le`; exact for whole equity."""
    if stage.or_equal == 1:
        return equity_quanta <= mul_div_down(requirement_quanta, stage.scale_ppm, PPM)
    return equity_quanta < mul_div_up(requirement_quanta, stage.scale_ppm, PPM)


@kernel
def stage_order(state, equity_by_level, requirement_by_level, order):
    """Write the breached stages into `order`, deepest first and then in file order; give their number."""
    count = 0
    depths = np.empty(STAGES_MAX, np.int64)
    for row in range(STAGES_MAX):
        stage = state.stages[row]
        if stage.used == 0 or not is_breached(stage, equity_by_level[stage.level], requirement_by_level[stage.level]):
            continue
        depth = threshold_up(requirement_by_level[stage.level], stage.scale_ppm)
        place = count
        while place > 0 and depths[place - 1] > depth:
            depths[place] = depths[place - 1]
            order[place] = order[place - 1]
            place -= 1
        depths[place] = depth
        order[place] = row
        count += 1
    return count


@kernel
def untried_first(order, count, tried_stages):
    """Put the stages whose orders found no fill behind the others, both deepest first; give the bits to remember.

    When all of `order[:count]` have been tried the round begins anew, with none.
    """
    kept = np.empty(STAGES_MAX, np.int64)
    place = 0
    behind = 0
    for i in range(count):
        if tried_stages & (1 << order[i]) != 0:
            kept[behind] = order[i]
            behind += 1
        else:
            order[place] = order[i]
            place += 1
    for i in range(behind):
        order[place + i] = kept[i]
    return 0 if place == 0 else tried_stages


@kernel
def lots_of_size(stage, held_lots, notional_quanta, in_cooldown, lots_to_lower_tier, lots_to_health):
    """Lots a stage wants to close of a position of `held_lots` (more than zero)."""
    if stage.sizing == Size.FRACTION:
        if in_cooldown or notional_quanta <= stage.size_min_quanta:
            return held_lots
        return min(max(mul_div_up(held_lots, stage.size_ppm, PPM), 1), held_lots)
    if stage.sizing == Size.TO_LOWER_TIER:
        return min(lots_to_lower_tier, held_lots)
    if stage.sizing == Size.TO_HEALTH or stage.sizing == Size.SAME_SHARE:
        return min(lots_to_health, held_lots)
    return held_lots


@kernel
def lots_by_close_factor(stage, held_lots, notional_quanta, equity_quanta, requirement_quanta):
    """A share of the position; all of it below a health or a value, or where a leftover would be dust (Aave v3.3)."""
    if equity_quanta < mul_div_up(requirement_quanta, stage.full_below_ppm, PPM):
        return held_lots
    if notional_quanta < stage.size_min_quanta:
        return held_lots
    lots = min(max(mul_div_up(held_lots, stage.size_ppm, PPM), 1), held_lots)
    if mul_div_down(notional_quanta, held_lots - lots, held_lots) < stage.left_min_quanta:
        return held_lots
    return lots


@kernel
def part_of_lots_up(held_lots, steps, step_ppm):
    """Lots of a position when every one shrinks by so many steps: whole lots, rounded up, at most all."""
    return min(mul_div_up(held_lots, min(steps * step_ppm, PPM), PPM), held_lots)


@kernel
def spread_limit_ticks(contract, mark_ticks, lots, spread_ppm):
    """The price a spread away from the mark, against whoever closes; within the contract."""
    distance = mul_div_down(mark_ticks, spread_ppm, PPM)
    if lots > 0:
        return max(mark_ticks - distance, max(contract.price_min_ticks, 1))
    return min(mark_ticks + distance, contract.price_max_ticks)


@kernel
def transfer_ticks(contract, mark_ticks, lots, equity_share_quanta, spread_ppm):
    """The price at which a position changes hands: a spread from the mark, never beyond the share of the equity.

    An account without equity left hands over at the mark: what it owes is the waterfall's, and nobody's by a price.
    """
    limit = closing_limit_ticks(contract, lots, mark_ticks, max(equity_share_quanta, 0))
    apart = spread_limit_ticks(contract, mark_ticks, lots, spread_ppm)
    return max(limit, apart) if lots > 0 else min(limit, apart)


@kernel
def pool_fill_ticks(contract, fill_ticks, mark_ticks, lots, equity_share_quanta):
    """The price at which a pool fills a closing of `lots`: its own, where it is worse never beyond the equity's share.

    A solvent account is not taken beyond its bankruptcy; one without equity hands over at the mark at worst.
    """
    limit = closing_limit_ticks(contract, lots, mark_ticks, max(equity_share_quanta, 0))
    least = max(contract.price_min_ticks, 1)
    fill = min(max(fill_ticks, least), contract.price_max_ticks)
    return max(limit, fill) if lots > 0 else min(limit, fill)


@kernel
def zero_price_ticks(contract, mark_ticks, lots, equity_share_quanta):
    """The price that leaves equity over maintenance as it is, whole ticks towards the mark; beyond it when bankrupt."""
    if equity_share_quanta >= 0:
        return closing_limit_ticks(contract, lots, mark_ticks, equity_share_quanta)
    # what the account must gain is what the other side may lose
    return closing_limit_ticks(contract, -lots, mark_ticks, -equity_share_quanta)


@kernel
def fee_base_quanta(base, fill_quanta, freed_quanta, better_quanta, notional_quanta, equity_quanta):
    """What a penalty is a share of; the debt in a fill is its part of the notional that the equity does not cover."""
    if base == FeeBase.REQUIREMENT:
        return max(freed_quanta, 0)
    if base == FeeBase.IMPROVEMENT:
        return max(better_quanta, 0)
    if base == FeeBase.DEBT:
        owed = max(notional_quanta - max(equity_quanta, 0), 0)
        return mul_div_up(fill_quanta, owed, max(notional_quanta, 1))
    return fill_quanta


@kernel
def lots_above_first_tier(held_lots, tier, first_tier_lots):
    """Lots to close so that a position of the third tier or above fits the first; everything of a lower one (OKX)."""
    if tier <= 2:
        return held_lots
    return max(held_lots - first_tier_lots, 0)


@kernel
def penalty_of(fill_quanta, fee_ppm, equity_after_quanta):
    """Penalty for a fill: a share of its value, rounded up, never more than the equity that is left."""
    return min(mul_div_up(fill_quanta, fee_ppm, PPM), max(equity_after_quanta, 0))
