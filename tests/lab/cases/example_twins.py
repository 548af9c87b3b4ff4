"""The worked examples a second time: formulas as the venues write them, in fractions, sharing nothing with the rules."""

from fractions import Fraction
from math import floor

HALF = Fraction(1, 2)


def clip(x, low, high):
    return max(low, min(high, x))


def liquidation_price(i):
    rate, s = 1 / Fraction(i["maintenance_leverage"]), i["side"]
    spare = i["margin"] - rate * i["size"] * i["entry_price"]
    return {"liquidation_price": i["entry_price"] - s * spare / (i["size"] * (1 - s * rate))}


def liquidation_price_isolated(i):
    s = i["side"]
    over = i["wallet"] + i["maintenance_amount"] - s * i["size"] * i["entry"]
    return {"liquidation_price": over / (i["size"] * i["mmr"] - s * i["size"])}


def liquidation_price_cross(i):
    held = sum(o["size"] * o["mark"] * o["mmr"] - o["maintenance_amount"] for o in i["others"])
    gains = sum(o.get("side", 1) * o["size"] * (o["mark"] - o["entry"]) for o in i["others"])
    alone = i["target"] | {"wallet": i["wallet"] - held + gains}
    return {"tmm": held, "upnl": gains, **liquidation_price_isolated(alone)}


def funding_premium(i):
    index, bid, ask = i["oracle"], i["impact_bid"], i["impact_ask"]
    if i["rule"] == "impact_mid":
        return {"premium": (bid + ask) / 2 / index - 1}
    return {"premium": (max(0, bid - index) - max(0, index - ask)) / index}


def price_impact(i):
    e = int(i["exponent"])
    return {"impact_usd": i["factor"] * (i["initial_diff"] ** e - i["next_diff"] ** e)}


def skew_fill_price(i):
    before = i["oracle"] * (1 + i["skew"] / i["skew_scale"])
    after = i["oracle"] * (1 + (i["skew"] + i["size"]) / i["skew_scale"])
    return {"fill": (before + after) / 2}


def dutch_auction_portfolio(i):
    margin = i["mm"] + i["buffer_pct"] * (i["mm"] - i["mtm"])
    discounted = (i["mtm"] - i["reserved_cash"]) * i["price_factor"]
    if margin >= 0:
        return {"buffer_margin": margin, "max_fraction": Fraction(0)}
    worth = discounted + i["reserved_cash"]
    most = min(Fraction(1), margin / (margin - worth)) if worth > 0 else Fraction(1)
    bid = min(i["requested_fraction"], most) * discounted
    return {"buffer_margin": margin, "max_fraction": most, "bid_price": bid}


def portfolio_margin_aggregation(i):
    risk = i["min_span"] + i["option_contingency"]
    return {"mm": i["mtm"] + risk, "im": i["mtm"] + i["loss_factor"] * risk}


def dutch_auction_kick(i):
    tab = i["art"] * i["chop"]
    return {"tab": tab, "top": i["feed"] * i["buf"], "keeper_reward": i["tip"] + tab * i["chip"]}


def stairstep_exponential(i):
    return {"price": i["top"] * i["cut"] ** floor(i["t"] / i["step_s"])}


def continuous_funding(i):
    pulled = i["premium_rate"] + clip(i["baseline"] - i["premium_rate"], -i["clamp"], i["clamp"])
    raw = clip(i["multiplier"] * pulled, -i["max_rate"], i["max_rate"])
    premium = raw * i["spot"] / i["usdc"]
    advance = premium * i["window_s"] / i["period_s"]
    return {"raw_rate": raw, "premium_per_8h": premium, "index_delta": advance, "pnl": -i["size"] * advance * i["usdc"]}


def portfolio_margin_ratio(i):
    owed = i["min_borrow_offset"] + i["cross_mm"] + i["borrowed"] * i["borrow_price"]
    lent = min(i["balance"], i["supply_cap"]) * i["collateral_price"] * (HALF + HALF * i["ltv"])
    value = i["balance"] + min(i["borrow_cap"], lent)
    return {"requirement": owed, "liquidation_value": value, "ratio": owed / value}


def zero_price(i):
    rows = list(zip(i["positions"], i["marks"], i["entries"], i["mmf"], strict=True))
    equity = i["collateral"] + sum(q * (mark - entry) for q, mark, entry, _rate in rows)
    held = sum(abs(q) * mark * rate for q, mark, _entry, rate in rows)
    prices = [mark * (1 - (1 if q > 0 else -1) * rate * equity / held) for q, mark, _entry, rate in rows]
    return {"account_value": equity, "mm": held, "zero_price": prices}


def inverse_pnl(i):
    gain = i.get("side", 1) * i["contracts"] * (1 / i["entry"] - 1 / i["exit"])
    leverages = i["leverage"] if isinstance(i["leverage"], list) else [i["leverage"]]
    margins = [i["contracts"] / i["entry"] / leverage for leverage in leverages]
    return {"pnl": gain, "im": margins if isinstance(i["leverage"], list) else margins[0]}


def maintenance_margin_tiers(i):
    rates = [HALF / tier["max_leverage"] for tier in i["tiers"]]
    floors = [tier["floor"] for tier in i["tiers"]]
    held = []
    for notional in i["notionals"]:
        ends = [*floors[1:], max(notional, floors[-1])]
        held.append(
            sum(
                (
                    rate * max(min(notional, end) - start, 0)
                    for rate, start, end in zip(rates, floors, ends, strict=True)
                ),
                Fraction(0),
            )
        )
    return {"mm": held}


def margin_linear_in_size(i):
    rates = [i["im_base"] + i["im_slope_per_unit"] * size for size in i["size"]]
    return {"im": [rate * size * i["index"] for rate, size in zip(rates, i["size"], strict=True)]}


def liquidation_premium(i):
    return {"premium": abs(i["size"]) / i["skew_scale"] * abs(i["size"]) * i["price"] * i["multiplier"]}


def position_margin_fee_to_close(i):
    rate = 1 / i["leverage"]
    return {
        "im_minus_mm": i["mark_value"] * (rate - i["mmr"]),
        "fee_to_close": i["taker_fee"] * i["entry_value"] * (1 + rate),
    }


def collateral_discount(i):
    discount = clip(i["amount"] / i["skew_scale"] * i["discount_scalar"], i["lower"], i["upper"])
    return {"discount": discount, "value": i["amount"] * i["price"] * (1 - discount)}


TWINS = {
    name: twin
    for name, twin in list(globals().items())
    if callable(twin) and getattr(twin, "__module__", None) == __name__ and name != "clip"
}
