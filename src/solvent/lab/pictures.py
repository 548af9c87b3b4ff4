"""The four pictures of a replay: prices and liquidations, funds, the loss, and who was deleveraged.

A picture is plain data in plotly's words, written as JSON; only the reader's browser draws it. A colour is
the name of a CSS variable (`--venue`), so that one picture is right on light and on dark paper and follows a
change between the two. The same colours mean the same everywhere: who pays is blue for the venue, teal for
the vault, orange for other traders, red for nobody yet.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from solvent.codes import Mode
from solvent.lab.series import POINTS_MAX, Floats, Integers, Series, bin_sums, deepest_first, levels_of, thin
from solvent.lab.table import (
    EXECUTOR_WORDS,
    Summary,
    amount_short,
    duration,
    listed,
    loss_lines,
    moment,
    share,
    words,
)

Burden = list[dict[str, Any]]
Trace = dict[str, Any]

#: Lines the eye can tell apart by colour: those that fell furthest; further markets are drawn in grey.
COLOURED_MAX: Final = 8
PRICE_COLOURS: Final = tuple(f"--line{number}" for number in range(1, COLOURED_MAX + 1))

#: All grey lines together; a browser draws that many without a pause.
GREY_POINTS_MAX: Final = 40_000

#: A pause shorter than this part of the picture cannot be seen; the stretches around it are joined.
_SMALLEST_GAP: Final = 1 / 1_000

_EXECUTOR_COLOURS: Final = {"market": "--venue", "vault": "--vault", "adl": "--traders"}
_FUND_COLOURS: Final = ("--venue", "--line5", "--line6", "--vault")
_MS_NS: Final = 1_000_000


class LegendKey(NamedTuple):
    """An entry of the legend: what it is called, its colour, the traces it shows or hides, and its row."""

    name: str
    colour: str
    traces: list[int]
    row: str = ""


class Picture(NamedTuple):
    """A figure, or without data the sentence that stands in its place; `caption` says what one sees."""

    key: str
    title: str
    caption: str
    figure: dict[str, Any] | None
    height: int = 0
    legend: tuple[LegendKey, ...] = ()


def pictures_of(summary: Summary, series: Series, burden: Burden) -> list[Picture]:
    """The pictures in the order of the story."""
    return [
        market_picture(summary, series),
        funds_picture(summary, series),
        loss_picture(summary),
        burden_picture(burden),
    ]


def figure_html(picture: Picture) -> str:
    """A picture with its legend and caption; the legend's entries are buttons that show and hide."""
    if picture.figure is None:
        return f"<div><h2>{picture.title}</h2><p>{escape(picture.caption)}</p></div>"
    rows: dict[str, str] = {key.row: f"<span>{key.row}</span>" if key.row else "" for key in picture.legend}
    for key in picture.legend:
        rows[key.row] += (
            f'<button type="button" aria-pressed="true" data-figure="{picture.key}" '
            f'data-traces="{" ".join(map(str, key.traces))}"><i style="background:var({key.colour})"></i>'
            f"{escape(key.name)}</button>"
        )
    legend = "".join(
        f'<div class="legend" role="group" aria-label="Show or hide {row.lower()}">{keys}</div>'
        for row, keys in rows.items()
    )
    return (
        f'<div><h2 id="{picture.key}-title">{picture.title}</h2>'
        f'<figure aria-labelledby="{picture.key}-title">{legend}'
        f'<div class="plot" id="plot-{picture.key}" role="img" aria-describedby="{picture.key}-caption" '
        f'aria-labelledby="{picture.key}-title" style="height:{picture.height}px">'
        "<noscript>The pictures are drawn by JavaScript; the tables below hold the numbers.</noscript></div>"
        f'<figcaption id="{picture.key}-caption">{escape(picture.caption)}</figcaption></figure></div>'
    )


# --- prices and liquidations --------------------------------------------------------------------------------


def market_picture(summary: Summary, series: Series) -> Picture:
    """Prices from 100, what was liquidated by whom, and the queue, over one axis of time."""
    levels = levels_of(series.marks)
    order = deepest_first(levels)
    traces: list[Trace] = []
    legend: list[LegendKey] = []
    colours = dict(zip(sorted(order[:COLOURED_MAX]) if len(order) else [], PRICE_COLOURS, strict=False))
    grey = [column for column in order if column not in colours]
    for column in grey:
        points = min(max(GREY_POINTS_MAX // len(grey), 100), POINTS_MAX)
        traces.append(_price_line(series, levels, column, "--faint", points) | {"hoverinfo": "skip"})
    if grey:
        legend.append(LegendKey(f"{len(grey):,} other markets", "--faint", list(range(len(grey))), "Markets"))
    named = [
        LegendKey(series.symbols[c], colour, [len(traces) + i], "Markets")
        for i, (c, colour) in enumerate(colours.items())
    ]
    legend = named + legend
    traces += [_price_line(series, levels, column, colour, POINTS_MAX) for column, colour in colours.items()]

    worst = series.modes.max(axis=1) if series.modes.shape[1] else np.zeros(len(series.time_ns), np.int8)
    stood_still: list[str] = []
    for mode, colour, word in (
        (Mode.HALTED, "--halted", "a market was halted"),
        (Mode.REDUCE_ONLY, "--reduce", "a market was reduce-only"),
    ):
        shade = _shade(series.time_ns, worst == mode, colour)
        if shade:
            legend.append(LegendKey(word, colour, [len(traces)], "Shaded while"))
            traces.append(shade)
            stood_still.append(word)

    bars, width_ns = _liquidated_bars(summary, series)
    for bar in bars:
        name = EXECUTOR_WORDS.get(bar["name"], words(bar["name"]))
        bar["name"] = _plain(name)
        legend.append(LegendKey(name, bar["marker"]["color"], [len(traces)], "Closed by"))
        traces.append(bar)
    rows = thin(series.flagged.astype(np.float64))
    traces.append(
        {
            **line_of(ms_of(series.time_ns, rows), series.flagged[rows].tolist(), "accounts in the queue", "--muted"),
            "yaxis": "y4",
            "fill": "tozeroy",
            "fillcolor": "--wash",
            "hovertemplate": "%{y:,} accounts<extra></extra>",
        }
    )
    layout = time_layout(summary, "y4") | {
        "barmode": "stack",
        "yaxis": picture_axis([0.47, 0.95]),
        "yaxis2": {"domain": [0.47, 0.95], "range": [0, 1], "visible": False, "fixedrange": True},
        "yaxis3": picture_axis([0.19, 0.39]) | {"rangemode": "tozero"},
        "yaxis4": picture_axis([0.0, 0.11]) | {"rangemode": "tozero", "nticks": 3},
        "annotations": [
            panel_title("Price, start = 100", 0.95),
            panel_title(f"Liquidated notional per {duration(width_ns)}, {summary['settlement']}", 0.39),
            panel_title("Accounts waiting for liquidation", 0.11),
        ],
    }
    caption = _market_caption(series, levels, order, stood_still)
    return Picture("market", "Prices and liquidations", caption, figure_of(traces, layout), 640, tuple(legend))


def _price_line(series: Series, levels: Floats, column: int, colour: str, points: int) -> Trace:
    rows = thin(levels[:, column], points)
    line = line_of(ms_of(series.time_ns, rows), numbers_of(levels[rows, column]), series.symbols[column], colour)
    return line | {"hovertemplate": "%{y:.2f}"}


def _shade(time_ns: Integers, standing: npt.NDArray[np.bool_], colour: str) -> Trace | None:
    """A background where the condition holds; stretches with a gap too short to see are one."""
    edges = np.flatnonzero(np.diff(standing.astype(np.int8), prepend=0, append=0))
    starts, stops = edges[::2], np.minimum(edges[1::2], len(time_ns) - 1)
    if not len(starts):
        return None
    smallest = (time_ns[-1] - time_ns[0]) * _SMALLEST_GAP
    apart = np.flatnonzero(time_ns[starts[1:]] - time_ns[stops[:-1]] > smallest)
    begins = time_ns[starts[np.concatenate(([0], apart + 1))]]
    ends = time_ns[stops[np.concatenate((apart, [len(stops) - 1]))]]
    x: list[int | None] = []
    y: list[int | None] = []
    for begin, end in zip((begins // _MS_NS).tolist(), (ends // _MS_NS).tolist(), strict=True):
        x += [begin, begin, end, end, None]
        y += [0, 1, 1, 0, None]
    shade = {
        "mode": "lines",
        "line": {"width": 0},
        "fill": "tozeroy",
        "fillcolor": colour,
        "hoverinfo": "skip",
    }
    return {"type": "scatter", "x": x, "y": y, "yaxis": "y2", **shade}


def _liquidated_bars(summary: Summary, series: Series) -> tuple[list[Trace], int]:
    known = [name for name in _EXECUTOR_COLOURS if name in series.liquidated]
    names = known + sorted(set(series.liquidated) - set(known))
    bars: list[Trace] = []
    width_ns = bin_sums(series.time_ns, series.shortfall).width_ns
    for name in names:
        bins = bin_sums(series.time_ns, series.liquidated[name])
        bars.append(
            {
                "type": "bar",
                "name": name,
                "x": (bins.start_ns // _MS_NS).tolist(),
                "y": numbers_of(bins.sums),
                "width": bins.width_ns / _MS_NS,
                "offset": 0,
                "yaxis": "y3",
                "marker": {"color": _EXECUTOR_COLOURS.get(name, "--line5"), "line": {"width": 0}},
                "hovertemplate": f"%{{y:,.7~r}} {_plain(summary['settlement'])}",
            }
        )
    return bars, width_ns


def _market_caption(series: Series, levels: Floats, order: list[int], stood_still: list[str]) -> str:
    parts = ["Top: every market's mark, set to 100 at the start"]
    if len(order) > COLOURED_MAX:
        parts[0] += f"; the {COLOURED_MAX} that fell furthest are coloured"
    parts[0] += "; shaded while " + " or ".join(stood_still) + "." if stood_still else "; no market was stopped."
    if order:
        low = int(np.nanargmin(levels[:, order[0]]))
        parts.append(
            f"The deepest fall is {series.symbols[order[0]]}, to {levels[low, order[0]]:.1f} of 100 "
            f"at {moment(int(series.time_ns[low]))}."
        )
    parts.append("Middle: notional closed, by who closed it.")
    peak = int(np.argmax(series.flagged))
    if series.flagged[peak]:
        at = moment(int(series.time_ns[peak]))
        parts.append(f"Bottom: the queue, {int(series.flagged[peak]):,} accounts at its longest at {at}.")
    else:
        parts.append("Bottom: the queue, empty after every step.")
    return " ".join(parts)


# --- funds --------------------------------------------------------------------------------------------------


def funds_picture(summary: Summary, series: Series) -> Picture:
    """One panel a fund, each from zero, and the shortfall so far as the last."""
    panels = [(words(name), values) for name, values in series.funds.items()]
    panels.append(("shortfall so far", np.cumsum(np.nan_to_num(series.shortfall))))
    settlement = summary["settlement"]
    top, height = 24, 116
    total = top + height * len(panels) + 34
    layout = time_layout(summary, f"y{len(panels)}" if len(panels) > 1 else "y")
    layout["annotations"] = []
    traces = []
    for index, (name, values) in enumerate(panels):
        stop = 1 - index / len(panels) - 22 / total
        domain = [max(stop - 0.64 / len(panels), 0.0) if index + 1 < len(panels) else 0.0, stop]
        suffix = str(index + 1) if index else ""
        last = index + 1 == len(panels)
        colour = "--open" if last else _FUND_COLOURS[index % len(_FUND_COLOURS)]
        rows = thin(values)
        traces.append(
            {
                **line_of(ms_of(series.time_ns, rows), numbers_of(values[rows]), name, colour),
                "yaxis": f"y{suffix}",
                "fill": "tozeroy",
                "fillcolor": f"{colour}-wash",
                "hovertemplate": f"%{{y:,.7~r}} {_plain(settlement)}<extra>{_plain(name)}</extra>",
            }
        )
        axis = picture_axis(domain) | {"rangemode": "tozero", "nticks": 4}
        if not np.any(np.nan_to_num(values)):
            axis |= {"range": [0, 1], "showticklabels": False}
        layout[f"yaxis{suffix}"] = axis
        layout["annotations"].append(panel_title(f"{name.capitalize()}, {settlement}", stop))
    drawn = [
        f"{words(name)} {'fell' if fund['end_quanta'] < fund['start_quanta'] else 'rose'} by "
        f"{amount_short(abs(fund['end_quanta'] - fund['start_quanta']), summary['settlement_decimals'])}"
        for name, fund in summary["funds"].items()
        if fund["end_quanta"] != fund["start_quanta"]
    ]
    caption = "What each fund held, every panel on a scale of its own from zero; last, the shortfall added up."
    caption += f" From start to end {listed(drawn)} {settlement}." if drawn else " No fund ended with a change."
    return Picture("funds", "Funds", caption, figure_of(traces, layout), total)


# --- the loss -----------------------------------------------------------------------------------------------


def loss_picture(summary: Summary) -> Picture:
    """The shortfall on top, then what each tranche took off it, then what nobody took."""
    lines = [line for line in loss_lines(summary) if line.quanta or line.kind == "shortfall"]
    if summary["shortfall_quanta"] == 0:
        return Picture("loss", "Who paid", "No account ended below zero: there was no loss to share.", None)
    scale, decimals = 10 ** summary["settlement_decimals"], summary["settlement_decimals"]
    base, length, colours = [], [], []
    left = lines[0].quanta
    for line in lines:
        if line.kind == "shortfall":
            base.append(0.0)
        else:
            left -= line.quanta
            base.append(left / scale)
        length.append(line.quanta / scale)
        vault = "--vault" if line.title == "Liquidity vault" else "--venue"
        paid = "--traders" if line.traders_pay else vault
        colours.append({"shortfall": "--muted", "paid": paid}.get(line.kind, "--open"))
    assert left == 0, "the lines after the first add up to the first"
    bar = {
        "type": "bar",
        "orientation": "h",
        "y": [line.title for line in lines],
        "x": numbers_of(np.array(length)),
        "base": numbers_of(np.array(base)),
        "marker": {"color": colours, "line": {"width": 0}},
        "text": [amount_short(line.quanta, decimals) for line in lines],
        "textposition": "outside",
        "textangle": 0,
        "constraintext": "none",
        "cliponaxis": False,
        "textfont": {"color": "--ink"},
        "hoverinfo": "skip",
    }
    layout = picture_layout() | {
        "xaxis": picture_axis([0, 1]) | {"range": [0, 1.02 * summary["shortfall_quanta"] / scale], "nticks": 5},
        "yaxis": {
            "autorange": "reversed",
            "ticklabelstandoff": 6,
            "automargin": True,
            "fixedrange": True,
            "ticks": "",
            "color": "--ink",
        },
        "margin": {"l": 8, "r": 88, "t": 8, "b": 30},
        "bargap": 0.35,
    }
    took = [f"{line.title.lower()} {share(line.quanta, lines[0].quanta)}" for line in lines[1:]]
    settlement = summary["settlement"]
    caption = f"The shortfall in {settlement}, and below it what each tranche took off it: {listed(took)}."
    return Picture("loss", "Who paid", caption, figure_of([bar], layout), 46 + 40 * len(lines))


# --- the burden of deleveraging -----------------------------------------------------------------------------


def burden_picture(burden: Burden) -> Picture:
    """Three bars a decile; a decile that bears more than its share of equity stands out."""
    title = "Who was deleveraged"
    if not any(row["deleveraged_quanta"] or row["haircut_quanta"] for row in burden):
        return Picture("burden", title, "No trader's position was deleveraged and no trader's gain cut.", None)
    columns = (
        ("equity_quanta", "share of equity at the start", "--muted"),
        ("deleveraged_quanta", "share of deleveraged notional", "--venue"),
        ("haircut_quanta", "share of the haircut", "--traders"),
    )
    traces, legend = [], []
    for index, (key, name, colour) in enumerate(columns):
        total = sum(row[key] for row in burden)
        legend.append(LegendKey(name, colour, [index]))
        traces.append(
            {
                "type": "bar",
                "name": name,
                "x": [str(row["decile"]) for row in burden],
                "y": numbers_of(np.array([100 * row[key] / total if total else 0.0 for row in burden])),
                "marker": {"color": colour, "line": {"width": 0}},
                "hovertemplate": "%{y:.1f} % " + name + "<extra></extra>",
            }
        )
    layout = picture_layout() | {
        "barmode": "group",
        "bargap": 0.25,
        "hovermode": "x unified",
        "xaxis": picture_axis([0, 1])
        | {"type": "category", "showgrid": False, "title": _small("decile, 10 = largest")},
        "yaxis": picture_axis([0, 1]) | {"ticksuffix": " %", "rangemode": "tozero"},
        "margin": {"l": 44, "r": 10, "t": 12, "b": 44},
    }
    haircut = sum(row["haircut_quanta"] for row in burden)
    equity = sum(row["equity_quanta"] for row in burden)
    most = max(burden, key=lambda row: (row["haircut_quanta"] or row["deleveraged_quanta"], row["decile"]))
    caption = (
        "All accounts by equity at the start, in ten groups of equal number. Bars of one height in a group "
        "mean a burden in proportion to equity. "
        f"Group {most['decile']} held {share(most['equity_quanta'], equity)} of equity"
    )
    caption += f" and bore {share(most['haircut_quanta'], haircut)} of the haircut, the most." if haircut else "."
    return Picture("burden", title, caption, figure_of(traces, layout), 340, tuple(legend))


# --- plotly's words -----------------------------------------------------------------------------------------


def figure_of(data: list[Trace], layout: dict[str, Any]) -> dict[str, Any]:
    """Traces and layout, as plotly takes them."""
    return {"data": data, "layout": layout}


def picture_layout() -> dict[str, Any]:
    """What every picture looks like."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": "--muted"},
        "hoverlabel": {
            "bgcolor": "--paper",
            "bordercolor": "--rule",
            "font": {"color": "--ink"},
            "namelength": -1,
        },
        "showlegend": False,
        "separators": ".,",
    }


def time_layout(summary: Summary, lowest_axis: str) -> dict[str, Any]:
    """Panels over one axis of time, which hangs below the lowest."""
    span = [summary["start_ns"] // _MS_NS, summary["end_ns"] // _MS_NS]
    axis = picture_axis([0, 1]) | {
        "type": "date",
        "anchor": lowest_axis,
        "hoverformat": "%Y-%m-%d %H:%M:%S UTC",
        "title": _small("UTC"),
        "fixedrange": False,
    }
    if span[1] > span[0]:
        axis["range"] = span
    margin = {"l": 52, "r": 10, "t": 4, "b": 40}
    return picture_layout() | {"xaxis": axis, "margin": margin, "hovermode": "x unified", "hoversubplots": "axis"}


def picture_axis(domain: list[float]) -> dict[str, Any]:
    """An axis over a part of the picture."""
    return {
        "domain": domain,
        "gridcolor": "--rule",
        "linecolor": "--rule",
        "zerolinecolor": "--rule",
        "color": "--muted",
        "exponentformat": "B",
        "separatethousands": True,
        "fixedrange": True,
    }


def _small(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": 11}, "standoff": 4}


def panel_title(text: str, top: float) -> dict[str, Any]:
    """A panel's name above it."""
    return {
        "text": _plain(text),
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12, "color": "--ink"},
    }


def line_of(x: list[int], y: list[Any], name: str, colour: str) -> Trace:
    """A line over time."""
    width = 1 if colour == "--faint" else 1.5
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": _plain(name),
        "line": {"color": colour, "width": width},
    }


def _plain(text: str) -> str:
    """Text that plotly shows as it is: it would read <b> as bold."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def ms_of(time_ns: Integers, rows: Integers) -> list[int]:
    """Milliseconds since 1970 of these rows."""
    milliseconds: list[int] = (time_ns[rows] // _MS_NS).tolist()
    return milliseconds


def numbers_of(values: Floats) -> list[float | None]:
    """Seven digits, more than a screen shows; null where there is no number."""
    return [float(f"{value:.7g}") if np.isfinite(value) else None for value in values.tolist()]
