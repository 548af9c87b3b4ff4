"""A figure as data: traces of numbers with names, drawn by plotly in the page and by matplotlib beside it.

Both draw from the same columns, and the same columns are what the Parquet file of a figure holds: a picture never
shows a number that cannot be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    import polars

COLOURS: Final = (
    *("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b"),
    *("#17becf", "#7f7f7f", "#bcbd22", "#e377c2", "#000000"),
)


@dataclass(frozen=True)
class Trace:
    """One line, set of points, set of bars, stacked bars, band (with `upper`) or heat map (with `z` over x and y)."""

    name: str
    kind: str
    x: Sequence[Any]
    y: Sequence[Any]
    upper: Sequence[float] = ()
    z: Sequence[Sequence[float]] = ()
    error: Sequence[float] = ()
    on_right: bool = False


@dataclass(frozen=True)
class Figure:
    """A numbered figure of the report: what it shows, in a sentence, and where a reader should look.

    `basis` says which paths it rests on, so that nobody takes a few for many.
    """

    key: str
    title: str
    sentence: str
    x_title: str
    y_title: str
    traces: tuple[Trace, ...]
    log_x: bool = False
    log_y: bool = False
    table: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
    basis: str = "the run's paths"
    right_title: str = ""

    def _repr_png_(self) -> bytes:
        """What a notebook shows: the picture."""
        from io import BytesIO

        picture = BytesIO()
        draw_png(self, picture)
        return picture.getvalue()

    def frame(self) -> "polars.DataFrame":
        """All numbers of the figure, one row a point: trace, x, y, and upper, z or error where there is one."""
        import polars as pl

        rows: list[dict[str, Any]] = []
        for trace in self.traces:
            if trace.kind == "heat":
                for row, y in enumerate(trace.y):
                    for column, x in enumerate(trace.x):
                        rows.append(_point(trace.name, x, y, z=float(trace.z[row][column])))
                continue
            for place, (x, y) in enumerate(zip(trace.x, trace.y, strict=True)):
                upper = float(trace.upper[place]) if trace.upper else None
                error = float(trace.error[place]) if trace.error else None
                rows.append(_point(trace.name, x, y, upper=upper, error=error))
        for line in self.table[1:]:
            rows.append(_point("table", line[0], " | ".join(line[1:])))
        schema = {
            "trace": pl.String,
            "x": pl.String,
            "y": pl.String,
            "upper": pl.Float64,
            "z": pl.Float64,
            "error": pl.Float64,
        }
        return pl.DataFrame(rows, schema=schema)


def _point(
    name: str, x: Any, y: Any, *, upper: float | None = None, z: float | None = None, error: float | None = None
) -> dict[str, Any]:
    return {"trace": name, "x": str(x), "y": str(y), "upper": upper, "z": z, "error": error}


def plotly_of(figure: Figure) -> dict[str, Any]:
    """The figure in plotly's words, as plain data."""
    data: list[dict[str, Any]] = []
    for place, trace in enumerate(figure.traces):
        colour = COLOURS[place % len(COLOURS)]
        x, y = list(trace.x), list(trace.y)
        if trace.kind == "heat":
            data.append({"type": "heatmap", "x": x, "y": y, "z": [list(row) for row in trace.z], "colorscale": "Reds"})
        elif trace.kind in ("bars", "stack"):
            bar: dict[str, Any] = {"type": "bar", "x": x, "y": y, "name": trace.name, "marker": {"color": colour}}
            if trace.error:
                bar["error_y"] = {"type": "data", "array": list(trace.error)}
            data.append(bar)
        elif trace.kind == "band":
            edge = {"width": 0, "color": colour}
            data.append({"type": "scatter", "x": x, "y": y, "line": edge, "showlegend": False, "hoverinfo": "skip"})
            data[-1] |= {"yaxis": "y2"} if trace.on_right else {}
            data.append(
                {"type": "scatter", "x": x, "y": list(trace.upper), "name": trace.name, "fill": "tonexty", "line": edge}
            )
        else:
            mode = "markers" if trace.kind == "points" else "lines+markers" if len(x) < 40 else "lines"
            data.append(
                {"type": "scatter", "x": x, "y": y, "name": trace.name, "mode": mode, "line": {"color": colour}}
            )
            if trace.error:
                data[-1]["error_y"] = {"type": "data", "array": list(trace.error)}
        if trace.on_right:
            data[-1]["yaxis"] = "y2"
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": figure.x_title}, "type": "log" if figure.log_x else "-"},
        "yaxis": {"title": {"text": figure.y_title}, "type": "log" if figure.log_y else "-"},
        "barmode": "stack" if any(trace.kind == "stack" for trace in figure.traces) else "group",
        "margin": {"l": 70, "r": 20, "t": 20, "b": 60},
        "height": 380,
        "legend": {"orientation": "h", "y": -0.25},
    }
    if figure.right_title:
        layout["yaxis2"] = {"title": {"text": figure.right_title}, "overlaying": "y", "side": "right"}
        layout["margin"]["r"] = 70
    return {"data": data, "layout": layout}


def draw_png(figure: Figure, file: Path | BinaryIO) -> None:
    """The figure as a picture, by matplotlib without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(9.0, 4.6), dpi=110, layout="constrained")
    FigureCanvasAgg(canvas)
    axes: Any = canvas.add_subplot()
    right: Any = axes.twinx() if figure.right_title else axes
    floor: dict[Any, float] = {}
    bars = [trace for trace in figure.traces if trace.kind == "bars"]
    for place, trace in enumerate(figure.traces):
        colour = COLOURS[place % len(COLOURS)]
        if trace.kind == "heat":
            image = axes.imshow([list(row) for row in trace.z], aspect="auto", cmap="Reds", origin="lower")
            axes.set_xticks(range(len(trace.x)), [str(x) for x in trace.x])
            axes.set_yticks(range(len(trace.y)), [str(y) for y in trace.y])
            canvas.colorbar(image, ax=axes)
        elif trace.kind == "stack":
            below = [floor.get(x, 0.0) for x in trace.x]
            axes.bar([str(x) for x in trace.x], trace.y, bottom=below, label=trace.name, color=colour)
            for x, y in zip(trace.x, trace.y, strict=True):
                floor[x] = floor.get(x, 0.0) + float(y)
        elif trace.kind == "bars":
            width = 0.8 / max(len(bars), 1)
            shift = (bars.index(trace) - (len(bars) - 1) / 2) * width
            spots = [row + shift for row in range(len(trace.x))]
            axes.bar(spots, trace.y, width=width, label=trace.name, color=colour, yerr=list(trace.error) or None)
            axes.set_xticks(range(len(trace.x)), [str(x) for x in trace.x])
        elif trace.kind == "band":
            (right if trace.on_right else axes).fill_between(
                trace.x, trace.y, trace.upper, alpha=0.3, label=trace.name, color=colour
            )
        elif trace.kind == "points":
            axes.scatter(trace.x, trace.y, s=10, label=trace.name, color=colour)
        else:
            axes.plot(trace.x, trace.y, label=trace.name, color=colour, marker="o" if len(trace.x) < 40 else None, ms=3)
            if trace.error:
                axes.errorbar(trace.x, trace.y, yerr=list(trace.error), fmt="none", ecolor=colour)
    axes.set_xlabel(figure.x_title)
    axes.set_ylabel(figure.y_title)
    if figure.right_title:
        right.set_ylabel(figure.right_title)
    if figure.log_x:
        axes.set_xscale("log")
    if figure.log_y:
        axes.set_yscale("log")
    if len(figure.traces) > 1:
        canvas.legend(fontsize=8, loc="outside lower center", ncols=4)
    axes.tick_params(axis="x", labelrotation=30, labelsize=8)
    axes.set_title(figure.title, fontsize=10)
    canvas.savefig(file)
