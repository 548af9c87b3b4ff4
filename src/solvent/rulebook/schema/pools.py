"""Who stands behind which markets: pools with shares, ring-fenced from each other, and how they work inventory down."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import MONEY_MAX, Parameter, decimal, money, ms, ppm, table, tables, text, texts
from solvent.state.terms import POOLS_MAX
from solvent.units import PPM

POOLS: Final[tuple[Parameter, ...]] = (
    table("pools", "Pools and the markets they back.", default={}),
    tables(
        "pools.pool",
        "One pool each; a loss in its markets is never another pool's. `vault` backs every market no other names.",
        POOLS_MAX,
    ),
    text("pools.pool[].id", "What reports call it.", required=True),
    texts("pools.pool[].markets", "Markets it backs, by base."),
    ms(
        "pools.pool[].notice_ms",
        "Shares leave so long after notice; at least as long as the ladder takes to recognise a loss.",
        least=0,
        default=0,
    ),
    money("pools.pool[].deposit_cap", "Largest equity members may join up to; 0 is any.", default="0"),
    money("pools.pool[].market_cap", "Largest inventory in one market; 0 is any.", default="0"),
    money("pools.pool[].market_hour_cap", "Taken over in one market in an hour at most; 0 is any.", default="0"),
    money("pools.pool[].hour_cap", "Taken over in an hour in all its markets at most; 0 is any.", default="0"),
    ppm(
        "pools.pool[].concentration_ppm",
        "Inventory over the pool's equity at most, counted as the correlation says; 0 is any.",
        least=0,
        most=1000 * PPM,
        default=0,
    ),
    ppm(
        "pools.pool[].correlation_ppm",
        "How far the pool's markets move as one: this part of the inventory counts net, the rest gross.",
        least=0,
        default=PPM,
    ),
    ppm("pools.pool[].discount_ppm", "How far from the mark it takes positions over.", least=0, default=0),
    table("pools.pool[].unwind", "How inventory goes back to its target."),
    ms("pools.pool[].unwind.interval_ms", "Time between two orders in a market.", required=True),
    ppm("pools.pool[].unwind.depth_ppm", "Share of the market's depth one order takes.", required=True),
    ppm("pools.pool[].unwind.limit_ppm", "Furthest from the mark one order goes.", least=0, required=True),
    money("pools.pool[].unwind.whole_below", "An inventory up to this value goes in one order.", default="0"),
    table("pools.pool[].target", "Inventory it returns to, by base; none where nothing is said."),
    decimal("pools.pool[].target.*", "Size, negative for a short.", "base", least=-MONEY_MAX),
)
