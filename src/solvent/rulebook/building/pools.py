"""From what was read to records: pools."""

from __future__ import annotations

from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules.pools import Pool, Unwind


def build_pool(_reading: Reading, value: dict[str, Any], _path: Path) -> Pool:
    """One pool."""
    unwind = value.get("unwind")
    return Pool(
        id=value["id"],
        markets=tuple(value["markets"]),
        notice_ms=value["notice_ms"],
        deposit_cap=value["deposit_cap"],
        market_cap=value["market_cap"],
        market_hour_cap=value["market_hour_cap"],
        hour_cap=value["hour_cap"],
        concentration=value["concentration_ppm"],
        correlation=value["correlation_ppm"],
        discount=value["discount_ppm"],
        unwind=None
        if unwind is None
        else Unwind(unwind["interval_ms"], unwind["depth_ppm"], unwind["limit_ppm"], unwind["whole_below"]),
        targets=value.get("target", {}),
    )
