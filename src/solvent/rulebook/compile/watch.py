"""What of the terms the watch has no certificate for: right, but slow, and whoever starts the machine should know."""

from __future__ import annotations

from solvent.codes import Level
from solvent.compiled import plain
from solvent.risk.watch import (
    has_contract_certificate,
    has_level_certificate,
    has_schedule_certificate,
)
from solvent.rulebook.compile.work import Work
from solvent.state.terms import Terms


def note_what_is_scanned(work: Work, terms: Terms) -> None:
    """One note that names the markets whose holders are judged at every price."""
    level = plain(has_level_certificate)(terms.levels[Level.MAINTENANCE])
    scanned = [
        contract.symbol
        for row, contract in enumerate(work.contracts)
        if not (
            level
            and plain(has_schedule_certificate)(terms, Level.MAINTENANCE, row)
            and plain(has_contract_certificate)(terms.contracts[row])
        )
    ]
    if scanned:
        work.notes.append(
            f"Accounts that hold {', '.join(scanned)} are judged at every price: the watch has no certificate for "
            "these rules yet. The answers are the same, a price costs more."
        )
