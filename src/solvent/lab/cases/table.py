"""Which function answers which rule of which venue: `fn` or `topic` of a case → rule.

A venue's file has one table `RULES`; this one joins them. A name belongs to one file.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from solvent.lab.cases import auctions, drift, dydx, funding, liquidations, losses, mango, margins, models, prices, vega
from solvent.lab.cases.case import Case

Rule = Callable[[Case], Any]

CONCEPTS: Final = (auctions, funding, liquidations, losses, margins, prices)
"""Files of the venues' worked examples, one for each concept: their topics are asked of several venues."""

ENGINES: Final = (dydx, drift, mango, vega)
"""Files of the engines whose tests were read, one for each venue."""

TABLES: Final[tuple[Mapping[str, Rule], ...]] = tuple(file.RULES for file in (*ENGINES, *CONCEPTS, models))

RULES: Final[dict[str, Rule]] = {topic: rule for table in TABLES for topic, rule in table.items()}

assert len(RULES) == sum(len(table) for table in TABLES), "two files answer to one name"

VENUES: Final = frozenset(
    {
        *("binance_coinm", "binance_usdm", "bitmex", "bitmex/binance_2019", "bybit", "bybit_inverse", "bybit_uta"),
        *("deribit", "deribit/derive", "derive", "drift_v2", "dydx_v4", "gmx_v2", "hyperliquid", "hyperliquid_hip3"),
        *("lighter", "maker", "mango_v4", "okx", "okx_legacy_swap", "paradex", "solvent"),
        *("synthetix", "synthetix_perps_v2", "synthetix_v3", "vega"),
    }
)
"""Venues a case may name, as the presets spell them; a hyphen counts as an underscore."""
