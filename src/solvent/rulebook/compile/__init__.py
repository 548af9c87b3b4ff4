"""From a rulebook and the instruments it is for, to the machine's terms: kinds become rows of whole numbers.

Money becomes quanta exactly; an amount with a fraction of a quantum is a fault, not a rounding. Faults of the
whole compilation are told together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from solvent.rulebook.compile.breakers import write_breakers
from solvent.rulebook.compile.collateral import tier_rows, write_assets
from solvent.rulebook.compile.contracts import shape_for, write_contracts, write_options
from solvent.rulebook.compile.dynamic import write_dynamic
from solvent.rulebook.compile.funding import write_funding
from solvent.rulebook.compile.governance import write_governance
from solvent.rulebook.compile.limits import write_limits
from solvent.rulebook.compile.liquidation import write_stages
from solvent.rulebook.compile.loss import write_losses
from solvent.rulebook.compile.margin import schedule_rows, write_levels, write_scenarios
from solvent.rulebook.compile.policy import write_policy
from solvent.rulebook.compile.pools import write_pools
from solvent.rulebook.compile.price import write_feeds, write_pricing
from solvent.rulebook.compile.watch import note_what_is_scanned
from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.contracts import DECIMALS_MAX, Contract, check_feeds, check_symbols, option_of, scale_of
from solvent.rulebook.faults import RulebookError
from solvent.rulebook.rules import Rulebook
from solvent.state.terms import Terms, TermsShape, blank_terms

SETTLEMENT_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class CompiledTerms:
    """The terms, and the numbers that names outside have in them.

    `source_ids` is by (instrument row, feed name); `notes` are sentences for whoever starts the machine.
    """

    terms: Terms
    shape: TermsShape
    symbols: tuple[str, ...]
    source_ids: dict[tuple[int, str], int]
    asset_ids: dict[str, int]
    asset_decimals: dict[str, int]
    settlement_decimals: int
    contracts: tuple[Contract, ...]
    notes: tuple[str, ...]


def compile_terms(
    rulebook: Rulebook,
    contracts: Sequence[Contract],
    settlement_decimals: int = SETTLEMENT_DECIMALS,
    *,
    room: TermsShape | None = None,
) -> CompiledTerms:
    """The rulebook for these instruments, a row each, in this order. Raises RulebookError with all faults.

    `room` keeps the shape of terms already in force, so that `change_terms` can go from them to these.
    """
    kind: Literal["linear", "inverse"] = "inverse" if rulebook.meta.product == "inverse_perpetual" else "linear"
    kinds = tuple(replace(contract, kind=contract.kind or kind) for contract in contracts)
    return compile_all(Work(rulebook, kinds, settlement_decimals, room))


def compile_all(work: Work) -> CompiledTerms:
    """Everything, table by table."""
    if not 0 <= work.decimals <= DECIMALS_MAX:
        work.tell("settlement_decimals", f"{work.decimals} is out of bounds", f"Use 0 to {DECIMALS_MAX}.")
        raise RulebookError(work.rulebook.name, work.faults)
    check_symbols(work.contracts, work.tell)
    for contract in work.contracts:
        check_feeds(contract, work.tell)
    scales = [scale_of(contract, work.decimals, work.tell) for contract in work.contracts]
    options = [option_of(contract, work.contracts, work.decimals, work.tell) for contract in work.contracts]
    brackets: dict[tuple[tuple[int, int, int, int], ...], int] = {}
    schedules = schedule_rows(work, brackets)
    tiers = tier_rows(work, brackets)
    shape = shape_for(work, sum(map(len, brackets)))
    if work.faults:
        raise RulebookError(work.rulebook.name, work.faults)
    terms = blank_terms(shape)
    write_contracts(work, terms, [scale for scale in scales if scale is not None])
    write_options(work, terms, options)
    for (level, instrument), fields in schedules.items():
        write_fields(terms.schedules[level * shape.instruments + instrument], fields)
    for rows, first in brackets.items():
        for place, row in enumerate(rows):
            terms.brackets[first + place] = row
    write_levels(work, terms)
    write_stages(work, terms)
    write_losses(work, terms)
    write_pools(work, terms)
    write_assets(work, terms, tiers)
    write_scenarios(work, terms)
    note_what_is_scanned(work, terms)
    write_breakers(work, terms)
    source_ids, heard = write_feeds(work, terms)
    write_pricing(work, terms)
    write_policy(work, terms, heard)
    write_funding(work, terms)
    write_governance(work, terms)
    write_dynamic(work, terms)
    write_limits(work, terms)
    if work.faults:
        raise RulebookError(work.rulebook.name, work.faults)
    return CompiledTerms(
        terms=terms,
        shape=shape,
        symbols=tuple(contract.symbol for contract in work.contracts),
        source_ids=source_ids,
        asset_ids={asset.asset: row for row, asset in enumerate(work.rulebook.collateral)},
        asset_decimals={asset.asset: asset.decimals for asset in work.rulebook.collateral},
        settlement_decimals=work.decimals,
        contracts=work.contracts,
        notes=tuple(dict.fromkeys(work.notes)),
    )


def change_terms(old: Terms, new: Terms) -> list[tuple[int, int]]:
    """(cell, value) of everything that differs, in the order of the cells: one StageTerm each."""
    if shape_of_terms(old) != shape_of_terms(new):
        raise ValueError("The terms differ in shape; compile the new rulebook with room = shape of the old terms.")
    return [(int(cell), int(new.cells[cell])) for cell in np.flatnonzero(old.cells != new.cells)]


def shape_of_terms(terms: Terms) -> TermsShape:
    """How many instruments, brackets and scenarios the terms have room for."""
    return TermsShape(len(terms.contracts), len(terms.brackets), len(terms.shocks) // len(terms.contracts))
