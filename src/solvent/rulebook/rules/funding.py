"""What longs owe shorts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Funding:
    """What the machine must know about funding."""

    kind: str
    cap: Fraction
