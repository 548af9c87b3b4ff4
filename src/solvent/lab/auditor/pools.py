"""Pools work their inventory towards the target, step by step, at their own cost (law POOL)."""

from fractions import Fraction
from typing import Any

from solvent.codes import Level
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import exchange, same_fields
from solvent.units import PPM

HOUR_NS = 3_600 * 10**9


def _excess(audit: Notes, account: int, instrument: int) -> int:
    """Lots the pool holds above its target."""
    return audit.books.lots_of(account, instrument) - audit.books.rules.backings[instrument]["target_lots"]


def forget_orders_that_are_over(audit: Notes) -> None:
    """An advance drops a sound pool's order whose time has passed; a new one, if there is one, is told.

    How many new ones one command may ask for is the machine's bound: an order it had no turn for may stand as it was.
    """
    books = audit.books
    for instrument, order in enumerate(books.unwinds):
        if order.lots and books.time_ns >= order.until and int(audit.after.unwinds[instrument].lots) == 0:
            order.lots = 0


def _on_unwind_ordered(audit: Notes, event: Any) -> None:
    books = audit.books
    account, instrument = event.account, event.instrument
    require("POOL", books.pool_of(instrument) == account, f"{account} does not back market {instrument}")
    rules = books.rules.pools[books.rules.backings[instrument]["pool"]]
    order, excess = books.unwinds[instrument], _excess(audit, account, instrument)
    require("POOL", not books.accounts[account].flagged, "a pool in liquidation works inventory down")
    require("POOL", rules["unwind_ns"] > 0 and books.time_ns >= order.until, "an order inside the pause")
    require("POOL", event.value == excess and event.lots * excess < 0, f"ordered {event.lots}, is {excess} off")
    mark, lots = books.marks[instrument], abs(event.lots)
    require("POOL", lots <= abs(excess), "beyond the target")
    worth = books.size_at_mark(instrument, abs(excess))
    depth = books.rules.markets[instrument]["depth_lots"]
    if depth and worth > rules["unwind_whole_quanta"]:
        pace = max(depth * rules["unwind_depth_ppm"] // PPM, 1)
        require("POOL", lots == min(pace, abs(excess)), f"{lots} lots, the depth allows {pace}")
    away = abs(event.price_ticks - mark) * PPM
    contract = books.rules.contracts[instrument]
    at_edge = event.price_ticks in (max(contract["price_min_ticks"], 1), contract["price_max_ticks"])
    require("POOL", away <= mark * rules["unwind_limit_ppm"] or at_edge, "a limit too far off")
    require("TOLD", event.reference == books.sequence, "the order has another reference")
    order.lots, order.limit, order.reference = event.lots, event.price_ticks, event.reference
    order.until = books.time_ns + rules["unwind_ns"]


def _on_pool_unwound(audit: Notes, event: Any) -> None:
    books = audit.books
    same_fields(audit, event, but=("lots",))
    order, account, instrument = books.unwinds[event.instrument], event.account, event.instrument
    vault = books.vaults[books.rules.backings[instrument]["pool"]]
    require("POOL", vault.account == account, f"{account} does not back market {instrument}")
    require("POOL", event.reference == order.reference, "another order was filled")
    require("POOL", books.time_ns < order.until, "the order was over")
    require("POOL", abs(event.lots) == audit.command.lots <= abs(order.lots), "more than was ordered")
    require("POOL", event.lots * order.lots > 0 > event.lots * _excess(audit, account, instrument), "the wrong way")
    good = event.price_ticks <= order.limit if event.lots > 0 else event.price_ticks >= order.limit
    require("POOL", good, f"filled at {event.price_ticks} beyond {order.limit}")
    lots = audit.command.lots
    at_mark = books.traded(instrument, event.lots, books.marks[instrument])
    cost = books.traded(instrument, event.lots, event.price_ticks) - at_mark
    require("POOL", event.value == cost, f"cost told as {event.value}, is {cost}")
    value = abs(books.traded(instrument, lots, event.price_ticks))
    require("TOLD", event.amount_quanta == value, "value told wrongly")
    order.lots -= event.lots
    vault.cost += cost
    vault.unwound += event.amount_quanta
    buyer, seller = (account, event.counterparty) if event.lots > 0 else (event.counterparty, account)
    exchange(audit, buyer, seller, instrument, lots, event.price_ticks)


def _on_takeover_limited(audit: Notes, event: Any) -> None:
    require("POOL", event.counterparty == audit.books.pool_of(event.instrument), "another pool's room")
    require("POOL", 0 <= event.value < abs(event.lots), f"room for {event.value} of {event.lots}")
    audit.limited.add((event.account, event.instrument))


def check_room(audit: Notes, event: Any) -> None:
    """What a pool holds and took in the last hour is inside its caps, unless the step only netted what it held."""
    books, market = audit.books, event.instrument
    backing = books.rules.backings[market]
    pool, vault = books.rules.pools[backing["pool"]], books.vaults[backing["pool"]]
    vault.taken += event.amount_quanta
    at_mark = books.size_at_mark(market, abs(event.lots))
    audit.taken.append((books.time_ns, market, backing["pool"], event.amount_quanta, at_mark))
    now = [row for row in audit.taken if row[0] > books.time_ns - HOUR_NS]
    in_market = sum(min(row[3:]) for row in now if row[1] == market)
    in_pool = sum(min(row[3:]) for row in now if row[2] == backing["pool"])
    for taken, cap in ((in_market, backing["hour_cap_quanta"]), (in_pool, pool["hour_cap_quanta"])):
        require("POOL", not cap or taken <= cap, f"took over {taken} in an hour, cap {cap}")
    held = books.lots_of(vault.account, market)
    if held * event.lots <= 0 or abs(held) < abs(event.lots):
        return
    worth, cap = books.notional(vault.account, market), backing["cap_quanta"]
    require("POOL", not cap or worth <= cap, f"inventory of {worth} beyond the cap of {cap}")
    if pool["concentration_ppm"]:
        values = []
        for market_held in range(len(books.marks)):
            lots = books.lots_of(vault.account, market_held)
            values.append(books.size_at_mark(market_held, abs(lots)) * (1 if lots > 0 else -1))
        together = Fraction(pool["correlation_ppm"], PPM)
        counted = together * abs(sum(values)) + (1 - together) * sum(map(abs, values))
        most = Fraction(max(books.equity(vault.account, Level.INITIAL), 0) * pool["concentration_ppm"], PPM)
        require("POOL", counted <= most, f"inventory counts {float(counted)} of {float(most)}")


EVENTS = {
    EventKind.UNWIND_ORDERED: _on_unwind_ordered,
    EventKind.POOL_UNWOUND: _on_pool_unwound,
    EventKind.TAKEOVER_LIMITED: _on_takeover_limited,
}
"""Which function books which event."""
