"""The section stands exactly when something uses it."""

from __future__ import annotations

from typing import Final

from solvent.codes import AdlMetric
from solvent.rulebook.checks.parts import Parts, Tell, known_rows
from solvent.rulebook.rules import Adl
from solvent.state.terms import METRICS_MAX

SCORES: Final = {
    frozenset({"mark_over_entry_price", "notional_over_equity"}): "hyperliquid",
    frozenset({"pnl_over_wallet", "maintenance_over_equity"}): "binance",
    frozenset({"pnl_over_entry_value", "effective_leverage_to_bankruptcy"}): "bitmex",
    frozenset({"pnl_over_entry_value", "leverage"}): "bitmex",
    frozenset({"leverage", "unrealised_pnl"}): "lighter",
    frozenset({"pnl_over_margin", "maintenance_over_equity"}): "okx",
    frozenset({"unrealised_pnl"}): "gain",
}

METRICS: Final = {
    "mark_over_entry_price": AdlMetric.MARK_OVER_ENTRY_PRICE,
    "notional_over_equity": AdlMetric.NOTIONAL_OVER_EQUITY,
    "leverage": AdlMetric.NOTIONAL_OVER_EQUITY,
    "effective_leverage_to_bankruptcy": AdlMetric.NOTIONAL_OVER_EQUITY,
    "pnl_over_wallet": AdlMetric.PNL_OVER_WALLET,
    "maintenance_over_equity": AdlMetric.MAINTENANCE_OVER_EQUITY,
    "pnl_over_entry_value": AdlMetric.PNL_OVER_ENTRY_VALUE,
    "unrealised_pnl": AdlMetric.UNREALISED_PNL,
    "pnl_over_margin": AdlMetric.PNL_OVER_MARGIN,
}
"""Scores one by one, as a lexicographic order compares them."""


def check_adl(parts: Parts, tell: Tell) -> None:
    """The section stands exactly when something uses it, and its score is one the machine computes."""
    if "adl" not in parts.complete:
        return
    stages = any(stage.executor == "adl" for _row, stage in known_rows(parts.stages))
    layers = any(loss.kind == "adl" for _row, loss in known_rows(parts.losses))
    if parts.adl is None:
        if stages or layers:
            tell(("adl",), "winners are closed against, but it is not said how", "Add the section [adl].")
        return
    if not stages and not layers and {"liquidation.stage", "loss.stage"} <= parts.complete:
        tell(("adl",), "nothing uses this section", 'Remove it, or add a stage with executor = "adl".')
    check_triggers(parts.adl, tell)
    if parts.adl.price == "spread" and not any(
        stage.executor == "adl" and stage.spread for _row, stage in known_rows(parts.stages)
    ):
        tell(
            ("adl", "price"),
            "no stage says how far from the reference",
            'Write price = { kind = "reference_spread", ppm = … } at the stage with executor = "adl".',
        )
    if parts.adl.combine == "lexicographic" and not 1 <= len(parts.adl.score) <= METRICS_MAX:
        tell(("adl", "score"), "nothing, or too much, to compare by", f"Name one to {METRICS_MAX} of the scores.")
    if parts.adl.combine == "product" and frozenset(parts.adl.score) not in SCORES:
        pairs = ", ".join(" x ".join(sorted(pair)) for pair in SCORES)
        tell(("adl", "score"), "the machine does not compute this product", f"Write one of: {pairs}.")


def check_triggers(adl: Adl, tell: Tell) -> None:
    """What stops a condition is nearer than what starts it."""
    for row, trigger in enumerate(adl.triggers):
        if trigger.stop > trigger.share:
            tell(
                ("adl", "trigger", row),
                "it stops before it has started",
                "Write a stop that is at most what starts it.",
            )
