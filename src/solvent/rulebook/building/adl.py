"""From what was read to records: how winners close against a defaulter."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import Adl
from solvent.rulebook.rules.adl import AdlTrigger

SHARES: Final = ("trigger_ppm", "ppm_of_fund", "max_ppm", "threshold_ppm")


def build_adl(_reading: Reading, value: dict[str, Any], _path: Path) -> Adl:
    """The section as it stands; the oracle is the mark of a venue whose mark is its index."""
    names = {"oracle": "mark", "reference_spread": "spread", "zero_price_bounded": "zero_price"}
    triggers = tuple(
        AdlTrigger(
            kind=trigger["kind"],
            share=next((trigger[name] for name in SHARES if trigger.get(name)), Fraction(0)),
            stop=trigger.get("stop_ppm") or trigger.get("floor_after_ppm") or Fraction(0),
            window_ms=trigger.get("window_ms") or trigger.get("after_ms") or 0,
            least=trigger.get("min_balance") or Decimal(0),
        )
        for trigger in value["trigger"]
    )
    return Adl(value["score"], value["combine"], names.get(value["price"], value["price"]), value["unit"], triggers)
