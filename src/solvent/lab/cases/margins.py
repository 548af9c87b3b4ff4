"""Requirements of single positions: brackets, curves, coin-margined contracts, options, portfolios, open orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any, Final

from solvent.codes import ContractKind, Level
from solvent.compiled import plain
from solvent.lab.cases.case import BadInput, Case, Unsupported
from solvent.lab.cases.door import (
    RATE,
    back,
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
from solvent.lab.cases.ladder import Asked, Tier, deductions, laddered, rate_at, required
from solvent.lab.worked import Position, contract_for, decimals_for, work
from solvent.risk import inverse, open_size, portfolio, threshold_price
from solvent.risk.margin import option
from solvent.risk.margin.curve import curve_rate_ppb
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.document import parse_rulebook
from solvent.rulebook.faults import RulebookError
from solvent.rulebook.rules import Rulebook
from solvent.state.terms import TermsShape, blank_terms
from solvent.state.values import closing_limit_ticks, traded_quanta
from solvent.units import LIMIT, PPB, PPM

HALF: Final = Fraction(1, 2)
SATOSHI: Final = 10**8


def leverage_tiers(case: Case, name: str = "tiers", share: Fraction = HALF) -> list[Tier]:
    """Tiers written as floor and largest leverage; maintenance is a share of the initial rate."""
    tiers = []
    for place, row in enumerate(objects(case, name)):
        leverage = field(row, "max_leverage", f"{name}[{place}]")
        if leverage < 1:
            raise BadInput(f"{name}[{place}] allows a leverage of {leverage}; write 1 or more")
        tiers.append(Tier(field(row, "floor", f"{name}[{place}]"), 1 / leverage, share / leverage))
    return tiers


def rate_tiers(floors: list[Fraction], rates: list[Fraction]) -> list[Tier]:
    """Tiers written as two columns, floors and maintenance rates."""
    if len(floors) != len(rates):
        raise BadInput(f"there are {len(floors)} floors and {len(rates)} rates; write one rate for each floor")
    return [Tier(floor, rate, rate) for floor, rate in zip(floors, rates, strict=True)]


def whole_leverage(name: str, value: Fraction) -> int:
    """A leverage the machine takes: whole, 1 to 1000. Raises Unsupported for another."""
    if value.denominator != 1 or not 1 <= value <= 1000:
        raise Unsupported(f"{name} = {value}; the machine takes whole leverages of 1 to 1000")
    return int(value)


def maintenance_margin_tiers(case: Case) -> dict[str, Any]:
    """Hyperliquid: marginal brackets by largest leverage, their deductions and the maintenance of notionals."""
    terms = laddered(leverage_tiers(case), *numbers(case, "notionals"))
    asked = [Asked(notional) for notional in numbers(case, "notionals")]
    return {"deductions": deductions(terms), "mm": required(terms, Level.MAINTENANCE, asked)}


def initial_maintenance_margin(case: Case) -> dict[str, Any]:
    """Initial margin at the leverages a trader chooses, maintenance at half the rate of the largest."""
    most = positive(case, "asset_max_leverage")
    notional = number(case, "notional")
    terms = laddered([Tier(Fraction(0), 1 / most, HALF / most)], notional)
    chosen = [whole_leverage("user_leverage", one) for one in numbers(case, "user_leverage")]
    initial = required(terms, Level.INITIAL, [Asked(notional, leverage) for leverage in chosen])
    (maintenance,) = required(terms, Level.MAINTENANCE, [Asked(notional)])
    many = isinstance(case.value("user_leverage"), list)
    return {"im": initial if many else initial[0], "mm": maintenance}


def margin_used(case: Case) -> dict[str, Any]:
    """Initial margin at the largest leverage, what is free above it, and what is when 10 % of notional must stay."""
    notional, equity = number(case, "notional"), number(case, "account_value")
    most = positive(case, "max_leverage")
    (used,) = required(laddered([Tier(Fraction(0), 1 / most, HALF / most)], notional), Level.INITIAL, [Asked(notional)])
    floor = max(used, notional / 10)
    return {
        "margin_used": used,
        "withdrawable": max(equity - used, Fraction(0)),
        "withdrawable_floored": max(equity - floor, Fraction(0)),
    }


def maintenance_amount_table(case: Case) -> dict[str, Any]:
    """Binance: the maintenance amount of every bracket follows from floors and rates."""
    terms = laddered(rate_tiers(numbers(case, "floors"), numbers(case, "mmr")))
    return {"maintenance_amounts": deductions(terms)}


def label(notional: Fraction) -> str:
    """264000 as `264k`, 1500000 as `1500k`, 50 as `50`: how the published cases name a notional."""
    return f"{notional / 1000}k" if notional and notional % 1000 == 0 else str(notional)


def maintenance_amount(case: Case) -> dict[str, Any]:
    """Rate, maintenance amount and maintenance of notionals; or one step of the recursion from bracket to bracket."""
    if case.has("prev_mmr"):
        floor = positive(case, "floor_btc" if case.has("floor_btc") else "floor")
        rate, before = number(case, "mmr"), number(case, "prev_mmr")
        (kept,) = required(laddered([Tier(Fraction(0), before, before)], floor), Level.MAINTENANCE, [Asked(floor)])
        # continuity at the floor: what the lower bracket asks there is what the upper asks there
        at_floor = kept - number(case, "prev_amount")
        (full,) = required(laddered([Tier(Fraction(0), rate, rate)], floor), Level.MAINTENANCE, [Asked(floor)])
        return {"maintenance_amount": full - at_floor}
    answer: dict[str, Any] = {}
    notionals = numbers(case, "notional")
    terms = laddered(rate_tiers(numbers(case, "floors"), numbers(case, "mmr")), *notionals)
    held = required(terms, Level.MAINTENANCE, [Asked(notional) for notional in notionals])
    for notional, maintenance in zip(notionals, held, strict=True):
        rate, amount = rate_at(terms, notional)
        at = label(notional)
        answer |= {f"mmr_at_{at}": rate, f"maintenance_amount_at_{at}": amount, f"mm_at_{at}": maintenance}
    return answer


def tiered_maintenance_margin(case: Case) -> dict[str, Any]:
    """Bybit inverse: the coin value of a position under marginal tiers of one width."""
    contracts, entry = positive(case, "contracts"), positive(case, "entry")
    width, rates = positive(case, "tier_width"), numbers(case, "mmr")
    value = coin_value(contracts, entry)
    tiers = rate_tiers([width * place for place in range(len(rates))], rates)
    (held,) = required(laddered(tiers, value), Level.MAINTENANCE, [Asked(value)])
    answer = {"position_value": value, "mm": held}
    if case.has("leverage"):
        leverage = whole_leverage("leverage", positive(case, "leverage"))
        least = Tier(Fraction(0), Fraction(1, 1000), Fraction(1, 1000))
        (answer["im"],) = required(laddered([least], value), Level.INITIAL, [Asked(value, leverage)])
    return answer


LINEAR: Final = """
schema = "rulebook/1"
[meta]
venue = "case"
extends = "solvent"
as_of = "2026-11-24"
{schedules}
[[margin.level]]
name = "initial"
of = "im"
[[margin.level]]
name = "maintenance"
of = "mm"
[[liquidation.stage]]
id = "close"
when = {{ level = "maintenance", cmp = "lt" }}
executor = "engine"
[[liquidation.stage]]
id = "adl"
when = {{ level = "maintenance", cmp = "lt", scale_ppm = 0 }}
executor = "adl"
"""
"""The default with a rate that rises with the size of a position in place of its brackets."""

CURVE: Final = """
[[margin.schedule]]
id = "{name}"
kind = "curve"
driver = "position_size"
base_ppm = {base}
slope = "{slope}"
exponent = "1"
"""


def margin_linear_in_size(case: Case) -> dict[str, Any]:
    """Deribit: both rates rise by a slope for each unit of size; requirements as the machine judges the position."""
    index = positive(case, "index")
    schedules = "".join(
        CURVE.format(
            name=name,
            base=whole_ppm(f"{name}_base", number(case, f"{name}_base")),
            slope=plain_decimal(number(case, f"{name}_slope_per_unit") * PPM),
        )
        for name in ("im", "mm")
    )
    try:
        return linear_margins(case, index, parse_rulebook(LINEAR.format(schedules=schedules), "case.toml"))
    except RulebookError as error:
        raise Unsupported(
            f"the machine cannot hold these rules: {'; '.join(f.problem for f in error.faults)}"
        ) from None


def linear_margins(case: Case, index: Fraction, book: Rulebook) -> dict[str, Any]:
    """Rates and requirements of each size of the case under these rules."""
    answer: dict[str, Any] = {"im_rate": [], "im": []}
    for size in numbers(case, "size"):
        asked = Position("CASE", plain_decimal(index), plain_decimal(size or Fraction(1)))
        if size == 0:
            # nothing is required of nothing; the curve still has a rate there
            contract = contract_for(asked, book.meta.settlement)
            terms = compile_terms(book, [contract], decimals_for(asked)).terms
            rate = back(int(plain(curve_rate_ppb)(terms.schedules[int(Level.INITIAL)], 0)), PPB)
            quanta, scale = {"initial": 0, "maintenance": 0}, 1
        else:
            worked = work(book, asked)
            quanta, scale = worked.requirements_quanta, 10**worked.decimals
            rate = Fraction(quanta["initial"], worked.notional_quanta)
        answer["im_rate"].append(rate)
        answer["im"].append(back(quanta["initial"], scale))
        answer[f"mm_{plain_decimal(size):f}"] = back(quanta["maintenance"], scale)
    return answer


def whole_ppm(name: str, rate: Fraction) -> int:
    """A rate in whole ppm. Raises Unsupported for a finer one."""
    ppm = rate * PPM
    if ppm.denominator != 1:
        raise Unsupported(f"{name} = {float(rate)}; a rulebook takes whole parts per million")
    return int(ppm)


def plain_decimal(value: Fraction) -> Decimal:
    """A fraction that ends as the decimal it is. Raises BadInput for one that has no end."""
    number_ = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(number_) != value:
        raise BadInput(f"{value} has no end as a decimal; write fewer digits")
    return number_


def coin_value(contracts: Fraction, price: Fraction, quanta: int | None = None) -> Fraction:
    """Value in coin of contracts of one quote unit each at a price; `quanta` of a coin, the finest that fit without."""
    scale = quanta or fine(contracts / price, room=10**15)
    # n / d contracts at a price of a / b are worth n x (scale x b) / (a x d) quanta
    per = units("coin", scale * price.denominator, 1)
    got = plain(traded_quanta)(
        coin_contract(per),
        units("contracts", contracts.numerator, 1),
        units("price", price.numerator * contracts.denominator, 1),
    )
    return -back(got, scale)  # a long owes it


def coin_contract(quanta_at_one: int) -> Any:
    """A coin-margined contract of which one lot is worth so many quanta at a price of one tick."""
    contract = blank_terms(TermsShape(1, 1)).contracts[0]
    contract.kind, contract.quanta_per_lot_tick = ContractKind.INVERSE, quanta_at_one
    contract.price_max_ticks = LIMIT
    return contract


def inverse_position_margin(case: Case) -> dict[str, Any]:
    """BitMEX: in satoshi, margins of the entry cost and the exit fee inside the maintenance."""
    contracts, mark = number(case, "contracts"), positive(case, "mark")
    value = round(coin_value(contracts, mark, SATOSHI) * SATOSHI)
    cost = abs(case.integer("cost_sat"))
    share = plain(inverse.share_nearest)
    initial, rate, fee = (
        share(cost, units(name, number(case, name), RATE), RATE) for name in ("im_rate", "mm_rate", "taker_fee")
    )
    return {"mark_value_sat": value, "init_sat": initial, "comm_sat": fee, "maint_sat": rate + fee}


def position_margin_fee_to_close(case: Case) -> dict[str, Any]:
    """Bybit: initial less maintenance at the mark, and the fee to close at bankruptcy that both contain.

    The recorded position lost when its price rose; without a side it is a short.
    """
    value, entry = positive(case, "mark_value"), positive(case, "entry_value")
    leverage = positive(case, "leverage")
    rate = number(case, "mmr")
    scale = fine(value, entry, room=10**15)
    share = plain(inverse.share_nearest)
    quanta = units("mark_value", value, scale)
    initial = share(quanta, leverage.denominator, leverage.numerator)
    maintenance = share(quanta, units("mmr", rate, RATE), RATE)
    fee = plain(inverse.close_fee_nearest)(
        units("entry_value", entry, scale),
        units("taker_fee", number(case, "taker_fee"), RATE),
        RATE,
        leverage.numerator,
        leverage.denominator,
        side_of(case, -1),
    )
    return {"im_minus_mm": back(initial - maintenance, scale), "fee_to_close": back(fee, scale)}


def inverse_pnl(case: Case) -> dict[str, Any]:
    """Bybit inverse: margin and gain in coin, the gain in parts of each margin and in quote at the exit."""
    contracts, entry, exit_price = number(case, "contracts"), positive(case, "entry"), positive(case, "exit")
    side = side_of(case)
    leverages = numbers(case, "leverage")
    value = coin_value(contracts, entry)
    precision = lcm(entry.denominator, exit_price.denominator)
    scale = fine(value, contracts / exit_price, room=10**15)
    while scale > 10**8 and scale * precision > 10**18:
        scale //= 10
    size = contracts * side
    if size.denominator != 1:
        raise Unsupported(f"{contracts} contracts; a contract is not divided")
    prices = (units("entry", entry, precision), units("exit", exit_price, precision))
    contract = coin_contract(units("coin", scale, precision))
    cost, worth = (plain(traded_quanta)(contract, int(size), price) for price in prices)
    gain = back(worth - cost, scale)
    margins = [
        back(plain(inverse.share_nearest)(round(value * scale), one.denominator, one.numerator), scale)
        for one in leverages
    ]
    parts = [gain / margin for margin in margins]
    many = isinstance(case.value("leverage"), list)
    return {
        "im": margins if many else margins[0],
        "pnl": gain,
        "pnl_pct": parts if many else parts[0],
        "pnl_usd": gain * exit_price,
    }


def bankruptcy_price(case: Case) -> dict[str, Any]:
    """The price at which the margin is gone: of a coin-margined position, or of a linear one where `linear` is true."""
    only_of(case, "bybit_inverse", "bybit", "bybit_uta", "bitmex", "binance_coinm", "okx", "deribit", "solvent")
    entry, leverage, side = positive(case, "entry"), positive(case, "leverage"), side_of(case)
    scale = fine(entry)
    ticks = units("entry", entry, scale)
    if case.flag("linear", False):
        # one lot of one quantum a tick; the margin is the entry over the leverage
        margin = plain(inverse.share_nearest)(ticks, leverage.denominator, leverage.numerator)
        cash = margin - side * ticks
        got = plain(threshold_price.threshold_ticks_down)(side, 1, cash, 0, 1, 0)
    else:
        # a position worth its leverage in units of its margin, closed where the margin is gone
        lots, margin = leverage.numerator * 10**6, leverage.denominator * 10**6
        got = plain(closing_limit_ticks)(coin_contract(ticks), side * lots, ticks, margin)
        if got == LIMIT:
            got = 0  # a short at its own value or less owes nothing at any price
    return {"bankruptcy_price": back(got, scale)}


def option_standard_margin(case: Case) -> dict[str, Any]:
    """Margin of one option, signed as the balance it leaves: a short's mark is negative, a long requires nothing."""
    words = case.text("option").split()
    if len(words) != 2 or words[0] not in ("short", "long") or words[1] not in ("call", "put"):
        raise BadInput(f"option is {case.value('option')!r}; write short call, short put, long call or long put")
    spot, strike, mark = positive(case, "spot"), positive(case, "strike"), number(case, "mark_value")
    scale = fine(spot, strike, mark)
    if words[0] == "long":
        return {"im": Fraction(0), "mm": Fraction(0)}
    is_call = words[1] == "call"
    share, least, maintenance = (units(name, number(case, name), RATE) for name in ("im_scale", "min_im", "mm_scale"))
    given = units("spot", spot, scale), units("strike", strike, scale), units("mark_value", abs(mark), scale)
    initial = plain(option.short_initial_up)(*given, is_call, share, least, maintenance, RATE)
    held = plain(option.short_maintenance_up)(given[0], given[2], is_call, maintenance, RATE)
    return {"im": mark - back(initial, scale), "mm": mark - back(held, scale)}


def portfolio_margin_risk_vector_inverse_perp(case: Case) -> dict[str, Any]:
    """Deribit: gain of a coin-margined perpetual at each price bucket, by its move; volatility changes nothing."""
    value = number(case, "usd_size_over_price")
    width, buckets = positive(case, "price_range"), int(positive(case, "buckets_count"))
    if width >= 1:
        raise BadInput(f"field 'price_range' is {width}; a price falls by less than all of itself, write less than 1")
    scale = fine(value, value / (1 - width))
    quanta = units("usd_size_over_price", value, scale)
    answer = {}
    for place in range(-buckets, buckets + 1):
        move = width * place / buckets
        got = plain(portfolio.inverse_move_nearest)(quanta, units("move", move, RATE), RATE)
        answer[written_move(move)] = back(got, scale)
    expected = case.expected.get("pnl_by_move", {}) if isinstance(case.expected, dict) else {}
    by_value = {number_of("move", move): move for move in expected}
    return {
        "pnl_by_move": {
            by_value[number_of("move", move)]: gain
            for move, gain in answer.items()
            if number_of("move", move) in by_value
        }
        or answer
    }


def written_move(move: Fraction) -> str:
    """A move as a decimal, without zeros that say nothing."""
    return f"{float(move):.10g}"


def portfolio_margin_min_delta(case: Case) -> dict[str, Any]:
    """Paradex: net and gross delta of perpetuals and options, the hedged part, the least requirement."""
    deltas = [number(case, "perp_delta"), number(case, "option_delta") * number(case, "option_qty")]
    spot = positive(case, "spot")
    net, gross = sum(deltas, Fraction(0)), sum(map(abs, deltas), Fraction(0))
    scale = fine(gross, gross * spot)
    hedged = plain(portfolio.hedged_delta)(units("net", net, scale), units("gross", gross, scale))
    risk = plain(portfolio.least_delta_risk_up)(
        units("net", net * spot, scale),
        units("gross", gross * spot, scale),
        units("unhedged", number(case, "unhedged"), RATE),
        units("hedged", number(case, "hedged"), RATE),
        RATE,
    )
    return {
        "net_delta": net,
        "gross_delta": gross,
        "hedged_delta": back(hedged, scale),
        "min_delta_risk": back(risk, scale),
    }


def portfolio_margin_aggregation(case: Case) -> dict[str, Any]:
    """Derive: maintenance and initial balance from the mark, the worst span and the contingencies."""
    mark, span = number(case, "mtm"), number(case, "min_span")
    contingency = sum((number(case, name) for name in case.inputs if name.endswith("_contingency")), Fraction(0))
    scale = fine(mark, span, contingency)
    given = units("mtm", mark, scale), units("min_span", span, scale), units("contingency", contingency, scale)
    down = plain(portfolio.aggregated_down)
    factor = units("loss_factor", number(case, "loss_factor"), RATE)
    return {"mm": back(down(*given, RATE, RATE), scale), "im": back(down(*given, factor, RATE), scale)}


def portfolio_margin_ratio(case: Case) -> dict[str, Any]:
    """Hyperliquid: what an account owes and must hold over what it holds and may borrow."""
    price, borrow_price = positive(case, "collateral_price", 1), positive(case, "borrow_price", 1)
    balance, borrowed = number(case, "balance"), number(case, "borrowed", 0)
    requirement = number(case, "min_borrow_offset", 20) + number(case, "cross_mm") + borrowed * borrow_price
    cap, supply = number(case, "borrow_cap"), number(case, "supply_cap")
    scale = fine(balance * price, requirement, min(cap, balance * price), room=10**15)
    # theta = 1/2 + LTV / 2
    share = units("theta", HALF + number(case, "ltv") / 2, RATE)
    borrowable = plain(portfolio.borrowable_down)(
        units("balance", balance, scale),
        units("borrow_cap", min(cap, 2 * balance * price + 1), scale),
        units("supply_cap", min(supply, balance), scale),
        price.numerator,
        price.denominator,
        share,
        RATE,
    )
    value = units("balance", balance, scale) + borrowable
    owed = units("requirement", requirement, scale)
    limit = units("threshold", number(case, "threshold", Fraction(95, 100)), RATE)
    return {
        "requirement": back(owed, scale),
        "liquidation_value": back(value, scale),
        "ratio": back(plain(portfolio.ratio_nearest)(owed, value, RATE), RATE),
        "liquidatable": bool(plain(portfolio.exceeds_ratio)(owed, value, limit, RATE)),
    }


def open_size_initial_margin(case: Case) -> dict[str, Any]:
    """Paradex: open sizes of both sides; the machine asks for a position with its orders at their worst."""
    position, mark, rate = number(case, "position"), positive(case, "mark"), positive(case, "imf")
    bids, asks = number(case, "buy_orders", 0), number(case, "sell_orders", 0)
    scale = fine(position, bids, asks)
    lots = [units(name, value, scale) for name, value in (("position", position), ("buy", bids), ("sell", asks))]
    asked = Asked(position * mark, bids=bids * mark, asks=asks * mark)
    largest = (abs(position) + bids + asks) * mark
    (needed,) = required(laddered([Tier(Fraction(0), rate, rate)], largest), Level.INITIAL, [asked])
    return {
        "buy_open": back(plain(open_size.buy_open_lots)(lots[0], lots[1]), scale),
        "sell_open": back(plain(open_size.sell_open_lots)(lots[0], lots[2]), scale),
        "net_imr": needed,
    }


def order_risk_check(case: Case) -> dict[str, Any]:
    """Paradex: an order is let in when equity covers the margin with it, or when it raises no margin."""
    mark, rate, position = positive(case, "mark"), positive(case, "imf"), number(case, "position")
    entry = number(case, "entry", mark)
    equity = number(case, "collateral") + position * (mark - entry)
    sizes = [abs(position), *(field(order, "size", "orders") for order in objects(case, "orders"))]
    terms = laddered([Tier(Fraction(0), rate, rate)], sum(sizes, Fraction(0)) * mark)
    scale = fine(*sizes)
    held = units("position", position, scale)
    waiting = {"buy": 0, "sell": 0}

    def margin() -> Fraction:
        size = back(plain(open_size.checked_lots)(held, waiting["buy"], waiting["sell"]), scale)
        (needed,) = required(terms, Level.INITIAL, [Asked(size * mark)])
        return needed

    before = margin()
    first, decisions = before, []
    for place, order in enumerate(case.items("orders")):
        side = order.get("side")
        if side not in waiting:
            raise BadInput(f"orders[{place}].side is {side!r}; write buy or sell")
        size = units("size", field(order, "size", f"orders[{place}]"), scale)
        waiting[side] += size
        after = margin()
        case.step(f"margin with order {place + 1}", after, "open size x rate x mark")
        if equity >= after or after <= before:
            decisions.append("accept")
            before = after
        else:
            decisions.append("reject")
            waiting[side] -= size
    return {"account_value": equity, "imr": first, "decisions": decisions}


def position_limit(case: Case) -> dict[str, Any]:
    """Paradex: the largest order of each side that keeps the position within its limit."""
    limit, position = number(case, "limit"), number(case, "position")
    bids, asks = number(case, "buy_orders", 0), number(case, "sell_orders", 0)
    scale = fine(limit, position, bids, asks)
    given = units("position", position, scale), units("limit", limit, scale)
    most = plain(open_size.lots_to_limit)
    return {
        "max_buy": back(most(*given, units("buy_orders", bids, scale), True), scale),
        "max_sell": back(most(*given, units("sell_orders", asks, scale), False), scale),
    }


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    rule.__name__: rule
    for rule in (
        maintenance_margin_tiers,
        initial_maintenance_margin,
        margin_used,
        maintenance_amount_table,
        maintenance_amount,
        tiered_maintenance_margin,
        margin_linear_in_size,
        inverse_position_margin,
        position_margin_fee_to_close,
        inverse_pnl,
        bankruptcy_price,
        option_standard_margin,
        portfolio_margin_risk_vector_inverse_perp,
        portfolio_margin_min_delta,
        portfolio_margin_aggregation,
        portfolio_margin_ratio,
        open_size_initial_margin,
        order_risk_check,
        position_limit,
    )
}
