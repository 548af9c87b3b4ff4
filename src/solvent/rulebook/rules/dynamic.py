"""Margin that follows the market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Dynamic:
    """Multipliers by name, how a change of them binds, and the guards that follow."""

    multipliers: Mapping[str, Fraction]
    stressed_weight: Fraction
    buffer: Fraction
    step: Fraction
    step_ms: int
    step_accounts_max: int
    caution_initial: Fraction
    grace_ms: int
