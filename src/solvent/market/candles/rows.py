"""Faults of rows: numbers that no price is, times out of order or out of this world, two candles at one time."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from solvent.market.candles.layout import AMOUNTS, KIND_SPELLINGS, PRICES, ROWS_SHOWN_MAX

if TYPE_CHECKING:
    import polars

# Wider than any coin ever quoted (PEPE is near 1e-5, BTC near 1e5); beyond it lies a unit mistake.
PRICE_MIN: Final = 1e-12

PRICE_MAX: Final = 1e12

# Nothing of this kind was priced before 2009, and a time past 2100 is a unit mistake.
TIME_MIN_NS: Final = 1_230_768_000 * 10**9

TIME_MAX_NS: Final = 4_102_444_800 * 10**9


def row_faults(rows: polars.DataFrame, present: Collection[str]) -> list[str]:
    """What is wrong in the rows, one fault per kind of trouble and column; null cells are reported once."""
    import polars as pl

    faults: list[str] = []
    for name in AMOUNTS:
        if name in present:
            faults += fault(rows, pl.col(name).is_null(), f"`{name}` is not a finite number. Correct or drop them.")
    for name in PRICES:
        absurd = ~pl.col(name).is_between(PRICE_MIN, PRICE_MAX)
        faults += fault(
            rows,
            absurd,
            f"`{name}` is outside {PRICE_MIN:g} to {PRICE_MAX:g}. Correct the price or its unit.",
        )
    faults += fault(rows, pl.col("volume") < 0, "`volume` is negative. Correct it.")
    crossed = pl.col("high") < pl.col("low")
    faults += fault(rows, crossed, "`high` is below `low`. Check whether the columns are swapped.")
    for name in ("open", "close"):
        outside = ~crossed & ~pl.col(name).is_between(pl.col("low"), pl.col("high"))
        faults += fault(rows, outside, f"`{name}` is outside low to high. Check the order of the columns.")
    faults += _time_faults(rows, present)
    if "kind" in present:
        known = ", ".join(KIND_SPELLINGS)
        faults += fault(rows, pl.col("kind").is_null(), f"`kind` is unknown. Write one of {known}.")
    return faults


def _time_faults(rows: polars.DataFrame, present: Collection[str]) -> list[str]:
    import polars as pl

    name = "time_utc" if "time_utc" in present else "open_time"
    if name not in present:
        return []
    time_ns = pl.col("time_ns")
    fair = time_ns.is_between(TIME_MIN_NS, TIME_MAX_NS)
    market = ["base", "quote", "venue", "kind", "time_ns"]
    told_before = ~pl.struct(market).is_first_distinct() & fair & pl.all_horizontal(pl.col(market).is_not_null())
    return [
        *fault(rows, time_ns.is_null(), f"`{name}` is not a time. Write ISO 8601 or an epoch number."),
        *fault(rows, ~fair, f"`{name}` is outside 2009 to 2100. Check its unit: s, ms, µs or ns."),
        *fault(rows, told_before, "overlaps an earlier row of the same market and time. Keep one of them."),
    ]


def fault(rows: polars.DataFrame, wrong: polars.Expr, sentence: str) -> list[str]:
    """One fault naming the rows where `wrong` holds, or none. A null is not wrong: it has its own."""
    numbers = rows.filter(wrong)["row"].to_list()
    return [f"{rows_named(numbers)}: {sentence}"] if numbers else []


def rows_named(numbers: list[int]) -> str:
    """`row 3`, `rows 3, 7`, or `rows 3, 7, 9 and 4 more (7 in all)`."""
    shown = ", ".join(str(number) for number in numbers[:ROWS_SHOWN_MAX])
    rest = len(numbers) - ROWS_SHOWN_MAX
    more = f" and {rest} more ({len(numbers)} in all)" if rest > 0 else ""
    return f"{'row' if len(numbers) == 1 else 'rows'} {shown}{more}"
