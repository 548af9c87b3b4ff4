"""Caps on open interest, positions, owners, orders, collateral and withdrawals."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, Type, choice, decimal, money, ms, ppm, table, tables, text

LIMITS_MAX: Final = 24
"""Each cap in each of its units, and one for every collateral asset."""

OUTFLOW_WINDOWS_MS: Final = (60_000, 600_000, 3_600_000, 86_400_000)
"""Rolling windows the machine keeps of what leaves: a minute, ten minutes, an hour, a day."""

LIMITS: Final[tuple[Parameter, ...]] = (
    table("limits", "Caps.", default={}),
    tables("limits.limit", "One cap each.", LIMITS_MAX),
    choice(
        "limits.limit[].kind",
        "What is capped: open interest, one account's position, the positions of one owner's accounts together, the "
        "price of what opens risk, what leaves in a while, an asset as collateral, and what a withdrawal leaves.",
        "open_interest",
        "position",
        "owner_position",
        "price_band",
        "outflow",
        "collateral_cap",
        "withdraw_floor",
        "withdraw_gains",
        "order_notional",
        later=("pool_reserve", "pool_deposit"),
        required=True,
    ),
    decimal(
        "limits.limit[].cap",
        "Largest open interest, position, deposit or amount of collateral, in its unit.",
        "as `unit` says; of collateral, units of the asset",
        kinds=("open_interest", "position", "owner_position", "collateral_cap", "pool_deposit"),
        required=True,
    ),
    choice(
        "limits.limit[].unit",
        "Of the cap: money; base; so many times the depth, or the circulating supply, a contract states.",
        "notional",
        "size",
        "depth",
        "supply",
        kinds=("open_interest", "position", "owner_position"),
        required=True,
    ),
    choice(
        "limits.limit[].scope",
        "Each market, each of its sides (which are equal here: every long has its short), or all markets together. "
        "Collateral is capped for the venue as a whole.",
        "market",
        "market_side",
        "venue",
        "platform",
        kinds=("open_interest", "collateral_cap"),
        default="market",
    ),
    text(
        "limits.limit[].asset_name",
        "The asset capped; every priced one where none is named.",
        kinds=("collateral_cap",),
    ),
    Parameter(
        "limits.limit[].ramp_from",
        Type.DATE,
        "Day on which the cap begins to grow from zero.",
        kinds=("collateral_cap",),
    ),
    ms("limits.limit[].ramp_ms", "Time in which it grows to its whole.", kinds=("collateral_cap",)),
    ppm(
        "limits.limit[].ppm",
        "Distance, share of the pool, or share of what is there that may leave.",
        kinds=("price_band", "pool_reserve", "outflow"),
        required=True,
    ),
    choice(
        "limits.limit[].vs",
        "What the distance is from.",
        "mark",
        later=("index", "last_trade"),
        kinds=("price_band",),
        required=True,
    ),
    ms("limits.limit[].window_ms", "A minute, ten minutes, an hour or a day.", kinds=("outflow",), default=3_600_000),
    money("limits.limit[].minimum", "What may leave in any case.", kinds=("outflow",), default="0"),
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
