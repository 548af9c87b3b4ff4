"""How reports become the mark everything is judged at."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, ms, ppm, table, tables, text, whole
from solvent.state.terms import SOURCES_MAX

WEIGHT_MAX: Final = 2**20
"""As the machine's bound on a source's weight: sixteen of them fit an int64 doubled."""

PRICE: Final[tuple[Parameter, ...]] = (
    table("price", "How reports become the mark everything is judged at.", required=True),
    table("price.index", "Joins what spot markets report.", required=True),
    choice(
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
    tables("price.index.sources", "Sources that do not weigh the default.", SOURCES_MAX),
    text("price.index.sources[].id", "The name of the feed.", required=True),
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
    tables("price.index.guards", "Reports that are not believed.", 3),
    choice(
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
    ms(
        "price.index.guards[].ms",
        "The age or lead that is too much.",
        kinds=("max_age", "future"),
        required=True,
    ),
    ppm("price.index.guards[].ppm", "The step that is too far.", kinds=("max_step",), required=True),
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
    table("price.fill", "Where fills come from; the machine only records them.", default={}),
    choice("price.fill.kind", "The venue matches orders.", "order_book", default="order_book", informational=True),
)
