"""Layers of the waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class LossStage:
    """A layer of the waterfall."""

    kind: str
    to: str
    scope: str
    id: str
    cap: Fraction
