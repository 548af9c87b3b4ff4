"""The report of a stress run: one HTML file without network, PNGs beside it, every figure's numbers as Parquet."""

import json
import math
import os
from html import escape
from pathlib import Path
from typing import Any, Final

from solvent.lab.worlds.figures import Figure, draw_png, plotly_of
from solvent.lab.worlds.panels import panels_of
from solvent.lab.worlds.panels.bench import number
from solvent.lab.worlds.runs import Progress
from solvent.lab.worlds.stress import StressRun, write_run

CONTENT_POLICY: Final = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; color: #1b1b1b; }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin: 2em 0 0.2em }
table { border-collapse: collapse; font-size: 13px; margin: 0.6em 0 } td, th { padding: 2px 10px; text-align: right }
td:first-child, th:first-child { text-align: left } tr:nth-child(even) { background: #f4f4f4 }
.from { color: #666; font-size: 12px } .red { color: #b00020 } .amber { color: #a05a00 } .green { color: #1b7f3b }
"""


def write_report(out: Path, run: StressRun, progress: Progress | None = None) -> list[Figure]:
    """Write the run's folder with report.html, figures/*.png and figures/*.parquet; give the figures."""
    write_run(out, run)
    figures = panels_of(run, progress)
    place = out / "figures"
    place.mkdir(exist_ok=True)
    for figure in figures:
        draw_png(figure, place / f"{figure.key}.png")
        figure.frame().write_parquet(place / f"{figure.key}.parquet")
    page = page_of(run, figures)
    neighbour = out / ".report.html.part"
    try:
        neighbour.write_text(page, encoding="utf-8", newline="\n")
        os.replace(neighbour, out / "report.html")
    finally:
        neighbour.unlink(missing_ok=True)
    return figures


def provenance_of(run: StressRun) -> str:
    """What every figure says of where it comes from."""
    summary = run.summary
    digests = summary["digests"]
    error = summary["estimates"]["expected_shortfall_999"]["standard_error"]
    worst = summary["worst_path"]
    parts = [
        f"scenario {digests['scenario']} {digests['scenario_digest'][:12]}",
        f"rulebook {digests['rulebook']} {digests['rulebook_digest'][:12]}",
        f"engine {digests['engine_digest'][:12]}",
        f"model {digests['model_digest'][:12]}",
        f"data {digests['data_digest'][:12] or 'none'}",
        f"seed {summary['seed']}",
        f"{summary['paths']} paths{' (partial)' if summary['partial'] else ''}",
        f"standard error of ES 99.9 % {error:,.4g}",
        f"worst path {worst}: solvent explain DIR --path {worst} --account N",
    ]
    return "; ".join(parts)


def page_of(run: StressRun, figures: list[Figure]) -> str:
    """The whole page as text."""
    from plotly.offline import get_plotlyjs

    summary = run.summary
    hours = f"{summary['horizon_s'] / 3600:g} h"
    head = f"{run.world.scenario.title}: {summary['paths']} paths of {hours} under {summary['digests']['rulebook']}"
    source = provenance_of(run)
    body = [f"<h1>{escape(head)}</h1>", _estimates(summary)]
    drawings: dict[str, Any] = {}
    for figure in figures:
        drawings[figure.key] = plotly_of(figure)
        body.append(f"<h2>{escape(figure.title)}</h2><p>{escape(figure.sentence)}</p><div id='{figure.key}'></div>")
        body.append(_table(figure.table))
        body += [f"<p>{escape(note)}</p>" for note in figure.notes]
        body.append(f"<p class='from'>{escape(f'{figure.basis}; {source}')}</p>")
    body.append(f"<h2>Model and limits</h2><pre>{escape(json.dumps(summary['model'], indent=1, default=str))}</pre>")
    data = json.dumps(_finite(drawings), allow_nan=False).replace("</", "<\\/")
    draw = (
        "for (const [key, figure] of Object.entries(figures)) "
        "Plotly.newPlot(key, figure.data, figure.layout, {responsive: true});"
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<meta http-equiv='Content-Security-Policy' content=\"{CONTENT_POLICY}\"><title>{escape(head)}</title>"
        f"<style>{_STYLE}</style></head><body>{''.join(body)}<script>{get_plotlyjs()}</script>"
        f"<script>const figures = {data};\n{draw}</script></body></html>\n"
    )


def _finite(value: Any) -> Any:
    """Plain numbers for a browser; what is not a number is left out of the drawing."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, bool | str) or value is None:
        return value
    plain = float(value)
    return plain if math.isfinite(plain) else None


def _estimates(summary: dict[str, Any]) -> str:
    rows = [("measure", "estimate", "standard error", "95 % interval")]
    for name, estimate in summary["estimates"].items():
        interval = f"{number(estimate['low'])} to {number(estimate['high'])}"
        rows.append((name.replace("_", " "), number(estimate["value"]), number(estimate["standard_error"]), interval))
    return _table(tuple(rows))


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    if len(rows) < 2:
        return ""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    lines = []
    for row in rows[1:]:
        cells = "".join(
            f"<td class='{cell}'>{cell}</td>" if cell in ("red", "amber", "green") else f"<td>{escape(cell)}</td>"
            for cell in row
        )
        lines.append(f"<tr>{cells}</tr>")
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"
