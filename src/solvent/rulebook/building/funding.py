"""From what was read to records: funding."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Funding
from solvent.units import PPM

THREE_HOURS_S = 3 * 3_600


def build_funding(_reading: Reading, value: dict[str, Any], _path: Path) -> Funding:
    """The section; what its kind does not use stays empty."""
    kind = value["kind"]
    damped = kind == "damped_premium"
    interval = value.get("interval_ms")
    if value.get("continuous") or (damped and interval is None):
        interval = 0
    most = Fraction(value.get("max_ppm_per_year") or 0, PPM)
    hours = value.get("decrease_hours")
    return Funding(
        kind=kind,
        cap=value["cap_ppm"],
        interest=Fraction(0) if damped else value.get("interest_ppm"),
        clamp=value.get("damper_ppm") if damped else value.get("clamp_ppm"),
        period_ms=value.get("rate_period_ms"),
        interval_ms=interval,
        multiplier=value.get("multiplier_ppm") or Fraction(1),
        velocity_per_day=value.get("max_velocity_ppm_per_day") or Fraction(0),
        skew_scale=value.get("skew_scale") or Decimal(0),
        growth_per_second=Fraction(value.get("increase_ppm_per_year_per_3h") or 0, PPM * THREE_HOURS_S),
        decay_per_second=most / (hours * 3_600) if hours else Fraction(0),
        cap_per_year=most,
        stable=Fraction(value.get("threshold_stable_ppm") or 0, PPM),
        decrease=Fraction(value.get("threshold_decrease_ppm") or 0, PPM),
    )
