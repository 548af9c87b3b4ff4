"""The picture of the guards: of each market that has something to tell its marks and sources, what fired, how far the
breaker stepped, and what initial margin was multiplied by.

Three panels a market over one axis of time. A circle is one guard firing, at the price it was about.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from solvent.codes import Mode
from solvent.lab.guards.series import Fired, MarketGuards
from solvent.lab.pictures import (
    LegendKey,
    Picture,
    Trace,
    figure_of,
    line_of,
    ms_of,
    numbers_of,
    panel_title,
    picture_axis,
    time_layout,
)
from solvent.lab.series import thin
from solvent.lab.table import Summary, listed

MARKETS_MAX: Final = 6
"""Markets that are drawn, those with most to tell first; the others are named in the caption."""

SOURCE_POINTS_MAX: Final = 400
FIRED_POINTS_MAX: Final = 150
GUARD_COLOURS: Final = ("--line4", "--line2", "--line5", "--line3", "--line7", "--line6", "--line8", "--line1")
LEVELS: Final = ("active", "caution", "reduce-only", "auction", "halted")
MARKET_HEIGHT: Final = 250
TOP: Final = 26


def guards_picture(summary: Summary, told: list[MarketGuards]) -> Picture:
    """Three panels for each market, or the sentence that nothing fired."""
    if not told:
        return Picture("guards", "Guards", "No guard fired and no breaker acted in any market.", None)
    drawn = told[:MARKETS_MAX]
    names = list(dict.fromkeys(fired.name for market in drawn for fired in market.fired))
    colours = {name: GUARD_COLOURS[place % len(GUARD_COLOURS)] for place, name in enumerate(names)}
    traces: list[Trace] = []
    shown: dict[str, list[int]] = {}
    height = TOP + MARKET_HEIGHT * len(drawn) + 40
    layout = time_layout(summary, _axis(3 * len(drawn) - 1)) | {"annotations": []}
    for row, market in enumerate(drawn):
        _draw_market(layout, traces, shown, colours, market, row, len(drawn), height)
    legend = [LegendKey("mark", "--venue", shown["mark"], "Prices")]
    legend += [LegendKey("sources", "--faint", shown["sources"], "Prices")] if shown.get("sources") else []
    legend += [LegendKey(name, colours[name], shown[name], "Fired") for name in names]
    return Picture("guards", "Guards", _caption(told), figure_of(traces, layout), height, tuple(legend))


def _axis(number: int) -> str:
    return f"y{number + 1}" if number else "y"


def _draw_market(
    layout: dict[str, Any],
    traces: list[Trace],
    shown: dict[str, list[int]],
    colours: dict[str, str],
    market: MarketGuards,
    row: int,
    count: int,
    height: int,
) -> None:
    """The three panels of one market."""
    top = 1 - (row * MARKET_HEIGHT + TOP) / height
    unit = MARKET_HEIGHT / height
    domains = ([top - 0.52 * unit, top], [top - 0.72 * unit, top - 0.60 * unit], [top - 0.90 * unit, top - 0.80 * unit])
    price, level, multiplier = (_axis(3 * row + place) for place in range(3))

    def draw(key: str, trace: Trace, axis: str) -> None:
        shown.setdefault(key, []).append(len(traces))
        traces.append(trace | {"yaxis": axis})

    for said in market.said:
        rows = thin(said.price, SOURCE_POINTS_MAX)
        line = line_of(ms_of(said.time_ns, rows), numbers_of(said.price[rows]), said.name, "--faint")
        draw("sources", line | {"hoverinfo": "skip"}, price)
    rows = thin(market.mark)
    mark = line_of(ms_of(market.time_ns, rows), numbers_of(market.mark[rows]), market.symbol, "--venue")
    draw("mark", mark | {"hovertemplate": "%{y:,.6~r}"}, price)
    for fired in market.fired:
        draw(fired.name, _dots(fired, colours[fired.name]), price)
    kept = _corners(market.level.astype(np.float64))
    x = ms_of(market.time_ns, kept)
    step = _step(x, market.level[kept].tolist(), "breaker", "--open")
    words = {"text": [LEVELS[mode] for mode in market.level[kept]], "hovertemplate": "%{text}"}
    draw("level", step | words, level)
    kept = _corners(market.multiplier)
    charged = _step(ms_of(market.time_ns, kept), numbers_of(market.multiplier[kept]), "margin", "--line5")
    draw("multiplier", charged | {"hovertemplate": "%{y:.2f} x"}, multiplier)
    layout[f"yaxis{price[1:]}"] = picture_axis(domains[0]) | {"nticks": 4}
    layout[f"yaxis{level[1:]}"] = picture_axis(domains[1]) | {
        "range": [-0.2, 4.2],
        "tickvals": [int(Mode.ACTIVE), int(Mode.REDUCE_ONLY), int(Mode.HALTED)],
        "ticktext": ["active", "reduce", "halt"],
    }
    most = max(float(np.nanmax(market.multiplier)), 1.5)
    layout[f"yaxis{multiplier[1:]}"] = picture_axis(domains[2]) | {"range": [0.9, most + 0.1], "nticks": 3}
    layout["annotations"] += [
        panel_title(f"{market.symbol}: mark, sources and guards", domains[0][1]),
        panel_title("Breaker", domains[1][1]),
        panel_title("Initial margin, times", domains[2][1]),
    ]


def _step(x: list[int], y: list[Any], name: str, colour: str) -> Trace:
    """A line that holds until it changes, over its own wash."""
    line = {"color": colour, "shape": "hv", "width": 1.5}
    return line_of(x, y, name, colour) | {"line": line, "fill": "tozeroy", "fillcolor": "--wash"}


def _dots(fired: Fired, colour: str) -> Trace:
    """Circles, thinned evenly where there are more than can be told apart."""
    count = len(fired.time_ns)
    rows = np.unique(np.linspace(0, count - 1, min(count, FIRED_POINTS_MAX)).astype(np.int64))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": ms_of(fired.time_ns, rows),
        "y": numbers_of(fired.price[rows]),
        "name": fired.name,
        "marker": {"color": colour, "size": 6, "opacity": 0.75, "line": {"width": 0}},
        "hovertemplate": f"{fired.name}<extra></extra>",
    }


def _corners(values: np.ndarray) -> np.ndarray:
    """The rows at which a step changes, and the ends."""
    changed = np.flatnonzero(np.diff(values) != 0) + 1
    rows: np.ndarray = np.unique(np.concatenate([[0], changed, [len(values) - 1]])).astype(np.int64)
    return rows


def _caption(told: list[MarketGuards]) -> str:
    drawn, rest = told[:MARKETS_MAX], told[MARKETS_MAX:]
    fired: dict[str, int] = {}
    for market in told:
        for guard in market.fired:
            fired[guard.name] = fired.get(guard.name, 0) + len(guard.time_ns)
    most = sorted(fired.items(), key=lambda item: (-item[1], item[0]))
    parts = ["The mark over its sources, a circle wherever a guard fired; below, the breaker's level and what initial"]
    parts[0] += " margin is multiplied by."
    if most:
        parts.append(f"Fired over all markets: {listed([f'{name} {count:,} times' for name, count in most])}.")
    worst = max(drawn, key=lambda market: (int(market.level.max()), market.changes))
    parts.append(f"{worst.symbol} went to {LEVELS[int(worst.level.max())]} at its strictest.")
    if rest:
        parts.append(f"Not drawn, with less to tell: {listed([market.symbol for market in rest])}.")
    return " ".join(parts)
