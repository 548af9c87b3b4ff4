"""How winners are made to close against a defaulter."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, decimal, money, ms, ppm, table, tables, text, texts
from solvent.state.terms import TRIGGERS_MAX
from solvent.units import PPM

TRIGGERS: Final = (
    "fund_depleted",
    "fund_drawdown",
    "fund_notional_cap",
    "account_equity_negative",
    "vault_refuses",
    "pool_pnl_factor",
    "mark_reaches_bankruptcy",
    "order_unfilled",
    "vault_loss",
)

ADL: Final[tuple[Parameter, ...]] = (
    table("adl", "How winners are made to close against a defaulter."),
    tables("adl.trigger", "Any of these allows it; without one the stages alone say when.", TRIGGERS_MAX),
    choice(
        "adl.trigger[].kind",
        "The condition: of the funds before the winners, of the account, of the vault, or of an order's age.",
        *TRIGGERS,
        required=True,
    ),
    ppm(
        "adl.trigger[].threshold_ppm",
        "Loss of the positions the vault holds, over what it would have without it.",
        kinds=("vault_loss",),
        required=True,
    ),
    ppm(
        "adl.trigger[].ppm_of_fund",
        "Positions of the vault and of the account over the means of the funds.",
        kinds=("fund_notional_cap",),
        most=100 * PPM,
        required=True,
    ),
    ms(
        "adl.trigger[].window_ms",
        "Over which the peak is taken; the machine keeps a minute, ten minutes, an hour and a day, and takes the"
        " shortest at least so long.",
        kinds=("fund_drawdown",),
        required=True,
    ),
    ppm("adl.trigger[].trigger_ppm", "Fall from the peak that starts it.", kinds=("fund_drawdown",), required=True),
    ppm("adl.trigger[].stop_ppm", "Fall from the peak at which it stops.", kinds=("fund_drawdown",)),
    text(
        "adl.trigger[].denominator",
        "What the fall is a share of; here the peak itself.",
        kinds=("fund_drawdown",),
        informational=True,
    ),
    text(
        "adl.trigger[].scope",
        "Whose fall; here that of all funds together.",
        kinds=("fund_drawdown",),
        informational=True,
    ),
    decimal(
        "adl.trigger[].min_balance",
        "Funds of no more than this have no drawdown.",
        "settlement currency",
        kinds=("fund_drawdown",),
        default="0",
    ),
    ppm(
        "adl.trigger[].max_ppm",
        "Gains of traders over the vault's equity that start it.",
        kinds=("pool_pnl_factor",),
        most=100 * PPM,
        required=True,
    ),
    ppm(
        "adl.trigger[].floor_after_ppm",
        "Gains over equity at which it stops.",
        kinds=("pool_pnl_factor",),
        most=100 * PPM,
        required=True,
    ),
    ms("adl.trigger[].after_ms", "Time an order waits.", kinds=("order_unfilled",), required=True),
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
        "A queue by the product of the scores, or by one after the other; everyone in proportion; or in turn from a"
        " place that the event keys.",
        "product",
        "pro_rata",
        "lexicographic",
        "pseudo_random",
        later=("keeper_choice",),
        required=True,
    ),
    choice(
        "adl.price",
        "At bankruptcy the winners bear the loss; at a mark they only lose the position. A spread from the reference is"
        " that of the stage, and never beyond the bankruptcy price; the zero price leaves health as it is.",
        "mark",
        "previous_mark",
        "bankruptcy",
        "oracle",
        "reference_spread",
        "zero_price_bounded",
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
