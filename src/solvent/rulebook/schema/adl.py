"""How winners are made to close against a defaulter."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, decimal, money, ms, ppm, table, tables, text, texts
from solvent.units import PPM

TRIGGERS: Final = (
    "fund_depleted",
    "fund_drawdown",
    "fund_notional_cap",
    "account_equity_negative",
    "vault_refuses",
    "vault_loss",
    "pool_pnl_factor",
    "mark_reaches_bankruptcy",
    "order_unfilled",
)

ADL: Final[tuple[Parameter, ...]] = (
    table("adl", "How winners are made to close against a defaulter."),
    tables("adl.trigger", "When the venue says it starts; here the stages say it.", 4, informational=True),
    choice("adl.trigger[].kind", "The venue's condition.", *TRIGGERS, required=True, informational=True),
    ppm("adl.trigger[].threshold_ppm", "Share of the vault lost.", kinds=("vault_loss",), informational=True),
    ppm(
        "adl.trigger[].ppm_of_fund",
        "Positions of the fund over its means.",
        kinds=("fund_notional_cap",),
        most=100 * PPM,
        informational=True,
    ),
    ms(
        "adl.trigger[].window_ms",
        "Over which the peak is taken.",
        kinds=("fund_drawdown",),
        required=True,
        informational=True,
    ),
    ppm(
        "adl.trigger[].trigger_ppm",
        "Fall from the peak that starts it.",
        kinds=("fund_drawdown",),
        required=True,
        informational=True,
    ),
    ppm(
        "adl.trigger[].stop_ppm", "Fall from the peak at which it stops.", kinds=("fund_drawdown",), informational=True
    ),
    text("adl.trigger[].denominator", "What the fall is a share of.", kinds=("fund_drawdown",), informational=True),
    text("adl.trigger[].scope", "Whose fall.", kinds=("fund_drawdown",), informational=True),
    decimal(
        "adl.trigger[].min_balance",
        "Fund below which it does not apply.",
        "settlement currency",
        kinds=("fund_drawdown",),
        informational=True,
    ),
    ppm(
        "adl.trigger[].max_ppm",
        "Gains over pool that start it.",
        kinds=("pool_pnl_factor",),
        required=True,
        informational=True,
    ),
    ppm(
        "adl.trigger[].floor_after_ppm",
        "Gains over pool at which it stops.",
        kinds=("pool_pnl_factor",),
        required=True,
        informational=True,
    ),
    ms("adl.trigger[].after_ms", "Time an order waits.", kinds=("order_unfilled",), required=True, informational=True),
    texts(
        "adl.score",
        "Ranks winners, highest first.",
        choices=(
            "mark_over_entry_price",
            "notional_over_equity",
            "pnl_over_wallet",
            "maintenance_over_equity",
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
        "oracle",
        later=("reference_spread", "zero_price_bounded"),
        required=True,
    ),
    money(
        "adl.unit",
        "Pro rata deals contracts out in pieces of this notional, so that a small default need not touch every winner.",
        default="0",
    ),
    choice(
        "adl.size",
        "Closed one after the other until nothing is left, or by shares as `combine` says.",
        "sequential",
        "pro_rata",
        later=("keeper_bounded",),
        default="sequential",
    ),
    text("adl.when_losing", "Score of losers; the machine leaves them out.", informational=True),
)
