"""Sizes of the instruments, and room for everything."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from solvent.rulebook.compile.work import Work
from solvent.rulebook.contracts import Scale
from solvent.state.terms import Terms, TermsShape
from solvent.units import LIMIT

BRACKET_ROOM: Final = 64
"""Room for brackets comes in steps of this many, so that a later rulebook with a few more still fits."""


def shape_for(work: Work, brackets: int) -> TermsShape:
    """Room for everything, or the room asked for."""
    needed = TermsShape(len(work.contracts), -(-max(brackets, 1) // BRACKET_ROOM) * BRACKET_ROOM)
    if work.room is None:
        return needed
    if work.room.instruments < needed.instruments or work.room.brackets < brackets:
        work.tell(
            "room",
            f"{needed.instruments} instruments and {brackets} brackets do not fit into {work.room}",
            "Remove some, or start the machine anew with more room.",
        )
    return work.room


def write_contracts(work: Work, terms: Terms, scales: Sequence[Scale]) -> None:
    """Sizes and caps; a contract's own cap replaces the rulebook's."""
    limits = work.rulebook.limits
    for row, (contract, scale) in enumerate(zip(work.contracts, scales, strict=True)):
        size = contract.open_interest_cap_size or limits.open_interest_size
        notional = contract.open_interest_cap_notional or limits.open_interest_notional
        lots = quanta = 0
        if size is not None:
            lots = min(int(Fraction(size) / Fraction(contract.lot_size)), LIMIT)
        if notional is not None:
            quanta = min(int(Fraction(notional) * 10**work.decimals), LIMIT)
        if (size is not None and lots == 0) or (notional is not None and quanta == 0):
            work.tell(
                f"contract {contract.symbol}",
                "the open-interest cap is less than one lot or quantum, which would mean no cap",
                "Write a larger cap.",
            )
        terms.contracts[row] = (*scale, lots, quanta)
