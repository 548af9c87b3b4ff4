"""Layers of the waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

ON_WITHDRAWAL = "on_withdrawal"
"""No layer of the waterfall: while a loss has no payer, what leaves bears its share of it."""


@dataclass(frozen=True, slots=True)
class LossStage:
    """A layer of the waterfall."""

    kind: str
    to: str
    scope: str
    id: str
    cap: Fraction
