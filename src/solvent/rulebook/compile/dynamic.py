"""From multipliers to rows: the same for both sides of every market, until a command changes them."""

from __future__ import annotations

from solvent.rulebook.compile.work import Work, write_fields
from solvent.state.terms import SIDES, Terms
from solvent.state.windows import HOUR
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPM


def write_dynamic(work: Work, terms: Terms) -> None:
    """Multipliers, how they bind, and the guards that follow. A multiplier of one is no cell at all."""
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
    for row, contract in enumerate(work.contracts):
        terms.markets[row].order_band_ppm = int(rules.order_band * PPM)
        if contract.depth_size is not None:
            terms.markets[row].depth_lots = int(contract.depth_size / contract.lot_size)
            terms.markets[row].open_interest_depth_ppm = int(rules.open_interest_depth * PPM)
        elif rules.open_interest_depth > 0:
            work.notes.append(f"{contract.symbol}: its depth is not stated, so open interest is not held to it.")
    write_fields(
        terms.policy[0],
        {
            "caution_initial_ppm": int(rules.caution_initial * PPM) if rules.caution_initial > 1 else 0,
            "grace_ns": rules.grace_ms * NANOSECONDS_PER_MILLISECOND,
            "step_accounts_max": rules.step_accounts_max,
            "step_ns": rules.step_ms * NANOSECONDS_PER_MILLISECOND,
            "outflow_ppm": int(rules.outflow * PPM),
            "outflow_window": HOUR,
        },
    )
