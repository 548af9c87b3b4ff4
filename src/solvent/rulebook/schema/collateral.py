"""What counts as equity, and for how much."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, ppm, tables, text, whole
from solvent.state.terms import ASSETS_MAX

COLLATERAL: Final[tuple[Parameter, ...]] = (
    tables(
        "collateral",
        "What counts as equity; the first is the settlement currency.",
        ASSETS_MAX,
        least=1,
        required=True,
    ),
    text("collateral[].asset", "Its name.", required=True),
    choice(
        "collateral[].kind",
        "At par, or at its price times a weight.",
        "par",
        "weight",
        later=("weight_tiered", "weight_impact", "band_amm", "scenario_joint"),
        required=True,
    ),
    ppm(
        "collateral[].initial_ppm",
        "Share that counts for opening.",
        kinds=("weight",),
        least=0,
        required=True,
    ),
    ppm(
        "collateral[].maintenance_ppm",
        "Share that counts against liquidation; a margin for the sale.",
        kinds=("weight",),
        least=0,
        required=True,
    ),
    text("collateral[].price", "Base of the contract that prices it; the asset itself.", kinds=("weight",)),
    whole(
        "collateral[].decimals",
        "Smallest unit kept is ten to the minus this.",
        0,
        18,
        kinds=("weight",),
        default=8,
    ),
)
