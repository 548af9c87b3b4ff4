"""How winners are made to close against a defaulter."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, money, ppm, table, tables, text, texts

ADL: Final[tuple[Parameter, ...]] = (
    table("adl", "How winners are made to close against a defaulter."),
    tables("adl.trigger", "When the venue says it starts; here the stages say it.", 4, informational=True),
    text("adl.trigger[].kind", "The venue's word.", required=True, informational=True),
    ppm("adl.trigger[].threshold_ppm", "Its threshold.", informational=True),
    ppm("adl.trigger[].ppm_of_fund", "Its share of the fund.", informational=True),
    texts(
        "adl.score",
        "Ranks winners, highest first.",
        choices=(
            "mark_over_entry_price",
            "notional_over_equity",
            "pnl_over_wallet",
            "maintenance_over_equity",
        ),
        later=(
            "pnl_over_entry_value",
            "effective_leverage_to_bankruptcy",
            "leverage",
            "unrealised_pnl",
            "pnl_over_margin",
        ),
    ),
    choice(
        "adl.combine",
        "A queue by the product of the scores, or everyone in proportion.",
        "product",
        "pro_rata",
        later=("lexicographic", "keeper_choice", "pseudo_random"),
        required=True,
    ),
    choice(
        "adl.price",
        "At bankruptcy the winners bear the loss; at a mark they only lose the position.",
        "mark",
        "previous_mark",
        "bankruptcy",
        later=("oracle", "reference_spread", "zero_price_bounded"),
        required=True,
    ),
    money(
        "adl.unit",
        "Pro rata deals contracts out in pieces of this notional, so that a small default need not touch every winner.",
        default="0",
    ),
    choice("adl.size", "Closed one after the other until nothing is left.", "sequential", default="sequential"),
    text("adl.when_losing", "Score of losers; the machine leaves them out.", informational=True),
)
