"""Requirements as the machine asks them: brackets of a case compiled like a rulebook's, positions judged by the ground.

The brackets of the case replace those of a shipped rulebook, whatever else it says. One tick of price and one lot are
one quantum of value, so a notional is a number of lots, and the account is judged by `assess_accounts` as in a replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from solvent.codes import AccountKind, Level
from solvent.lab.cases.case import BadInput, OutOfRange, Unsupported
from solvent.lab.cases.door import back
from solvent.procedures.assess import assess_accounts
from solvent.rulebook.compile import CompiledTerms, compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import read_rulebook
from solvent.rulebook.faults import RulebookError
from solvent.rulebook.rules import DEFAULT_MARKET, Bracket, Rulebook
from solvent.state.tables import NONE
from solvent.state.whole import first_user_account, new_state
from solvent.units import VALUE_MAX

BOOK: Final = "solvent"
"""The rulebook whose brackets are replaced; nothing else of it takes part."""

DECIMALS_MAX: Final = 9
"""Of the settlement currency: the finest the machine takes."""


class Tier(NamedTuple):
    """From this notional on, these rates."""

    floor: Fraction
    initial: Fraction
    maintenance: Fraction


@dataclass(frozen=True, slots=True)
class Asked:
    """A position somebody asks about: its notional, the trader's leverage (0: none chosen), the orders that wait."""

    notional: Fraction
    leverage: int = 0
    bids: Fraction = Fraction(0)
    asks: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Ladder:
    """Brackets compiled for one market in which a lot at a tick is a quantum; a unit of currency is `scale` quanta."""

    compiled: CompiledTerms
    scale: int


def laddered(tiers: Sequence[Tier], *notionals: Fraction) -> Ladder:
    """Marginal brackets, at the finest scale that holds these notionals. Raises BadInput for impossible brackets."""
    if not tiers:
        raise BadInput("there are no tiers; give at least one")
    for before, after in pairwise(tiers):
        if after.floor <= before.floor:
            raise BadInput(f"the tier from {after.floor} follows the one from {before.floor}; order them by floor")
    largest = max([Fraction(1), *(tier.floor for tier in tiers), *map(abs, notionals)])
    decimals = DECIMALS_MAX
    while decimals > 0 and largest * 10**decimals > VALUE_MAX:
        decimals -= 1
    brackets = tuple(Bracket(exact_decimal(t.floor, decimals), t.initial, t.maintenance) for t in tiers)
    book = read_rulebook(BOOK)
    schedules = (replace(one, brackets={DEFAULT_MARKET: brackets}) if one.brackets else one for one in book.schedules)
    return Ladder(compiled(replace(book, schedules=tuple(schedules)), decimals), 10**decimals)


def compiled(book: Rulebook, decimals: int = DECIMALS_MAX) -> CompiledTerms:
    """A rulebook for one market in which a lot at a tick is a quantum."""
    size = Decimal(1).scaleb(-decimals)
    contract = Contract("CASE", "CASE", size, Decimal(1), Decimal(1), size * 2**20, (Feed("book", "mark"),))
    try:
        return compile_terms(book, [contract], decimals)
    except RulebookError as error:
        raise Unsupported(
            f"the machine cannot hold these rules: {'; '.join(f.problem for f in error.faults)}"
        ) from None


def exact_decimal(value: Fraction, decimals: int) -> Decimal:
    """A fraction as the decimal it is. Raises BadInput for one with more places than are left for its size."""
    scaled = value * 10**decimals
    if scaled.denominator != 1:
        raise BadInput(f"a floor of {value} has more than the {decimals} decimals there is room for; write fewer")
    return Decimal(scaled.numerator).scaleb(-decimals)


def rows_of(ladder: Ladder, level: Level) -> tuple[int, Any]:
    """(common denominator of the rates, rows of brackets) of a level."""
    terms = ladder.compiled.terms
    schedule = terms.schedules[int(level) * ladder.compiled.shape.instruments]
    first = int(schedule.first_bracket)
    return int(schedule.denominator), terms.brackets[first : first + int(schedule.bracket_count)]


def deductions(ladder: Ladder, level: Level = Level.MAINTENANCE) -> list[Fraction]:
    """What each bracket takes off notional x rate, as compiled: the venues' maintenance amounts."""
    denominator, rows = rows_of(ladder, level)
    return [
        Fraction(int(r.deduction_whole) * denominator + int(r.deduction_rest), denominator * ladder.scale) for r in rows
    ]


def rate_at(ladder: Ladder, notional: Fraction, level: Level = Level.MAINTENANCE) -> tuple[Fraction, Fraction]:
    """(rate, deduction) of the bracket that contains a notional."""
    denominator, rows = rows_of(ladder, level)
    place = max(k for k in range(len(rows)) if k == 0 or back(rows[k].floor_quanta, ladder.scale) <= notional)
    return Fraction(int(rows[place].numerator), denominator), deductions(ladder, level)[place]


def required(ladder: Ladder, level: Level, positions: Sequence[Asked]) -> list[Fraction]:
    """Requirement of each position at a level, each on an account of its own."""

    def lots_of(notional: Fraction) -> int:
        lots = round(notional * ladder.scale)
        if abs(lots) > VALUE_MAX:
            raise OutOfRange(f"a notional of {notional} is more than a position may be worth (2^54 quanta)")
        return lots

    count = len(positions)
    state = new_state(ladder.compiled.terms, accounts=count + 1, positions=count, orders=count)
    state.instruments.listed[0] = 1
    state.instruments.mark_ticks[0] = 1
    state.levels.open_loss[:] = 0
    first = first_user_account(state)
    for row, asked in enumerate(positions):
        account = first + row
        for link in ("first_holding", "default_instrument", "order_stage"):
            state.accounts[account][link] = NONE
        state.accounts[account].kind = AccountKind.CROSS
        state.accounts[account].first_position = row
        position, orders = state.positions[row], state.orders[row]
        position.lots, position.account, position.next = lots_of(asked.notional), account, NONE
        position.leverage, position.orders = asked.leverage, NONE
        if asked.bids or asked.asks:
            position.orders = row
            orders.bid_lots = orders.bid_quanta = lots_of(asked.bids)
            orders.ask_lots = orders.ask_quanta = lots_of(asked.asks)
    state.venue[0].account_count = first + count
    answers = np.zeros((count, 4), dtype=np.int64)
    assess_accounts(state, int(level), np.arange(first, first + count), answers)
    return [back(int(answer), ladder.scale) for answer in answers[:, 1]]
