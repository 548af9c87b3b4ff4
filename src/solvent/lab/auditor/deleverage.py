"""Against opposite, profitable, sound positions, at the rulebook's price (law DELEVERAGE)."""

from collections import Counter
from typing import Any

from solvent.codes import AdlPrice, AdlTrigger, Executor, SystemAccount
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.liquidation import note_rest, stage_of, transfer_price, used_up, visit
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.trading import exchange
from solvent.lab.auditor.waterfall import cover_of
from solvent.lab.books import NOBODY
from solvent.units import PPM


def _check_triggers(audit: Notes, event: Any) -> None:
    """Some condition of the rulebook holds, or it has none."""
    triggers = {place: row["kind"] for place, row in enumerate(audit.books.rules.triggers) if row["used"]}
    met = any(_holds(audit, event.account, place) for place in triggers)
    kinds = [AdlTrigger(kind).name for kind in triggers.values()]
    require("DELEVERAGE", met or not triggers, f"winners closed against {event.account}, but none of {kinds} holds")


def _holds(audit: Notes, account: int, place: int) -> bool:
    books, trigger = audit.books, audit.books.rules.triggers[place]
    equity, kind = audit.visit_equity[account], trigger["kind"]
    if kind == AdlTrigger.EQUITY_NEGATIVE:
        return equity < 0
    if kind == AdlTrigger.MARK_REACHES_BANKRUPTCY:
        return equity <= 0
    if kind in (AdlTrigger.VAULT_REFUSES, AdlTrigger.ORDER_UNFILLED):
        # a refusal is told by nothing but what follows it; of orders the machine's own rows say when they went
        return kind == AdlTrigger.VAULT_REFUSES or audit.order_stage[account] != NOBODY
    if kind == AdlTrigger.VAULT_LOSS:
        vault = books.pool_of(audit.default_instrument[account])
        positions = books.accounts[vault].positions.items() if vault != NOBODY else ()
        lost = -sum(books.marked(market, held.lots) - held.cost for market, held in positions if held.lots)
        # before it took this account's positions in the same visit, or after: what it held then is what counts
        return lost > 0 and lost * PPM >= trigger["share_ppm"] * max(books.equity(vault) + lost, 0)
    if kind in (AdlTrigger.FUND_DEPLETED, AdlTrigger.FUND_NOTIONAL_CAP):
        cover = cover_of(audit, account)
        if kind == AdlTrigger.FUND_DEPLETED:
            return cover <= 0 or -equity > cover
        both = (account, SystemAccount.VAULT)
        held = sum(books.notional(who, market) for who in both for market in books.accounts[who].positions)
        return held > max(cover, 0) * trigger["share_ppm"] // PPM
    return bool(audit.after.venue[0].triggered >> place & 1)


def _on_position_deleveraged(audit: Notes, event: Any) -> None:
    books = audit.books
    stage = stage_of(audit, event, Executor.ADL)
    visit(audit, event)
    winner = books.accounts[event.counterparty]
    lots = abs(event.lots)
    held, other = (
        books.lots_of(event.account, event.instrument),
        books.lots_of(event.counterparty, event.instrument),
    )
    require("DELEVERAGE", event.counterparty != event.account and not winner.flagged, "deleveraged against itself")
    require("DELEVERAGE", held * other < 0 < lots, f"deleveraged {held} against {other}")
    require("DELEVERAGE", lots <= min(abs(held), abs(other)), f"{lots} lots of {held} against {other}")
    require("DELEVERAGE", event.lots * held > 0, "the sign of the lots is told wrongly")
    mark, previous = books.marks[event.instrument], books.previous_marks[event.instrument]
    allowed = {mark}
    policy = books.rules.policy
    if event.account not in audit.winners:
        _check_triggers(audit, event)
    note_rest(audit, event, stage)
    whole = audit.visit_lots.setdefault((event.account, event.instrument), held)
    share = audit.visit_shares[event.account][event.instrument]
    if policy["adl_price"] == AdlPrice.PREVIOUS_MARK and previous:
        # a previous mark that would cost the defaulter more may give way to the mark
        allowed = {previous, max(mark, previous) if held > 0 else min(mark, previous)}
    elif policy["adl_price"] == AdlPrice.SPREAD:
        allowed = {transfer_price(audit, event.instrument, whole, share, policy["adl_spread_ppm"])}
    elif policy["adl_price"] == AdlPrice.ZERO_PRICE:
        # bankrupt, what it must gain is what the other side may lose
        allowed = {used_up(audit, event.instrument, whole if share >= 0 else -whole, abs(share))}
    price = event.price_ticks
    require("DELEVERAGE", price in allowed, f"deleveraged at {price}, not at one of {allowed}")
    position = books.position(event.counterparty, event.instrument)
    value = books.marked(event.instrument, other, price)
    require("DELEVERAGE", value > position.cost, f"{event.counterparty} has no gain at {price}")
    sign = 1 if other > 0 else -1
    gain = books.traded(event.instrument, sign * lots, price) - books.cost_share(position, lots)
    require("DELEVERAGE", event.value == gain, f"gain {event.value}, not {gain}")
    told = abs(books.traded(event.instrument, lots, price))
    require("TOLD", event.amount_quanta == told, "value told wrongly")
    buyer, seller = (event.counterparty, event.account) if held > 0 else (event.account, event.counterparty)
    exchange(audit, buyer, seller, event.instrument, lots, price)
    audit.winners.setdefault(event.account, Counter())[event.counterparty] += max(gain, 0)
    audit.winner_entries.setdefault(event.account, Counter())[event.counterparty] += 1


EVENTS = {
    EventKind.POSITION_DELEVERAGED: _on_position_deleveraged,
}
"""Which function books which event."""
