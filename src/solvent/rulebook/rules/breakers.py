"""What slows or stops a market."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Breaker:
    """What slows or stops a market, or the venue, whose metric passes a threshold."""

    move: Fraction
    window_ms: int
    action: str
    release_ms: int
    metric: str = "mark_move"
    exit: Fraction = Fraction(0)
    by_command: bool = False
