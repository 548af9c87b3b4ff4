"""Bounds of the machine itself."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, table, whole

ADVANCE_MAX: Final = 4_096
"""Accounts one `Advance` may work: the bound on the time of one command."""

ENGINE: Final[tuple[Parameter, ...]] = (
    table("engine", "Bounds of the machine itself.", default={}),
    whole(
        "engine.accounts_per_advance",
        "Distressed accounts one command may work: the bound on its time.",
        1,
        ADVANCE_MAX,
        default=64,
    ),
)
