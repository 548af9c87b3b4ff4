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
    money(
        "limits.limit[].cap",
        "Largest open interest of each market, position, deposit or amount of collateral.",
        kinds=("open_interest", "position", "collateral_cap", "pool_deposit"),
        required=True,
    ),
    choice(
        "limits.limit[].unit",
        "Of the cap: money, or base.",
        "notional",
        "size",
        kinds=("open_interest", "position"),
        required=True,
    ),
    choice(
        "limits.limit[].scope",
        "Each market for itself; of collateral the venue as a whole.",
        "market",
        later=("market_side", "venue", "platform"),
        kinds=("open_interest", "collateral_cap"),
        default="market",
    ),
    text("limits.limit[].asset_name", "The asset capped.", kinds=("collateral_cap",)),
    ppm("limits.limit[].ppm", "Distance, or share of the pool.", kinds=("price_band", "pool_reserve"), required=True),
    text("limits.limit[].vs", "What the distance is from.", kinds=("price_band",), required=True),
    choice(
        "limits.limit[].level",
        "The requirement it adds to.",
        "initial",
        later=("maintenance", "close_out"),
        kinds=("withdraw_floor",),
        default="initial",
    ),
    ppm(
        "limits.limit[].notional_ppm",
        "Share of all notional that must stay behind.",
        kinds=("withdraw_floor",),
        least=0,
        default=0,
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
