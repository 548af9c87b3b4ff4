"""Who pays and who is closed: funds, losses on withdrawal, deleveraging, throttles, collateral, open orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil
from typing import Any, Final

import numpy as np

from solvent.codes import AdlScore
from solvent.compiled import plain
from solvent.lab.cases.auctions import vault_under_room
from solvent.lab.cases.case import BadInput, Case
from solvent.lab.cases.door import (
    RATE,
    back,
    columns,
    field,
    fine,
    number,
    number_of,
    numbers,
    objects,
    only_of,
    positive,
    side_of,
    units,
)
from solvent.risk import deleverage, haircut, open_size, socialise, throttle, trigger, waterfall
from solvent.units import PPM, mul_div_down, mul_div_nearest, value_quanta


def insurance_fund_flow(case: Case) -> dict[str, Any]:
    """BitMEX: a position taken over at bankruptcy is worked off; better fills pay the fund, worse ones it pays.

    The fund pays what it has; what is missing goes to deleveraging.
    """
    only_of(case, "bitmex", "binance_usdm", "binance_coinm", "bybit", "bybit_inverse", "bybit_uta", "okx", "solvent")
    side, size = side_of(case), positive(case, "size")
    bankrupt = positive(case, "bankruptcy_price")
    fund = number(case, "fund0", 0)
    fills = numbers(case, "fill_prices")
    ticks = fine(bankrupt, *fills, room=10**12)
    lots, per = size.numerator, 1
    scale = ticks * size.denominator
    held = units("fund0", fund, scale)
    path, missing = [], 0
    for price in fills:
        flow = side * plain(value_quanta)(lots, units("fill", price - bankrupt, ticks), per)
        if flow >= 0:
            held += flow
        else:
            paid = plain(waterfall.take)(-flow, held, PPM)
            held, missing = held - paid, missing - flow - paid
        path.append(back(held, scale))
    case.step("left to deleveraging", back(missing, scale))
    return {"fund": path}


def socialised_loss_on_withdrawal(case: Case) -> dict[str, Any]:
    """Paradex: one account is under water by more than the fund holds; whoever withdraws leaves its share behind.

    The first balance is the loser's, with a position of `size`; the gains of the others are its losses.
    """
    balances = numbers(case, "balances")
    size, entry, mark = number(case, "size"), positive(case, "entry"), positive(case, "mark")
    fund = number(case, "insurance_fund", 0)
    equity = balances[0] + size * (mark - entry)
    bankrupt = max(-equity, Fraction(0))
    short = max(bankrupt - fund, Fraction(0))
    # gains and losses cancel: what is owed to all is what was deposited
    total = sum(balances, Fraction(0))
    asked = number(case, "withdraw")
    scale = fine(total, bankrupt, asked, room=10**15)
    given = units("shortfall", short, scale), units("total", total, scale)
    kept = plain(socialise.retained_up)(units("withdraw", asked, scale), *given)
    return {
        "bankruptcy_amount": bankrupt,
        "exchange_bankruptcy": short,
        "factor_published": back(plain(socialise.share_nearest)(*given, RATE), RATE),
        "paid": asked - back(kept, scale),
        "retained": back(kept, scale),
    }


def ranked(identifiers: list[Any], scores: list[int]) -> list[Any]:
    """Accounts by score, highest first; the earlier row among equals, as the lower account number is."""
    rows = list(range(len(scores)))
    column = np.array(scores, dtype=np.int64)
    before = plain(deleverage.ranks_before)
    numbered = np.arange(len(scores))
    order: list[int] = []
    for row in rows:
        place = sum(bool(before(column, numbered, other, row)) for other in order)
        order.insert(place, row)
    return [identifiers[row] for row in order]


def adl_rank(case: Case) -> dict[str, Any]:
    """Scores of winners as the venue ranks them: Hyperliquid's, Binance's or BitMEX's, told by the venue."""
    rule = {
        "hyperliquid": hyperliquid_rank,
        "hyperliquid_hip3": hyperliquid_rank,
        "binance_usdm": binance_rank,
        "bitmex": bitmex_rank,
    }
    if case.has("bankrupt_value"):
        return bitmex_rank(case)
    only_of(case, *rule)
    return rule[case.venue.split("/")[0]](case)


def hyperliquid_rank(case: Case) -> dict[str, Any]:
    """(mark / entry) x (notional / equity); the inverse ratio for shorts."""
    mark = positive(case, "mark")
    rows = objects(case, "accounts")
    scores = []
    for place, row in enumerate(rows):
        where = f"accounts[{place}]"
        notional, equity, entry = (field(row, name, where) for name in ("notional", "account_value", "entry"))
        side = 1 if field(row, "side", where, 1) > 0 else -1
        scale = fine(notional, equity, room=10**12)
        value = side * units("notional", notional, scale)
        cost = side * units("cost", notional * entry / mark, scale)
        held = units("account_value", equity, scale)
        scores.append(
            int(plain(deleverage.score_of)(AdlScore.HYPERLIQUID, value, cost, side * (value - cost), 0, held, 0))
        )
    return {
        "index": [back(score, deleverage.SCORE_SCALE) for score in scores],
        "order": ranked([row.get("id") for row in rows], scores),
    }


def binance_rank(case: Case) -> dict[str, Any]:
    """max(0, gain) / max(1, wallet) x maintenance / (wallet + gain), 1 in currency; nothing without equity."""
    rows = objects(case, "accounts")
    scores = []
    for place, row in enumerate(rows):
        where = f"accounts[{place}]"
        gain, wallet, held = (field(row, name, where) for name in ("upnl", "wallet", "mm"))
        scale = fine(gain, wallet, held, room=10**12)
        given = [
            units(name, value, scale)
            for name, value in (
                ("upnl", gain),
                ("wallet", max(wallet, Fraction(1))),
                ("equity", wallet + gain),
                ("mm", held),
            )
        ]
        scores.append(int(plain(deleverage.score_of)(AdlScore.BINANCE, 1, 1, *given)))
    return {
        "score": [back(score, deleverage.SCORE_SCALE) for score in scores],
        "order": ranked([row.get("id") for row in rows], scores),
    }


def bitmex_rank(case: Case) -> dict[str, Any]:
    """Gain over entry value, leverage down to bankruptcy, and their product, or for a loser their quotient."""
    mark, entry, bankrupt = (number(case, f"{name}_value") for name in ("mark", "entry", "bankrupt"))
    scale = fine(mark, entry, bankrupt, room=10**12)
    value, cost = units("mark_value", mark, scale), units("entry_value", entry, scale)
    # what the position may still lose: a long's value above its bankruptcy, a short's obligation below it
    left = abs(value - units("bankrupt_value", bankrupt, scale))
    if left == 0:
        raise BadInput("the position is at its bankruptcy value; it has no leverage")
    gain = value - cost
    score = int(plain(deleverage.score_of)(AdlScore.BITMEX, value, cost, gain, 0, left, 0))
    ratio = plain(mul_div_nearest)
    return {
        "effective_leverage": back(ratio(abs(value), RATE, left), RATE),
        "pnl_pct": back(ratio(gain, RATE, abs(cost)), RATE),
        "score": back(score, deleverage.SCORE_SCALE),
    }


def adl_queue(case: Case) -> dict[str, Any]:
    """BitMEX: the order of winners, the fifth each stands in, and who closes against a bankrupt position."""
    rows = objects(case, "accounts")
    sizes = [field(row, "quantity", f"accounts[{place}]") for place, row in enumerate(rows)]
    scores = [field(row, "score", f"accounts[{place}]") for place, row in enumerate(rows)]
    gone = case.table("liquidated")
    scale, ranks = fine(*sizes), fine(*scores)
    column = columns("scores", scores, ranks)
    order = ranked(list(range(len(rows))), column)
    lots = np.array(columns("quantity", sizes, scale), dtype=np.int64)
    paired = np.zeros(len(rows), dtype=np.int64)
    wanted = units("size", abs(field(gone, "size", "liquidated")), scale)
    plain(deleverage.pair_queue)(
        wanted, lots, np.array(column, dtype=np.int64), np.arange(len(rows)), len(rows), paired
    )
    total, running = sum(sizes, Fraction(0)), Fraction(0)
    fifths: list[int] = []
    for row in order:
        running += sizes[row]
        fifths.append(20 * ceil(5 * running / total))
    return {
        "order": [rows[row].get("id") for row in order],
        "quintile_pct": fifths,
        "fills": {str(rows[row].get("id")): back(int(paired[row]), scale) for row in order if paired[row]},
        "price": number_of("bankruptcy_price", gone.get("bankruptcy_price", 0)),
    }


def adl_trigger_drawdown(case: Case) -> dict[str, Any]:
    """Bybit: a symbol's loss against the pool's peak. OKX: a fund's fall from its peak of the last hours."""
    if case.has("fund_path"):
        path = numbers(case, "fund_path")
        window, limit = int(positive(case, "window_h")), number(case, "threshold")
        scale = fine(*path)
        column = np.array(columns("fund_path", path, scale), dtype=np.int64)
        triggered = []
        for place in range(len(path)):
            highest = int(plain(trigger.peak_of)(column, max(place - window, 0), place))
            beyond = plain(trigger.loss_beyond)(
                int(column[place]), highest, highest, units("threshold", limit, RATE), RATE
            )
            triggered.append(bool(beyond >= 0 and highest > column[place]))
        return {"triggered": triggered}
    gain, peak, pool = (number(case, name) for name in ("symbol_pnl", "symbol_pnl_8h_max", "pool_8h_max"))
    limit = abs(number(case, "trigger"))
    scale = fine(gain, peak, pool)
    given = units("symbol_pnl", gain, scale), units("peak", peak, scale), units("pool", pool, scale)
    ratio = back(plain(trigger.drawdown_nearest)(*given, RATE), RATE)
    beyond = plain(trigger.loss_beyond)(*given, units("trigger", limit, RATE), RATE)
    fires = number(case, "pool_balance") > number(case, "threshold", 0) and beyond >= 0
    return {
        "pnl_ratio": ratio,
        "triggered": bool(fires),
        "adl_amount": back(max(beyond, 0), scale) if fires else Fraction(0),
        "stops_above": number(case, "stop", 0),
    }


def adl_trigger_equity(case: Case) -> dict[str, Any]:
    """Bybit: a pool with nothing left deleverages until it holds something again."""
    balance = number(case, "pool_balance")
    scale = fine(balance)
    empty = plain(throttle.room_left)(units("pool_balance", balance, scale), 0) == 0
    return {"triggered": bool(empty), "stops_when": "balance>0"}


def adl_pnl_to_pool(case: Case) -> dict[str, Any]:
    """GMX v2: traders' gains over the pool's value, before and after closing a size; the close must lower it enough."""
    pool, entry, size = positive(case, "pool_amount"), positive(case, "entry"), positive(case, "size_usd")
    price, closed = positive(case, "price"), number(case, "adl_size_usd", 0)
    side = side_of(case)
    gain = side * (size / entry * price - size)
    realised = gain * min(closed / size, Fraction(1))
    scale = fine(pool * price, gain, size, room=10**15)
    worth, gains = units("pool", pool * price, scale), units("gain", gain, scale)
    limit = units("max_pnl_factor_for_adl", number(case, "max_pnl_factor_for_adl"), RATE)
    least = units("min_pnl_factor_after_adl", number(case, "min_pnl_factor_after_adl"), RATE)
    share = plain(trigger.pool_share_nearest)
    before = share(gains, worth, RATE)
    paid = units("realised", realised, scale)
    after = share(gains - paid, worth - paid, RATE)
    return {
        "factor_before": back(before, RATE),
        "adl_enabled": bool(plain(trigger.exceeds_pool_share)(gains, worth, limit, RATE)),
        "factor_after": back(after, RATE),
        "valid": after < before and after >= least,
    }


def window_of(case: Case) -> tuple[int, int, Fraction]:
    """(scale of lots, capacity of one window, seconds of it)."""
    fees = number(case, "maker_fee") + number(case, "taker_fee")
    skew_scale, window = positive(case, "skew_scale"), positive(case, "window_s")
    scale = fine(skew_scale, room=10**12)
    capacity = plain(throttle.window_capacity_down)(
        units("fees", fees, 10**9),
        units("skew_scale", skew_scale, scale),
        units("multiplier", number(case, "multiplier", 1), 10**9),
        units("window_s", window, 1),
        10**9,
    )
    return scale, int(capacity), window


def liquidation_window(case: Case) -> dict[str, Any]:
    """Synthetix v3: accounts called one after another, each for what a rolling window of the market still holds."""
    scale, capacity, window = window_of(case)
    left = {
        str(name): units(f"accounts.{name}", number_of(name, size), scale)
        for name, size in case.table("accounts").items()
    }
    times: list[int] = []
    done: list[int] = []
    got: dict[str, list[Fraction]] = {f"liquidated_{name.lower()}": [] for name in left}
    for place, call in enumerate(objects(case, "calls")):
        now, name = int(field(call, "t", f"calls[{place}]")), str(call.get("a"))
        if name not in left:
            raise BadInput(f"calls[{place}].a is {call.get('a')!r}; known: {', '.join(left)}")
        used = plain(throttle.used_in_window)(
            np.array(times, dtype=np.int64), np.array(done, dtype=np.int64), len(times), now, int(window)
        )
        lots = min(left[name], int(plain(throttle.room_left)(capacity, int(used))))
        left[name] -= lots
        times.append(now)
        done.append(lots)
        got[f"liquidated_{name.lower()}"].append(back(lots, scale))
    return {"window_capacity": back(capacity, scale), **got}


def liquidation_window_pd_override(case: Case) -> dict[str, Any]:
    """Synthetix v3: beside the window, one window more for each block while the market leans less than a limit.

    The position is the market's whole skew until somebody trades against it at second two, when the limit is set too.
    """
    scale, capacity, window = window_of(case)
    left = units("size", positive(case, "size"), scale)
    skew = left
    limit = units("max_pd_after_t2", number(case, "max_pd_after_t2", 0), 10**9)
    against = units("arb_at_t2", number(case, "arb_at_t2", 0), scale)
    whole = units("skew_scale", positive(case, "skew_scale"), scale)
    arrived = False
    times: list[int] = []
    done: list[int] = []
    sizes = []
    for now in (int(moment) for moment in numbers(case, "call_times")):
        if now >= 2 and not arrived:
            arrived = True
            skew += against
        used = plain(throttle.used_in_window)(
            np.array(times, dtype=np.int64), np.array(done, dtype=np.int64), len(times), now, int(window)
        )
        acted = any(time == now and lots > 0 for time, lots in zip(times, done, strict=True))
        room = plain(throttle.extra_window)(
            capacity,
            int(plain(throttle.room_left)(capacity, int(used))),
            skew,
            whole,
            limit if arrived else 0,
            10**9,
            acted,
        )
        lots = min(left, int(room))
        left -= lots
        skew -= lots
        times.append(now)
        done.append(lots)
        sizes.append(back(left, scale))
    return {"window_capacity": back(capacity, scale), "sizes": sizes}


def keeper_reward_cap(case: Case) -> dict[str, Any]:
    """Synthetix v3: the rewards of all flagged positions together, held between the least and the most."""
    ratios, notionals = numbers(case, "flag_reward_ratio"), numbers(case, "notional")
    if len(ratios) != len(notionals):
        raise BadInput(f"there are {len(ratios)} ratios and {len(notionals)} notionals; write one of each")
    least, most = number(case, "min_reward", 0), number(case, "max_reward")
    cost = number(case, "cost", 0)
    scale = fine(sum(notionals, Fraction(0)), least, most, room=10**15)
    total = units("cost", cost, scale)
    for ratio, notional in zip(ratios, notionals, strict=True):
        total += plain(throttle.flag_reward_nearest)(
            units("notional", notional, scale), units("flag_reward_ratio", ratio, RATE), RATE
        )
    got = plain(throttle.reward_held)(total, units("min_reward", least, scale), units("max_reward", most, scale))
    return {"reward": back(got, scale)}


def liquidation_throughput_cap(case: Case) -> dict[str, Any]:
    """dYdX: what a block still allows. Maker: what of a vault goes to auction under the room."""
    if case.venue == "maker" or case.has("hole"):
        return vault_under_room(case)
    only_of(case, "dydx_v4")
    names = (("max_notional", "used_notional"), ("max_insurance_lost", "lost"))
    scale = fine(*(number(case, name) for pair in names for name in pair))
    left = [
        back(
            plain(throttle.room_left)(units(cap, number(case, cap), scale), units(used, number(case, used), scale)),
            scale,
        )
        for cap, used in names
    ]
    return {"left_notional": left[0], "left_insurance": left[1]}


def auto_exchange(case: Case) -> dict[str, Any]:
    """Binance: how much collateral is sold for a negative balance when selling costs a haircut."""
    cut = units("haircut", number(case, "haircut"), RATE)
    debts = numbers(case, "negative_balance")
    scale = fine(*debts, room=10**15)
    sold = [
        back(plain(haircut.exchanged_up)(units("negative_balance", abs(debt), scale), cut, RATE), scale)
        for debt in debts
    ]
    return {"usd_of_btc_sold": sold if isinstance(case.value("negative_balance"), list) else sold[0]}


def collateral_haircut(case: Case) -> dict[str, Any]:
    """Value of collateral at the ratio of each asset, rounded down."""
    value = number(case, "market_value")
    scale = fine(value, room=10**15)
    worth = units("market_value", value, scale)
    ratios = case.table("collateral_value_ratio")
    return {
        asset: back(plain(mul_div_down)(worth, units(asset, number_of(asset, ratio), RATE), RATE), scale)
        for asset, ratio in ratios.items()
    }


def collateral_discount(case: Case) -> dict[str, Any]:
    """Synthetix v3: the discount of selling an amount at once, and what the amount is worth under it."""
    amount, price = number(case, "amount"), positive(case, "price")
    skew_scale = positive(case, "skew_scale")
    lots, scale = fine(amount, skew_scale, room=10**15), fine(amount * price, room=10**15)
    scalar, lower, upper = (
        units(name, number(case, name, default), 10**12)
        for name, default in (("discount_scalar", 1), ("lower", 0), ("upper", 1))
    )
    if lower > upper:
        raise BadInput("the least discount is above the most; write lower at most as large as upper")
    cut = plain(haircut.impact_discount_nearest)(
        units("amount", amount, lots),
        units("skew_scale", skew_scale, lots),
        scalar,
        lower,
        upper,
        10**12,
    )
    value = plain(haircut.discounted_down)(units("value", amount * price, scale), cut, 10**12)
    return {"discount": back(cut, 10**12), "value": back(value, scale)}


def order_deleveraging(case: Case) -> dict[str, Any]:
    """Paradex: which orders of an account below initial margin are cancelled, in the order they were given."""
    orders = objects(case, "orders")
    position = number(case, "position")
    sizes, prices = [], []
    for place, order in enumerate(orders):
        where = f"orders[{place}]"
        if order.get("side") not in ("buy", "sell"):
            raise BadInput(f"{where}.side is {order.get('side')!r}; write buy or sell")
        sign = 1 if order["side"] == "buy" else -1
        sizes.append(sign * field(order, "size", where))
        prices.append(field(order, "px", where))
    scale, ticks = fine(position, *sizes), fine(*prices)
    cancelled = np.zeros(len(orders), dtype=np.int64)
    plain(open_size.cancelled_orders)(
        units("position", position, scale),
        np.array(columns("size", sizes, scale), dtype=np.int64),
        np.array(columns("px", prices, ticks), dtype=np.int64),
        len(orders),
        cancelled,
    )
    return {
        "cancelled": [
            f"{order['side']} {order['size']}@{order['px']}"
            for order, gone in zip(orders, cancelled, strict=True)
            if gone
        ]
    }


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    rule.__name__: rule
    for rule in (
        insurance_fund_flow,
        socialised_loss_on_withdrawal,
        adl_rank,
        adl_queue,
        adl_trigger_drawdown,
        adl_trigger_equity,
        adl_pnl_to_pool,
        liquidation_window,
        liquidation_window_pd_override,
        keeper_reward_cap,
        liquidation_throughput_cap,
        auto_exchange,
        collateral_haircut,
        collateral_discount,
        order_deleveraging,
    )
}
