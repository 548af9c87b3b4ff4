"""Who bears a shortfall."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, ppm, table, tables, text
from solvent.state.terms import ABSORBERS_MAX
from solvent.units import PPM

FUND_KINDS: Final = ("insurance_fund", "venue_capital", "liquidity_vault")

LOSS: Final[tuple[Parameter, ...]] = (
    table("loss", "Who bears a shortfall.", required=True),
    tables("loss.stage", "Layers of the waterfall, in file order.", ABSORBERS_MAX + 1, least=1, required=True),
    choice(
        "loss.stage[].kind",
        "The layer.",
        "account_residual",
        "insurance_fund",
        "venue_capital",
        "liquidity_vault",
        "adl",
        "haircut_gains",
        "haircut_all",
        later=(
            "designated_makers",
            "pool",
            "socialise",
            "protocol_reserves",
            "deficit_ledger",
            "mint_auction",
            "time_settlement",
        ),
        required=True,
    ),
    text(
        "loss.stage[].to",
        "Who gets what an account leaves behind.",
        kinds=("account_residual",),
        required=True,
    ),
    choice(
        "loss.stage[].scope",
        "The fund of the market of the default, or the one of the venue.",
        "market",
        "venue",
        later=("contract_group",),
        kinds=("insurance_fund",),
        required=True,
    ),
    text("loss.stage[].id", "Another name for the vault.", kinds=("liquidity_vault",), default="vault"),
    ppm("loss.stage[].draw_cap_ppm", "Share of its means one default may take.", kinds=FUND_KINDS, default=PPM),
)
