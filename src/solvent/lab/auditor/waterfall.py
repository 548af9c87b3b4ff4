"""Layers in order, each to its cap before the next, the sum exact, nobody beyond what it bears (law WATERFALL)."""

from collections import Counter
from fractions import Fraction
from typing import Any

from solvent.codes import AdlPrice, SystemAccount, Tranche
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Case, Notes
from solvent.lab.books import NOBODY
from solvent.units import PPM

FUNDS = (Tranche.MARKET_FUND, Tranche.VENUE_FUND)
"""Layers of which one block may draw a bounded amount."""


def _on_shortfall_declared(audit: Notes, event: Any) -> None:
    books = audit.books
    account = books.accounts[event.account]
    require("WATERFALL", audit.case is None, "a shortfall inside another")
    require("WATERFALL", account.flagged and account.is_flat, "a shortfall of an account that still has positions")
    owed = max(-account.wallet, 0)
    declared = owed
    by_price = books.rules.policy["adl_price"] in (AdlPrice.PREVIOUS_MARK, AdlPrice.ZERO_PRICE)
    by_price = by_price and event.account in audit.winners
    if by_price and not account.holdings:
        declared = max(owed, -audit.visit_equity[event.account])
    if event.account in audit.visit_equity:
        lost = max(-audit.visit_equity[event.account], 0)
        # each part of an inverse position that was closed is rounded to the nearest quantum by itself
        most = lost + audit.rounded_parts[event.account] // 2
        require("WATERFALL", declared <= most, f"{declared} to pay for an equity of {-lost} at the mark")
    require("WATERFALL", event.amount_quanta == declared > 0, f"declared {event.amount_quanta}, is {declared}")
    require("TOLD", event.reference == audit.flagged_sequence[event.account], "the flagging is cited wrongly")
    audit.case = Case(event.account, declared, declared - owed, owed)


def _able(audit: Notes, account: int) -> int:
    """What an account can be charged without falling below its threshold."""
    books = audit.books
    return books.equity(account) - books.requirement(account) - books.rules.first_margin


def _means(audit: Notes, case: Case, tranche: int) -> dict[int, int]:
    """Who stands behind a layer and what each could pay now; caps not yet applied."""
    books = audit.books
    if tranche == Tranche.MARKET_FUND:
        market = audit.default_instrument[case.account]
        if market == NOBODY:
            return {}
        fund = SystemAccount.MARKET_FUNDS + market
        return {fund: books.accounts[fund].wallet}
    if tranche in (Tranche.VENUE_FUND, Tranche.VENUE_CAPITAL):
        owner = SystemAccount.VENUE_FUND if tranche == Tranche.VENUE_FUND else SystemAccount.VENUE_CAPITAL
        return {owner: books.accounts[owner].wallet}
    if tranche == Tranche.LIQUIDITY_VAULT:
        pool = books.pool_of(audit.default_instrument[case.account])
        if pool == NOBODY or books.is_pool(case.account):
            return {}
        return {pool: min(books.equity(pool), books.accounts[pool].wallet)}
    if tranche == Tranche.ADL:
        if books.rules.policy["adl_price"] != AdlPrice.BANKRUPTCY:
            return {}  # at a mark the winners lose their position, and nothing more
        gains = audit.winners.get(case.account, Counter())
        return {winner: min(gain, _able(audit, winner)) for winner, gain in gains.items()}
    means = {}
    for number, book in books.accounts.items():
        if number == case.account or book.flagged or not book.is_trader:
            continue
        means[number] = _able(audit, number)
        if tranche == Tranche.HAIRCUT_GAINS:
            positions = book.positions.items()
            won = sum(max(books.gain(instrument, position), 0) for instrument, position in positions)
            means[number] = min(means[number], won)
    return means


def cover_of(audit: Notes, account: int) -> int:
    """What the layers before deleveraging and haircuts could pay for an account now."""
    case, cover = Case(account, 0, 0, 0), 0
    for absorber in audit.books.rules.absorbers:
        if not absorber["used"] or absorber["tranche"] >= Tranche.ADL:
            break
        means = sum(max(amount, 0) for amount in _means(audit, case, absorber["tranche"]).values())
        cover += means * absorber["cap_ppm"] // PPM
    return cover


def _enter_layer(audit: Notes, case: Case) -> None:
    absorber = audit.books.rules.absorbers[case.layer]
    means = {payer: amount for payer, amount in _means(audit, case, absorber["tranche"]).items() if amount > 0}
    total = sum(means.values())
    if absorber["tranche"] < Tranche.ADL:
        total = total * absorber["cap_ppm"] // PPM
    most = audit.books.rules.policy["block_draw_quanta"]
    if most and absorber["tranche"] in FUNDS:
        total = min(total, max(most - audit.drawn_quanta, 0))
    case.means, case.room = means, min(case.remaining, total)
    case.paid.clear()
    case.entries.clear()


def _leave_layer(audit: Notes, case: Case) -> None:
    """A layer is left when it has paid all it could or all that was asked, shared in proportion."""
    if case.means is None:
        _enter_layer(audit, case)
    assert case.means is not None
    name = Tranche(audit.books.rules.absorbers[case.layer]["tranche"]).name
    paid = sum(case.paid.values())
    require("WATERFALL", paid == case.room, f"{name} paid {paid} of {case.room} before the next layer")
    total = sum(case.means.values())
    entries = audit.winner_entries.get(case.account, Counter()) if name == "ADL" else Counter()
    for payer, able in case.means.items():
        fair = Fraction(case.room * able, total)
        slack = max(entries[payer], 1)
        require("WATERFALL", abs(case.paid[payer] - fair) < slack, f"{payer} paid {case.paid[payer]} of {fair}")
    case.remaining -= paid
    case.layer += 1
    audit.drawn_quanta += paid if Tranche[name] in FUNDS else 0
    case.means = None


def _on_tranche_drawn(audit: Notes, event: Any) -> None:
    case = audit.case
    require("WATERFALL", case is not None and event.account == case.account, "a layer without a shortfall")
    assert case is not None
    require("TOLD", event.reference == audit.flagged_sequence[event.account], "the flagging is cited wrongly")
    if case.by_price:
        paid = (event.counterparty, event.tranche, event.amount_quanta)
        expected = (event.account, Tranche.ADL, case.by_price)
        require("WATERFALL", paid == expected, f"paid by price {paid}, not {expected}")
        case.by_price = 0
        return
    absorbers = audit.books.rules.absorbers
    while case.layer < len(absorbers) and absorbers[case.layer]["tranche"] != event.tranche:
        _leave_layer(audit, case)
    require("WATERFALL", case.layer < len(absorbers), f"{Tranche(event.tranche).name} out of order")
    if case.means is None:
        _enter_layer(audit, case)
    assert case.means is not None
    payer = event.counterparty
    require("WATERFALL", payer in case.means, f"account {payer} does not stand behind {Tranche(event.tranche).name}")
    case.paid[payer] += event.amount_quanta
    case.entries[payer] += 1
    require("WATERFALL", event.amount_quanta > 0, "an empty draw")
    require("WATERFALL", case.paid[payer] <= case.means[payer], f"{payer} paid beyond what it bears")
    audit.books.move(payer, event.account, event.amount_quanta)


def _walk_to_end(audit: Notes, case: Case) -> None:
    while case.layer < len(audit.books.rules.absorbers):
        _leave_layer(audit, case)


def _on_deficit_opened(audit: Notes, event: Any) -> None:
    case = audit.case
    require("WATERFALL", case is not None and event.account == case.account, "a deficit without a shortfall")
    assert case is not None
    require("WATERFALL", case.by_price == 0, "the part paid by price was not told")
    _walk_to_end(audit, case)
    require(
        "WATERFALL",
        event.amount_quanta == case.remaining > 0,
        f"deficit {event.amount_quanta}, is {case.remaining}",
    )
    audit.books.move(SystemAccount.DEFICIT, event.account, event.amount_quanta)
    audit.books.open_deficit += event.amount_quanta
    require("TOLD", event.value == audit.books.open_deficit, "the open deficit is told wrongly")
    case.remaining = 0
    case.layer = len(audit.books.rules.absorbers)


def close_case(audit: Notes) -> None:
    """The shortfall ends here: every layer was asked and nothing is left."""
    case = audit.case
    assert case is not None
    _walk_to_end(audit, case)
    require("WATERFALL", case.by_price == 0, "the part paid by price was not told")
    require("WATERFALL", case.remaining == 0, f"{case.remaining} of {case.declared} have no payer")
    audit.case = None


EVENTS = {
    EventKind.SHORTFALL_DECLARED: _on_shortfall_declared,
    EventKind.TRANCHE_DRAWN: _on_tranche_drawn,
    EventKind.DEFICIT_OPENED: _on_deficit_opened,
}
"""Which function books which event."""
