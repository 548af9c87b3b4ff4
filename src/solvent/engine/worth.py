"""Values of many positions at once, by the machine's own functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvent.codes import ContractKind
from solvent.compiled import plain
from solvent.state.values import marked_quanta


def values_at(contract: Any, lots: np.ndarray, price_ticks: int, worth: Any = marked_quanta) -> np.ndarray:
    """Value in quanta of each of `lots` at one price, as `worth` rounds it."""
    if contract.kind != ContractKind.INVERSE:
        return np.asarray(lots, dtype=np.int64) * price_ticks * int(contract.quanta_per_lot_tick)
    value = plain(worth)
    return np.array([int(value(contract, count, price_ticks)) for count in lots.tolist()], dtype=np.int64)
