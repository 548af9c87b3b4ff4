"""Liquidation only shrinks, inside its order, at the price of its stage (law LIQUIDATION)."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

from solvent.codes import Executor, FeeBase, Level, PriceLimit, Size, SystemAccount
from solvent.events import EventKind
from solvent.lab.appraisal import doubt
from solvent.lab.auditor.law import require
from solvent.lab.auditor.money import hold
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.penalty import payee_of
from solvent.lab.auditor.pools import check_room
from solvent.lab.auditor.queue import judged
from solvent.lab.auditor.trading import exchange, same_fields
from solvent.units import PPM


def stage_of(audit: Notes, event: Any, executor: Executor) -> dict[str, int]:
    """The stage an event names: in use, of this executor, on a flagged account below its threshold."""
    books = audit.books
    require("LIQUIDATION", books.accounts[event.account].flagged, f"account {event.account} is not in liquidation")
    require("LIQUIDATION", 0 <= event.stage < len(books.rules.stages), f"stage {event.stage}")
    stage: dict[str, int] = books.rules.stages[event.stage]
    require("LIQUIDATION", stage["used"] == 1 and stage["executor"] == executor, f"stage {event.stage} acts elsewhere")
    require(
        "LIQUIDATION",
        books.is_workable(event.instrument, audit.flagged_sequence[event.account]),
        f"acted in closed market {event.instrument}",
    )
    return stage


def visit(audit: Notes, event: Any) -> int:
    """Equity when the engine began to close positions of the account in this command."""
    if event.account not in audit.visit_equity:
        audit.visit_equity[event.account] = audit.books.equity(event.account)
        audit.visit_notional[event.account] = notional_of(audit, event.account)
        breached = audit.books.is_breached(event.account, event.stage)
        require("LIQUIDATION", breached, f"stage {event.stage} acted on {event.account} above its threshold")
        best = doubt(audit.books, event.account)
        saved = best > 0 and audit.books.surplus(event.account) + best >= 0
        trader = audit.books.accounts[event.account].is_trader
        require("PRICE", not (saved and trader), f"{event.account} was not given the benefit of a doubt of {best}")
        audit.visit_shares[event.account] = _shares(audit, event.account)
    return audit.visit_equity[event.account]


def _shares(audit: Notes, account: int) -> dict[int, int]:
    """The part of the equity behind each position that may be closed, by what each needs."""
    books, equity = audit.books, audit.visit_equity[account]
    flagged = audit.flagged_sequence[account]
    needs = {
        instrument: books.position_requirement(account, instrument, Level.MAINTENANCE)
        for instrument, position in books.accounts[account].positions.items()
        if position.lots and books.is_workable(instrument, flagged)
    }
    shared = books.requirement(account)
    if books.rules.levels[Level.MAINTENANCE]["scenario"]:
        # judged together they need less than each alone: equity is shared by what each needs alone
        shared = sum(needs.values())
    return {i: equity * need // shared if shared > 0 else equity // len(needs) for i, need in needs.items()}


def transfer_price(audit: Notes, instrument: int, lots: int, share: int, spread_ppm: int) -> int:
    """The price a spread from the mark, but none at which closing all costs more than the share of the equity."""
    limit, apart = used_up(audit, instrument, lots, max(share, 0)), spread_price(audit, instrument, lots, spread_ppm)
    return max(limit, apart) if lots > 0 else min(limit, apart)


def spread_price(audit: Notes, instrument: int, lots: int, spread_ppm: int) -> int:
    """The price a spread from the mark, against whoever closes."""
    mark = audit.books.marks[instrument]
    return within(audit, instrument, mark - mark * spread_ppm // PPM * (1 if lots > 0 else -1))


def within(audit: Notes, instrument: int, price: int) -> int:
    """A price held to the bounds of its contract."""
    contract = audit.books.rules.contracts[instrument]
    return min(max(price, contract["price_min_ticks"], 1), contract["price_max_ticks"])


def used_up(audit: Notes, instrument: int, lots: int, cost: int) -> int:
    """The last price at which closing all costs no more than so much against the mark."""
    books = audit.books
    unit = books.rules.contracts[instrument]["quanta_per_lot_tick"]
    least = books.marked(instrument, lots) - cost
    if not books.is_inverse(instrument):
        exact = Fraction(least, lots * unit)
    elif (least >= 0) == (lots > 0) or least == 0:
        # no price takes a long's debt, or a short's claim, so far
        return within(audit, instrument, books.rules.contracts[instrument]["price_max_ticks"])
    else:
        exact = Fraction(-lots * unit, least)
    return within(audit, instrument, ceil(exact) if lots > 0 else floor(exact))


def note_rest(audit: Notes, event: Any, stage: dict[str, int]) -> None:
    """A stage of rounds acts on an account once in a round."""
    if not stage["round_ns"]:
        return
    books = audit.books
    if event.account not in audit.rested:
        rests = audit.rests_until[event.account]
        require("LIQUIDATION", books.time_ns >= rests, f"a round {rests - books.time_ns} ns too soon")
        audit.rested.add(event.account)
    audit.rests_until[event.account] = books.time_ns + stage["round_ns"]


def _on_liquidation_ordered(audit: Notes, event: Any) -> None:
    books = audit.books
    stage = stage_of(audit, event, Executor.ENGINE)
    judged(audit, event)
    visit(audit, event)
    position = books.position(event.account, event.instrument)
    opposite = event.lots * position.lots < 0 and abs(event.lots) <= abs(position.lots)
    require("LIQUIDATION", opposite, f"order for {event.lots} of a position of {position.lots}")
    require("LIQUIDATION", position.ordered == 0, "a second order while one is in the market")
    require("TOLD", event.amount_quanta == books.notional(event.account, event.instrument), "notional told wrongly")
    require("TOLD", event.reference == books.sequence, "the order has another reference")
    note_rest(audit, event, stage)
    if stage["one_market"]:
        elsewhere = any(held.ordered for held in books.accounts[event.account].positions.values())
        require("LIQUIDATION", not elsewhere, f"a second market of {event.account} in one block")
    if stage["block_quanta"]:
        audit.sent_quanta += books.size_at_mark(event.instrument, event.lots)
        most = stage["block_quanta"]
        require("LIQUIDATION", audit.sent_quanta <= most, f"{audit.sent_quanta} sent in one block of {most}")
    if stage["price_limit"] == PriceLimit.NONE:
        require("LIQUIDATION", event.price_ticks == 0, "a limit where the stage has none")
    elif stage["price_limit"] == PriceLimit.SPREAD:
        wanted = spread_price(audit, event.instrument, position.lots, stage["price_ppm"])
        require("LIQUIDATION", event.price_ticks == wanted, f"a limit of {event.price_ticks}, not {wanted}")
    elif stage["price_limit"] == PriceLimit.HEALTH_DISCOUNT:
        _check_health_limit(audit, event, stage, position.lots)
    else:
        _check_limit(audit, event, position.lots, Fraction(audit.visit_shares[event.account][event.instrument]))
    position.ordered = -event.lots
    position.limit = event.price_ticks
    check_room_of_stage(audit, event)
    audit.order_reference[event.account] = event.reference
    audit.order_stage[event.account] = event.stage


def check_room_of_stage(audit: Notes, event: Any) -> None:
    """What all accounts have ordered or on offer is inside the room the stage leaves."""
    books = audit.books
    stage = books.rules.stages[event.stage]
    bounds = stage["room_venue_quanta"], stage["room_market_quanta"]
    if not any(bounds) or books.rules.offers[event.stage]["portfolio"]:
        return
    sizes: dict[int, int] = {}
    for book in books.accounts.values():
        for instrument, position in book.positions.items():
            if book.flagged and position.ordered:
                sizes[instrument] = sizes.get(instrument, 0) + books.size_at_mark(instrument, position.ordered)
    for bound, size in zip(bounds, (sum(sizes.values()), sizes.get(event.instrument, 0)), strict=True):
        require("LIQUIDATION", not bound or size <= bound, f"{size} in the market at once, room is for {bound}")


def _check_health_limit(audit: Notes, event: Any, stage: dict[str, int], lots: int) -> None:
    """Closing all at the limit costs at most the spread that the account's health allows."""
    own = audit.books.position_requirement(event.account, event.instrument, Level.MAINTENANCE)
    allowed = Fraction(0)
    if event.requirement_quanta > 0:
        missing = 1 - Fraction(event.equity_quanta, event.requirement_quanta)
        allowed = min(max(missing * stage["adjustment_ppm"] / 1_000_000, Fraction(0)), Fraction(1))
    _check_limit(audit, event, lots, allowed * stage["spread_ppm"] / 1_000_000 * own)


def _check_limit(audit: Notes, event: Any, lots: int, share: Fraction) -> None:
    """The loss at the limit is within the share, and one tick further is not."""
    books = audit.books
    contract = books.rules.contracts[event.instrument]
    if event.price_ticks in (max(contract["price_min_ticks"], 1), contract["price_max_ticks"]):
        return
    worse = event.price_ticks - 1 if lots > 0 else event.price_ticks + 1
    value = books.marked(event.instrument, lots)
    loss, more = (value - books.worth(event.instrument, lots, price) for price in (event.price_ticks, worse))
    inside = loss <= share and floor(share) < more
    require("LIQUIDATION", inside, f"limit {event.price_ticks} loses {float(loss)} of {float(share)}")


def _on_liquidation_cancelled(audit: Notes, event: Any) -> None:
    position = audit.books.position(event.account, event.instrument)
    require("TOLD", event.lots == -position.ordered != 0, f"cancelled {event.lots} of {-position.ordered}")
    require("TOLD", event.reference == audit.order_reference[event.account], "cancelled another order")
    position.ordered = position.limit = 0


def _on_liquidation_filled(audit: Notes, event: Any) -> None:
    books = audit.books
    account = books.accounts[event.account]
    same_fields(audit, event, but=("lots",))
    require("LIQUIDATION", account.flagged, f"account {event.account} is not in liquidation")
    position = books.position(event.account, event.instrument)
    inside = event.lots * position.ordered < 0 and abs(event.lots) <= abs(position.ordered)
    require("LIQUIDATION", inside, f"fill of {event.lots}, ordered {-position.ordered}")
    require("LIQUIDATION", abs(event.lots) == audit.command.lots, "another number of lots")
    require("LIQUIDATION", event.reference == audit.order_reference[event.account], "another order was filled")
    require("LIQUIDATION", event.stage == audit.order_stage[event.account], "another stage's order was filled")
    if position.limit:
        good = event.price_ticks >= position.limit if position.lots > 0 else event.price_ticks <= position.limit
        require("LIQUIDATION", good, f"filled at {event.price_ticks} beyond {position.limit}")
    value = abs(books.traded(event.instrument, audit.command.lots, event.price_ticks))
    require("TOLD", event.amount_quanta == value, f"value {event.amount_quanta}, not {value}")
    owner = equity, _notional = books.equity(event.account), notional_of(audit, event.account)
    needed = books.position_requirement(event.account, event.instrument, Level.MAINTENANCE)
    better = 0
    if position.limit:
        better = abs(value - abs(books.traded(event.instrument, audit.command.lots, position.limit)))
    position.ordered += event.lots
    if event.lots < 0:
        exchange(audit, event.counterparty, event.account, event.instrument, audit.command.lots, event.price_ticks)
    else:
        exchange(audit, event.account, event.counterparty, event.instrument, audit.command.lots, event.price_ticks)
    freed = needed - books.position_requirement(event.account, event.instrument, Level.MAINTENANCE)
    base = base_of(books.rules.stages[event.stage], value, freed, better, owner)
    audit.penalty = (event.account, event.stage, event.instrument, base, equity)


def notional_of(audit: Notes, account: int) -> int:
    """Size of all positions at the marks."""
    return sum(audit.books.notional(account, market) for market in audit.books.accounts[account].positions)


def base_of(stage: dict[str, int], value: int, freed: int, better: int, owner: tuple[int, int]) -> int:
    """What the stage's penalty is a share of; `owner` is (equity, size of all positions) before."""
    equity, notional = owner
    debt = Fraction(value * max(notional - max(equity, 0), 0), max(notional, 1))
    return {
        FeeBase.VALUE: value,
        FeeBase.REQUIREMENT: max(freed, 0),
        FeeBase.IMPROVEMENT: better,
        FeeBase.DEBT: ceil(debt),
    }[FeeBase(stage["fee_base"])]


def _on_collateral_ordered(audit: Notes, event: Any) -> None:
    account = audit.books.accounts[event.account]
    require("LIQUIDATION", account.flagged and account.is_flat, "collateral ordered before the positions")
    require("LIQUIDATION", event.value > 0, "collateral ordered without a debt")
    require("TOLD", event.amount_quanta == account.holdings.get(event.asset), "another amount of collateral")
    require("TOLD", event.value == owed_in_cash(audit, account), "another debt")
    require("TOLD", event.reference == audit.books.sequence, "the order has another reference")
    audit.order_reference[event.account] = event.reference
    audit.order_stage[event.account] = 0


def owed_in_cash(audit: Notes, account: Any) -> int:
    """What an account owes, assets at their marks, every one rounded down."""
    owed: int = -account.wallet
    for asset, amount in account.holdings.items():
        terms = audit.books.rules.assets[asset]
        mark = audit.books.marks[terms["price_instrument"]]
        owed += max(-amount, 0) * mark * terms["value_num"] // terms["value_den"]
    return owed


def _on_debt_ordered(audit: Notes, event: Any) -> None:
    account = audit.books.accounts[event.account]
    require("LIQUIDATION", account.flagged and account.is_flat, "a debt bought back before the positions")
    require("TOLD", event.amount_quanta == -account.holdings.get(event.asset, 0) > 0, "another amount owed")
    require("TOLD", event.value == owed_in_cash(audit, account), "another debt")
    require("TOLD", event.reference == audit.books.sequence, "the order has another reference")
    audit.order_reference[event.account] = event.reference
    audit.order_stage[event.account] = 0


def _on_collateral_sold(audit: Notes, event: Any) -> None:
    same_fields(audit, event)
    require("LIQUIDATION", audit.books.accounts[event.account].flagged, "collateral of a sound account sold")
    require("LIQUIDATION", event.reference == audit.order_reference[event.account], "another order was filled")
    require("TOLD", event.value == audit.command.proceeds_quanta, "other proceeds")
    hold(audit, event.account, event.asset, -event.amount_quanta)
    audit.books.move(SystemAccount.EXTERNAL, event.account, event.value)


def _on_position_taken_over(audit: Notes, event: Any) -> None:
    books = audit.books
    stage = stage_of(audit, event, Executor.BACKSTOP_VAULT)
    equity = visit(audit, event)
    owner = equity, audit.visit_notional[event.account]
    note_rest(audit, event, stage)
    pool = books.pool_of(event.instrument)
    own = event.counterparty == pool and not books.is_pool(event.account)
    require("LIQUIDATION", own, f"taken over by {event.counterparty}, not {pool}")
    held = books.lots_of(event.account, event.instrument)
    inside = event.lots * held > 0 and abs(event.lots) <= abs(held)
    require("LIQUIDATION", inside, f"took {event.lots} of {held}")
    bound = (event.account, event.instrument) in audit.limited or books.rules.policy["routes"]
    if stage["sizing"] == Size.FULL and not bound:
        require("LIQUIDATION", event.lots == held, f"took {event.lots} of {held}, the stage takes all")
    share = audit.visit_shares[event.account][event.instrument]
    off = max(stage["price_ppm"], books.rules.backings[event.instrument]["discount_ppm"])
    price = transfer_price(audit, event.instrument, held, share, off)
    scale = books.rules.markets[event.instrument]["fill_skew_lots"]
    if scale:
        price = _skewed_price(audit, event, held, share, scale)
    require("LIQUIDATION", event.price_ticks == price, f"taken over at {event.price_ticks}, not {price}")
    value = abs(books.traded(event.instrument, event.lots, price))
    require("TOLD", event.amount_quanta == value, f"value {event.amount_quanta}, not {value}")
    needed = books.position_requirement(event.account, event.instrument, Level.MAINTENANCE)
    buyer, seller = (event.counterparty, event.account) if held > 0 else (event.account, event.counterparty)
    exchange(audit, buyer, seller, event.instrument, abs(event.lots), event.price_ticks)
    check_room(audit, event)
    freed = needed - books.position_requirement(event.account, event.instrument, Level.MAINTENANCE)
    audit.penalty = (event.account, event.stage, event.instrument, base_of(stage, value, freed, 0, owner), equity)


def _skewed_price(audit: Notes, event: Any, held: int, share: int, scale: int) -> int:
    """Mean of the skewed prices before and after, at worst where the share of the equity is used up."""
    books, mark = audit.books, audit.books.marks[event.instrument]
    skew = -books.lots_of(event.counterparty, event.instrument)
    fill = within(
        audit, event.instrument, floor(mark * (1 + Fraction(2 * skew - event.lots, 2 * scale)) + Fraction(1, 2))
    )
    worst = transfer_price(audit, event.instrument, held, share, PPM)
    return max(fill, worst) if held > 0 else min(fill, worst)


def _on_residual_taken(audit: Notes, event: Any) -> None:
    books = audit.books
    account = books.accounts[event.account]
    stage = books.rules.stages[event.stage]
    require("LIQUIDATION", event.account in audit.visit_equity, "a residual without a takeover")
    require("LIQUIDATION", stage["executor"] != Executor.ENGINE, "a residual of a market order")
    require("LIQUIDATION", account.flagged and account.is_flat and account.is_trader, "a residual too early")
    require("PENALTY", event.amount_quanta == account.wallet > 0, f"residual {event.amount_quanta} of {account.wallet}")
    payee = payee_of(audit, stage["residual_payee"], event.account, audit.default_instrument[event.account])
    require("PENALTY", event.counterparty == payee != event.account, f"residual to {event.counterparty}, not {payee}")
    books.move(event.account, payee, event.amount_quanta)


EVENTS = {
    EventKind.LIQUIDATION_ORDERED: _on_liquidation_ordered,
    EventKind.LIQUIDATION_CANCELLED: _on_liquidation_cancelled,
    EventKind.LIQUIDATION_FILLED: _on_liquidation_filled,
    EventKind.COLLATERAL_ORDERED: _on_collateral_ordered,
    EventKind.COLLATERAL_SOLD: _on_collateral_sold,
    EventKind.DEBT_ORDERED: _on_debt_ordered,
    EventKind.POSITION_TAKEN_OVER: _on_position_taken_over,
    EventKind.RESIDUAL_TAKEN: _on_residual_taken,
}
"""Which function books which event."""
