"""What holds for the venue as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from solvent.codes import AdlPolicy, AdlPrice, AdlScore, AdlTrigger, MarkCombiner
from solvent.rulebook.checks.adl import METRICS, SCORES
from solvent.rulebook.compile.price import COMPONENTS
from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.rules import Adl
from solvent.state.terms import Terms
from solvent.units import NANOSECONDS_PER_MILLISECOND, PPB, PPM

POLICIES: Final = {
    "product": AdlPolicy.QUEUE,
    "pro_rata": AdlPolicy.PRO_RATA,
    "lexicographic": AdlPolicy.LEXICOGRAPHIC,
    "pseudo_random": AdlPolicy.PSEUDO_RANDOM,
}

TRIGGERS: Final = {
    "fund_depleted": AdlTrigger.FUND_DEPLETED,
    "fund_drawdown": AdlTrigger.FUND_DRAWDOWN,
    "fund_notional_cap": AdlTrigger.FUND_NOTIONAL_CAP,
    "account_equity_negative": AdlTrigger.EQUITY_NEGATIVE,
    "vault_refuses": AdlTrigger.VAULT_REFUSES,
    "pool_pnl_factor": AdlTrigger.POOL_PNL_FACTOR,
    "mark_reaches_bankruptcy": AdlTrigger.MARK_REACHES_BANKRUPTCY,
    "order_unfilled": AdlTrigger.ORDER_UNFILLED,
    "vault_loss": AdlTrigger.VAULT_LOSS,
}

FUTURE_MAX_MS: Final = 2_000
"""Clocks of honest sources differ by less."""


def write_policy(work: Work, terms: Terms, heard: Sequence[int]) -> None:
    """What holds for the venue as a whole."""
    rulebook, index, adl = work.rulebook, work.rulebook.index, work.rulebook.adl
    minimum = index.minimum_sources
    fewest = min(heard)
    if 0 < fewest < minimum:
        work.notes.append(f"Minimum of fresh sources lowered from {minimum} to {fewest}, all one instrument has.")
        minimum = fewest
    components = sum(1 << COMPONENTS[component.kind] for component in rulebook.mark.components)
    future = index.future_max_ms if index.future_max_ms is not None else FUTURE_MAX_MS
    cap = Fraction(0) if rulebook.funding.kind == "none" else rulebook.funding.cap
    write_fields(
        terms.policy[0],
        {
            "mark_combiner": MarkCombiner[rulebook.mark.kind.upper()],
            "mark_components": components,
            "sources_min": minimum,
            "future_max_ns": future * NANOSECONDS_PER_MILLISECOND,
            "funding_rate_max_ppb": int(cap * PPB),
            "adl_price": AdlPrice[adl.price.upper()] if adl is not None else AdlPrice.MARK,
            "adl_score": AdlScore[SCORES.get(frozenset(adl.score), "hyperliquid").upper()] if adl is not None else 0,
            "adl_policy": POLICIES[adl.combine] if adl is not None else AdlPolicy.QUEUE,
            "withdraw_notional_ppm": int(rulebook.limits.withdraw_floor * PPM),
            "withdraw_gains": rulebook.limits.withdraw_gains,
            "advance_max": rulebook.accounts_per_advance,
            "adl_unit_quanta": int(adl.unit * 10**work.decimals) if adl is not None else 0,
            "adl_metrics": metrics_of(adl),
            "adl_spread_ppm": next((int(s.spread * PPM) for s in rulebook.stages if s.executor == "adl"), 0),
        },
    )
    for row, trigger in enumerate(adl.triggers if adl is not None else ()):
        write_fields(
            terms.triggers[row],
            {
                "used": 1,
                "kind": TRIGGERS[trigger.kind],
                "share_ppm": int(trigger.share * PPM),
                "stop_ppm": int(trigger.stop * PPM),
                "window_ns": trigger.window_ms * NANOSECONDS_PER_MILLISECOND,
                "floor_quanta": work.quanta(trigger.least, ("adl", "trigger", row, "min_balance")),
            },
        )


def metrics_of(adl: Adl | None) -> int:
    """The scores of a lexicographic order, the first in the lowest four bits."""
    if adl is None or adl.combine != "lexicographic":
        return 0
    return sum(METRICS[name] * 16**place for place, name in enumerate(adl.score))
