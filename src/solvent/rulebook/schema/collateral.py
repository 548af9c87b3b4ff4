"""What counts as equity, and for how much."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import (
    MONEY_MAX,
    Parameter,
    Type,
    choice,
    decimal,
    money,
    ppm,
    table,
    tables,
    text,
    whole,
)
from solvent.state.terms import ASSETS_MAX
from solvent.units import PPM

PRICED: Final = ("weight", "weight_tiered", "weight_impact")
"""Kinds whose amounts are worth their price times a weight."""

TIERS_MAX: Final = 32
"""As many steps as venues publish for one asset, twice."""

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
        "At par, or at its price times a weight: fixed, falling by tiers, or falling with the amount to sell.",
        "par",
        "weight",
        "weight_tiered",
        "weight_impact",
        later=("band_amm", "scenario_joint"),
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
    text("collateral[].price", "Base of the contract that prices it; the asset itself.", kinds=PRICED),
    whole(
        "collateral[].decimals",
        "Smallest unit kept is ten to the minus this.",
        0,
        18,
        kinds=PRICED,
        default=8,
    ),
    table("collateral[].borrow", "What may be owed of it, and what that counts for.", kinds=("par", *PRICED)),
    decimal(
        "collateral[].borrow.limit",
        "Most one account may owe.",
        "units of the asset",
        required=True,
    ),
    ppm(
        "collateral[].borrow.initial_ppm",
        "What is owed counts so many times for opening.",
        least=PPM,
        most=10 * PPM,
        default=PPM,
    ),
    ppm(
        "collateral[].borrow.maintenance_ppm",
        "What is owed counts so many times against liquidation.",
        least=PPM,
        most=10 * PPM,
        default=PPM,
    ),
    ppm(
        "collateral[].borrow.lent_most_ppm",
        "Share of the deposits that may be owed by all together.",
        least=0,
        default=PPM,
    ),
    text("collateral[].oracle", "The feed the venue prices it with.", informational=True),
    text("collateral[].side", "Whether what is held or what is sold counts.", informational=True),
    table("collateral[].caps", "Venue-wide caps on the asset.", informational=True),
    money("collateral[].caps.*", "One cap.", informational=True),
    choice(
        "collateral[].by",
        "What the tiers step over: the amount held, or its value.",
        "amount",
        "amount_value",
        kinds=("weight_tiered",),
        default="amount",
    ),
    tables(
        "collateral[].tiers",
        "Weights of each further slice.",
        TIERS_MAX,
        least=1,
        kinds=("weight_tiered",),
        required=True,
    ),
    Parameter(
        "collateral[].tiers[].upto",
        Type.DECIMAL,
        "Where the slice ends; inf in the last.",
        unit="amount or value",
        least=0,
        most=MONEY_MAX,
        choices=("inf",),
        required=True,
    ),
    ppm("collateral[].tiers[].weight_ppm", "Share of the slice that counts.", least=0, required=True),
    decimal(
        "collateral[].scale",
        "Amount at which the discount is the whole of `scalar`.",
        "units of the asset",
        kinds=("weight_impact",),
        required=True,
    ),
    decimal("collateral[].scalar", "Discount per amount over scale.", "ratio", kinds=("weight_impact",), required=True),
    ppm("collateral[].floor_ppm", "Least discount.", least=0, kinds=("weight_impact",), required=True),
    ppm("collateral[].cap_ppm", "Largest discount.", least=0, kinds=("weight_impact",), required=True),
    decimal(
        "collateral[].max_amount",
        "Cap on one account.",
        "units of the asset",
        kinds=("weight_impact",),
        informational=True,
    ),
    whole("collateral[].amplification", "Of the bands.", 2, 10_000, kinds=("band_amm",), required=True),
    whole("collateral[].bands_min", "Fewest bands of a loan.", 1, 1_000, kinds=("band_amm",), required=True),
    whole("collateral[].bands_max", "Most bands of a loan.", 1, 1_000, kinds=("band_amm",), required=True),
    ppm("collateral[].loan_discount_ppm", "Margin for opening.", least=0, kinds=("band_amm",), required=True),
    ppm("collateral[].liquidation_discount_ppm", "Margin for closing.", least=0, kinds=("band_amm",), required=True),
    ppm("collateral[].haircut_ppm", "Added to the scenarios.", least=0, kinds=("scenario_joint",), required=True),
    text("collateral[].equity_side_impact", "Which side it moves.", kinds=("scenario_joint",)),
)
