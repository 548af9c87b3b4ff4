"""Under which rule each cell of the terms is changed: its family, and whether it is a number that moves in steps.

A cell is FAMILY + 16 x SCALE. A scale says what one unit is where the value in force is zero: a share of one, or
nothing (what was off may be switched on at any value). Kinds, codes and derived numbers are no quantities.
"""

from typing import Final

import numpy as np

from solvent.codes import Family
from solvent.state.terms import TermsShape, layout
from solvent.units import PPB, PPM

FAMILY_OF: Final = {
    "contracts": Family.CONTRACT,
    "options": Family.CONTRACT,
    "feeds": Family.PRICE,
    "pricing": Family.PRICE,
    "remedies": Family.PRICE,
    "assets": Family.COLLATERAL,
    "schedules": Family.MARGIN,
    "brackets": Family.MARGIN,
    "levels": Family.MARGIN,
    "shocks": Family.MARGIN,
    "funding": Family.FUNDING,
    "stages": Family.LIQUIDATION,
    "absorbers": Family.LOSS,
    "pools": Family.LOSS,
    "backings": Family.LOSS,
    "offers": Family.LIQUIDATION,
    "triggers": Family.ADL,
    "markets": Family.LIMITS,
    "breakers": Family.BREAKERS,
    "dynamics": Family.DYNAMIC,
}
"""Table of the terms -> its family; a table not named here is changed like the rules of change themselves."""

POLICY_OF: Final = {
    "mark": Family.PRICE,
    "sources": Family.PRICE,
    "future": Family.PRICE,
    "grace": Family.PRICE,
    "funding": Family.FUNDING,
    "adl": Family.ADL,
    "routes": Family.LIQUIDATION,
    "block": Family.LIQUIDATION,
    "withdraw": Family.LIMITS,
    "outflow": Family.LIMITS,
    "open": Family.LIMITS,
    "scenario": Family.MARGIN,
    "caution": Family.MARGIN,
    "step": Family.DYNAMIC,
    "advance": Family.ENGINE,
}
"""First word of a field of the policy -> its family."""

NO_QUANTITY, PLAIN, SHARE_PPM, SHARE_PPB = range(4)
UNIT: Final = (0, 0, PPM, PPB)
FAMILY_BITS: Final = 16


def scale_of(table: str, field: str) -> int:
    """Whether a field is a number that moves in steps, and of what."""
    if table == "brackets" or field == "rate_max_ppm":
        return NO_QUANTITY  # rates are held to their step as rates: their numbers change with the denominator
    if field.endswith("_ppm"):
        return SHARE_PPM
    if field.endswith("_ppb"):
        return SHARE_PPB
    return PLAIN if field.endswith(("_quanta", "_lots", "_ns", "_max")) or field == "weight" else NO_QUANTITY


def families_of(shape: TermsShape) -> np.ndarray:
    """The code of every cell of terms of this shape."""
    codes: list[int] = []
    for table, (_first, rows, dtype) in layout(shape).items():
        row = []
        for field in dtype.names or ():
            family = FAMILY_OF.get(table, Family.GOVERNANCE)
            if table == "policy":
                family = POLICY_OF.get(field.partition("_")[0], Family.GOVERNANCE)
            row.append(int(family) + FAMILY_BITS * scale_of(table, field))
        codes += row * rows
    return np.array(codes, dtype=np.int64)
