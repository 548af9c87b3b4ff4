"""Who is near liquidation, on a live engine or a journal: the list behind alerts.

    report = near_accounts(engine, Level.MAINTENANCE, 1_250_000)      # equity below 1.25 times what is required

Nothing is changed. At maintenance the watch's index answers; it may name nobody too few (see `procedures/near`).
"""

import time

import msgspec
import numpy as np

from solvent.codes import Level
from solvent.engine.engine import Engine
from solvent.procedures.assess import assess_accounts
from solvent.procedures.near import BY_FILTER, BY_INDEX, SCALE_MAX_PPM, find_near
from solvent.units import PPM


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """One account near the threshold; money in quanta."""

    account: int
    equity_quanta: int
    requirement_quanta: int
    surplus_quanta: int


class NearReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody below the multiple, ascending, and how the answer was found. Time in milliseconds."""

    sequence: int
    level: str
    scale_ppm: int
    judged: int
    way: str
    took_ms: float
    accounts: list[Near]


def near_accounts(engine: Engine, level: Level = Level.MAINTENANCE, scale_ppm: int = 1_250_000) -> NearReport:
    """Sound traders whose equity is below `scale_ppm` of what the level requires.

    Raises ValueError for a multiple below one or above a thousand, or a level the rulebook does not use.
    """
    state, watch = engine.machine
    if not PPM <= scale_ppm <= SCALE_MAX_PPM:
        raise ValueError(f"the multiple is {scale_ppm} ppm: write one from 1 to {SCALE_MAX_PPM // PPM}")
    if state.levels[level].used == 0:
        raise ValueError(f"the rulebook has no level {level.name.lower()}")
    found = np.zeros(max(int(state.venue[0].account_count), 1), dtype=np.int32)
    began = time.perf_counter()
    count, judged, way = find_near(state, watch, int(level), scale_ppm, found)
    took_ms = (time.perf_counter() - began) * 1e3
    answers = np.zeros((count, 4), dtype=np.int64)
    assess_accounts(state, int(level), found[:count].astype(np.int64), answers)
    return NearReport(
        sequence=engine.sequence,
        level=level.name.lower(),
        scale_ppm=scale_ppm,
        judged=int(judged),
        way={BY_INDEX: "index", BY_FILTER: "filter"}.get(way, "scan"),
        took_ms=round(took_ms, 3),
        accounts=[
            Near(
                account=int(account),
                equity_quanta=int(equity),
                requirement_quanta=int(required),
                surplus_quanta=int(equity - required),
            )
            for account, (equity, required, _gains, _notional) in zip(found[:count], answers, strict=True)
        ],
    )
