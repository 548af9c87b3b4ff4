"""Offers to keepers and bidders: claimed once, at the price of the moment, rewarded out of penalties (law KEEPER)."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

from solvent.codes import Executor, Level, OfferPrice
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.liquidation import base_of, check_room_of_stage, notional_of, visit
from solvent.lab.auditor.notes import Notes
from solvent.lab.auditor.penalty import payee_of
from solvent.lab.auditor.queue import judged
from solvent.lab.auditor.trading import exchange
from solvent.lab.books import ceil_ratio
from solvent.units import PPM

OFFERING = (Executor.KEEPER, Executor.AUCTION)


def note_health(audit: Notes, account: int) -> None:
    """Equity and requirement before a claim."""
    audit.health = audit.books.equity(account), audit.books.requirement(account)
    audit.health_notional = notional_of(audit, account)


def check_health(audit: Notes, account: int) -> None:
    """A claim does not lower health, unless the stage is for bankrupt accounts."""
    stage = audit.books.rules.stages[audit.order_stage[account]]
    equity, required = audit.books.equity(account), audit.books.requirement(account)
    before, required_before = audit.health
    if stage["scale_ppm"] == 0:
        return
    if before <= 0:
        require("KEEPER", equity >= before, f"a claim cost bankrupt {account} {before - equity}")
        return
    holds = equity >= 0 and equity * required_before >= before * required
    require(
        "KEEPER", holds, f"a claim lowered the health of {account}: {before}/{required_before}, {equity}/{required}"
    )


def _widening(share: int, multiplier: int) -> Fraction:
    return Fraction(PPM + max(multiplier - PPM, 0) * share // PPM, PPM)


def _factor(audit: Notes, account: int, stage: int, volatility: int) -> tuple[Fraction, Fraction]:
    """Between which factors of the mark the offer stands now: exact, less and more what rounding may make of it."""
    offer = audit.books.rules.offers[stage]
    low, high = _plain_factor(audit, account, stage)
    factor, slack = (low + high) / 2, (high - low) / 2
    if factor < 1:
        wider = _widening(offer["volatility_ppm"], volatility)
        factor, slack = 1 - min((1 - factor) * wider, Fraction(1)), slack * max(wider, Fraction(1))
    return factor - slack, factor + slack


def _plain_factor(audit: Notes, account: int, stage: int) -> tuple[Fraction, Fraction]:
    """The same before the market's volatility widens it."""
    offer = audit.books.rules.offers[stage]
    elapsed = audit.books.time_ns - audit.offered_ns[account]
    slack = Fraction(2, PPM)
    if offer["price"] == OfferPrice.HEALTH:
        equity, required = audit.health
        missing = Fraction(max(required - max(equity, 0), 0), required) if required > 0 else Fraction(1)
        off = min(missing * offer["slope_ppm"] / PPM, Fraction(PPM - offer["first_ppm"], PPM))
        slack *= 1 + Fraction(offer["slope_ppm"], PPM)
        factor = 1 - off
    elif offer["price"] == OfferPrice.STAIRS:
        steps = elapsed // offer["step_ns"]
        factor = Fraction(offer["start_ppm"], PPM) * Fraction(offer["cut_ppm"], PPM) ** min(steps, 64)
        slack = Fraction(80, PPM) if steps <= 64 else Fraction(1)
    elif offer["price"] == OfferPrice.TIME:
        points = [(0, offer["start_ppm"]), (offer["first_ns"], offer["first_ppm"])]
        if offer["second_ns"]:
            points.append((offer["first_ns"] + offer["second_ns"], offer["second_ppm"]))
        factor = Fraction(points[-1][1], PPM)
        for (begin, high), (end, low) in pairwise(points):
            if begin <= elapsed < end:
                factor = Fraction(high, PPM) + Fraction((low - high) * (elapsed - begin), (end - begin) * PPM)
                break
    else:
        factor = Fraction(offer["start_ppm"], PPM)
    return factor - slack, factor + slack


def _is_spent(audit: Notes, account: int, stage: int) -> bool:
    """True when the offer has passed the age or the price at which it begins again."""
    offer = audit.books.rules.offers[stage]
    if offer["reset_ns"] and audit.books.time_ns - audit.offered_ns[account] >= offer["reset_ns"]:
        return True
    if not offer["reset_below_ppm"] or offer["price"] not in (OfferPrice.TIME, OfferPrice.STAIRS):
        return False
    first = Fraction(offer["start_ppm"] * offer["reset_below_ppm"], PPM**2)
    return _plain_factor(audit, account, stage)[1] < first


def _check_price(audit: Notes, event: Any, lots: int) -> None:
    """The price is the mark times the factor (two less the factor for a short), to the tick."""
    books = audit.books
    side = 2 * event.instrument + (0 if lots > 0 else 1)
    low, high = _factor(audit, event.account, event.stage, books.rules.dynamics[side]["volatility_ppm"])
    if lots < 0:
        low, high = 2 - high, 2 - low
    mark = books.marks[event.instrument]
    contract = books.rules.contracts[event.instrument]
    least, most = max(contract["price_min_ticks"], 1), contract["price_max_ticks"]
    low_ticks, high_ticks = (min(max(price, least), most) for price in (mark * low - 1, mark * high + 1))
    fair = low_ticks <= event.price_ticks <= high_ticks
    require("KEEPER", fair, f"price {event.price_ticks}, fair {float(low_ticks)} to {float(high_ticks)}")


def _on_liquidation_offered(audit: Notes, event: Any) -> None:
    books = audit.books
    stage = books.rules.stages[event.stage]
    require("KEEPER", stage["used"] == 1 and stage["executor"] in OFFERING, f"stage {event.stage} offers nothing")
    judged(audit, event)
    note_health(audit, event.account)
    visit(audit, event)
    position = books.position(event.account, event.instrument)
    opposite = event.lots * position.lots < 0 and abs(event.lots) <= abs(position.lots)
    require("KEEPER", opposite and position.ordered == 0, f"offered {event.lots} of a position of {position.lots}")
    require("KEEPER", books.is_workable(event.instrument, audit.flagged_sequence[event.account]), "a closed market")
    require("TOLD", event.amount_quanta == books.notional(event.account, event.instrument), "notional told wrongly")
    require("TOLD", event.reference == books.sequence, "the offer has another reference")
    audit.offered_ns[event.account] = books.time_ns
    _check_price(audit, event, position.lots)
    size = books.size_at_mark(event.instrument, abs(event.lots))
    audit.offered_quanta[event.account] = audit.offered_quanta.get(event.account, 0) + size
    position.ordered = -event.lots
    position.limit = 0
    check_room_of_stage(audit, event)
    audit.order_reference[event.account] = event.reference
    audit.order_stage[event.account] = event.stage
    offer, market = books.rules.offers[event.stage], max(audit.default_instrument[event.account], 0)
    wildest = max(books.rules.dynamics[2 * market + side]["volatility_ppm"] for side in (0, 1))
    time = int(stage["timeout_ns"] / _widening(offer["volatility_ppm"], wildest))
    audit.offer_until[event.account] = books.time_ns + max(time, 1)


def _on_position_claimed(audit: Notes, event: Any) -> None:
    books, command = audit.books, audit.command
    require("KEEPER", books.accounts[event.account].flagged, f"account {event.account} is not in liquidation")
    require("KEEPER", event.counterparty == command.counterparty != event.account, "taken by somebody else")
    require("KEEPER", event.reference == command.reference == audit.order_reference[event.account], "another offer")
    require("KEEPER", event.stage == audit.order_stage[event.account], "another stage's offer")
    require("KEEPER", books.time_ns < audit.offer_until[event.account], "the offer was over")
    require("KEEPER", not _is_spent(audit, event.account, event.stage), "the offer should have begun again")
    offer = books.rules.offers[event.stage]
    trusted = books.accounts[event.counterparty].endorsed or not offer["endorsed"]
    require("KEEPER", bool(trusted), f"keeper {event.counterparty} is not endorsed")
    position = books.position(event.account, event.instrument)
    inside = event.lots * position.ordered < 0 and abs(event.lots) <= abs(position.ordered)
    require("KEEPER", inside, f"claimed {event.lots}, offered {-position.ordered}")
    lots = abs(event.lots)
    if offer["portfolio"]:
        require("KEEPER", event.price_ticks == books.marks[event.instrument], "a share away from the mark")
        share = min(abs(position.lots) * command.value // PPM, abs(position.ordered))
        require("KEEPER", lots == share, f"{lots} lots are no share of {command.value} ppm")
    else:
        require("KEEPER", lots == command.lots, "another number of lots")
        _check_price(audit, event, position.lots)
        if command.price_ticks:
            long = position.lots > 0
            good = event.price_ticks <= command.price_ticks if long else event.price_ticks >= command.price_ticks
            require("KEEPER", good, "worse than the keeper accepts")
    value = abs(books.traded(event.instrument, lots, event.price_ticks))
    require("TOLD", event.amount_quanta == value, f"value {event.amount_quanta}, not {value}")
    at_mark = books.traded(event.instrument, -event.lots, books.marks[event.instrument])
    audit.bonus = max(at_mark - books.traded(event.instrument, -event.lots, event.price_ticks), 0)
    owner = audit.health[0], audit.health_notional
    equity, needed = audit.health[0], books.position_requirement(event.account, event.instrument, Level.MAINTENANCE)
    position.ordered += event.lots
    buyer, seller = event.counterparty, event.account
    if event.lots > 0:
        buyer, seller = seller, buyer
    exchange(audit, buyer, seller, event.instrument, lots, event.price_ticks)
    freed = needed - books.position_requirement(event.account, event.instrument, Level.MAINTENANCE)
    base = base_of(books.rules.stages[event.stage], value, freed, 0, owner)
    audit.penalty = (event.account, event.stage, event.instrument, base, equity)
    payee = payee_of(audit, books.rules.stages[event.stage]["fee_payee"], event.account, event.instrument)
    audit.reward = payee, books.accounts[payee].wallet, value


def _on_keeper_rewarded(audit: Notes, event: Any) -> None:
    books = audit.books
    payee, before, value = audit.reward
    offer = books.rules.offers[event.stage]
    penalty = books.accounts[payee].wallet - before
    reward = offer["reward_flat_quanta"] + value * offer["reward_ppm"] // PPM
    if offer["reward_max_quanta"]:
        reward = min(reward, offer["reward_max_quanta"])
    reward = min(max(reward, offer["reward_min_quanta"]), penalty)
    require("KEEPER", event.account == payee and event.counterparty == audit.command.counterparty, "another payee")
    require("KEEPER", event.amount_quanta == reward > 0, f"reward {event.amount_quanta}, due {reward} of {penalty}")
    books.move(payee, event.counterparty, event.amount_quanta)


def _on_share_taken(audit: Notes, event: Any) -> None:
    books, command = audit.books, audit.command
    equity, required = audit.health
    require("KEEPER", event.value == command.value, "another share")
    told = event.equity_quanta, event.requirement_quanta
    require("JUDGED", told == (equity, required), f"judged at {told}, not {(equity, required)}")
    freed = max(required - books.requirement(event.account), 0)
    require("KEEPER", event.lots == freed, f"freed {freed}, told {event.lots}")
    low, _high = _factor(audit, event.account, event.stage, 0)
    most = Fraction(equity if equity > 0 else required) * max(1 - low, Fraction(0)) * freed / max(required, 1)
    require("KEEPER", 0 <= event.amount_quanta <= most, f"paid {event.amount_quanta} of at most {float(most)}")
    if equity > 0:
        offer = books.rules.offers[event.stage]
        factor = min(_factor(audit, event.account, event.stage, 0)[1], Fraction(1))
        short = Fraction(offer["buffer_ppm"], PPM) * required - (equity - required)
        if short > 0 and short + equity * factor > 0:
            share = short / (short + equity * factor) * PPM
            require("KEEPER", command.value <= share + 3, f"{command.value} ppm, at most {float(share)} restore it")
    books.move(event.account, event.counterparty, event.amount_quanta)
    audit.bonus = event.amount_quanta


def _on_bonus_shared(audit: Notes, event: Any) -> None:
    books, account = audit.books, audit.command.account
    offer = books.rules.offers[event.stage]
    told = event.account, event.reference, event.stage
    due = audit.command.counterparty, account, audit.order_stage[account]
    require("KEEPER", told == due, f"a bonus of {told}, not {due}")
    market = audit.default_instrument[account] if offer["portfolio"] else audit.command.instrument
    payee = payee_of(audit, offer["bonus_fee_payee"], account, market)
    share = ceil_ratio(audit.bonus * offer["bonus_fee_ppm"], PPM)
    require("KEEPER", event.counterparty == payee, f"bonus to {event.counterparty}, not {payee}")
    require("KEEPER", event.value == audit.bonus, f"a bonus of {audit.bonus} told as {event.value}")
    require("KEEPER", event.amount_quanta == share > 0, f"handed on {event.amount_quanta}, due {share}")
    books.move(event.account, payee, share)
    audit.bonus = 0


def no_bonus_due(audit: Notes) -> None:
    """Whoever took lots at a discount has handed on what the stage asks of it."""
    stage = audit.order_stage[audit.command.account]
    offer = audit.books.rules.offers[stage]
    due = audit.bonus * offer["bonus_fee_ppm"] > 0
    require("KEEPER", not due, f"a share of a bonus of {audit.bonus} was not handed on")


def _on_start_charged(audit: Notes, event: Any) -> None:
    books = audit.books
    offer, bit = books.rules.offers[event.stage], 1 << event.stage
    require("PENALTY", not audit.begun.get(event.account, 0) & bit, "the beginning of an offer was charged twice")
    audit.begun[event.account] = audit.begun.get(event.account, 0) | bit
    equity, required = books.equity(event.account), books.requirement(event.account)
    base = Fraction(audit.offered_quanta.get(event.account, 0))
    slack = Fraction(0)
    if offer["portfolio"]:
        short = Fraction(offer["buffer_ppm"], PPM) * required - (equity - required)
        share = Fraction(1)
        if equity > 0:
            share = min(Fraction(max(short, Fraction(0)), max(short + equity, Fraction(1))), Fraction(1))
        base, slack = max(equity, 0) * share, Fraction(max(equity, 0) * 2, PPM) + 2
    require("PENALTY", abs(event.value - base) <= slack, f"charged on {event.value}, offered {float(base)}")
    fee = min(ceil_ratio(event.value * offer["start_fee_ppm"], PPM), max(equity, 0))
    require("PENALTY", event.amount_quanta == fee > 0, f"beginning charged {event.amount_quanta}, due {fee}")
    require("JUDGED", event.equity_quanta == equity, "equity told wrongly")
    payee = payee_of(audit, offer["start_fee_payee"], event.account, audit.default_instrument[event.account])
    require("PENALTY", event.counterparty == payee, f"beginning paid to {event.counterparty}, not {payee}")
    books.move(event.account, payee, fee)


def _on_keeper_endorsed(audit: Notes, event: Any) -> None:
    require("TOLD", (event.account, event.value) == (audit.command.account, audit.command.value), "somebody else")
    audit.books.accounts[event.account].endorsed = event.value


def _on_stage_skipped(audit: Notes, event: Any) -> None:
    require("KEEPER", audit.books.accounts[event.account].flagged, "a sound account was routed")


EVENTS = {
    EventKind.LIQUIDATION_OFFERED: _on_liquidation_offered,
    EventKind.POSITION_CLAIMED: _on_position_claimed,
    EventKind.KEEPER_REWARDED: _on_keeper_rewarded,
    EventKind.SHARE_TAKEN: _on_share_taken,
    EventKind.KEEPER_ENDORSED: _on_keeper_endorsed,
    EventKind.STAGE_SKIPPED: _on_stage_skipped,
    EventKind.BONUS_SHARED: _on_bonus_shared,
    EventKind.START_CHARGED: _on_start_charged,
}
"""Which function books which event."""
