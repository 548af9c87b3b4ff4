"""Dutch auctions: Maker's, of a vault's collateral for its debt, and Derive's, of a share of a whole account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from solvent.compiled import plain
from solvent.lab.cases.case import BadInput, Case, scaled
from solvent.lab.cases.door import RATE, back, fine, number, numbers, positive, units
from solvent.risk import auction

DSS_VAULT: Final = (Fraction(40), Fraction(100))
"""Collateral and debt of the vault in the published tests; their cases on room and dust name only what they change."""


def vault_of(case: Case) -> tuple[Fraction, Fraction]:
    """(collateral, debt) of the vault."""
    return number(case, "ink", DSS_VAULT[0]), number(case, "art", DSS_VAULT[1])


def dutch_auction_kick(case: Case) -> dict[str, Any]:
    """Maker: the debt with its penalty, the lot, the price the auction starts at, the keeper's reward."""
    ink, art = vault_of(case)
    feed = positive(case, "feed")
    chop, buf = number(case, "chop", 1), number(case, "buf", 1)
    tip, chip = number(case, "tip", 0), number(case, "chip", 0)
    scale = fine(art * chop, feed * buf, tip + art, room=10**15)
    factors = fine(chop, buf, chip, room=10**15)
    tab = plain(auction.kicked_debt_up)(units("art", art, scale), units("chop", chop, factors), factors)
    top = plain(auction.kicked_top_nearest)(units("feed", feed, scale), units("buf", buf, factors), factors)
    reward = plain(auction.keeper_reward_down)(units("tip", tip, scale), tab, units("chip", chip, factors), factors)
    return {"tab": back(tab, scale), "lot": ink, "top": back(top, scale), "keeper_reward": back(reward, scale)}


def dutch_auction_take(case: Case) -> dict[str, Any]:
    """Maker: what a bid gets and pays, and what is left; `chost` is the dust with its penalty."""
    tab, lot, price, amt = (number(case, name) for name in ("tab", "lot", "price", "amt"))
    dust = number(case, "chost", number(case, "dust", 0))
    scale = fine(tab, lot, price * lot, room=10**15)
    if price <= 0:
        raise BadInput(f"field 'price' is {price}; write a number above zero")
    amount, paid = plain(auction.taken)(
        units("tab", tab, scale),
        units("lot", lot, scale),
        units("price", price, scale),
        scale,
        units("amt", amt, scale),
        units("chost", dust, scale),
    )
    return {
        "slice": back(amount, scale),
        "paid": back(paid, scale),
        "tab_left": tab - back(paid, scale),
        "lot_left": lot - back(amount, scale),
    }


def vault_under_room(case: Case) -> dict[str, Any]:
    """Maker: what of a vault goes to auction under a room, without leaving or making dust.

    A room finer than the scale is rounded up: it still allows what it allowed.
    """
    ink, art = vault_of(case)
    dust, chop = number(case, "dust", 0), positive(case, "chop", 1)
    used = number(case, "dirt", 0)
    scale = fine(ink, art * chop, art, dust)
    factors = fine(chop, room=10**15)
    hole = scaled("hole", case.value("hole"), scale, "up")
    room = max(hole - units("dirt", used, scale), 0)
    debt = units("art", art, scale)
    part = plain(auction.barked_debt)(debt, room, units("dust", dust, scale), units("chop", chop, factors), factors)
    case.step("room", back(room, scale), "hole - dirt")
    tab = plain(auction.kicked_debt_up)(part, units("chop", chop, factors), factors)
    lot = ink * part / debt if debt else Fraction(0)
    return {
        "tab": back(tab, scale),
        "lot": lot,
        "art_left": art - back(part, scale),
        "ink_left": ink - lot,
    }


def stairstep_exponential(case: Case) -> dict[str, Any]:
    """Maker: the price is cut at every whole step."""
    top, cut, step = positive(case, "top"), positive(case, "cut"), positive(case, "step_s", 1)
    if cut > 1:
        raise BadInput(f"field 'cut' is {cut}; write what is left after a step, at most 1")
    scale = fine(top, room=10**15)
    price = plain(auction.stairstep_price_nearest)
    prices = []
    for elapsed in numbers(case, "t"):
        seconds = elapsed.numerator * step.denominator, step.numerator * elapsed.denominator
        prices.append(back(price(units("top", top, scale), units("cut", cut, RATE), RATE, *seconds), scale))
    return {"price": prices if isinstance(case.value("t"), list) else prices[0]}


def linear_decrease(case: Case) -> dict[str, Any]:
    """Maker: the price falls in a straight line to zero at tau."""
    top, tau = positive(case, "top"), positive(case, "tau")
    scale = fine(top, room=10**15)
    prices = []
    for elapsed in numbers(case, "t"):
        part = elapsed / tau
        got = plain(auction.linear_price_down)(units("top", top, scale), part.numerator, part.denominator)
        prices.append(back(got, scale))
    return {"price": prices if isinstance(case.value("t"), list) else prices[0]}


def portfolio_of(case: Case) -> tuple[int, int, int, int]:
    """(scale, mark, buffer margin, reserved cash) of an account up for auction."""
    mark, held = number(case, "mtm"), number(case, "mm")
    reserved, share = number(case, "reserved_cash", 0), number(case, "buffer_pct")
    scale = fine(mark, held, (held - mark) * (1 + share), reserved)
    value = units("mtm", mark, scale)
    buffer = plain(auction.buffer_margin_down)(value, units("mm", held, scale), units("buffer_pct", share, RATE), RATE)
    return scale, value, buffer, units("reserved_cash", reserved, scale)


def dutch_auction_portfolio(case: Case) -> dict[str, Any]:
    """Derive: the buffer margin, the largest share that may be bought, and what the share asked for costs."""
    scale, value, buffer, reserved = portfolio_of(case)
    factor = units("price_factor", number(case, "price_factor"), RATE)
    most = plain(auction.portfolio_share_nearest)(buffer, value, reserved, factor, RATE)
    wanted = units("requested_fraction", number(case, "requested_fraction", back(most, RATE)), RATE)
    share = min(wanted, most)
    case.step("share bought", back(share, RATE), "the smaller of what is asked for and the largest share")
    paid = plain(auction.portfolio_price_nearest)(value, reserved, factor, share, RATE)
    return {"buffer_margin": back(buffer, scale), "max_fraction": back(most, RATE), "bid_price": back(paid, scale)}


def auction_start_fee(case: Case) -> dict[str, Any]:
    """Derive: the fee for starting an auction, of the share that would be sold at the whole mark."""
    scale, value, buffer, reserved = portfolio_of(case)
    share = plain(auction.portfolio_share_nearest)(buffer, value, reserved, RATE, RATE)
    sold = plain(auction.portfolio_price_nearest)(value, reserved, RATE, share, RATE)
    fee = plain(auction.portfolio_price_nearest)(sold, 0, units("fee_rate", number(case, "fee_rate"), RATE), RATE, RATE)
    return {"fee": back(fee, scale)}


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    "dust_forces_full": vault_under_room,
    **{
        rule.__name__: rule
        for rule in (
            dutch_auction_kick,
            dutch_auction_take,
            stairstep_exponential,
            linear_decrease,
            dutch_auction_portfolio,
            auction_start_fee,
        )
    },
}
