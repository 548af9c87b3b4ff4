"""What those who owe an asset pay."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Borrow:
    """A rate per year: `floor`, plus `base` at the `optimal` utilisation, plus `above` from there to all of it.

    With `square` the utilisation is squared first. `kept` of the interest is the venue's, `buffer` of the deposits is
    never lent.
    """

    floor: Fraction = Fraction(0)
    base: Fraction = Fraction(0)
    above: Fraction = Fraction(0)
    optimal: Fraction = Fraction(1)
    square: bool = False
    kept: Fraction = Fraction(0)
    buffer: Fraction = Fraction(0)
    interval_ms: int = 0
    kind: str = "none"
