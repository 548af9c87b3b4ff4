"""What a document says about itself, and which margin units traders may open."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, Type, choice, table, text, texts

SCHEMA: Final = "rulebook/1"

META: Final[tuple[Parameter, ...]] = (
    choice("schema", "Says which declarations the document follows.", SCHEMA, required=True),
    table("meta", "Where the rules come from and what they leave out.", required=True),
    text("meta.venue", "Names whose rules these are.", required=True),
    choice("meta.product", "The machine judges linear perpetuals.", "linear_perpetual", required=True),
    text("meta.settlement", "The currency every amount of the document is in.", required=True),
    Parameter("meta.as_of", Type.DATE, "Rules move; a replay picks the file valid on its day.", required=True),
    texts("meta.sources", "What the figures were read in.", informational=True),
    texts("meta.unverified", "Paths whose values nobody has confirmed.", informational=True),
    texts("meta.not_expressed", "What the venue does and this document cannot say yet.", informational=True),
    table("account", "Which margin units traders may open.", default={}),
    texts(
        "account.modes",
        "Cross shares one equity over positions, isolated holds one.",
        choices=("cross", "isolated"),
        later=("multi_asset", "portfolio"),
        default=("cross", "isolated"),
    ),
    choice(
        "account.position_mode",
        "One position per market and account.",
        "one_way",
        later=("hedge",),
        default="one_way",
    ),
)
