"""Where the scan's copy of the accounts lies: those with as many slots together, in blocks, slot by slot."""

from typing import Any

import numpy as np

from solvent.state.tables import NONE
from solvent.state.terms import ASSETS_MAX
from solvent.units import HOLDINGS_MAX, POSITIONS_MAX

BLOCK = 64
SLOTS_MAX = POSITIONS_MAX + HOLDINGS_MAX
CODES_MAX = 2**16
FLOAT = np.dtype("f4")
"""What the mirror is read in; only `filter` computes with it."""

GROUP_FIRST_ROW = 0
GROUP_ROWS = 1
GROUP_FIRST_CELL = 2
GROUP_USED = 3
GROUP_FIELDS = 4


def has_mirror_room(instruments: int) -> bool:
    """True when so many markets fit the two-byte codes of a mirror."""
    return 2 * instruments + ASSETS_MAX <= CODES_MAX


def blank_mirror(slots_of_accounts: np.ndarray, instruments: int) -> dict[str, Any]:
    """The arrays of a mirror for accounts with so many slots each, by their names in the watch; still empty.

    Accounts without a slot have no row.
    """
    counts = np.bincount(slots_of_accounts, minlength=SLOTS_MAX + 1)[: SLOTS_MAX + 1]
    counts[0] = 0
    rows = -(-counts // BLOCK) * BLOCK
    groups = np.zeros((SLOTS_MAX + 1, GROUP_FIELDS), dtype=np.int64)
    groups[:, GROUP_ROWS] = rows
    groups[1:, GROUP_FIRST_ROW] = np.cumsum(rows)[:-1]
    cells = rows * np.arange(SLOTS_MAX + 1)
    groups[1:, GROUP_FIRST_CELL] = np.cumsum(cells)[:-1]
    return {
        "mirror_groups": groups,
        "mirror_cash": np.full(int(rows.sum()), np.inf, dtype=FLOAT),
        "mirror_account": np.full(int(rows.sum()), NONE, dtype=np.int32),
        "mirror_row": np.full(len(slots_of_accounts), NONE, dtype=np.int32),
        "mirror_lots": np.zeros(int(cells.sum()), dtype=FLOAT),
        "mirror_code": np.zeros(int(cells.sum()), dtype=np.uint16),
        "mirror_funding": np.zeros(instruments, dtype=np.int64),
    }
