"""Who bears a shortfall."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, money, ms, ppm, table, tables, text
from solvent.state.terms import ABSORBERS_MAX
from solvent.units import PPM

FUND_KINDS: Final = ("insurance_fund", "venue_capital", "liquidity_vault", "pool", "protocol_reserves")

LOSS: Final[tuple[Parameter, ...]] = (
    table("loss", "Who bears a shortfall.", required=True),
    tables("loss.stage", "Layers of the waterfall, in file order.", ABSORBERS_MAX + 1, least=1, required=True),
    choice(
        "loss.stage[].kind",
        "The layer. A pool is the vault, protocol reserves are the venue's capital. A deficit ledger is the open"
        " deficit that is left after the last layer; an auction of minted tokens is held outside, and pays it down.",
        "account_residual",
        "insurance_fund",
        "venue_capital",
        "protocol_reserves",
        "liquidity_vault",
        "pool",
        "adl",
        "haircut_gains",
        "haircut_all",
        "socialise",
        "deficit_ledger",
        "mint_auction",
        later=("designated_makers", "time_settlement"),
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
        "settlement_currency",
        later=("contract_group", "market_or_venue", "business_line_and_underlying"),
        kinds=("insurance_fund",),
        required=True,
    ),
    ppm(
        "loss.stage[].max_position_notional_ppm",
        "Positions the fund may hold, over its means.",
        kinds=("insurance_fund",),
        most=100 * PPM,
        unrun="the fund takes over without such a bound",
    ),
    money(
        "loss.stage[].draw_cap",
        "Most one default may take.",
        kinds=("insurance_fund",),
        unrun="the cap is a share of its means, draw_cap_ppm",
    ),
    text("loss.stage[].spend_mode", "How the venue spends it.", kinds=("insurance_fund",), informational=True),
    text("loss.stage[].id", "Another name for the vault.", kinds=("liquidity_vault",), default="vault"),
    text(
        "loss.stage[].accept",
        "When it takes over; the machine reads it from the stage.",
        kinds=("liquidity_vault",),
        informational=True,
    ),
    ppm(
        "loss.stage[].max_equity_share_ppm",
        "Share of the vault one default may take.",
        kinds=("liquidity_vault",),
        informational=True,
    ),
    text("loss.stage[].share", "Whose pool it is.", kinds=("pool",), required=True, informational=True),
    choice(
        "loss.stage[].base",
        "What a charge is proportional to: gains of open positions, all free equity, or what leaves.",
        "session_gains",
        "unrealised_gains",
        "equity",
        "settlement_asset_holders",
        "withdrawals",
        later=("unmatured_profit", "open_interest"),
        kinds=("socialise",),
        required=True,
    ),
    ms("loss.stage[].session_ms", "Length of a session.", kinds=("socialise",), informational=True),
    choice(
        "loss.stage[].collect",
        "When it is charged; the machine charges at once, or what leaves while a loss has no payer.",
        "at_once",
        "settlement",
        "on_withdrawal",
        later=("lazy",),
        kinds=("socialise",),
        default="at_once",
    ),
    money("loss.stage[].target", "Reserves the protocol aims at.", kinds=("protocol_reserves",), informational=True),
    text(
        "loss.stage[].covered_by",
        "Who pays it off later.",
        kinds=("deficit_ledger",),
        required=True,
        informational=True,
    ),
    ppm("loss.stage[].price_spread_ppm", "What makers take.", kinds=("designated_makers",), required=True),
    ppm("loss.stage[].equity_multiple_ppm", "How much they take.", kinds=("designated_makers",), most=100 * PPM),
    ppm("loss.stage[].group_equity_ppm", "How much a group takes.", kinds=("designated_makers",)),
    ms("loss.stage[].window_ms", "In this time.", kinds=("designated_makers",)),
    text("loss.stage[].token", "What is minted.", kinds=("mint_auction",), required=True, informational=True),
    text("loss.stage[].note", "A remark.", kinds=("time_settlement",), required=True),
    ppm("loss.stage[].draw_cap_ppm", "Share of its means one default may take.", kinds=FUND_KINDS, default=PPM),
)
