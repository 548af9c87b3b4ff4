"""What slows or stops a market."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Breaker:
    """What slows or stops a market whose mark moves too far."""

    move: Fraction
    window_ms: int
    action: str
    release_ms: int
