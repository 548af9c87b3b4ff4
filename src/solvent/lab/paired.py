"""Rulebooks on the same simulated days: means side by side, and the interval of every paired difference.

Both tables and pictures are made from the answer of `solvent compare --paths`, which holds for each rulebook after the
first and each measure the two means and the difference with its interval. Money is in the settlement currency here, not
in quanta: a mean over days is no amount anybody is owed.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final

from solvent.lab.pictures import Picture, figure_html, picture_axis, picture_layout
from solvent.lab.report import page_with, table_html
from solvent.lab.table import amount_short

COUNTS: Final = ("flagged",)
"""Measures that are numbers of accounts; all others are money."""

TITLES: Final = {
    "shortfall": "Shortfall",
    "socialised": "Paid by other traders",
    "liquidated": "Liquidated notional",
    "deleveraged": "Deleveraged notional",
    "penalties": "Penalties",
    "flagged": "Accounts liquidated",
    "expected_shortfall_95": "Shortfall of the worst 5 % of days",
    "expected_shortfall_99": "Shortfall of the worst 1 % of days",
}


def figure_of(name: str, value: float) -> str:
    """A mean as people read it: millions in words, small numbers with what matters of them."""
    if value != value:
        return "-"
    if name in COUNTS or abs(value) < 1_000:
        return f"{value:,.4g}"
    return amount_short(round(value), 0)


def rows_of(result: dict[str, Any]) -> list[tuple[str, ...]]:
    """(measure, mean of the first, other, mean there, difference, interval), the measures in their order."""
    rows: list[tuple[str, ...]] = []
    for place in range(len(next(iter(result["differences"].values())))):
        for other, found in result["differences"].items():
            row = found[place]
            name, gap = row["name"], row["difference"]
            interval = f"{figure_of(name, gap['low'])} to {figure_of(name, gap['high'])}"
            rows.append(
                (
                    TITLES.get(name, name.replace("_", " ")),
                    figure_of(name, row["first"]),
                    other,
                    figure_of(name, row["second"]),
                    figure_of(name, gap["value"]),
                    interval,
                )
            )
    return rows


def heads_of(result: dict[str, Any]) -> tuple[str, ...]:
    """What stands over the columns."""
    return ("Measure, mean of a day", result["rulebooks"][0], "Other", "Mean there", "Difference", "Interval")


def _known(value: float) -> float:
    """A number to draw: what too few days leave unknown is drawn as nothing."""
    return 0.0 if value != value else float(value)


def pictures(result: dict[str, Any]) -> list[Picture]:
    """One picture per measure: the mean of each rulebook, with the interval of its difference from the first."""
    found = []
    others = list(result["differences"])
    for place, first in enumerate(result["differences"][others[0]]):
        name = first["name"]
        title = TITLES.get(name, name.replace("_", " "))
        rows = [result["differences"][other][place] for other in others]
        values = [_known(one) for one in (first["first"], *(row["second"] for row in rows))]
        if not any(values):
            found.append(Picture(name, title, "Nothing of it under any of these rulebooks.", None))
            continue
        gaps = [{part: _known(one) for part, one in row["difference"].items()} for row in rows]
        ahead = [0.0, *(max(gap["high"] - gap["value"], 0.0) for gap in gaps)]
        behind = [0.0, *(max(gap["value"] - gap["low"], 0.0) for gap in gaps)]
        reach = max(value + more for value, more in zip(values, ahead, strict=True))
        least = min(0.0, *(value - less for value, less in zip(values, behind, strict=True)))
        bar = {
            "type": "bar",
            "orientation": "h",
            "x": [float(f"{value:.7g}") for value in values],
            "y": list(result["rulebooks"]),
            "marker": {"color": "--venue", "line": {"width": 0}},
            "error_x": {"type": "data", "array": ahead, "arrayminus": behind, "color": "--ink", "thickness": 1.2},
            "hovertemplate": "%{y}: %{x:,.0f}<extra></extra>",
        }
        layout = picture_layout() | {
            "xaxis": picture_axis([0, 1]) | {"range": [1.05 * least, 1.08 * reach or 1], "nticks": 5},
            "yaxis": {"autorange": "reversed", "automargin": True, "fixedrange": True, "ticks": "", "color": "--ink"},
            "margin": {"l": 8, "r": 20, "t": 8, "b": 30},
            "bargap": 0.35,
        }
        sure = [other for other, gap in zip(others, gaps, strict=True) if gap["low"] > 0 or gap["high"] < 0]
        caption = f"Whiskers are the interval of the paired difference from {result['rulebooks'][0]}. "
        caption += f"Told apart: {', '.join(sure)}." if sure else "Chance alone may explain these differences."
        found.append(Picture(name, title, caption, {"data": [bar], "layout": layout}, 60 + 34 * len(values)))
    return found


def page_of(result: dict[str, Any]) -> str:
    """The whole answer as one HTML page that asks the network for nothing."""
    drawn = pictures(result)
    title = f"{result['paths']:,} simulated days under {len(result['rulebooks'])} rulebooks"
    held = (
        f"The same days, seed {result['seed']}, under every rulebook; intervals of {result['confidence']:.0%} are of "
        f"the differences from {result['rulebooks'][0]}, day by day."
    )
    body = [
        f"<header><h1>{escape(title)}</h1><p>{escape(held)}</p></header>",
        table_html(
            f"Money in {escape(result['currency'])}",
            [head if place in (0, 2) else f">{escape(head)}" for place, head in enumerate(heads_of(result))],
            [tuple(map(escape, row)) for row in rows_of(result)],
        ),
        *(f"<section>{figure_html(picture)}</section>" for picture in drawn),
    ]
    return page_with(title, body, {picture.key: picture.figure for picture in drawn if picture.figure})
