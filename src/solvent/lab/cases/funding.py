"""Funding as the venues write it: premiums, clamps, dampers, drifting rates, and what a position pays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from solvent.compiled import plain
from solvent.lab.cases.case import BadInput, Case, Unsupported
from solvent.lab.cases.door import (
    RATE,
    back,
    columns,
    field,
    fine,
    number,
    numbers,
    objects,
    positive,
    units,
)
from solvent.risk import premium as ground
from solvent.units import PPM

DAY_SECONDS: Final = 86_400
NO_CAP: Final = -1


def rate_cap(case: Case, name: str) -> int:
    """A cap on a rate; none where the case has none."""
    return units(name, abs(number(case, name)), RATE) if case.has(name) else NO_CAP


def impact_premium(case: Case, outside: bool) -> int:
    """The premium of a case's impact prices. A side that is not given stands where it adds nothing."""
    index = positive(case, "oracle" if case.has("oracle") else "index")
    bid = positive(case, "impact_bid") if case.has("impact_bid") else None
    ask = positive(case, "impact_ask") if case.has("impact_ask") else None
    if bid is None and ask is None:
        raise BadInput("there is no impact price; add impact_bid, impact_ask or both")
    if not outside and (bid is None or ask is None):
        raise BadInput("the middle needs both impact_bid and impact_ask; add the other")
    low = bid if bid is not None else min(index, ask or index)
    high = ask if ask is not None else max(index, low)
    scale = fine(index, low, high, room=2**40)
    at, lower, upper = (units(name, value, scale) for name, value in (("oracle", index), ("bid", low), ("ask", high)))
    rule = ground.premium_outside_nearest if outside else ground.premium_mid_nearest
    return int(plain(rule)(at, lower, upper, RATE))


def funding_premium(case: Case) -> dict[str, Any]:
    """Hyperliquid: outside the oracle on the main dex, the middle of the impact prices on HIP-3 dexes."""
    named = case.text("rule", "impact_mid" if case.text("dex", "main") != "main" else "impact_outside_oracle")
    rules = {"impact_outside_oracle": True, "impact_outside_index": True, "impact_mid": False}
    if named not in rules:
        raise BadInput(f"unknown rule {named!r}; known: {', '.join(rules)}")
    got = impact_premium(case, rules[named])
    case.step("premium", back(got, RATE), named)
    return {"premium": back(got, RATE)}


def funding_rate(case: Case) -> dict[str, Any]:
    """Hyperliquid: premium, what the interest pulls it back by, and their sum per eight hours."""
    premium = units("premium", number(case, "premium"), RATE) if case.has("premium") else impact_premium(case, True)
    interest = units("interest_8h", number(case, "interest_8h", Fraction(1, 10_000)), RATE)
    clamp = units("clamp", abs(number(case, "clamp", Fraction(5, 10_000))), RATE)
    pulled = plain(ground.pull)(premium, interest, clamp)
    rate = plain(ground.clamped_rate)(premium, interest, clamp, rate_cap(case, "cap"))
    answer = {"premium": back(premium, RATE), "clamped": back(pulled, RATE), "rate_8h": back(rate, RATE)}
    if case.has("position"):
        index = positive(case, "oracle")
        value = number(case, "position") * index
        scale = fine(value)
        answer["payment_8h"] = back(plain(ground.payment_up)(units("value", value, scale), rate, RATE), scale)
    return answer


def funding_payment(case: Case) -> dict[str, Any]:
    """One interval's part of a rate, held to the interval's cap, on the notional at the oracle price."""
    periods = positive(case, "periods_per_8h", 8)
    rate = units("rate_8h", number(case, "rate_8h"), RATE)
    part = plain(ground.interval_rate_nearest)(
        rate, periods.denominator, periods.numerator, rate_cap(case, "cap_per_hour")
    )
    value = number(case, "position") * positive(case, "oracle")
    scale = fine(value)
    paid = plain(ground.payment_up)(units("notional", value, scale), part, RATE)
    return {"rate_1h": back(part, RATE), "payment_1h": back(paid, scale)}


def funding_clamp(case: Case) -> dict[str, Any]:
    """Binance: the clamped premium. dYdX: the bound of the clamp, from the margin rates."""
    if case.has("clamp_factor_ppm"):
        bound = plain(ground.clamp_bound_down)
        rows = zip(
            case.integers("clamp_factor_ppm"),
            case.integers("initial_ppm"),
            case.integers("maintenance_fraction_ppm"),
            strict=True,
        )
        return {"max_abs_funding_ppm": [bound(factor, initial, share, PPM) for factor, initial, share in rows]}
    interest = units("interest", number(case, "interest"), RATE)
    clamp = units("clamp", abs(number(case, "clamp")), RATE)
    cap = rate_cap(case, "cap")
    premiums = columns("premiums", numbers(case, "premiums"), RATE)
    return {"rate": [back(plain(ground.clamped_rate)(p, interest, clamp, cap), RATE) for p in premiums]}


def funding_damper(case: Case) -> dict[str, Any]:
    """Deribit: nothing within the damper, the excess beyond; of given premiums or of a mark and its index."""
    damper = units("damper", abs(number(case, "damper")), RATE)
    cap = rate_cap(case, "cap")
    if case.has("premium"):
        premiums = columns("premium", numbers(case, "premium"), RATE)
        rates = [back(plain(ground.damped_rate)(p, damper, cap), RATE) for p in premiums]
        return {"rate": rates if isinstance(case.value("premium"), list) else rates[0]}
    index, mark = positive(case, "index"), positive(case, "mark")
    scale = fine(index, mark, room=2**40)
    premium = plain(ground.premium_of_price_nearest)(units("index", index, scale), units("mark", mark, scale), RATE)
    case.step("premium", back(premium, RATE), "mark / index - 1")
    return {
        "premium": back(premium, RATE),
        "current_funding": back(plain(ground.damped_rate)(premium, damper, cap), RATE),
    }


def velocity_of(case: Case, skew: Fraction, limit: str) -> int:
    """Velocity per day of a skew, in 1 / RATE."""
    skew_scale = positive(case, "skew_scale")
    scale = fine(skew, skew_scale)
    return int(
        plain(ground.velocity_nearest)(
            units(limit, number(case, limit), RATE), units("skew", skew, scale), units("skew_scale", skew_scale, scale)
        )
    )


def accrued(value: Fraction, before: int, after: int, seconds: Fraction) -> Fraction:
    """What a value pays while the rate moves between two, over a time in seconds."""
    scale = fine(value, room=10**15)
    paid = plain(ground.accrued_nearest)(
        units("value", value, scale),
        before,
        after,
        seconds.numerator,
        DAY_SECONDS * seconds.denominator,
        RATE,
    )
    return back(paid, scale)


def moved(rate: int, velocity: int, seconds: Fraction) -> int:
    """The rate after a time."""
    return int(plain(ground.rate_after_nearest)(rate, velocity, seconds.numerator, DAY_SECONDS * seconds.denominator))


def funding_velocity(case: Case) -> dict[str, Any]:
    """Synthetix: the rate moves with the skew; either from the skew, or from a velocity that is already known."""
    seconds = number(case, "dt_s") if case.has("dt_s") else number(case, "days") * DAY_SECONDS
    before = units("prev_rate", number(case, "prev_rate", 0), RATE)
    if case.has("prev_velocity"):
        velocity = units("prev_velocity", number(case, "prev_velocity"), RATE)
    else:
        velocity = velocity_of(case, number(case, "skew"), "max_velocity_per_day")
    after = moved(before, velocity, seconds)
    answer = {"velocity": back(velocity, RATE), "rate": back(after, RATE), "rate_after": back(after, RATE)}
    if case.has("position"):
        value = number(case, "position") * positive(case, "oracle")
        answer["accrued"] = accrued(value, before, after, seconds)
    return answer


def funding_velocity_path(case: Case) -> dict[str, Any]:
    """Synthetix v3: rows of (skew, velocity, rate, paid so far) after each order of a path."""
    skew = number(case, "skew0", 0)
    value = number(case, "position") * positive(case, "price")
    rate = units("rate0", number(case, "rate0", 0), RATE)
    total = Fraction(0)
    rows: list[list[Fraction]] = []
    for place, step in enumerate(objects(case, "steps")):
        seconds = field(step, "days", f"steps[{place}]") * DAY_SECONDS
        velocity = velocity_of(case, skew, "max_velocity")
        after = moved(rate, velocity, seconds)
        total += accrued(value, rate, after, seconds)
        rate = after
        skew += field(step, "order", f"steps[{place}]")
        rows.append([skew, back(velocity_of(case, skew, "max_velocity"), RATE), back(rate, RATE), total])
    return {"rows": rows}


def adaptive_funding(case: Case) -> dict[str, Any]:
    """GMX v2: by how much the rate drifts in a time, for an imbalance of open interest."""
    named = ("imbalance", "threshold_stable", "threshold_decrease", "increase_per_s", "decrease_per_s")
    imbalance, stable, decrease, grow, decay = (units(name, abs(number(case, name)), RATE) for name in named)
    seconds = number(case, "duration_s")
    if seconds.denominator != 1:
        raise BadInput("field 'duration_s' is a part of a second; write whole seconds")
    change = plain(ground.adaptive_change)(
        imbalance, case.flag("skew_same_direction", True), stable, decrease, grow, decay, int(seconds), RATE
    )
    return {"delta": back(change, RATE)}


def funding_curve(case: Case) -> dict[str, Any]:
    """GMX v2: the larger side pays factor x imbalance^exponent / open interest, the smaller receives the same money."""
    exponent = number(case, "exponent", 1)
    if exponent.denominator != 1 or exponent < 1:
        raise Unsupported(f"an exponent of {exponent}; the ground raises to whole powers")
    long, short = number(case, "long_oi"), number(case, "short_oi")
    scale = fine(long + short)
    sizes = units("long_oi", long, scale), units("short_oi", short, scale)
    larger, smaller = max(sizes), min(sizes)
    paying = plain(ground.curve_paying_nearest)(
        units("factor", number(case, "factor"), RATE), larger - smaller, larger + smaller, scale, int(exponent)
    )
    receiving = plain(ground.curve_receiving_down)(paying, larger, smaller)
    payer, receiver = ("long", "short") if sizes[0] >= sizes[1] else ("short", "long")
    return {f"{payer}_pays": back(paying, RATE), f"{receiver}_receives": back(receiving, RATE)}


def continuous_funding(case: Case) -> dict[str, Any]:
    """Paradex: the clamped, multiplied and capped rate; its premium in settlement units; what a time of it pays.

    The multiplier acts before the cap. An index advance is in settlement units, the accrued result in dollars.
    """
    premium = units("premium_rate", number(case, "premium_rate"), RATE)
    baseline = units("baseline", number(case, "baseline"), RATE)
    clamp = units("clamp", abs(number(case, "clamp")), RATE)
    multiplier = number(case, "multiplier", 1)
    pulled = plain(ground.clamped_rate)(premium, baseline, clamp, NO_CAP)
    cap = rate_cap(case, "max_rate")
    rate = plain(ground.interval_rate_nearest)(pulled, multiplier.numerator, multiplier.denominator, cap)
    coin = positive(case, "usdc", 1)
    spot = positive(case, "spot") / coin
    scale = fine(spot)
    per_period = back(plain(ground.payment_up)(units("spot", spot, scale), rate, RATE), scale)
    part = number(case, "window_s") / positive(case, "period_s")
    window = plain(ground.interval_rate_nearest)(rate, part.numerator, part.denominator, NO_CAP)
    advance = back(plain(ground.payment_up)(units("spot", spot, scale), window, RATE), scale)
    value = number(case, "size") * spot * coin
    scale = fine(value)
    paid = back(plain(ground.payment_up)(units("value", value, scale), window, RATE), scale)
    return {"raw_rate": back(rate, RATE), "premium_per_8h": per_period, "index_delta": advance, "pnl": -paid}


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    rule.__name__: rule
    for rule in (
        funding_premium,
        funding_rate,
        funding_payment,
        funding_clamp,
        funding_damper,
        funding_velocity,
        funding_velocity_path,
        adaptive_funding,
        funding_curve,
        continuous_funding,
    )
}
