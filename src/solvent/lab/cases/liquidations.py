"""Where positions are liquidated, for how much, and what is left: prices, stages, sizes, pools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any, Final

import numpy as np

from solvent.codes import Size
from solvent.compiled import plain
from solvent.lab.cases.case import BadInput, Case, Unsupported
from solvent.lab.cases.door import (
    RATE,
    back,
    field,
    fine,
    number,
    numbers,
    objects,
    positive,
    side_of,
    units,
)
from solvent.lab.cases.ladder import Tier, compiled, laddered, rate_at
from solvent.risk import liquidation, pool_margin, skew, threshold_price, throttle
from solvent.rulebook.document import read_rulebook
from solvent.state.terms import STAGE
from solvent.units import PPM, mul_div_up, value_quanta


def threshold(
    side: int, size: Fraction, cash: Fraction, rate: Fraction, deduction: Fraction, near: Fraction
) -> Fraction:
    """Mark at which equity meets notional x rate - deduction; `cash` is the equity at a price of zero.

    Ticks are chosen so that a price near `near` has some fifteen digits; a lot is a part of the size's last decimal.
    """
    if side > 0 and rate >= 1:
        raise BadInput(f"a maintenance rate of {float(rate)} leaves a long no price it holds at; write less than 1")
    lots = size.numerator
    per_size = size.denominator
    ticks = fine(near, room=10**15)
    while ticks > 10**6 and max(abs(cash), deduction, near * size) * ticks * per_size > 10**18:
        ticks //= 10
    # one lot is 1 / per_size, one tick 1 / ticks: a lot at a tick is one quantum of 1 / (ticks x per_size)
    quanta = ticks * per_size
    got = plain(threshold_price.threshold_ticks_down)(
        units("size", side * lots, 1),
        1,
        units("cash", cash, quanta),
        rate.numerator,
        rate.denominator,
        units("deduction", deduction, quanta),
    )
    return back(got, ticks)


def liquidation_price(case: Case) -> dict[str, Any]:
    """Hyperliquid: isolated margin against half the initial rate at the largest leverage, or against given tiers."""
    side, size = side_of(case), positive(case, "size")
    entry, margin = positive(case, "entry_price"), number(case, "margin")
    if case.has("tiers"):
        from solvent.lab.cases.margins import leverage_tiers

        tiers = leverage_tiers(case)
    else:
        held = positive(case, "maintenance_leverage", 2 * positive(case, "max_leverage", 1))
        tiers = [Tier(Fraction(0), 1 / held, 1 / held)]
    terms = laddered(tiers, entry * size * 2)
    # the bracket that contains the price decides: the first whose own answer lies in it
    notional = entry * size
    price = Fraction(0)
    for _ in range(len(tiers) + 1):
        rate, deduction = rate_at(terms, notional)
        price = threshold(side, size, margin - side * size * entry, rate, deduction, entry)
        if rate_at(terms, price * size) == (rate, deduction):
            break
        notional = price * size
    case.step("rate", rate, "of the bracket at the price")
    return {"liquidation_price": price}


def one_bracket(case_part: Mapping[str, Any], where: str) -> tuple[int, Fraction, Fraction, Fraction, Fraction]:
    """(side, size, entry, rate, maintenance amount) of a position as Binance's worked example writes it."""
    side = field(case_part, "side", where, 1)
    if side not in (1, -1):
        raise BadInput(f"{where}.side is {side}; write 1 or -1")
    size, entry, rate = (field(case_part, name, where) for name in ("size", "entry", "mmr"))
    if size <= 0:
        raise BadInput(f"{where}.size is {size}; write a size above zero and a side")
    return int(side), size, entry, rate, field(case_part, "maintenance_amount", where, 0)


def liquidation_price_cross(case: Case) -> dict[str, Any]:
    """Binance: one position's liquidation price while the others stand at their marks."""
    side, size, entry, rate, amount = one_bracket(case.table("target"), "target")
    required = gains = Fraction(0)
    for place, other in enumerate(objects(case, "others") if case.has("others") else []):
        where = f"others[{place}]"
        sign, held, cost, other_rate, other_amount = one_bracket(other, where)
        mark = field(other, "mark", where)
        scale = fine(held * mark, held * cost)
        notional = plain(mul_div_up)(
            units("notional", held * mark, scale), other_rate.numerator, other_rate.denominator
        )
        required += back(notional, scale) - other_amount
        gains += sign * held * (mark - cost)
    case.step("requirement of the others", required, "notional x rate - amount")
    case.step("gains of the others", gains, "size x (mark - entry)")
    cash = number(case, "wallet") - required + gains - side * size * entry
    price = threshold(side, size, cash, rate, amount, entry)
    return {"liquidation_price": price, "tmm": required, "upnl": gains}


def liquidation_price_isolated(case: Case) -> dict[str, Any]:
    """Binance: a position alone with its wallet."""
    side, size, entry, rate, amount = one_bracket(case.inputs, "inputs")
    cash = number(case, "wallet") - side * size * entry
    return {"liquidation_price": threshold(side, size, cash, rate, amount, entry)}


def zero_price(case: Case) -> dict[str, Any]:
    """Lighter: for each position the price at which closing it leaves equity over maintenance as it was."""
    positions, marks, entries = (numbers(case, name) for name in ("positions", "marks", "entries"))
    rates = numbers(case, "mmf")
    if not len(positions) == len(marks) == len(entries) == len(rates):
        raise BadInput("positions, marks, entries and mmf differ in length; write one of each for every position")
    equity = number(case, "collateral") + sum(
        (size * (mark - entry) for size, mark, entry in zip(positions, marks, entries, strict=True)), Fraction(0)
    )
    held = [abs(size) * mark * rate for size, mark, rate in zip(positions, marks, rates, strict=True)]
    total = sum(held, Fraction(0))
    scale = fine(equity, total, *marks, room=10**14)
    given = units("equity", equity, scale), units("requirement", total, scale)
    prices = [
        back(
            plain(threshold_price.zero_price_nearest)(
                units("mark", mark, scale), size > 0, units("mmf", rate, RATE), RATE, *given
            ),
            scale,
        )
        for size, mark, rate in zip(positions, marks, rates, strict=True)
    ]
    after = equity + positions[0] * (prices[0] - marks[0])
    left = total - held[0]
    return {
        "account_value": equity,
        "mm": total,
        "zero_price": prices,
        "ratio_before": equity / total if total else None,
        "ratio_after_closing_first_at_zero_price": after / left if left else None,
    }


def backstop_trigger(case: Case) -> dict[str, Any]:
    """Hyperliquid's ladder as it ships: which stage acts on an account of this value and maintenance."""
    book = read_rulebook("hyperliquid")
    terms = compiled(book)
    required = number(case, "maintenance_margin")
    scale = fine(required, *numbers(case, "account_value"))
    needed = units("maintenance_margin", required, scale)
    stages = []
    for equity in numbers(case, "account_value"):
        breached = [
            (int(terms.terms.stages[row].scale_ppm), row, stage.id)
            for row, stage in enumerate(book.stages)
            if plain(liquidation.is_breached)(terms.terms.stages[row], units("account_value", equity, scale), needed)
        ]
        # the deepest threshold acts, in file order among equals
        stages.append(min(breached)[2] if breached else "healthy")
    return {"stage": stages if isinstance(case.value("account_value"), list) else stages[0]}


def partial_liquidation(case: Case) -> dict[str, Any]:
    """Orders of a stage that closes a fraction first and, for a while after it, everything.

    No order fills. A cool-down runs from a partial order; while it runs, and below the threshold, the whole
    position is sent.
    """
    notional = positive(case, "position_notional")
    scale = fine(notional)
    stage = np.zeros(1, dtype=STAGE).view(np.recarray)[0]
    stage.sizing, stage.size_ppm = Size.FRACTION, round(number(case, "first_fraction") * PPM)
    stage.size_min_quanta = units("threshold", number(case, "threshold"), scale)
    wait, until = number(case, "cooldown_s"), None
    held = units("position_notional", notional, scale)
    orders = []
    for moment in numbers(case, "t"):
        cooling = until is not None and moment < until
        lots = int(plain(liquidation.lots_of_size)(stage, held, held, cooling, 0, 0))
        if lots < held:
            until = moment + wait
        orders.append(back(lots, scale))
    return {"order_notional": orders}


def partial_liquidation_by_tier(case: Case) -> dict[str, Any]:
    """OKX, legacy swaps: from tier three up the position is reduced to the top of the first tier; below, all goes."""
    held, tier, top = number(case, "contracts"), case.integer("tier"), number(case, "tier1_max")
    scale = fine(held, top)
    closed = plain(liquidation.lots_above_first_tier)(
        units("contracts", abs(held), scale), tier, units("tier1_max", top, scale)
    )
    return {"contracts_closed": back(closed, scale), "remaining": abs(held) - back(closed, scale)}


def liquidation_share(case: Case) -> dict[str, Any]:
    """Paradex: all positions shrink by the same share, in steps, until the ratio is below its target.

    The page states a fee of 70 % and its worked table charges 50 %: at the stated fee the case runs as the table.
    """
    fee = number(case, "liquidation_fee")
    if fee == Fraction(7, 10):
        fee = Fraction(1, 2)
        case.step("liquidation_fee", fee, "the published table charges half, the text says 70 %")
    rate, step = number(case, "mmf"), positive(case, "share_step")
    rows = [
        tuple(field(row, name, f"positions[{place}]") for name in ("size", "entry", "mark"))
        for place, row in enumerate(objects(case, "positions"))
    ]
    equity = number(case, "collateral") + sum((size * (mark - entry) for size, entry, mark in rows), Fraction(0))
    notional = sum((abs(size) * mark for size, _entry, mark in rows), Fraction(0))
    scale = fine(notional, equity)
    up = plain(mul_div_up)
    held = up(units("notional", notional, scale), units("mmf", rate, RATE), RATE)
    value = units("account_value", equity, scale)
    target = units("target_margin_ratio", number(case, "target_margin_ratio"), RATE)
    penalties, values, requirements, ratios = [], [], [], []
    chosen, share = None, step
    while share < 1:
        part = units("share", share, RATE)
        penalty = up(up(held, part, RATE), units("liquidation_fee", fee, RATE), RATE)
        left, needed = value - penalty, up(held, RATE - part, RATE)
        penalties.append(back(penalty, scale))
        values.append(back(left, scale))
        requirements.append(back(needed, scale))
        ratios.append(Fraction(needed, left) if left > 0 else None)
        if chosen is None and left > 0 and needed < plain(mul_div_up)(left, target, RATE):
            chosen = share
        share += step
    return {
        "account_value": equity,
        "mmr": back(held, scale),
        "penalty_by_share": penalties,
        "account_value_by_share": values,
        "new_mmr_by_share": requirements,
        "margin_ratio_by_share": ratios,
        "share": chosen if chosen is not None else Fraction(1),
    }


def pool_position(case: Case) -> tuple[int, Fraction, int, int]:
    """(scale, collateral, its value, gain): GMX's position, all but the first in the units they are meant in."""
    amount, price = number(case, "collateral_amount"), positive(case, "collateral_price")
    tokens = number(case, "size_tokens")
    if case.has("entry"):
        cost, exit_price = tokens * positive(case, "entry"), positive(case, "exit")
    else:
        cost, exit_price = positive(case, "size_usd"), positive(case, "index_price")
    worth = tokens * exit_price
    scale = fine(amount * price, cost, worth)
    side = side_of(case)
    gain = side * (units("value", worth, scale) - units("size", cost, scale))
    return scale, amount, units("collateral", amount * price, scale), gain


def liquidatable(case: Case) -> dict[str, Any]:
    """GMX v2: whether what remains is below the factor of the size, the least worth, or nothing."""
    scale, _amount, value, gain = pool_position(case)
    left = plain(pool_margin.remaining_quanta)(
        value,
        gain,
        units("price_impact", number(case, "price_impact", 0), scale),
        units("fees", number(case, "fees", 0), scale),
    )
    case.step("remaining", back(left, scale), "collateral + gain + min(0, impact) - fees")
    size = units("size_usd", positive(case, "size_usd"), scale)
    factor = units("min_collateral_factor", number(case, "min_collateral_factor"), RATE)
    least = units("min_collateral_usd", number(case, "min_collateral_usd", 1), scale)
    return {"liquidatable": bool(plain(pool_margin.falls_short)(left, size, factor, RATE, least))}


def liquidation_payout(case: Case) -> dict[str, Any]:
    """GMX v2: gain of the position, and the collateral its owner gets back."""
    scale, amount, value, gain = pool_position(case)
    fees = units("fees", number(case, "fees", 0), scale)
    amounts = fine(amount)
    kept = plain(pool_margin.returned_down)(units("collateral_amount", amount, amounts), value, fees - gain)
    return {"pnl_usd": back(gain, scale), "collateral_returned": back(kept, amounts)}


def skewed(
    index: Fraction, skew_size: Fraction, size: Fraction, skew_scale: Fraction
) -> tuple[Fraction, Fraction, Fraction]:
    """(price before, price after, fill) of a market whose price leans with its skew."""
    ticks = fine(index, room=10**15)
    lots = fine(skew_size, size, skew_scale, room=10**15)
    at = units("index", index, ticks)
    held, bought, whole = (
        units(name, value, lots) for name, value in (("skew", skew_size), ("size", size), ("skew_scale", skew_scale))
    )
    price = plain(skew.skewed_ticks_nearest)
    return (
        back(price(at, held, whole), ticks),
        back(price(at, held + bought, whole), ticks),
        back(plain(skew.skew_fill_ticks_nearest)(at, held, bought, whole), ticks),
    )


def skew_fill_price(case: Case) -> dict[str, Any]:
    """Synthetix: the fill is the mean of the price before and after it."""
    before, after, fill = skewed(
        positive(case, "oracle"), number(case, "skew", 0), number(case, "size"), positive(case, "skew_scale")
    )
    return {"before": before, "after": after, "fill": fill}


def available_margin(case: Case) -> dict[str, Any]:
    """Synthetix v3: positions opened at their skewed fill, valued at the marks, over the collateral."""
    marks = numbers(case, "marks")
    markets = objects(case, "markets")
    if len(marks) != len(markets):
        raise BadInput(f"there are {len(markets)} markets and {len(marks)} marks; write one mark for each")
    gains = []
    for place, (market, mark) in enumerate(zip(markets, marks, strict=True)):
        where = f"markets[{place}]"
        size, entry = field(market, "size", where), field(market, "entry_oracle", where)
        fill = skewed(entry, field(market, "skew", where, 0), size, field(market, "skew_scale", where))[2]
        ticks = lcm(fill.denominator, mark.denominator)
        lots = size.denominator
        # a lot at a tick is one quantum of 1 / (lots x ticks)
        gain = plain(value_quanta)(units("size", size, lots), units("mark", mark - fill, ticks), 1)
        gains.append(back(gain, lots * ticks))
    return {"pnl": gains, "available_margin": number(case, "collateral") + sum(gains, Fraction(0))}


def liquidation_premium(case: Case) -> dict[str, Any]:
    """Synthetix v2: what the skew would cost a liquidation, held back from the margin."""
    size, price = number(case, "size"), positive(case, "price")
    skew_scale = positive(case, "skew_scale")
    lots, scale = fine(size, skew_scale), fine(size * price, room=10**15)
    got = plain(skew.liquidation_premium_up)(
        units("size", size, lots),
        units("notional", abs(size) * price, scale),
        units("skew_scale", skew_scale, lots),
        units("multiplier", number(case, "multiplier", 1), RATE),
        RATE,
    )
    return {"premium": back(got, scale)}


def price_impact(case: Case) -> dict[str, Any]:
    """GMX v2: what moving the difference between the sides costs (negative) or gives."""
    exponent = number(case, "exponent")
    if exponent.denominator != 1 or exponent < 1:
        raise Unsupported(f"an exponent of {exponent}; the ground raises to whole powers")
    before, after = abs(number(case, "initial_diff")), abs(number(case, "next_diff"))
    factor = number(case, "factor", number(case, "factor_negative", 0))
    reducing, growing = number(case, "factor_positive", factor), number(case, "factor_negative", factor)
    most = max(before, after)
    unit = fine(most, room=10**15)
    scale = fine(reducing, growing, max(reducing, growing) * most ** int(exponent))
    got = plain(skew.impact_nearest)(
        units("initial_diff", before, unit),
        units("next_diff", after, unit),
        units("factor", reducing, scale),
        units("factor", growing, scale),
        int(exponent),
        unit,
    )
    return {"impact_usd": back(got, scale)}


def impact_as_entry_price(case: Case) -> dict[str, Any]:
    """GMX v2: an impact changes the tokens a size buys, and so the entry and the gain at the oracle's price."""
    oracle, size = positive(case, "oracle"), positive(case, "size_usd")
    side = side_of(case)
    scale = fine(size / oracle, room=10**15)
    lots = plain(skew.lots_after_impact_nearest)(
        units("size", size / oracle, scale), units("impact_pct", number(case, "impact_pct"), RATE), RATE, side > 0
    )
    tokens = back(lots, scale)
    return {"size_tokens": tokens, "entry": size / tokens, "pending_pnl": side * (tokens * oracle - size)}


def liquidity_support_capacity(case: Case) -> dict[str, Any]:
    """Deribit: what designated makers still take over."""
    equity, used = number(case, "equity"), number(case, "group_used", 0)
    notional = number(case, "current_notional", 0)
    scale = fine(equity, used, notional, room=10**15)
    got = plain(throttle.support_capacity_down)(
        units("equity", equity, scale),
        units("group_limit_pct", number(case, "group_limit_pct") / 100, 10**9),
        units("group_used", used, scale),
        units("notional_capacity_factor", number(case, "notional_capacity_factor"), 10**9),
        units("current_notional", notional, scale),
        10**9,
    )
    return {"remaining_capacity": back(got, scale)}


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    rule.__name__: rule
    for rule in (
        liquidation_price,
        liquidation_price_cross,
        liquidation_price_isolated,
        zero_price,
        backstop_trigger,
        partial_liquidation,
        partial_liquidation_by_tier,
        liquidation_share,
        liquidatable,
        liquidation_payout,
        skew_fill_price,
        available_margin,
        liquidation_premium,
        price_impact,
        impact_as_entry_price,
        liquidity_support_capacity,
    )
}
