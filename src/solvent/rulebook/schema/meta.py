"""What a document says about itself, and which margin units traders may open."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, Type, choice, ms, table, text, texts

SCHEMA: Final = "rulebook/1"

META: Final[tuple[Parameter, ...]] = (
    choice("schema", "Says which declarations the document follows.", SCHEMA, required=True),
    table("meta", "Where the rules come from and what they leave out.", required=True),
    text("meta.venue", "Names whose rules these are.", required=True),
    choice(
        "meta.product",
        "What is traded. The machine holds perpetuals, of inverse_perpetual coin-margined ones unless a contract says"
        " otherwise: options of a venue that has them cannot be listed.",
        "linear_perpetual",
        "pool_backed_perpetual",
        "linear_perpetual_and_options",
        "perpetual_and_options",
        "options_and_perpetual",
        "lending",
        "inverse_perpetual",
        required=True,
    ),
    text("meta.settlement", "The currency every amount of the document is in.", required=True),
    Parameter("meta.as_of", Type.DATE, "Rules move; a replay picks the file valid on its day.", required=True),
    text("meta.extends", "Another rulebook, of which this document changes what it names.", informational=True),
    texts("meta.sources", "What the figures were read in.", informational=True),
    texts("meta.unverified", "Paths whose values nobody has confirmed.", informational=True),
    texts("meta.not_expressed", "What the venue does and this document cannot say yet.", informational=True),
    table("account", "Which margin units traders may open.", default={}),
    texts(
        "account.modes",
        "Cross shares one equity over positions, isolated holds one; multi_asset counts collateral of several"
        " assets, portfolio judges by scenarios: both follow from [[collateral]] and [[margin.schedule]].",
        choices=("cross", "isolated", "multi_asset", "portfolio"),
        default=("cross", "isolated"),
    ),
    choice(
        "account.position_mode",
        "One position per market and account; a hedged trader opens two accounts of one owner.",
        "one_way",
        later=("hedge",),
        default="one_way",
    ),
    texts("account.equity", "Terms the venue counts as equity.", informational=True),
    table("account.health_check", "When the venue looks; the machine looks at every price.", informational=True),
    text("account.health_check.on", "The occasion.", informational=True),
    ms("account.health_check.interval_ms", "The pause between two looks.", informational=True),
)
