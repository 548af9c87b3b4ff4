"""Who changes these rules, and how soon a change may bind."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, ms, table, text

GOVERNANCE: Final[tuple[Parameter, ...]] = (
    table("governance", "Who changes these rules.", default={}),
    text("governance.authority", "Whose decision it is.", informational=True),
    ms("governance.delay_ms", "Notice before a change binds.", least=0, informational=True),
)
