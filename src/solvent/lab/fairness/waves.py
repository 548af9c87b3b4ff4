"""The deleveraging waves of 10 October 2025 under every policy, beside what is published of them.

The published record (pluriholonomic/autodeleveraging-analysis, MIT) gives, wave by wave, the budget that was needed,
what the venue's queue took, and the winners' gains and equity in total; it does not give the winners. They are drawn
from a seed with those totals and a heavy tail, so what is compared is what a policy takes in sum, and how it spreads
it over a population like theirs; who paid is not.

Stock and flow are kept apart: a deficit that stands is counted again in every wave that does not pay it, so the sum
over waves is a flow of sightings, and the deficit itself is a stock: the largest account's hole once, and the rest.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from solvent.lab.fairness.policies import POLICIES, Loss, Winners
from solvent.rulebook.faults import Fault, RulebookError
from solvent.units import PPM

QUANTA: Final = 1_000_000
WINNERS: Final = 400
COLUMNS: Final = (
    "wave",
    "deficit_usd",
    "max_loss_usd",
    "budget_needed_usd",
    "budget_prod_usd",
    "winners_equity_start_usd",
    "winners_pnl_start_usd",
)


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave as published, in USD."""

    number: int
    deficit: float
    largest_hole: float
    needed: float
    taken: float
    equity: float
    gain: float


def read_waves(file: Path) -> list[Wave]:
    """Waves of a CSV with the published columns. Raises RulebookError naming what is missing."""
    import polars as pl

    if not file.is_file():
        raise RulebookError(str(file), [Fault(None, "file", "it is missing", "Check the path.")])
    try:
        frame = pl.read_csv(file)
    except pl.exceptions.PolarsError as error:
        raise RulebookError(file.name, [Fault(None, "file", f"it is no CSV: {error}", "Give a CSV.")]) from None
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        faults = [Fault(None, name, "this column is missing", f"Needed: {', '.join(COLUMNS)}.") for name in missing]
        raise RulebookError(file.name, faults)
    return [Wave(int(row[0]), *map(float, row[1:])) for row in frame.select(COLUMNS).iter_rows()]


def deficit_stock(waves: list[Wave]) -> float:
    """The deficit counted once: the largest hole, and in each wave what stands beside it."""
    largest = max(wave.largest_hole for wave in waves)
    return largest + sum(wave.deficit - (largest if wave.deficit >= largest - 1 else 0.0) for wave in waves)


def winners_of(wave: Wave, seed: int) -> Winners:
    """A population of winners with the wave's totals: gains Pareto, equity 1.1 to 20 times the gain."""
    random = np.random.Generator(np.random.PCG64([seed, wave.number]))
    gain = random.pareto(1.16, WINNERS) + 0.01
    gain = gain / gain.sum() * wave.gain * QUANTA
    equity = gain * np.exp(random.normal(1.5, 0.9, WINNERS))
    equity = np.maximum(equity / equity.sum() * wave.equity * QUANTA, gain * 1.05)
    gains = gain.astype(np.int64)
    notional = (equity * np.exp(random.normal(-1.0, 1.0, WINNERS))).astype(np.int64) + gains
    return Winners(
        account=1_000 + np.arange(WINNERS),
        lots=np.maximum(notional // QUANTA, 1),
        gain=gains,
        settled_gain=(gains * random.uniform(0.3, 1.0, WINNERS)).astype(np.int64),
        unvested=(gains * random.uniform(0.0, 0.4, WINNERS)).astype(np.int64),
        equity=equity.astype(np.int64),
        notional=notional,
        risk_ppm=random.integers(1_000, 200_000, WINNERS),
        cap_ppm=np.full(WINNERS, PPM, dtype=np.int64),
    )


def compare(waves: list[Wave], seed: int = 1) -> list[dict[str, Any]]:
    """One row a policy, and one for the venue's queue as published. Money in USD."""
    needed = sum(wave.needed for wave in waves)
    taken = sum(wave.taken for wave in waves)
    rows: list[dict[str, Any]] = [
        {
            "policy": "as published",
            "needed_usd": needed,
            "taken_usd": taken,
            "overshoot_usd": sum(max(wave.taken - wave.needed, 0.0) for wave in waves)
            - sum(max(wave.needed - wave.taken, 0.0) for wave in waves),
            "largest_share_of_gain": None,
            "gini": None,
            "touched": None,
        }
    ]
    for name, policy in POLICIES.items():
        total, short, worst, touched = 0, 0, 0.0, 0
        burdens: list[np.ndarray] = []
        for wave in waves:
            winners = winners_of(wave, seed)
            got = policy(winners, Loss(int(wave.needed * QUANTA), QUANTA, 0, wave.number))
            total += int(got.charged.sum())
            short += got.missing
            share = got.charged / np.maximum(winners.gain, 1)
            worst = max(worst, float(share.max()))
            touched += int((got.charged > 0).sum())
            burdens.append(share)
        rows.append(
            {
                "policy": name,
                "needed_usd": needed,
                "taken_usd": total / QUANTA,
                "overshoot_usd": (total - sum(int(wave.needed * QUANTA) for wave in waves)) / QUANTA,
                "largest_share_of_gain": worst,
                "gini": gini(np.concatenate(burdens)),
                "touched": touched,
            }
        )
    return rows


def gini(shares: np.ndarray) -> float:
    """Gini coefficient of non-negative numbers; 0 when all are equal, towards 1 when one bears all."""
    ordered = np.sort(shares)
    total = float(ordered.sum())
    if total == 0:
        return 0.0
    count = len(ordered)
    return float((2 * np.arange(1, count + 1) - count - 1) @ ordered / (count * total))
