"""The venues' rules once more, slowly: fractions without a bound, nothing shared with the ground.

Each takes the inputs of a case and gives what the case should expect; `None` where a number would not fit 62 bits.
"""

from __future__ import annotations

import math
from fractions import Fraction as F
from math import ceil, floor, isqrt

LIMIT = 2**62 - 1
REFUSED = {"error": "refused"}

MARKETS = {"BTC": (F(5_000_000_000, 10**7), -8), "ETH": (F(3_000_000_000, 10**9), -9)}
"""Quote quanta a base quantum of each is worth: price x 10^(exponent + resolution + 6)."""


def toward_zero(x: F) -> int:
    return math.trunc(x)


# dYdX v4 ----------------------------------------------------------------------------------------------------------


def dydx_value(size, price, exponent):
    return toward_zero(F(size) * price * F(10) ** exponent)


def dydx_requirements(value, base, fraction, interest, lower, upper):
    if upper == 0 or interest <= lower:
        share = base
    elif interest >= upper:
        share = 10**6
    else:
        share = base + floor(F((10**6 - base) * (interest - lower), upper - lower))
    return {
        "imr": ceil(F(abs(value) * share, 10**6)),
        "mmr": ceil(F(ceil(F(abs(value) * base, 10**6)) * fraction, 10**6)),
    }


def dydx_margin(i):
    exponent = i["price_exponent"] + i["atomic_resolution"] + 6
    value = dydx_value(i["base_quantums"], i["price"], exponent)
    interest = dydx_value(i["open_interest"], i["price"], exponent)
    return dydx_requirements(value, i["im_ppm"], i["mf_ppm"], interest, i["oi_lower"], i["oi_upper"])


def dydx_tier(i):
    answer = dydx_requirements(i["quote_quantums"], i["im_ppm"], 0, i["oi_notional"], i["oi_lower"], i["oi_upper"])
    return {"imr": answer["imr"]}


def dydx_worth(name, size):
    return toward_zero(F(size) * MARKETS[name][0])


def dydx_mmr(name, size, im=200_000, mf=500_000):
    return ceil(F(ceil(F(abs(dydx_worth(name, size)) * im, 10**6)) * mf, 10**6))


def dydx_totals(usdc, positions, im=200_000, mf=500_000):
    equity = usdc + sum(dydx_worth(name, size) for name, size in positions.items())
    return (
        equity,
        sum(dydx_mmr(name, size, im, mf) for name, size in positions.items()),
        sum(ceil(F(abs(dydx_worth(name, size)) * im, 10**6)) for name, size in positions.items()),
    )


def dydx_shrinks(size, delta):
    return size * delta < 0 and abs(delta) <= abs(size)


def dydx_bp(usdc, positions, name, delta, im=200_000, mf=500_000):
    equity, requirement, _ = dydx_totals(usdc, positions, im, mf)
    size = positions[name]
    change = dydx_worth(name, size + delta) - dydx_worth(name, size)
    freed = abs(dydx_mmr(name, size + delta, im, mf) - dydx_mmr(name, size, im, mf))
    return -change - floor(F(equity * freed, requirement))


def dydx_bankruptcy(i):
    size = i["positions"].get(i["perp"], 0)
    if not dydx_shrinks(size, i["delta"]) or dydx_totals(i["usdc"], i["positions"])[1] == 0:
        return REFUSED
    return {"quote_quantums": dydx_bp(i["usdc"], i["positions"], i["perp"], i["delta"])}


def dydx_fillable(i):
    size = i["positions"].get(i["perp"], 0)
    equity, requirement, _ = dydx_totals(i["usdc"], i["positions"])
    if size == 0 or requirement == 0:
        return REFUSED
    share = min(max(F(i["ba_ppm"], 10**6) * (1 - F(equity, requirement)), F(0)), F(1))
    cut = share * F(i["smmr_ppm"], 10**6) * dydx_mmr(i["perp"], size)
    price = (dydx_worth(i["perp"], size) - cut) / size
    return {"num": price.numerator, "den": price.denominator}


def dydx_subticks(i):
    price = F(i["num"], i["den"]) * F(10) ** -i["qce"]
    ticks = price / i["ticks_per"]
    whole = ceil(ticks) if i["is_long"] else floor(ticks)
    return {"subticks": max(whole, 1) * i["ticks_per"]}


def dydx_if_delta(i):
    size = i["positions"].get(i["perp"], 0)
    delta = i["fill"] if i["is_buy"] else -i["fill"]
    if not dydx_shrinks(size, delta) or dydx_totals(i["usdc"], i["positions"])[1] == 0:
        return REFUSED
    quote = floor(F(i["fill"] * i["subticks"]) * F(10) ** i["qce"])
    surplus = (-quote if i["is_buy"] else quote) - dydx_bp(i["usdc"], i["positions"], i["perp"], delta)
    return {"insurance_delta": surplus if surplus <= 0 else min(floor(F(quote * i["fee_ppm"], 10**6)), surplus)}


def dydx_liq_size(i):
    exponent = i["exp"] + i["res"] + 6
    size, value = abs(i["position"]), abs(dydx_value(i["position"], i["price"], exponent))
    cap = max(min(i["min_notional"], value), floor(F(value * i["portion_ppm"], 10**6)))
    if i["sub_remaining"] is not None:
        cap = min(cap, i["sub_remaining"])
    if value <= cap or size <= i["step"]:
        closed = size
    else:
        wanted = floor(F(cap) / (i["price"] * F(10) ** exponent))
        closed = min(max(wanted // i["step"] * i["step"], i["step"]), size)
    return {"delta": -closed if i["position"] > 0 else closed}


def dydx_valid(before, after):
    (t0, m0, _), (t1, m1, initial) = before, after
    if t1 >= initial:
        return True
    if m1 > m0:
        return False
    if m0 == 0 or m1 == 0:
        return m0 == m1 and t1 > t0
    return F(t1, m1) >= F(t0, m0)


def dydx_deleverage(i):
    name, delta, terms = i["perp"], i["delta"], (i["im"], i["mf"])
    sizes = [i[side]["positions"].get(name, 0) for side in ("liq", "off")]
    if not dydx_shrinks(sizes[0], delta) or not dydx_shrinks(sizes[1], -delta):
        return REFUSED
    if i["oracle"]:
        quote = dydx_worth(name, sizes[0]) - dydx_worth(name, sizes[0] + delta)
    else:
        if dydx_totals(i["liq"]["usdc"], i["liq"]["positions"], *terms)[1] == 0:
            return REFUSED
        quote = dydx_bp(i["liq"]["usdc"], i["liq"]["positions"], name, delta, *terms)
    answer = {}
    for side, told, cash, moved in (("liq", "liquidated", quote, delta), ("off", "offsetting", -quote, -delta)):
        was = i[side]
        held = {**was["positions"], name: was["positions"][name] + moved}
        now = {"usdc": was["usdc"] + cash, "positions": {market: size for market, size in held.items() if size}}
        if not dydx_valid(
            dydx_totals(was["usdc"], was["positions"], *terms), dydx_totals(now["usdc"], now["positions"], *terms)
        ):
            return REFUSED
        answer[told] = now
    return answer


def dydx_ratelimit(i):
    return {"baseline": max(i["minimum"], floor(F(i["tvl"] * i["ppm"], 10**6)))}


# Drift v2 ---------------------------------------------------------------------------------------------------------


def drift_asset_transfer(i):
    moved = F(i["liab_amount"], 10 ** i["liab_decimals"]) * i["liab_price"] * i["asset_mult"]
    asset = max(floor(moved * 10 ** i["asset_decimals"] / (i["asset_price"] * i["liab_mult"])), 1)
    if floor(F(abs(asset - i["asset_amount"]) * i["asset_price"], 10 ** i["asset_decimals"])) < 10**6:
        asset = i["asset_amount"]
    return {"asset": asset}


def drift_implied_liab(i):
    given = F(i["asset_amount"], 10 ** i["asset_decimals"]) * i["asset_price"] * i["liab_mult"]
    return {"liability": ceil(given * 10 ** i["liab_decimals"] / (i["liab_price"] * i["asset_mult"]))}


def drift_liab_transfer(i):
    if i["asset_weight"] >= i["liab_weight"]:
        return None
    spread = 10 * i["liab_weight"] - 10 * i["asset_weight"] * i["asset_mult"] // i["liab_mult"]
    fee = i.get("if_fee", 0)
    freed = i["liab_price"] * spread - i["liab_price"] * fee // 10**6 * 10 * i["liab_weight"]
    if spread <= 0 or freed <= 0:
        return None
    scale = F(10) ** (i["liab_decimals"] - 6)
    return {"liability": max(floor(i["shortage"] * scale * 10**11 / freed), 1)}


def drift_base_to_cover(i):
    room, quote = 100 * i["margin_ratio"] - i["liq_fee"], i.get("quote_oracle", 10**6)
    freed = i["oracle"] * quote // 10**6 * room // 10**6 - i["oracle"] * i["if_fee"] // 10**6
    if room <= 0 or i["oracle"] == 0 or freed <= 0:
        return None
    return {"base": i["shortage"] * 10**9 // freed}


def drift_perp_if_fee(i):
    price = i["oracle"] * i.get("quote_oracle", 10**6) // 10**6
    room = 100 * i["margin_ratio"] - i["liq_fee"]
    if price == 0 or i["base"] == 0 or room <= 0:
        return {"fee": 0}
    missing = i["shortage"] * 10**9 // abs(i["base"]) * 10**6 // price
    return {"fee": min(max(room - missing, 0) * 19 // 20, i["max_if_fee"])}


def drift_spot_if_fee(i):
    if i["asset_weight"] >= i["liab_weight"] or 0 in (i["price"], i["tokens"], i["liab_mult"]):
        return {"fee": 0}
    weight = 100 * i["liab_weight"]
    left = max(weight - 100 * i["asset_weight"] * i["asset_mult"] // i["liab_mult"], 0)
    missing = i["shortage"] * 10**6 * 10 ** i["decimals"] // i["tokens"] // i["price"]
    return {"fee": min(max(left - missing, 0) * 10**6 // weight, i["max_if_fee"])}


def drift_liq_fee(i):
    elapsed = i["slot"] - i["user_slot"]
    if elapsed < 0:
        return REFUSED
    return {"fee": i["base_fee"] if elapsed < 1500 else min(i["base_fee"] + elapsed, i["max_fee"])}


def drift_max_pct(i):
    if i["shortage"] < 50 * 10**6:
        return {"pct": 10_000}
    reached = 10_000 if i["duration"] == 0 else i["slots_elapsed"] * 10_000 // i["duration"]
    reached = min(reached + i["initial_pct"], 10_000)
    allowed = max((i["shortage"] + i["freed"]) * reached // 10_000 - i["freed"], 0)
    return {"pct": allowed * 10_000 // i["shortage"]}


def drift_spot_weights(i):
    size = i["size"] * 10**9 // 10 ** i["decimals"]
    asset, liability = i["initial_asset_weight"], i["initial_liability_weight"]
    if i["imf"]:
        root = isqrt(10 * size + 1)
        asset = min(asset, 1_100_000 * 10_000 // (10**6 + root * i["imf"] // 10**5))
        liability = max(liability, liability - liability // 5 + root * i["imf"] // 10**7)
    return {"asset_weight": asset, "liability_weight": liability}


def drift_scaled_iw(i):
    value = i["deposits"] * i["price"] // 10 ** i["decimals"]
    start, weight = i["scale_start"], i["initial_asset_weight"]
    return {"weight": weight if start == 0 or value < start else weight * start // value}


def drift_funding_delta(i):
    total = abs(i["base_long"]) + abs(i["base_short"])
    return REFUSED if total == 0 else {"delta": ceil(F(abs(i["loss"]) * 10**9, total)) * 1000}


def drift_deposit_delta(i):
    if i["total_deposits"] == 0:
        return {"delta": 0}
    return {"delta": ceil(F(i["cumulative_interest"] * i["borrow"], i["total_deposits"]))}


# Vega -------------------------------------------------------------------------------------------------------------


def vega_margin(i):
    unit = 10 ** i.get("pdp", 0)
    volume, mark = F(i["open"], unit), i["mark"]
    sides = []
    a, b, f = F(i["linear"]), F(i.get("quadratic", 0)), F(i.get("funding", 0))
    for sign, orders, rate in ((1, i.get("buys", 0), i["rf_long"]), (-1, i.get("sells", 0), i["rf_short"])):
        v, orders = max(sign * volume, F(0)), F(orders, unit)
        if sign * volume + orders <= 0:
            sides.append(F(0))
            continue
        slip = mark * (a * v + b * v * v)
        sides.append(slip + (v + orders) * F(rate) * mark)
    maintenance = ceil(max(sides) + max(f * volume, 0))
    answer = {"maintenance": maintenance}
    for name, factor in zip(("search", "initial", "release"), i["factors"], strict=True):
        answer[name] = floor(F(maintenance * floor(F(str(factor)) * 10**5), 10**5))
    return answer


def vega_losssoc(i):
    ratio = F(i["collected"], i["expected"])
    ratio = F(floor(ratio * 10**16 + F(1, 2)), 10**16)
    payouts = {party: floor(owed * ratio) for party, owed in i["winners"]}
    last = "network" if "network" in payouts else i["winners"][-1][0]
    payouts[last] += i["collected"] - sum(payouts.values())
    return {"payouts": payouts}


def vega_collect(i):
    pool, realised = i["pool"], {}
    for party, loss, means in i["losses"]:
        own = min(loss, means)
        help_ = min(loss - own, pool)
        pool -= help_
        realised[party] = -own - help_
    return {"collected": -sum(realised.values()), "realised": realised, "pool": pool}


def vega_disposal(i):
    position, sizes = abs(i["position"]), []
    for _ in range(i["steps"]):
        if not position:
            break
        sold = position if position <= i["full"] else ceil(position * F(str(i["fraction"])))
        if "available" in i:
            sold = min(sold, ceil(i["available"] * F(str(i["max_fraction"]))))
        sizes.append(sold)
        position -= sold
    return {"sizes": sizes}


def vega_closeout(i):
    means = i["margin"] + i["general"]
    left = means - min(i["mtm_loss"], means)
    closed = left < i["maintenance"]
    return {"closed": closed, "realised": left - means - (left if closed else 0), "pool": left if closed else 0}


# Mango v4 ---------------------------------------------------------------------------------------------------------


def mango_health(balance, price, weight):
    return balance * price * (weight if balance > 0 else 2 - weight)


def mango_token_liq(i):
    i = {name: F(str(value)) for name, value in i.items()}
    health = mango_health(i["asset"], 1, i["asset_weight"]) + mango_health(i["liab"], 1, i["liab_weight"]) + i["other"]
    gain = 2 - i["liab_weight"] - i["asset_weight"]
    if health >= 0:
        needed = F(0)
    elif gain <= 0:
        needed = F(10**30)
    else:
        needed = -health / gain
    moved = min(needed, -i["liab"], i["asset"], i["max_liab_transfer"])
    return {"asset": float(i["asset"] - moved), "liab": float(i["liab"] + moved)}


def mango_solve(value_at, low, high):
    """Smallest x in [low, high] with value_at(x) >= 0, by halving; value_at rises."""
    for _ in range(80):
        middle = (low + high) / 2
        if value_at(middle) >= 0:
            high = middle
        else:
            low = middle
    return high


def mango_perp_bankruptcy(i):
    i = {name: F(str(value)) for name, value in i.items()}

    def health(balance):
        return mango_health(balance, i["settle_price"], i["settle_weight"]) + i["other"]

    settle, perp, most = i["settle"], i["perp"], i["max_liab_transfer"]
    settled = F(0)
    if health(settle) > 0:
        own = mango_solve(lambda x: -health(settle - x), F(0), F(10**6))
        settled = min(own, -perp, i["settle_limit"], most)
    settle, perp, most = settle - settled, perp + settled, most - settled
    ending = (
        F(0)
        if health(settle + perp) >= 0
        else min(mango_solve(lambda x: health(settle + perp + x), F(0), F(10**6)), -perp)
    )
    taken = min(ending, most)
    paid = F(ceil(taken * i["settle_price"] / i["insurance_price"] - F(1, 10**8)))
    if paid > i["insurance"]:
        paid = i["insurance"]
        taken = min(taken, paid * i["insurance_price"] / i["settle_price"])
    shared = ending - taken if paid == i["insurance"] else F(0)
    answer = {
        "liqee_settle": settle,
        "liqee_perp": perp + taken + shared,
        "liqor_settle": settled,
        "liqor_perp": -settled - taken,
        "liqor_insurance": paid,
        "socialised": shared,
    }
    return {name: float(value) for name, value in answer.items()}
