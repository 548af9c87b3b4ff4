"""What longs owe shorts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Funding:
    """What the machine must know about funding; a damper stands in `clamp`, rates are of the notional."""

    kind: str
    cap: Fraction
    interest: Fraction | None = None
    clamp: Fraction | None = None
    period_ms: int | None = None
    interval_ms: int | None = None
    multiplier: Fraction = Fraction(1)
    velocity_per_day: Fraction = Fraction(0)
    skew_scale: Decimal = Decimal(0)
    growth_per_second: Fraction = Fraction(0)
    decay_per_second: Fraction = Fraction(0)
    cap_per_year: Fraction = Fraction(0)
    stable: Fraction = Fraction(0)
    decrease: Fraction = Fraction(0)

    @property
    def is_computed(self) -> bool:
        """True when everything is said that the machine needs to compute the rate itself."""
        if self.kind in ("clamped_premium", "damped_premium"):
            return None not in (self.interest, self.clamp, self.period_ms, self.interval_ms)
        return self.kind in ("velocity", "imbalance_adaptive")
