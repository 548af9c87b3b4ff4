"""Who changes the rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Governance:
    """Roles of the seats in their order, votes a change needs, whom it may harm, and the least notice of all."""

    seats: tuple[str, ...] = ()
    votes: int = 1
    harm_max: int = 0
    delay_ms: int = 0
