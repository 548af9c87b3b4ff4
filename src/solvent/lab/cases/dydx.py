"""dYdX v4: margin of a liquidity tier, liquidation size and price, insurance fund, deleveraging, outflow limit.

Accounts are judged by the machine itself (tiered.py); the rules are solvent.risk.bankruptcy, .tier and .outflow. The
accounts of its cases hold BTC (10^-8, price 5e9 x 10^-5) and ETH (10^-9, price 3e9 x 10^-6) in a tier of 20 % initial
and 10 % maintenance unless they say otherwise; money is whole quote quanta of 1e-6 USDC. Source:
dydxprotocol/v4-chain, tests of x/clob, x/perpetuals and x/ratelimit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from solvent.lab.cases.case import BadInput, Case, OutOfRange, in_range, known, whole
from solvent.lab.cases.tiered import Held, Tier, judged
from solvent.risk.bankruptcy import (
    bankruptcy_quote,
    blocked_size,
    fillable_price,
    fund_change,
    is_better_state,
    price_subticks,
    stepped,
)
from solvent.risk.outflow import outflow_baseline
from solvent.risk.tier import own_share_up, scaled_size, scaled_value
from solvent.units import PPM

QUOTE_EXPONENT: Final = 6
"""A quote quantum is 10^-6 USDC."""


class Perpetual(NamedTuple):
    """A market as the cases know it: base quanta of 10^resolution coins, price x 10^exponent USD a coin."""

    resolution: int
    price: int
    exponent: int


PERPETUALS: Final = {"BTC": Perpetual(-8, 5_000_000_000, -5), "ETH": Perpetual(-9, 3_000_000_000, -6)}
TIER: Final = Tier(200_000, 500_000)

Positions = dict[str, int]


def power(name: str, exponent: int, most: int = 36) -> int:
    """An exponent of ten the ground can work with. Raises OutOfRange for a wilder one."""
    if abs(exponent) > most:
        raise OutOfRange(f"10^{exponent} for {name} does not fit the machine's 64 bits")
    return exponent


def value_of(size: int, perpetual: Perpetual) -> int:
    """Signed value of a size in quote quanta."""
    exponent = power("the value", perpetual.exponent + perpetual.resolution + QUOTE_EXPONENT)
    return in_range("the value of the position", int(scaled_value(size, perpetual.price, exponent)))


def maintenance_of(size: int, perpetual: Perpetual, tier: Tier) -> int:
    """Maintenance requirement of a size in quote quanta."""
    (held,) = judged([(0, {"held": value_of(size, perpetual)})], tier)
    return held.maintenance


def held_by(usdc: int, positions: Positions, tier: Tier) -> Held:
    """The account judged at the stored prices, without open interest."""
    (held,) = judged([(usdc, {name: value_of(size, PERPETUALS[name]) for name, size in positions.items()})], tier)
    return held


def positions_of(name: str, table: Mapping[str, Any]) -> Positions:
    """Sizes by market; those that are zero are no positions."""
    sizes = {
        known("instrument", market, list(PERPETUALS)): whole(f"{name}.{market}", size) for market, size in table.items()
    }
    return {market: size for market, size in sizes.items() if size != 0}


def account_of(case: Case, name: str = "") -> tuple[int, Positions]:
    """USDC and positions of the account under `name`, or of the case itself."""
    if not name:
        return case.integer("usdc"), positions_of("positions", case.table("positions"))
    table = case.table(name)
    for field in ("usdc", "positions"):
        if field not in table:
            raise BadInput(f"field {name + '.' + field!r} is missing; add it to inputs")
    if not isinstance(table["positions"], dict):
        raise BadInput(f"field {name + '.positions'!r} is no object; write sizes by market")
    return whole(f"{name}.usdc", table["usdc"]), positions_of(f"{name}.positions", table["positions"])


def position_of(case: Case, positions: Positions) -> tuple[str, Perpetual, int]:
    """(name, market, size) of the position the case is about; size 0 where there is none."""
    name = known("instrument", case.text("perp"), list(PERPETUALS))
    return name, PERPETUALS[name], positions.get(name, 0)


def refused(reason: str) -> dict[str, Any]:
    """The rule refuses the situation."""
    return {"error": reason}


def closes(size: int, delta: int) -> bool:
    """True when delta shrinks the position of that size without turning it."""
    return size != 0 and (delta > 0) != (size > 0) and abs(delta) <= abs(size)


def quote_at_bankruptcy(case: Case, account: Held, size: int, delta: int, perpetual: Perpetual, tier: Tier) -> int:
    """What the account receives for delta at its bankruptcy price."""
    value_change = value_of(size + delta, perpetual) - value_of(size, perpetual)
    requirement_change = maintenance_of(size + delta, perpetual, tier) - maintenance_of(size, perpetual, tier)
    case.step("equity", account.equity, "USDC + sum of values")
    case.step("maintenance", account.maintenance, "sum of ceil(ceil(|N| x base) x fraction)")
    case.step("value change", value_change, "N(q + delta) - N(q)")
    case.step("maintenance change", requirement_change)
    quote = bankruptcy_quote(account.equity, account.maintenance, value_change, requirement_change)
    case.step("bankruptcy quote", int(quote), "-dN - floor(T x |dM| / M)")
    return in_range("the bankruptcy quote", int(quote))


def margin(case: Case) -> Any:
    """Initial and maintenance requirement of one position; open interest in base quanta, valued at the price."""
    perpetual = Perpetual(case.integer("atomic_resolution"), case.unsigned("price"), case.integer("price_exponent"))
    value = value_of(case.integer("base_quantums"), perpetual)
    case.step("value", value, "tz(q x p x 10^(e + A + 6))")
    open_interest = value_of(case.unsigned("open_interest", 0), perpetual)
    return requirements(case, value, abs(open_interest), share_of(case, "mf_ppm"))


def requirements(case: Case, value: int, open_interest: int, fraction_ppm: int) -> dict[str, int]:
    """Both requirements of a value in the tier of the case, as the machine judges an account that holds it."""
    terms = Tier(share_of(case, "im_ppm"), fraction_ppm, case.unsigned("oi_lower", 0), case.unsigned("oi_upper", 0))
    (held,) = judged([(0, {"held": value})], terms, open_interest)
    case.step("open interest", open_interest, "at the price, in quote quanta")
    own = own_share_up(value, case.unsigned("custom_imf_ppm", 0))
    return {"imr": max(held.initial, int(own)), "mmr": held.maintenance}


def share_of(case: Case, name: str) -> int:
    """A share in millionths, at most one."""
    share = case.unsigned(name)
    if share > PPM:
        raise BadInput(f"field {name!r} is {share}; write at most {PPM} millionths")
    return share


def tier(case: Case) -> Any:
    """Initial requirement of a value at an open interest given in quote quanta."""
    open_interest = case.unsigned("oi_notional", 0)
    return requirements(
        case, case.integer("quote_quantums"), open_interest, share_of(case, "mf_ppm") if case.has("mf_ppm") else 0
    )


def bankruptcy(case: Case) -> Any:
    """Quote quanta the account receives for `delta` at its bankruptcy price."""
    usdc, positions = account_of(case)
    _name, perpetual, size = position_of(case, positions)
    delta = case.integer("delta")
    if delta != 0 and not closes(size, delta):
        return refused("delta does not shrink the position")
    account = held_by(usdc, positions, TIER)
    if account.maintenance <= 0:
        return refused("no maintenance requirement to share the equity by")
    return {"quote_quantums": quote_at_bankruptcy(case, account, size, delta, perpetual, TIER)}


def fillable(case: Case) -> Any:
    """The exact price a liquidation order of the whole position asks for."""
    usdc, positions = account_of(case)
    _name, perpetual, size = position_of(case, positions)
    account = held_by(usdc, positions, TIER)
    if size == 0 or account.maintenance <= 0:
        return refused("no position with a maintenance requirement")
    value = value_of(size, perpetual)
    requirement = maintenance_of(size, perpetual, TIER)
    case.step("equity", account.equity)
    case.step("maintenance", account.maintenance)
    case.step("value", value)
    case.step("maintenance of the position", requirement)
    numerator, denominator = fillable_price(
        size,
        value,
        requirement,
        account.equity,
        account.maintenance,
        case.unsigned("ba_ppm"),
        case.unsigned("smmr_ppm"),
    )
    if denominator == 0:
        in_range("the fillable price in lowest terms", 2**63)
    return {"num": int(numerator), "den": int(denominator)}


def subticks(case: Case) -> Any:
    """A fillable price as whole ticks of subticks."""
    numerator, denominator, unit = case.integer("num"), case.integer("den"), case.integer("ticks_per")
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    if numerator < 0 or denominator == 0 or unit <= 0:
        return refused("a price is not negative, and a tick is positive")
    price = price_subticks(numerator, denominator, power("qce", case.integer("qce"), 18), unit, case.flag("is_long"))
    return {"subticks": in_range("subticks", int(price))}


def insurance_delta(case: Case) -> Any:
    """What a liquidation fill pays into the insurance fund, or draws from it."""
    usdc, positions = account_of(case)
    _name, perpetual, size = position_of(case, positions)
    fill, buying = case.integer("fill"), case.flag("is_buy")
    if fill <= 0:
        return refused("a fill of nothing")
    delta = fill if buying else -fill
    if not closes(size, delta):
        return refused("the fill does not shrink the position")
    account = held_by(usdc, positions, TIER)
    if account.maintenance <= 0:
        return refused("no maintenance requirement to share the equity by")
    quote = in_range(
        "the quote of the fill", int(scaled_value(fill, case.unsigned("subticks"), power("qce", case.integer("qce"))))
    )
    case.step("quote of the fill", quote, "floor(subticks x base x 10^QCE)")
    worth = quote_at_bankruptcy(case, account, size, delta, perpetual, TIER)
    return {"insurance_delta": int(fund_change(-quote if buying else quote, worth, case.unsigned("fee_ppm")))}


def liquidation_size(case: Case) -> Any:
    """The signed size of the order that liquidates a position in one block."""
    size = case.integer("position")
    perpetual = Perpetual(case.integer("res"), case.unsigned("price"), case.integer("exp"))
    step = case.positive("step")
    value = abs(value_of(size, perpetual))
    case.step("value", value)
    room = case.unsigned("sub_remaining") if case.has("sub_remaining") else -1
    cap, all_of_it = blocked_size(
        abs(size), value, step, case.unsigned("min_notional"), case.unsigned("portion_ppm"), room
    )
    case.step("cap", int(cap), "min(max(min(least, value), floor(value x portion)), room of the account)")
    closed = abs(size)
    if not all_of_it:
        exponent = perpetual.exponent + perpetual.resolution + QUOTE_EXPONENT
        wanted = in_range("the size of the cap", int(scaled_size(cap, perpetual.price, exponent)))
        case.step("size of the cap", wanted, "floor(cap / price), then to whole steps")
        closed = int(stepped(abs(size), wanted, step))
    return {"delta": -closed if size > 0 else closed}


def deleverage(case: Case) -> Any:
    """Both accounts after the liquidated one closes `delta` against the other, at bankruptcy or at the oracle price."""
    terms = Tier(
        *(share_of(case, name) if case.has(name) else given for name, given in zip(("im", "mf"), TIER, strict=False))
    )
    (usdc, positions), (other_usdc, other_positions) = account_of(case, "liq"), account_of(case, "off")
    name, perpetual, size = position_of(case, positions)
    delta = case.integer("delta")
    if not closes(size, delta) or not closes(other_positions.get(name, 0), -delta):
        return refused("delta does not shrink both positions")
    before, other_before = held_by(usdc, positions, terms), held_by(other_usdc, other_positions, terms)
    if case.flag("oracle", False):
        quote = value_of(size, perpetual) - value_of(size + delta, perpetual)
        case.step("quote", quote, "the change of value at the oracle price")
    elif before.maintenance <= 0:
        return refused("no maintenance requirement to share the equity by")
    else:
        quote = quote_at_bankruptcy(case, before, size, delta, perpetual, terms)
    sides = {
        "liquidated": (usdc + quote, changed(positions, name, delta), before),
        "offsetting": (other_usdc - quote, changed(other_positions, name, -delta), other_before),
    }
    for side, (cash, sizes, was) in sides.items():
        now = held_by(cash, sizes, terms)
        case.step(f"equity of the {side}", [was.equity, now.equity], "before, after")
        case.step(f"maintenance of the {side}", [was.maintenance, now.maintenance], "before, after")
        if not is_better_state(was.equity, was.maintenance, now.equity, now.maintenance, now.initial):
            return refused("invalid state transition")
    return {side: {"usdc": cash, "positions": sizes} for side, (cash, sizes, _was) in sides.items()}


def changed(positions: Positions, name: str, delta: int) -> Positions:
    """The positions after a change of one; one that is closed is gone."""
    sizes = {**positions, name: positions[name] + delta}
    return {market: size for market, size in sizes.items() if size != 0}


def rate_limit(case: Case) -> Any:
    """The most that may leave the chain while nothing comes in."""
    return {"baseline": int(outflow_baseline(case.unsigned("tvl"), case.unsigned("ppm"), case.unsigned("minimum")))}


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    "dydx_margin": margin,
    "dydx_tier": tier,
    "dydx_bankruptcy": bankruptcy,
    "dydx_fillable": fillable,
    "dydx_subticks": subticks,
    "dydx_if_delta": insurance_delta,
    "dydx_liq_size": liquidation_size,
    "dydx_deleverage": deleverage,
    "dydx_ratelimit": rate_limit,
}
