"""Every parameter a rulebook may hold: where it stands, its unit and bounds, and why it exists.

These tables are the only declaration, one file for each slot. The reader checks documents against them, fills in
their defaults and suggests their names; the reference page is generated from them. Paths are dotted; `[]` is a
list's element, `*` a name.
"""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.adl import ADL
from solvent.rulebook.schema.borrow import BORROW
from solvent.rulebook.schema.breakers import BREAKERS
from solvent.rulebook.schema.collateral import COLLATERAL
from solvent.rulebook.schema.declare import Parameter, Type
from solvent.rulebook.schema.dynamic import DYNAMIC
from solvent.rulebook.schema.engine import ENGINE
from solvent.rulebook.schema.funding import FUNDING
from solvent.rulebook.schema.governance import GOVERNANCE
from solvent.rulebook.schema.limits import LIMITS
from solvent.rulebook.schema.liquidation import LIQUIDATION
from solvent.rulebook.schema.loss import LOSS
from solvent.rulebook.schema.margin import MARGIN
from solvent.rulebook.schema.meta import META, SCHEMA
from solvent.rulebook.schema.pools import POOLS
from solvent.rulebook.schema.price import PRICE
from solvent.rulebook.schema.rounding import ROUNDING
from solvent.rulebook.schema.tree import Node, nearest, tree_of

__all__ = ["PARAMETERS", "SCHEMA", "TREE", "Node", "Parameter", "Type", "nearest", "tree_of"]

PARAMETERS: Final[tuple[Parameter, ...]] = (
    *META,
    *PRICE,
    *COLLATERAL,
    *MARGIN,
    *DYNAMIC,
    *FUNDING,
    *BORROW,
    *LIQUIDATION,
    *LOSS,
    *POOLS,
    *ADL,
    *LIMITS,
    *BREAKERS,
    *GOVERNANCE,
    *ROUNDING,
    *ENGINE,
)

TREE: Final = tree_of(PARAMETERS)
