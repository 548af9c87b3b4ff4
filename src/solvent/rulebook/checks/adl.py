"""The section stands exactly when something uses it."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.checks.parts import Parts, Tell, known_rows

SCORES: Final = {
    frozenset({"mark_over_entry_price", "notional_over_equity"}): "hyperliquid",
    frozenset({"pnl_over_wallet", "maintenance_over_equity"}): "binance",
    frozenset({"pnl_over_entry_value", "effective_leverage_to_bankruptcy"}): "bitmex",
    frozenset({"pnl_over_entry_value", "leverage"}): "bitmex",
    frozenset({"leverage", "unrealised_pnl"}): "lighter",
    frozenset({"pnl_over_margin", "maintenance_over_equity"}): "okx",
    frozenset({"unrealised_pnl"}): "gain",
}


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
    if parts.adl.combine == "product" and frozenset(parts.adl.score) not in SCORES:
        pairs = ", ".join(" x ".join(sorted(pair)) for pair in SCORES)
        tell(("adl", "score"), "the machine does not compute this product", f"Write one of: {pairs}.")
