"""For whom the machine rounds."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, choice, table

ROUNDING: Final[tuple[Parameter, ...]] = (
    table("rounding", "For whom the machine rounds: never for the account.", default={}),
    choice("rounding.requirement", "Up.", "ceil", later=("floor", "nearest"), default="ceil"),
    *(
        choice(f"rounding.{name}", "Against the account.", "floor", "ceil", "nearest", informational=True)
        for name in ("fee", "payout", "liquidation_price")
    ),
    choice("rounding.equity", "Down.", "floor", later=("ceil", "nearest"), default="floor"),
)
