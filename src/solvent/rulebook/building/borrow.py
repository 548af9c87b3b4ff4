"""From what was read to records: what those who owe an asset pay."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules.borrow import Borrow


def build_borrow(reading: Reading, value: dict[str, Any], path: Path) -> Borrow:
    """A kink as it stands; a power of the utilisation is a kink at all of it, and the power 0 a floor."""
    kind = value["kind"]
    floor = value.get("floor_ppm_per_year", Fraction(0))
    common = {"kept": value.get("kept_ppm", Fraction(0)), "interval_ms": value.get("interval_ms", 0), "kind": kind}
    if kind == "kink":
        base, above = value["base_ppm_per_year"], value["above_ppm_per_year"]
        return Borrow(floor, base, above, value["optimal_ppm"], **common)
    if kind == "utilisation":
        factor, power = value["factor_ppm_per_year"], value["exponent"]
        buffer = value["reserve_buffer_ppm"]
        if power not in (0, 1, 2):
            reading.tell((*path, "exponent"), f"the machine does not raise to {power}", 'Write "0", "1" or "2".')
        if power == 0:
            return Borrow(floor + factor, buffer=buffer, **common)
        return Borrow(floor, factor, square=power == 2, buffer=buffer, **common)
    return Borrow()
