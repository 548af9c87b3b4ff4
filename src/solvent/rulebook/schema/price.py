"""How reports become the mark everything is judged at."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import (
    Parameter,
    choice,
    decimal,
    flag,
    money,
    ms,
    ppm,
    table,
    tables,
    text,
    whole,
)
from solvent.state.terms import CONDITIONS, SOURCES_MAX

WEIGHT_MAX: Final = 2**20
"""As the machine's bound on a source's weight: sixteen of them fit an int64 doubled."""

GUARDS_MAX: Final = 16
"""Each kind once, anchors once for each window."""

GUARDS: Final = (
    "max_age",
    "max_step",
    "future",
    "max_deviation",
    "min_interval",
    "fixed_delay",
    "reference_divergence",
    "stale_fallback",
    "bandwidth",
    "sequencer_grace",
)

MARK_GUARDS: Final = (
    "max_age",
    "max_step",
    "reference_divergence",
    "stale_fallback",
    "bandwidth",
    "sequencer_grace",
)
"""Guards that ask something of the mark itself; the others ask it of a report."""

COMPONENTS: Final = (
    "index",
    "book_median",
    "last_trade",
    "index_plus_ema_basis",
    "index_plus_sma_basis",
    "index_times_funding_basis",
    "external_perp_median",
    "reported_mark",
    "deployer_inputs",
    "model",
)


def _guard_fields(place: str) -> tuple[Parameter, ...]:
    """What guards say besides their bound; the machine never takes a report it does not believe."""
    return (
        text(f"{place}[].on_breach", "`clamp` brings a deviation or a mark to its bound; else it is dropped."),
        text(f"{place}[].vs", "What it is measured from.", kinds=("max_deviation", "bandwidth"), required=True),
        whole(
            f"{place}[].min_breaches",
            "How many sources must break it at once for `then` to be used.",
            1,
            SOURCES_MAX,
            kinds=("max_deviation",),
        ),
        choice(
            f"{place}[].then",
            "What is used instead: the median of all sources, the far ones too.",
            "use_median",
            kinds=("max_deviation",),
        ),
        ms(
            f"{place}[].window_ms",
            "Window of the anchor: a minute, ten minutes or an hour. A step is from one report to the next.",
            kinds=("max_step", "anchor") if place == "price.index.guards" else ("max_step",),
        ),
        text(f"{place}[].ref", "The feed it is compared with.", kinds=("reference_divergence",), required=True),
        ms(
            f"{place}[].after_ms",
            "Silence after which another price is used.",
            kinds=("stale_fallback",),
            required=True,
        ),
        text(f"{place}[].to", "That other price.", kinds=("stale_fallback",), required=True),
    )


PRICE: Final[tuple[Parameter, ...]] = (
    table("price", "How reports become the mark everything is judged at.", required=True),
    table("price.index", "Joins what spot markets report.", required=True),
    choice(
        "price.index.kind",
        "A median ignores one liar; weights say who counts more.",
        "weighted_median",
        "median",
        "weighted_mean",
        "committee_weighted_median",
        later=("signed_range", "external_feed"),
        required=True,
    ),
    tables("price.index.sources", "Sources that do not weigh the default.", SOURCES_MAX),
    text("price.index.sources[].id", "The name of the feed.", required=True),
    whole("price.index.sources[].member", "The member of the committee it belongs to.", 0, SOURCES_MAX - 1, default=0),
    money("price.index.sources[].floor", "Lowest answer the feed can give: at it the price is not believed."),
    money("price.index.sources[].ceiling", "Highest answer the feed can give."),
    whole("price.index.sources[].w", "Its weight; 0 is not heard.", 0, WEIGHT_MAX, default=1),
    whole("price.index.default_w", "Weight of feeds nobody listed; 0 is not heard.", 0, WEIGHT_MAX, default=1),
    whole(
        "price.index.minimum_sources",
        "Fresh reports, of all kinds together, without which the mark stays where it is.",
        1,
        SOURCES_MAX,
        default=1,
    ),
    ms("price.index.interval_ms", "How often the venue publishes its index.", informational=True),
    text("price.index.update", "When the venue publishes its index.", informational=True),
    choice(
        "price.index.inner",
        "What each member of a committee takes.",
        "weighted_median",
        "median",
        kinds=("committee_weighted_median",),
        default="weighted_median",
    ),
    text(
        "price.index.weights",
        "What weighs the members; here they weigh what their sources weigh together.",
        kinds=("committee_weighted_median",),
        informational=True,
    ),
    text("price.index.provider", "Who signs the range.", kinds=("signed_range",), required=True),
    whole("price.index.decimals", "Of the signed numbers.", 0, 30, kinds=("signed_range",)),
    text("price.index.side_rule", "Which end of the range counts.", kinds=("signed_range",)),
    text("price.index.feed", "The feed taken as it is.", kinds=("external_feed",), required=True),
    text("price.index.fallback_feed", "The feed taken when it fails.", kinds=("external_feed",)),
    tables("price.index.guards", "Reports and marks that are not believed.", GUARDS_MAX),
    choice(
        "price.index.guards[].kind",
        "A report too old, too far from the last, ahead of the clock, too soon, too unsure, kept back; a source far "
        "from the median; sources, or kinds, far apart; our own book far from others; a mark far from its anchors.",
        *GUARDS,
        "max_confidence",
        "max_dispersion",
        "stale_mark",
        "anchor",
        required=True,
    ),
    ms(
        "price.index.guards[].ms",
        "The age, lead, interval, delay or pause.",
        kinds=("max_age", "future", "min_interval", "fixed_delay", "stale_mark", "sequencer_grace"),
        required=True,
    ),
    ppm(
        "price.index.guards[].ppm",
        "The step or distance that is too far.",
        kinds=(
            "max_step",
            "max_confidence",
            "max_deviation",
            "max_dispersion",
            "reference_divergence",
            "bandwidth",
            "anchor",
        ),
        required=True,
    ),
    *_guard_fields("price.index.guards"),
    tables("price.condition", "The oracle table: what may be done while a price is in doubt.", CONDITIONS),
    choice(
        "price.condition[].kind",
        "Stale: nobody confirmed the mark. Uncertain: sources far apart. Diverging: kinds, or the mark and its "
        "anchors, far apart. Below quorum: too few sources.",
        "stale",
        "uncertain",
        "diverging",
        "below_quorum",
        required=True,
    ),
    *(
        choice(f"price.condition[].{action}", why, "allow", "conservative", "refuse", default="allow")
        for action, why in (
            ("open", "Taking more risk. Conservative: collateral at the hour's lowest, initial margin of caution."),
            ("reduce", "Taking less risk; never stricter than liquidate."),
            ("liquidate", "Closing a distressed account, unless the doubt alone explains its distress."),
            ("withdraw", "Money leaving. Conservative: collateral at the hour's lowest."),
            ("mint", "Joining a pool that holds the market."),
        )
    ),
    table("price.mark", "Joins index, market and the venue's own mark.", required=True),
    choice(
        "price.mark.kind",
        "Median of the components, or the first that is fresh.",
        "median",
        "first",
        later=("liquidity_blend",),
        required=True,
    ),
    tables("price.mark.components", "What enters the mark.", 3, least=1, required=True),
    choice(
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
    tables(
        "price.mark.components[].sources",
        "Feeds of this component that do not weigh the default.",
        SOURCES_MAX,
        kinds=("external_perp_median", "reported_mark"),
    ),
    text("price.mark.components[].sources[].id", "The name of the feed.", required=True),
    whole("price.mark.components[].sources[].w", "Its weight; 0 is not heard.", 0, WEIGHT_MAX, default=1),
    tables(
        "price.mark.guards",
        "Marks that are not believed; what a report is asked stands in the index.",
        GUARDS_MAX,
    ),
    choice(
        "price.mark.guards[].kind",
        "Nobody confirmed it so long; too far from the one in force, or from its anchor of a window; kinds far apart;"
        " our own book far from others; the pause after a silence, and how long a silence leaves the own book bound.",
        *MARK_GUARDS,
        later=tuple(kind for kind in GUARDS if kind not in MARK_GUARDS),
        required=True,
    ),
    ms(
        "price.mark.guards[].ms",
        "The age or lead that is too much.",
        kinds=("max_age", "future", "min_interval", "fixed_delay", "sequencer_grace"),
        required=True,
    ),
    ppm(
        "price.mark.guards[].ppm",
        "The step or distance that is too far.",
        kinds=("max_step", "max_deviation", "reference_divergence", "bandwidth"),
        required=True,
    ),
    *_guard_fields("price.mark.guards"),
    table(
        "price.mark.if_two_add",
        "Joins when exactly two components are fresh.",
        kinds=("median",),
        unrun="the machine adds no component when two are fresh",
    ),
    choice("price.mark.if_two_add.kind", "The component.", *COMPONENTS, required=True),
    ms("price.mark.if_two_add.tau_ms", "Time constant of its average."),
    text("price.mark.if_two_add.basis", "What is averaged."),
    ms("price.mark.ramp_ms", "Over which weights move.", kinds=("liquidity_blend",), required=True),
    ppm("price.mark.max_spread_ppm", "Beyond it a book has no weight.", kinds=("liquidity_blend",), required=True),
    ms(
        "price.mark.components[].tau_ms",
        "Time constant of the average.",
        kinds=("index_plus_ema_basis",),
        required=True,
    ),
    text("price.mark.components[].basis", "What is averaged.", kinds=("index_plus_ema_basis",)),
    ms(
        "price.mark.components[].window_ms",
        "Length of the average.",
        kinds=("index_plus_sma_basis",),
        required=True,
    ),
    whole("price.mark.components[].samples", "Of the average.", 1, 100_000, kinds=("index_plus_sma_basis",)),
    ms(
        "price.mark.components[].time_floor_ms",
        "The time to funding is floored to this.",
        kinds=("index_times_funding_basis",),
    ),
    whole(
        "price.mark.components[].max",
        "How many inputs count.",
        1,
        SOURCES_MAX,
        kinds=("deployer_inputs",),
        required=True,
    ),
    table("price.fill", "Where fills come from; the machine only records them.", default={}),
    choice(
        "price.fill.kind",
        "The venue matches orders, or trades from a pool at the oracle moved by skew or imbalance.",
        "order_book",
        "oracle_only",
        "skew_linear",
        "imbalance_power",
        default="order_book",
    ),
    decimal(
        "price.fill.skew_scale",
        "Skew at which the price moves by all of it.",
        "base",
        kinds=("skew_linear",),
        required=True,
    ),
    *(
        decimal(
            f"price.fill.{name}",
            "Of the price impact.",
            "as the venue writes it",
            kinds=("imbalance_power",),
            required=True,
        )
        for name in ("exponent_positive", "exponent_negative", "factor_positive", "factor_negative")
    ),
    *(
        ppm(f"price.fill.{name}", "Bound of the price impact.", least=0, kinds=("imbalance_power",))
        for name in ("cap_positive_ppm", "cap_negative_ppm", "cap_liquidation_ppm")
    ),
    flag("price.fill.virtual_inventory", "Whether markets share their imbalance.", kinds=("imbalance_power",)),
)
