"""Sizes of the instruments, and room for everything."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from solvent.codes import ContractKind
from solvent.rulebook.compile.margin import scenarios_of
from solvent.rulebook.compile.work import Work
from solvent.rulebook.contracts import OptionScale, Scale
from solvent.state.terms import Terms, TermsShape
from solvent.units import LIMIT

BRACKET_ROOM: Final = 64
"""Room for brackets comes in steps of this many, so that a later rulebook with a few more still fits."""


SCENARIO_ROOM: Final = 16
"""Likewise for scenarios; without any there is one row."""


def shape_for(work: Work, brackets: int) -> TermsShape:
    """Room for everything, or the room asked for."""
    scenarios = scenarios_of(work.rulebook)
    moves = len(scenarios.moves) if scenarios is not None else 0
    needed = TermsShape(
        len(work.contracts),
        -(-max(brackets, 1) // BRACKET_ROOM) * BRACKET_ROOM,
        max(-(-moves // SCENARIO_ROOM) * SCENARIO_ROOM, 1),
    )
    if work.room is None:
        return needed
    fits = work.room.instruments >= needed.instruments and work.room.brackets >= brackets
    if not fits or max(work.room.scenarios, 1) < moves:
        work.tell(
            "room",
            f"{needed.instruments} instruments, {brackets} brackets and {moves} scenarios do not fit into {work.room}",
            "Remove some, or start the machine anew with more room.",
        )
    return work.room


def write_contracts(work: Work, terms: Terms, scales: Sequence[Scale]) -> None:
    """Sizes and caps; a contract's own cap replaces the rulebook's."""
    limits = work.rulebook.limits
    bases = [contract.base for contract in work.contracts]
    for row, (contract, scale) in enumerate(zip(work.contracts, scales, strict=True)):
        size = contract.open_interest_cap_size or limits.open_interest.size
        notional = contract.open_interest_cap_notional or limits.open_interest.notional
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
        kind = int(ContractKind[(contract.kind or "linear").upper()])
        unit = bases.index(contract.base)
        terms.contracts[row] = (*scale[:3], lots, quanta, unit, kind, scale.price_min_ticks)


def write_options(work: Work, terms: Terms, options: Sequence[OptionScale | None]) -> None:
    """What the options among the contracts are."""
    for row, option in enumerate(options):
        if option is not None:
            terms.options[row] = tuple(option)
