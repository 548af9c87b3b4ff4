"""Premiums heard, and rates computed from them and from the skew (law FUNDING): the rule written again in fractions."""

from fractions import Fraction
from math import floor
from typing import Any

from solvent.codes import FundingKind, SystemAccount
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.units import LIMIT, PPM

DAY_NS = 86_400 * 10**9
YEAR_NS = 365 * DAY_NS
SECOND_NS = 10**9


def nearest(value: Fraction) -> int:
    """To the nearest whole, halves upwards, held to what the machine can hold."""
    return clip(floor(value + Fraction(1, 2)), -LIMIT, LIMIT)


def clip(value: int, least: int, most: int) -> int:
    """The value between two bounds."""
    return min(max(value, least), most)


def _on_premium_reported(audit: Notes, event: Any) -> None:
    book = audit.funding[event.instrument]
    told = (event.instrument, event.value)
    require("TOLD", told == (audit.command.instrument, audit.command.rate_ppb), "another premium is told")
    book.premiums += event.value
    book.count += 1
    require("TOLD", event.reference == book.count, f"premium {event.reference}, is {book.count}")


def _drifted(audit: Notes, instrument: int, elapsed: int) -> int:
    """The rate that drifts, after a time."""
    books, terms, before = audit.books, audit.books.rules.funding[instrument], audit.funding[instrument].rate
    skew = -books.lots_of(SystemAccount.VAULT, instrument)
    if terms["kind"] == FundingKind.VELOCITY:
        scale = max(terms["skew_scale_lots"], 1)
        velocity = nearest(Fraction(clip(skew, -scale, scale) * terms["velocity_ppb"], scale))
        return before + nearest(Fraction(velocity * elapsed, DAY_NS))
    both = 2 * books.open_interest[instrument] - abs(skew)
    imbalance = nearest(Fraction(abs(skew) * PPM, both)) if both > 0 else 0
    side = 1 if skew >= 0 else -1
    seconds = elapsed // SECOND_NS
    grown = nearest(Fraction(imbalance * min(terms["growth_ppb"] * seconds, LIMIT), PPM))
    if before * side < 0:
        return before + side * grown
    change = 0
    if imbalance > terms["stable_ppm"]:
        change = grown
    elif imbalance < terms["decrease_ppm"]:
        change = -min(terms["decay_ppb"] * seconds, LIMIT)
    return side * max(abs(before) + change, 0)


def _on_funding_computed(audit: Notes, event: Any) -> None:
    books, instrument = audit.books, event.instrument
    terms, book = books.rules.funding[instrument], audit.funding[instrument]
    kind = terms["kind"]
    require("FUNDING", kind != FundingKind.REPORTED, "a rate was computed where it is told")
    elapsed = books.time_ns - book.settled_ns if book.settled_ns else 0
    require("FUNDING", not book.settled_ns or elapsed >= terms["interval_ns"], f"settled after {elapsed} ns")
    premium = nearest(Fraction(book.premiums, book.count)) if book.count else 0
    after = 0
    if kind in (FundingKind.CLAMPED_PREMIUM, FundingKind.DAMPED_PREMIUM):
        require("FUNDING", book.count > 0, "no premium was heard")
        clamp = terms["clamp_ppb"]
        rate = premium + clip(terms["interest_ppb"] - premium, -clamp, clamp)
        if kind == FundingKind.DAMPED_PREMIUM:
            rate = premium - clip(premium, -clamp, clamp)
        rate = nearest(Fraction(rate * terms["multiplier_ppm"], PPM))
        rate = nearest(Fraction(rate * (terms["interval_ns"] or elapsed), terms["period_ns"]))
    elif kind == FundingKind.VELOCITY:
        after = _drifted(audit, instrument, elapsed)
        rate = nearest(Fraction((book.rate + after) * elapsed, 2 * DAY_NS))
    else:
        after = clip(_drifted(audit, instrument, elapsed), -terms["cap_ppb"], terms["cap_ppb"])
        rate = nearest(Fraction(after * elapsed, YEAR_NS))
    most = books.rules.policy["funding_rate_max_ppb"]
    rate = clip(rate, -most, most)
    told = (event.value, event.amount_quanta, event.reference, event.shares)
    wanted = (rate, premium, book.count, after)
    require("FUNDING", told == wanted, f"rate, premium, samples and drift {told}, should be {wanted}")
    book.premiums = book.count = 0
    book.rate, book.settled_ns = after, books.time_ns
    audit.computed_ppb = rate


EVENTS = {
    EventKind.PREMIUM_REPORTED: _on_premium_reported,
    EventKind.FUNDING_COMPUTED: _on_funding_computed,
}
"""Which function books which event."""
