"""Every parameter a rulebook may hold: where it stands, its unit and bounds, and why it exists.

This table is the only declaration. The reader checks documents against it, fills in its defaults and suggests
its names; the reference page is generated from it. Paths are dotted; `[]` is a list's element, `*` a name.

    ppm      whole parts per million                      ms   whole milliseconds
    money    decimal string in the settlement currency    text, choice, flag, date, list of texts
    table    a section; `tables` a list of them: `least` and `most` bound their number
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from solvent.state.terms import ABSORBERS_MAX, ASSETS_MAX, BREAKERS_MAX, LEVELS, SOURCES_MAX, STAGES_MAX
from solvent.units import PPM

SCHEMA: Final = "rulebook/1"

LEVERAGE_MAX: Final = 1_000
"""As `SetLeverage` of the machine."""

WEIGHT_MAX: Final = 2**20
"""As the machine's bound on a source's weight: sixteen of them fit an int64 doubled."""

MILLISECONDS_MAX: Final = 366 * 24 * 3_600 * 1_000
"""A year; in nanoseconds it leaves room to be added to any time of this century."""

BRACKETS_MAX: Final = 64
"""Venues publish at most a few dozen; the machine walks them one by one."""

MONEY_MAX: Final = 10**15
"""Beyond every sum in use, and with eight decimals still far inside what a Fraction makes exact."""

ADVANCE_MAX: Final = 4_096
"""Accounts one `Advance` may work: the bound on the time of one command."""


class Type(StrEnum):
    """What a value looks like in the document."""

    TABLE = "table"
    TABLES = "tables"
    INT = "int"
    PPM = "ppm"
    MS = "ms"
    MONEY = "money"
    TEXT = "text"
    CHOICE = "choice"
    TEXTS = "texts"
    FLAG = "flag"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declaration. `kinds` are the kinds of the enclosing table that use it, all when empty.

    `later` are choices the reference knows and the machine does not express yet. Informational parameters are
    kept for readers and for whoever computes what the machine is told; the machine does not read them.
    """

    path: str
    type: Type
    why: str
    unit: str = ""
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    kinds: tuple[str, ...] = ()
    informational: bool = False


def _table(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.TABLE, why, **more)


def _tables(path: str, why: str, most: int, **more: Any) -> Parameter:
    return Parameter(path, Type.TABLES, why, most=most, **{"least": 0, "default": (), **more})


def _ppm(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.PPM, why, unit="parts per million", **{"least": 1, "most": PPM, **more})


def _ms(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.MS, why, unit="milliseconds", **{"least": 1, "most": MILLISECONDS_MAX, **more})


def _money(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.MONEY, why, unit="settlement currency", **{"least": 0, "most": MONEY_MAX, **more})


def _int(path: str, why: str, least: int, most: int, **more: Any) -> Parameter:
    return Parameter(path, Type.INT, why, least=least, most=most, **more)


def _text(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.TEXT, why, **more)


def _texts(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.TEXTS, why, **{"default": (), **more})


def _choice(path: str, why: str, *choices: str, **more: Any) -> Parameter:
    return Parameter(path, Type.CHOICE, why, choices=choices, **more)


FUND_KINDS: Final = ("insurance_fund", "venue_capital", "liquidity_vault")

PARAMETERS: Final[tuple[Parameter, ...]] = (
    _choice("schema", "Says which declarations the document follows.", SCHEMA, required=True),
    _table("meta", "Where the rules come from and what they leave out.", required=True),
    _text("meta.venue", "Names whose rules these are.", required=True),
    _choice("meta.product", "The machine judges linear perpetuals.", "linear_perpetual", required=True),
    _text("meta.settlement", "The currency every amount of the document is in.", required=True),
    Parameter("meta.as_of", Type.DATE, "Rules move; a replay picks the file valid on its day.", required=True),
    _texts("meta.sources", "What the figures were read in.", informational=True),
    _texts("meta.unverified", "Paths whose values nobody has confirmed.", informational=True),
    _texts("meta.not_expressed", "What the venue does and this document cannot say yet.", informational=True),
    _table("account", "Which margin units traders may open.", default={}),
    _texts(
        "account.modes",
        "Cross shares one equity over positions, isolated holds one.",
        choices=("cross", "isolated"),
        later=("multi_asset", "portfolio"),
        default=("cross", "isolated"),
    ),
    _choice(
        "account.position_mode",
        "One position per market and account.",
        "one_way",
        later=("hedge",),
        default="one_way",
    ),
    _table("price", "How reports become the mark everything is judged at.", required=True),
    _table("price.index", "Joins what spot markets report.", required=True),
    _choice(
        "price.index.kind",
        "A median ignores one liar; weights say who counts more.",
        "weighted_median",
        "median",
        later=(
            "weighted_mean",
            "committee_weighted_median",
            "signed_range",
            "external_feed",
        ),
        required=True,
    ),
    _tables("price.index.sources", "Sources that do not weigh the default.", SOURCES_MAX),
    _text("price.index.sources[].id", "The name of the feed.", required=True),
    _int("price.index.sources[].w", "Its weight; 0 is not heard.", 0, WEIGHT_MAX, default=1),
    _int("price.index.default_w", "Weight of feeds nobody listed; 0 is not heard.", 0, WEIGHT_MAX, default=1),
    _int(
        "price.index.minimum_sources",
        "Fresh reports, of all kinds together, without which the mark stays where it is.",
        1,
        SOURCES_MAX,
        default=1,
    ),
    _ms("price.index.interval_ms", "How often the venue publishes its index.", informational=True),
    _tables("price.index.guards", "Reports that are not believed.", 3),
    _choice(
        "price.index.guards[].kind",
        "What is wrong with such a report: too old, too far from the last, ahead of the clock.",
        "max_age",
        "max_step",
        "future",
        later=(
            "max_deviation",
            "min_interval",
            "fixed_delay",
            "reference_divergence",
            "stale_fallback",
            "bandwidth",
            "sequencer_grace",
        ),
        required=True,
    ),
    _ms(
        "price.index.guards[].ms",
        "The age or lead that is too much.",
        kinds=("max_age", "future"),
        required=True,
    ),
    _ppm("price.index.guards[].ppm", "The step that is too far.", kinds=("max_step",), required=True),
    _table("price.mark", "Joins index, market and the venue's own mark.", required=True),
    _choice(
        "price.mark.kind",
        "Median of the components, or the first that is fresh.",
        "median",
        "first",
        later=("liquidity_blend",),
        required=True,
    ),
    _tables("price.mark.components", "What enters the mark.", 3, least=1, required=True),
    _choice(
        "price.mark.components[].kind",
        "Spot feeds, perpetual feeds elsewhere, or a mark the venue computes itself.",
        "index",
        "external_perp_median",
        "reported_mark",
        later=(
            "book_median",
            "last_trade",
            "index_plus_ema_basis",
            "index_plus_sma_basis",
            "index_times_funding_basis",
            "deployer_inputs",
            "model",
        ),
        required=True,
    ),
    _tables(
        "price.mark.components[].sources",
        "Feeds of this component that do not weigh the default.",
        SOURCES_MAX,
        kinds=("external_perp_median", "reported_mark"),
    ),
    _text("price.mark.components[].sources[].id", "The name of the feed.", required=True),
    _int("price.mark.components[].sources[].w", "Its weight; 0 is not heard.", 0, WEIGHT_MAX, default=1),
    _table("price.fill", "Where fills come from; the machine only records them.", default={}),
    _choice("price.fill.kind", "The venue matches orders.", "order_book", default="order_book", informational=True),
    _tables(
        "collateral",
        "What counts as equity; the first is the settlement currency.",
        ASSETS_MAX,
        least=1,
        required=True,
    ),
    _text("collateral[].asset", "Its name.", required=True),
    _choice(
        "collateral[].kind",
        "At par, or at its price times a weight.",
        "par",
        "weight",
        later=("weight_tiered", "weight_impact", "band_amm", "scenario_joint"),
        required=True,
    ),
    _ppm(
        "collateral[].initial_ppm",
        "Share that counts for opening.",
        kinds=("weight",),
        least=0,
        required=True,
    ),
    _ppm(
        "collateral[].maintenance_ppm",
        "Share that counts against liquidation; a margin for the sale.",
        kinds=("weight",),
        least=0,
        required=True,
    ),
    _text("collateral[].price", "Base of the contract that prices it; the asset itself.", kinds=("weight",)),
    _int(
        "collateral[].decimals",
        "Smallest unit kept is ten to the minus this.",
        0,
        18,
        kinds=("weight",),
        default=8,
    ),
    _table("margin", "What an account must hold.", required=True),
    _tables("margin.schedule", "From the size of a position to a rate.", 8, least=1, required=True),
    _text("margin.schedule[].id", "What levels call it.", required=True),
    _choice(
        "margin.schedule[].kind",
        "Rates by size, a rate the trader chose, or nothing (lending).",
        "brackets",
        "user_leverage",
        "zero",
        later=("curve", "option_standard", "scenario"),
        required=True,
    ),
    _choice(
        "margin.schedule[].mode",
        "Marginal: each slice at its own rate. Whole: all of it at the rate it has reached.",
        "marginal",
        "whole",
        kinds=("brackets",),
        required=True,
    ),
    _choice(
        "margin.schedule[].driver",
        "The size that selects the bracket.",
        "position_notional",
        later=("open_interest", "entry_cost", "size"),
        kinds=("brackets",),
        default="position_notional",
    ),
    _ppm(
        "margin.schedule[].maintenance_share_ppm",
        "Maintenance as a share of 1 / max_leverage where a bracket gives no mmr_ppm.",
        kinds=("brackets",),
    ),
    _table("margin.schedule[].brackets", "Brackets by base of the market.", kinds=("brackets",), required=True),
    _tables(
        "margin.schedule[].brackets.*",
        "A market's brackets; `default` serves markets not named.",
        BRACKETS_MAX,
        least=1,
    ),
    _money("margin.schedule[].brackets.*[].from", "Notional from which the bracket applies.", required=True),
    _int(
        "margin.schedule[].brackets.*[].max_leverage",
        "Initial rate as a leverage: 1/30 stays exact, which ppm would not.",
        1,
        LEVERAGE_MAX,
    ),
    _ppm("margin.schedule[].brackets.*[].mmr_ppm", "Maintenance rate; alone it is the initial rate as well."),
    _text(
        "margin.schedule[].bounded_by",
        "Brackets a chosen leverage may not undercut.",
        kinds=("user_leverage",),
        required=True,
    ),
    _tables("margin.level", "The rungs an account is judged at.", LEVELS, least=1, required=True),
    _choice(
        "margin.level[].name",
        "Initial gates opening and leaving, maintenance liquidation, close-out a later stage.",
        "initial",
        "maintenance",
        "close_out",
        later=("buffer", "liquidation"),
        required=True,
    ),
    _text("margin.level[].of", "The schedule it takes its rates from.", required=True),
    _ppm("margin.level[].scale_ppm", "Multiplies every rate of the schedule.", most=10 * PPM, default=PPM),
    Parameter("margin.level[].includes_orders", Type.FLAG, "Count open orders at their worst.", default=False),
    _tables("margin.level[].add", "Amounts on top of the rates.", 1),
    _choice(
        "margin.level[].add[].kind",
        "Loss an open order would make at once at the mark.",
        "open_loss",
        later=("fixed", "fee_provision", "liquidation_reward", "liquidation_fee", "funding_provision"),
        required=True,
    ),
    _choice(
        "margin.level[].weights",
        "Which collateral weights apply; those of its own name.",
        "initial",
        "maintenance",
    ),
    _texts("margin.level[].blocks", "What an account below this level may not do.", choices=("open", "withdraw")),
    _table("funding", "What longs pay shorts; the venue computes the rate.", default={}),
    _choice(
        "funding.kind",
        "None refuses every rate but zero.",
        "none",
        "clamped_premium",
        "reported",
        later=("damped_premium", "velocity", "imbalance_adaptive"),
        default="reported",
    ),
    _ppm("funding.cap_ppm", "Largest rate of one interval, either sign.", least=0, default=10_000),
    _ms("funding.interval_ms", "How often the rate is paid.", informational=True),
    _ms("funding.rate_period_ms", "The period the published rate is for.", informational=True),
    _ms("funding.sample_ms", "How often the premium is sampled.", informational=True),
    _ppm("funding.interest_ppm", "Interest part of the rate.", least=0, informational=True),
    _ppm("funding.clamp_ppm", "How far interest may pull the premium.", least=0, informational=True),
    _text("funding.premium", "How the premium is measured.", informational=True),
    _choice("funding.payment_price", "Price of the notional paid on.", "mark", "index", informational=True),
    _table("funding.impact_notional", "Order size the premium is measured with.", informational=True),
    _money("funding.impact_notional.*", "For one market, or `default`.", informational=True),
    _table("liquidation", "Who closes what, and how.", required=True),
    _tables("liquidation.stage", "Rungs of the action ladder, in file order.", STAGES_MAX, least=1, required=True),
    _text("liquidation.stage[].id", "What reports call it.", required=True),
    _table("liquidation.stage[].when", "Equity below this much breaches the stage.", required=True),
    _choice(
        "liquidation.stage[].when.level",
        "The requirement compared with.",
        "initial",
        "maintenance",
        "close_out",
        required=True,
    ),
    _choice("liquidation.stage[].when.cmp", "Below, or already at it.", "lt", "le", required=True),
    _ppm(
        "liquidation.stage[].when.scale_ppm",
        "Share of the requirement; 0 is bankruptcy.",
        least=0,
        default=PPM,
    ),
    _texts(
        "liquidation.stage[].pre",
        "The trader's own orders always go first; nothing else is done before.",
        choices=("cancel_orders_all",),
        later=("auto_repay", "lower_risk_limit", "net_positions"),
    ),
    _choice(
        "liquidation.stage[].executor",
        "The venue's order, the vault, or the winners.",
        "engine",
        "backstop_vault",
        "adl",
        later=("keeper", "endorsed_keeper", "fund", "auction", "anyone", "continuous"),
        required=True,
    ),
    _text("liquidation.stage[].select", "Which position the venue takes first.", informational=True),
    _table("liquidation.stage[].size", "How much is closed; all of it."),
    _choice(
        "liquidation.stage[].size.kind",
        "All, a share, down a bracket, or until healthy.",
        "full",
        "fraction",
        "to_lower_tier",
        "to_health",
        later=("close_factor", "auction_fraction", "band", "max_repay"),
        required=True,
    ),
    _ppm("liquidation.stage[].size.ppm", "Share of the position.", kinds=("fraction",), required=True),
    _money(
        "liquidation.stage[].size.min_notional",
        "Up to this notional the whole position goes at once.",
        kinds=("fraction",),
        default="0",
    ),
    _choice(
        "liquidation.stage[].size.target",
        "Where the venue stops.",
        "next_lower",
        "compliant",
        later=("two_lower",),
        kinds=("to_lower_tier",),
        informational=True,
    ),
    _ppm(
        "liquidation.stage[].size.target_ppm",
        "Equity over maintenance to restore; more than 1 leaves room before the next call.",
        kinds=("to_health",),
        most=10 * PPM,
        required=True,
    ),
    _table("liquidation.stage[].throttle", "How often a share may be closed."),
    _choice(
        "liquidation.stage[].throttle.kind",
        "A pause after a partial order.",
        "cooldown",
        later=("rounds", "window", "room", "block"),
        required=True,
    ),
    _ms("liquidation.stage[].throttle.ms", "Length of the pause.", kinds=("cooldown",), required=True),
    _choice(
        "liquidation.stage[].throttle.during",
        "An order inside the pause is for everything.",
        "full",
        kinds=("cooldown",),
        default="full",
    ),
    _table("liquidation.stage[].price", "At what price contracts move; deleveraging has its own in [adl]."),
    _choice(
        "liquidation.stage[].price.kind",
        "Sold in the market, or taken over.",
        "market",
        "takeover",
        later=(
            "pool_fill",
            "reference_spread",
            "oracle_bonus",
            "oracle_health_discount",
            "auction",
            "amm_curve",
        ),
        required=True,
    ),
    _choice(
        "liquidation.stage[].price.limit",
        "A bankruptcy limit keeps the close-out from costing more than the account has.",
        "none",
        "bankruptcy",
        "ioc",
        kinds=("market",),
        default="none",
    ),
    _choice(
        "liquidation.stage[].price.at",
        "At the mark the rest stays; otherwise the vault gets positions and the rest.",
        "mark",
        "bankruptcy",
        "account_transfer",
        kinds=("takeover",),
        required=True,
    ),
    _tables("liquidation.stage[].fee", "What the account pays for being closed.", 2),
    _choice(
        "liquidation.stage[].fee[].kind",
        "Nothing, a share of what is closed, or what is left at the end.",
        "none",
        "notional",
        "residual",
        later=("requirement", "bonus_share", "improvement_share", "reward", "debt_penalty", "auction_start"),
        required=True,
    ),
    _ppm("liquidation.stage[].fee[].ppm", "The share.", kinds=("notional",), required=True),
    _text("liquidation.stage[].fee[].to", "Who gets it.", kinds=("notional", "residual"), required=True),
    _choice(
        "liquidation.stage[].fee[].when",
        "The machine charges fills only.",
        "liquidated_amount",
        kinds=("notional",),
        informational=True,
    ),
    _choice(
        "liquidation.stage[].accept",
        "When the vault takes over: always, if the loss is covered, or if its own margin also holds.",
        "always",
        "covered",
        "margined",
        default="always",
    ),
    _ms("liquidation.stage[].timeout_ms", "An order older than this is taken back.", default=5_000),
    _table("loss", "Who bears a shortfall.", required=True),
    _tables("loss.stage", "Layers of the waterfall, in file order.", ABSORBERS_MAX + 1, least=1, required=True),
    _choice(
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
    _text(
        "loss.stage[].to",
        "Who gets what an account leaves behind.",
        kinds=("account_residual",),
        required=True,
    ),
    _choice(
        "loss.stage[].scope",
        "The fund of the market of the default, or the one of the venue.",
        "market",
        "venue",
        later=("contract_group",),
        kinds=("insurance_fund",),
        required=True,
    ),
    _text("loss.stage[].id", "Another name for the vault.", kinds=("liquidity_vault",), default="vault"),
    _ppm("loss.stage[].draw_cap_ppm", "Share of its means one default may take.", kinds=FUND_KINDS, default=PPM),
    _table("adl", "How winners are made to close against a defaulter."),
    _tables("adl.trigger", "When the venue says it starts; here the stages say it.", 4, informational=True),
    _text("adl.trigger[].kind", "The venue's word.", required=True, informational=True),
    _ppm("adl.trigger[].threshold_ppm", "Its threshold.", informational=True),
    _ppm("adl.trigger[].ppm_of_fund", "Its share of the fund.", informational=True),
    _texts(
        "adl.score",
        "Ranks winners, highest first.",
        choices=(
            "mark_over_entry_price",
            "notional_over_equity",
            "pnl_over_wallet",
            "maintenance_over_equity",
        ),
        later=(
            "pnl_over_entry_value",
            "effective_leverage_to_bankruptcy",
            "leverage",
            "unrealised_pnl",
            "pnl_over_margin",
        ),
    ),
    _choice(
        "adl.combine",
        "A queue by the product of the scores, or everyone in proportion.",
        "product",
        "pro_rata",
        later=("lexicographic", "keeper_choice", "pseudo_random"),
        required=True,
    ),
    _choice(
        "adl.price",
        "At bankruptcy the winners bear the loss; at a mark they only lose the position.",
        "mark",
        "previous_mark",
        "bankruptcy",
        later=("oracle", "reference_spread", "zero_price_bounded"),
        required=True,
    ),
    _money(
        "adl.unit",
        "Pro rata deals contracts out in pieces of this notional, so that a small default need not touch every winner.",
        default="0",
    ),
    _choice("adl.size", "Closed one after the other until nothing is left.", "sequential", default="sequential"),
    _text("adl.when_losing", "Score of losers; the machine leaves them out.", informational=True),
    _table("limits", "Caps.", default={}),
    _tables("limits.limit", "One cap each.", 8),
    _choice(
        "limits.limit[].kind",
        "What is capped.",
        "open_interest",
        "withdraw_floor",
        "withdraw_gains",
        "order_notional",
        later=("position", "price_band", "pool_reserve", "collateral_cap", "pool_deposit"),
        required=True,
    ),
    _money("limits.limit[].cap", "Largest open interest of each market.", kinds=("open_interest",), required=True),
    _choice(
        "limits.limit[].unit",
        "Of the cap: money, or base.",
        "notional",
        "size",
        kinds=("open_interest",),
        required=True,
    ),
    _choice(
        "limits.limit[].scope",
        "Each market for itself.",
        "market",
        kinds=("open_interest",),
        default="market",
    ),
    _choice(
        "limits.limit[].level",
        "The requirement it adds to.",
        "initial",
        kinds=("withdraw_floor",),
        default="initial",
    ),
    _ppm(
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
    _table(
        "limits.limit[].by_max_leverage",
        "Largest order by leverage.",
        kinds=("order_notional",),
        informational=True,
    ),
    _money("limits.limit[].by_max_leverage.*", "From this leverage on.", informational=True),
    _text("limits.limit[].note", "A remark.", informational=True),
    _table("breakers", "What slows or stops a market.", default={}),
    _tables("breakers.breaker", "One breaker each.", BREAKERS_MAX),
    _table("breakers.breaker[].trigger", "When it acts.", required=True),
    _choice(
        "breakers.breaker[].trigger.metric",
        "Distance of the mark from its anchor.",
        "mark_move",
        later=("open_interest", "delisting_vote", "funding_at_cap", "fund_drawdown", "index_divergence"),
        required=True,
    ),
    _choice("breakers.breaker[].trigger.cmp", "At it or beyond.", "ge", default="ge"),
    _ppm("breakers.breaker[].trigger.value", "The move.", most=10 * PPM, required=True),
    _ms("breakers.breaker[].trigger.window_ms", "After this the anchor is set anew.", required=True),
    _choice(
        "breakers.breaker[].action",
        "What the market still allows.",
        "reduce_only",
        "halt_market",
        later=(
            "halt_liquidation",
            "halt_withdrawal",
            "settle_market",
            "pause_funding",
            "shorten_funding_interval",
        ),
        required=True,
    ),
    _ms("breakers.breaker[].release_ms", "It lets go by itself after this.", required=True),
    _table("governance", "Who changes these rules.", default={}),
    _text("governance.authority", "Whose decision it is.", informational=True),
    _ms("governance.delay_ms", "Notice before a change binds.", least=0, informational=True),
    _table("rounding", "For whom the machine rounds: never for the account.", default={}),
    _choice("rounding.requirement", "Up.", "ceil", later=("floor", "nearest"), default="ceil"),
    _choice("rounding.equity", "Down.", "floor", later=("ceil", "nearest"), default="floor"),
    _table("engine", "Bounds of the machine itself.", default={}),
    _int(
        "engine.accounts_per_advance",
        "Distressed accounts one command may work: the bound on its time.",
        1,
        ADVANCE_MAX,
        default=64,
    ),
)

UNSUPPORTED: Final[dict[str, tuple[str, str]]] = {
    "meta.extends": ("overlays are not supported yet", "Copy the other file and change the values in place."),
    "borrow": ("borrowing is not supported yet", "Remove the section; the machine lends nothing."),
}
"""Paths people may well write, the problem and the remedy."""


@dataclass(slots=True)
class Node:
    """A place of the document: its declaration, and what may stand below it."""

    parameter: Parameter
    fields: dict[str, Node] = field(default_factory=dict)
    any_name: Node | None = None


def tree_of(parameters: Iterable[Parameter]) -> Node:
    """The declarations as a tree; a list and its element are one node."""
    root = Node(Parameter("", Type.TABLE, "The document."))
    for parameter in parameters:
        *above, name = parameter.path.split(".")
        node = root
        for step in above:
            plain = step.removesuffix("[]")
            below = node.any_name if plain == "*" else node.fields[plain]
            assert below is not None, f"{parameter.path} is declared before what holds it"
            assert step.endswith("[]") == (below.parameter.type == Type.TABLES), parameter.path
            node = below
        if name == "*":
            node.any_name = Node(parameter)
        else:
            assert name not in node.fields, f"{parameter.path} is declared twice"
            node.fields[name] = Node(parameter)
    return root


TREE: Final = tree_of(PARAMETERS)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like this one, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""
