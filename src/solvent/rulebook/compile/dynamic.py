"""From multipliers to rows: the same for both sides of every market, until a command changes them."""

from __future__ import annotations

from solvent.rulebook.compile.work import Work, write_fields
from solvent.state.terms import SIDES, Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPM


def write_dynamic(work: Work, terms: Terms) -> None:
    """Multipliers, and how a change of them binds. A multiplier of one is no cell at all."""
    rules = work.rulebook.dynamic
    for row in range(len(work.contracts) * SIDES):
        for name, multiplier in rules.multipliers.items():
            terms.dynamics[row][f"{name}_ppm"] = int(multiplier * PPM) if multiplier > 1 else 0
        write_fields(
            terms.dynamics[row],
            {
                "stressed_weight_ppm": int(rules.stressed_weight * PPM),
                "buffer_ppm": int(rules.buffer * PPM),
                "step_ppm": int(rules.step * PPM),
            },
        )
    write_fields(
        terms.policy[0],
        {
            "caution_initial_ppm": int(rules.caution_initial * PPM) if rules.caution_initial > 1 else 0,
            "grace_ns": rules.grace_ms * NANOSECONDS_PER_MILLISECOND,
            "step_accounts_max": rules.step_accounts_max,
            "step_ns": rules.step_ms * NANOSECONDS_PER_MILLISECOND,
        },
    )
