"""From what was read to records: who changes the rules."""

from __future__ import annotations

from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules.governance import Governance
from solvent.state.terms import SEATS_MAX


def build_governance(reading: Reading, value: dict[str, Any], path: Path) -> Governance:
    """The section; without seats the machine leaves a change to whoever may send the command."""
    seats = tuple(value["seats"])
    council = seats.count("council")
    if seats and council < value["votes"]:
        reading.tell(
            (*path, "votes"),
            f"a change needs {value['votes']} votes and the council has {council}",
            "Add seats of the council, or ask for fewer votes.",
        )
    if len(seats) > SEATS_MAX:
        reading.tell((*path, "seats"), f"there are {len(seats)} seats", f"Write at most {SEATS_MAX}.")
    return Governance(seats, value["votes"], value["harm_max"], value.get("delay_ms") or 0)
