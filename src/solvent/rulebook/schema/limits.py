"""Caps on positions, orders and withdrawals."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, Type, choice, money, ppm, table, tables, text

LIMITS: Final[tuple[Parameter, ...]] = (
    table("limits", "Caps.", default={}),
    tables("limits.limit", "One cap each.", 8),
    choice(
        "limits.limit[].kind",
        "What is capped.",
        "open_interest",
        "withdraw_floor",
        "withdraw_gains",
        "order_notional",
        later=("position", "price_band", "pool_reserve", "collateral_cap", "pool_deposit"),
        required=True,
    ),
    money("limits.limit[].cap", "Largest open interest of each market.", kinds=("open_interest",), required=True),
    choice(
        "limits.limit[].unit",
        "Of the cap: money, or base.",
        "notional",
        "size",
        kinds=("open_interest",),
        required=True,
    ),
    choice(
        "limits.limit[].scope",
        "Each market for itself.",
        "market",
        kinds=("open_interest",),
        default="market",
    ),
    choice(
        "limits.limit[].level",
        "The requirement it adds to.",
        "initial",
        kinds=("withdraw_floor",),
        default="initial",
    ),
    ppm(
        "limits.limit[].notional_ppm",
        "Share of all notional that must stay behind.",
        kinds=("withdraw_floor",),
        required=True,
    ),
    Parameter(
        "limits.limit[].allowed",
        Type.FLAG,
        "Whether gains of open positions may leave before they are realised.",
        kinds=("withdraw_gains",),
        required=True,
    ),
    table(
        "limits.limit[].by_max_leverage",
        "Largest order by leverage.",
        kinds=("order_notional",),
        informational=True,
    ),
    money("limits.limit[].by_max_leverage.*", "From this leverage on.", informational=True),
    text("limits.limit[].note", "A remark.", informational=True),
)
