"""From the funding section to a row for each market."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from solvent.codes import FundingKind
from solvent.rulebook.compile.work import Work, write_fields
from solvent.state.terms import Terms
from solvent.units import LIMIT, NANOSECONDS_PER_MILLISECOND, PPB, PPM

KINDS: Final = {
    "clamped_premium": FundingKind.CLAMPED_PREMIUM,
    "damped_premium": FundingKind.DAMPED_PREMIUM,
    "velocity": FundingKind.VELOCITY,
    "imbalance_adaptive": FundingKind.IMBALANCE_ADAPTIVE,
}


def write_funding(work: Work, terms: Terms) -> None:
    """How each market's rate is computed; where the rulebook leaves something out that it needs, the rate is told."""
    funding = work.rulebook.funding
    if not funding.is_computed:
        return
    for row, contract in enumerate(work.contracts):
        scale = min(int(Fraction(funding.skew_scale) / Fraction(contract.lot_size)), LIMIT)
        if funding.kind == "velocity" and scale == 0:
            work.tell_at(("funding", "skew_scale"), "it is less than one lot", "Write a larger scale, or smaller lots.")
        write_fields(
            terms.funding[row],
            {
                "kind": KINDS[funding.kind],
                "interest_ppb": int((funding.interest or 0) * PPB),
                "clamp_ppb": int((funding.clamp or 0) * PPB),
                "period_ns": (funding.period_ms or 1) * NANOSECONDS_PER_MILLISECOND,
                "interval_ns": (funding.interval_ms or 0) * NANOSECONDS_PER_MILLISECOND,
                "multiplier_ppm": int(funding.multiplier * PPM),
                "cap_ppb": int(funding.cap_per_year * PPB),
                "velocity_ppb": int(funding.velocity_per_day * PPB),
                "skew_scale_lots": scale,
                "growth_ppb": int(funding.growth_per_second * PPB),
                "decay_ppb": int(funding.decay_per_second * PPB),
                "stable_ppm": int(funding.stable * PPM),
                "decrease_ppm": int(funding.decrease * PPM),
            },
        )
