"""What a book is expected to hold, from its own history: `--depth forecast --depths FILE`.

The file has one row a snapshot, in order of time: time, depth (notional within one per cent, one side), and price or
volatility. A forecast of `solvent.advisors.depth` is fitted; the run's books are then multiplied by what may be counted
on at the file's end, over what is usual: the lower of the 5 % quantile and the stressed floor.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np

from solvent.advisors.depth import fit_depth
from solvent.lab.worlds.faults import world_error

DECAY: Final = 0.97
"""Memory of the realised volatility, a step."""


def forecast_share(file: str | Path, ahead: int = 1) -> tuple[float, dict[str, Any]]:
    """(share of usual depth that may be counted on, what the forecast says). Raises WorldError with every fault."""
    import polars as pl

    place = Path(file)
    try:
        frame = pl.read_parquet(place) if place.suffix == ".parquet" else pl.read_csv(place, try_parse_dates=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise world_error(place.name, ("", f"it cannot be read: {error}", "Name a CSV or Parquet file.")) from None
    wanted = ("time", "depth", "price" if "volatility" not in frame.columns else "volatility")
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise world_error(
            place.name, *((name, "the column is missing", f"Needed: {', '.join(wanted)}.") for name in missing)
        )
    if not frame["time"].dtype.is_temporal():
        raise world_error(place.name, ("time", "it holds no instants", "Write 2025-10-10T21:20:00, or a datetime."))
    minutes = (frame["time"].dt.weekday().cast(pl.Int64) - 1) * 1440
    minutes = minutes + frame["time"].dt.hour().cast(pl.Int64) * 60 + frame["time"].dt.minute().cast(pl.Int64)
    depth = frame["depth"].cast(pl.Float64).to_numpy()
    try:
        if wanted[2] == "volatility":
            volatility = frame["volatility"].cast(pl.Float64).to_numpy()
        else:
            volatility = realised(frame["price"].cast(pl.Float64).to_numpy())
        model = fit_depth(depth, volatility, minutes.to_numpy(), ahead=ahead)
    except ValueError as error:
        problem, _mark, remedy = str(error).partition(": ")
        raise world_error(place.name, ("depth", problem, (remedy or "Correct the file.").capitalize())) from None
    minute, now = int(minutes[-1]) + ahead, float(volatility[-1])
    used = model.used(minute, now)
    told = {
        "usual_depth": model.usual_depth,
        "median": model.median(minute, now),
        "low": model.low(minute, now),
        "used": used,
        "elasticity": model.elasticity,
        "pinball": model.pinball,
        "floor": model.floor,
        "snapshots": len(depth),
    }
    return max(used / model.usual_depth, 1e-4), told


def realised(prices: np.ndarray) -> np.ndarray:
    """Root of an exponentially weighted mean of squared log-returns, one a price. Raises ValueError."""
    if len(prices) < 3 or not (np.isfinite(prices).all() and (prices > 0).all()):
        raise ValueError("Prices must be three or more, finite and above zero.")
    squares = np.diff(np.log(prices), prepend=np.log(prices[0])) ** 2
    start = float(squares[1:].mean())
    variance, now = np.empty(len(prices)), max(start, 1e-16)
    for step, square in enumerate(squares.tolist()):
        now = DECAY * now + (1.0 - DECAY) * square
        variance[step] = max(now, 1e-16)
    spread: np.ndarray = np.sqrt(variance)
    return spread
