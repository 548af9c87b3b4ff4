"""The report of a replay: one HTML file that tells who paid, opens anywhere and asks the network for nothing.

Words first, then the figures that carry them, then tables with every number to the last quantum. The file
holds plotly's own script once and the pictures as data; a content security policy forbids the browser to
load anything else. The same summary gives the same bytes.

plotly is imported inside a function: it is large, and only the last step of a replay needs it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from solvent import __version__
from solvent.codes import REFUSAL_SENTENCES, Refusal
from solvent.lab.guards.picture import guards_picture
from solvent.lab.guards.series import MarketGuards
from solvent.lab.pictures import Burden, figure_html, pictures_of
from solvent.lab.series import Series, check
from solvent.lab.table import (
    Summary,
    amount,
    amount_short,
    doubts,
    duration,
    loss_lines,
    moment,
    share,
    stage_lines,
    standstill_lines,
    verdict,
    words,
)

Row = Sequence[str]

CONTENT_POLICY: Final = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def write_report(
    path: Path, summary: Summary, series: Series, burden: Burden, guards: Sequence[MarketGuards] = ()
) -> None:
    """Write the report whole or not at all: into a neighbour first, then over `path`."""
    check(series)
    page = page_of(summary, series, burden, guards)
    neighbour = path.with_name(f".{path.name}.part")
    try:
        neighbour.write_text(page, encoding="utf-8", newline="\n")
        os.replace(neighbour, path)
    finally:
        neighbour.unlink(missing_ok=True)


def page_of(summary: Summary, series: Series, burden: Burden, guards: Sequence[MarketGuards] = ()) -> str:
    """The whole page as text."""
    pictures = {picture.key: picture for picture in pictures_of(summary, series, burden)}
    pictures["guards"] = guards_picture(summary, list(guards))
    figures = {key: picture.figure for key, picture in pictures.items() if picture.figure}
    body = [
        _header(summary),
        _key_figures(summary),
        _section("market", figure_html(pictures["market"])),
        _section("guards", figure_html(pictures["guards"])),
        _section("funds", figure_html(pictures["funds"]), _funds_table(summary)),
        _section(
            "loss",
            f'<div class="beside">{figure_html(pictures["loss"])}<div>{_loss_table(summary)}</div></div>',
        ),
        _section("burden", figure_html(pictures["burden"]), _burden_table(summary, burden) if burden else ""),
        _section("detail", "<h2>In detail</h2>", _stage_table(summary)),
        f'<div class="tables"><div>{_standstill_table(summary)}{_refused_table(summary)}',
        f"{_checks_table(summary)}{_seconds_table(summary)}</div><div>{_run_table(summary)}</div></div>",
        _provenance(summary),
    ]
    return page_with(summary["title"], body, figures)


def page_with(title: str, body: Iterable[str], figures: dict[str, Any]) -> str:
    """A page around these pieces: style, policy, plotly once, and the figures as data."""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)} · solvent</title>",
            '<link rel="icon" href="data:,">',
            f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
            *body,
            "</main>",
            f'<script type="application/json" id="figures">{_json(figures)}</script>',
            f"<script>{_plotly_script()}</script>",
            f"<script>{_SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )


def _json(figures: dict[str, Any]) -> str:
    """Data that cannot end the script element it stands in."""
    text = json.dumps(figures, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plotly_script() -> str:
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script.replace("</script", "<\\/script").strip()


# --- the top of the page ------------------------------------------------------------------------------------


def _header(summary: Summary) -> str:
    open_deficit, warnings = summary["open_deficit_quanta"], doubts(summary)
    traders = any(line.traders_pay and line.quanta for line in loss_lines(summary))
    tone = "bad" if open_deficit or warnings else "strained" if traders else "good"
    alarm = "".join(f'<p class="alarm" role="alert">Do not rely on this run. {escape(doubt)}</p>' for doubt in warnings)
    span = f"{moment(summary['start_ns'])} to {moment(summary['end_ns'])} UTC"
    return (
        f"<header><p class=over>Replay of {escape(summary['scenario'])} "
        f"under {escape(summary['rulebook'])}</p>"
        f"<h1>{escape(summary['title'])}</h1>{alarm}"
        f'<p class="verdict {tone}">{escape(verdict(summary))}</p>'
        f"<p class=over>{span} ({duration(summary['end_ns'] - summary['start_ns'])}), "
        f"amounts in {escape(summary['settlement'])}</p></header>"
    )


def _key_figures(summary: Summary) -> str:
    decimals, adl = summary["settlement_decimals"], summary["adl"]
    still = standstill_lines(summary)
    halted = [line for line in still if line.halted_ns]
    items = [
        ("Liquidated accounts", f"{summary['liquidated_accounts']:,}", f"of {summary['accounts']:,}"),
        (
            "Liquidated notional",
            amount_short(summary["liquidated_notional_quanta"], decimals),
            f"{summary['recovered_accounts']:,} accounts recovered",
        ),
        (
            "Shortfall",
            amount_short(summary["shortfall_quanta"], decimals),
            f"{summary['shortfall_accounts']:,} accounts below zero",
        ),
        (
            "Open deficit",
            amount_short(summary["open_deficit_quanta"], decimals),
            "nobody has paid it" if summary["open_deficit_quanta"] else "nothing is left",
        ),
        (
            "Deleveraged winners",
            f"{adl['accounts']:,}",
            f"notional {amount_short(adl['notional_quanta'], decimals)}",
        ),
        (
            "Largest haircut",
            amount_short(adl["largest_haircut_quanta"], decimals),
            f"of {amount_short(adl['haircut_quanta'], decimals)} in all",
        ),
        (
            "Longest halt",
            duration(halted[0].halted_ns) if halted else "none",
            escape(halted[0].symbol) if halted else f"{len(still):,} markets reduce-only",
        ),
    ]
    return (
        '<dl class="keys">'
        + "".join(
            f"<div><dt>{name}</dt><dd><b>{_small_word(value)}</b><span>{note}</span></dd></div>"
            for name, value, note in items
        )
        + "</dl>"
    )


def _small_word(value: str) -> str:
    """The number large, its million or minutes small beside it."""
    number, space, word = value.partition(" ")
    return f"{number}{space}<small>{word}</small>" if space else number


def _section(key: str, *parts: str) -> str:
    return f'<section id="{key}">{"".join(parts)}</section>'


# --- tables -------------------------------------------------------------------------------------------------


def table_html(caption: str, columns: Sequence[str], rows: Iterable[Row], totals: Iterable[Row] = ()) -> str:
    """A table of cells that are HTML already; a column whose name starts with > holds numbers."""
    sides = [' class="n"' if column.startswith(">") else "" for column in columns]
    head = "".join(f'<th scope="col"{side}>{c.lstrip(">")}</th>' for c, side in zip(columns, sides, strict=True))

    def line(cells: Row) -> str:
        pairs = list(zip(cells, sides, strict=True))
        first = f'<th scope="row"{pairs[0][1]}>{pairs[0][0]}</th>'
        return f"<tr>{first}{''.join(f'<td{side}>{cell}</td>' for cell, side in pairs[1:])}</tr>"

    foot = "".join(map(line, totals))
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(line, rows))}</tbody>"
        + (f"<tfoot>{foot}</tfoot>" if foot else "")
        + "</table></div>"
    )


def _money(summary: Summary, quanta: int) -> str:
    """An exact amount; the part after the point is set back so that the eye finds the units."""
    whole, point, fraction = amount(quanta, summary["settlement_decimals"]).partition(".")
    return f'{whole}<span class="f">{point}{fraction}</span>' if point else whole


def _loss_table(summary: Summary) -> str:
    first, *lines = loss_lines(summary)
    rows = [(line.title, _money(summary, line.quanta), share(line.quanta, first.quanta)) for line in lines]
    total = ("Shortfall", _money(summary, first.quanta), share(first.quanta, first.quanta))
    return table_html("Tranches", ["Paid by", f">{escape(summary['settlement'])}", ">Share"], rows, [total])


def _funds_table(summary: Summary) -> str:
    rows = [
        (
            escape(words(name)).capitalize(),
            _money(summary, fund["start_quanta"]),
            _money(summary, fund["end_quanta"]),
            _money(summary, fund["end_quanta"] - fund["start_quanta"]),
        )
        for name, fund in summary["funds"].items()
    ]
    return table_html(f"Funds, {escape(summary['settlement'])}", ["Fund", ">Start", ">End", ">Change"], rows)


def _burden_table(summary: Summary, burden: Burden) -> str:
    keys = ("accounts", "equity_quanta", "deleveraged_quanta", "haircut_quanta")
    totals = {key: sum(row[key] for row in burden) for key in keys}

    def cells(row: dict[str, Any]) -> list[str]:
        return [f"{row['accounts']:,}", *(_money(summary, row[key]) for key in keys[1:])]

    return table_html(
        f"Deciles by equity at the start, {escape(summary['settlement'])}",
        ["Decile", ">Accounts", ">Equity", ">Deleveraged notional", ">Haircut"],
        [(str(row["decile"]), *cells(row)) for row in burden],
        [("All", *cells(totals))],
    )


def _stage_table(summary: Summary) -> str:
    lines = stage_lines(summary)
    rows = [
        (
            escape(line.title),
            escape(line.executor),
            f"{line.accounts:,}",
            f"{line.closings:,}",
            _money(summary, line.notional_quanta),
            _money(summary, line.penalties_quanta),
        )
        for line in lines
    ]
    total = (
        "All, an account once",
        "",
        f"{summary['liquidated_accounts']:,}",
        f"{sum(line.closings for line in lines):,}",
        _money(summary, summary["liquidated_notional_quanta"]),
        _money(summary, summary["penalties_quanta"]),
    )
    columns = ["Stage", "Closed by", ">Accounts", ">Closings", ">Notional", ">Penalties"]
    return table_html("Stages of liquidation", columns, rows, [total])


def _standstill_table(summary: Summary) -> str:
    span = summary["end_ns"] - summary["start_ns"]
    lines = standstill_lines(summary)
    if not lines:
        return _none("Time halted", "No market was halted or reduce-only.")
    rows = [
        (
            escape(line.symbol),
            duration(line.halted_ns) if line.halted_ns else "-",
            share(line.halted_ns, span),
            duration(line.reduce_only_ns) if line.reduce_only_ns else "-",
            share(line.reduce_only_ns, span),
        )
        for line in lines
    ]
    return table_html("Time halted", ["Market", ">Halted", ">of the run", ">Reduce-only", ">of the run"], rows)


def _refused_table(summary: Summary) -> str:
    refused = sorted(summary["refused"].items(), key=lambda item: (-item[1], item[0]))
    if not refused:
        return _none("Refused commands", "No command was refused.")

    def reason(name: str) -> str:
        known = Refusal.__members__.get(str(name).upper().replace(" ", "_"))
        sentence = f'<span class="why">{escape(REFUSAL_SENTENCES[known])}</span>' if known else ""
        return f"{escape(words(name)).capitalize()}{sentence}"

    rows = [(reason(name), f"{count:,}") for name, count in refused]
    total = ("All", f"{sum(summary['refused'].values()):,}")
    return table_html("Refused commands", ["Reason", ">Commands"], rows, [total])


def _checks_table(summary: Summary) -> str:
    rows = [
        (escape(words(name)).capitalize(), "held" if held else '<b class="failed">failed</b>')
        for name, held in summary["checks"].items()
    ]
    return table_html("Checks", ["Law", ">Result"], rows) if rows else _none("Checks", "Nothing was checked.")


def _run_table(summary: Summary) -> str:
    rows = [
        ("Accounts", f"{summary['accounts']:,}"),
        ("Markets", f"{len(summary['symbols']):,}"),
        ("Commands", f"{summary['commands']:,}"),
        ("Events", f"{summary['events']:,}"),
        ("Flagged accounts", f"{summary['flagged_accounts']:,}"),
        ("Liquidated accounts", f"{summary['liquidated_accounts']:,}"),
        ("Recovered accounts", f"{summary['recovered_accounts']:,}"),
        ("Still in liquidation at the end", f"{summary.get('still_in_liquidation', 0):,}"),
        ("Accounts below zero", f"{summary['shortfall_accounts']:,}"),
        ("Forced pairings with winners", f"{summary['adl']['count']:,}"),
        ("Deleveraged notional", _money(summary, summary["adl"]["notional_quanta"])),
        ("Haircuts of winners in all", _money(summary, summary["adl"]["haircut_quanta"])),
        ("Largest haircut of an account", _money(summary, summary["adl"]["largest_haircut_quanta"])),
        ("Penalties", _money(summary, summary["penalties_quanta"])),
        ("Residuals taken over", _money(summary, summary["residual_quanta"])),
    ]
    return table_html("The run in numbers", ["What", ">How many or much"], rows)


def _seconds_table(summary: Summary) -> str:
    rows = [(escape(words(phase)).capitalize(), f"{s:,.2f}") for phase, s in summary["seconds"].items()]
    total = ("All", f"{sum(summary['seconds'].values()):,.2f}")
    return table_html("Seconds spent", ["Phase", ">Seconds"], rows, [total])


def _provenance(summary: Summary) -> str:
    symbols = escape(", ".join(summary["symbols"]))
    items = [
        ("Scenario", escape(summary["scenario"])),
        ("Scenario digest", f"<code>{escape(summary.get('scenario_digest', ''))}</code>"),
        ("Rulebook", escape(summary["rulebook"])),
        ("Rulebook digest", f"<code>{escape(summary['rulebook_digest'])}</code>"),
        ("Seed", f"<code>{escape(str(summary['seed']))}</code>"),
        ("State digest", f"<code>{escape(summary['digest'])}</code>"),
        ("Markets", symbols),
        ("Engine", f"solvent {escape(summary.get('engine_version', __version__))}"),
        ("Report schema", escape(str(summary["schema"]))),
        *(("Source", escape(source)) for source in summary["sources"]),
    ]
    facts = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in items if value != "<code></code>")
    notes = "".join(f"<li>{escape(note)}</li>" for note in summary["notes"])
    notes = f"<h2>Notes</h2><ul>{notes}</ul>" if notes else ""
    again = "The same scenario, rulebook and seed give the same state digest on any machine."
    return f'{notes}<footer><h2>Provenance</h2><dl class="facts">{facts}</dl><p class=over>{again}</p></footer>'


def _none(title: str, sentence: str) -> str:
    return f'<div class="scroll"><p class="none"><b>{title}</b><br>{sentence}</p></div>'


# --- looks and drawing --------------------------------------------------------------------------------------

_STYLE: Final = """
:root{--paper:#fcfcfa;--ink:#1c2126;--muted:#5d666f;--faint:#b9bfc4;--rule:#e1e4e4;--wash:rgba(93,102,111,.14);
--venue:#2c6cb0;--venue-wash:rgba(44,108,176,.12);--vault:#14877a;--vault-wash:rgba(20,135,122,.12);
--traders:#cf6a12;--open:#bf2f3f;--open-wash:rgba(191,47,63,.12);--good:#1b7a4b;
--halted:rgba(191,47,63,.17);--reduce:rgba(214,150,20,.16);
--line1:#2c6cb0;--line2:#cf6a12;--line3:#14877a;--line4:#bf2f3f;--line5:#7b52ab;--line6:#8a7a12;--line7:#b84a93;
--line8:#7d5a44;--line5-wash:rgba(123,82,171,.12);--line6-wash:rgba(138,122,18,.12)}
@media (prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e6e8e9;--muted:#9aa4ad;--faint:#4c545b;
--rule:#2b3036;--wash:rgba(154,164,173,.2);--venue:#6da7ea;--venue-wash:rgba(109,167,234,.15);--vault:#4cc2b2;
--vault-wash:rgba(76,194,178,.15);--traders:#f09d4e;--open:#f0707f;--open-wash:rgba(240,112,127,.15);--good:#62c596;
--halted:rgba(240,112,127,.22);--reduce:rgba(240,190,80,.17);
--line1:#6da7ea;--line2:#f09d4e;--line3:#4cc2b2;--line4:#f0707f;--line5:#b596e8;--line6:#cfbf58;--line7:#e88bca;
--line8:#c39d83;--line5-wash:rgba(181,150,232,.15);--line6-wash:rgba(207,191,88,.15)}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);-webkit-text-size-adjust:100%;
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1120px;margin:0 auto;padding:28px 24px 48px}
h1{font-size:28px;line-height:1.2;margin:2px 0 12px;font-weight:650;overflow-wrap:anywhere}
h2{font-size:18px;margin:0 0 8px;font-weight:650}
main>h2{margin-top:36px}
.over{color:var(--muted);margin:0;font-size:13px;overflow-wrap:anywhere}
.verdict{font-size:19px;line-height:1.4;margin:0 0 10px;padding-left:14px;border-left:4px solid}
.good{border-color:var(--good)}.strained{border-color:var(--traders)}.bad{border-color:var(--open)}
.alarm{margin:0 0 10px;padding:8px 14px;border:1px solid var(--open);color:var(--open);font-weight:650}
.keys{display:grid;grid-template-columns:repeat(7,minmax(0,1fr));gap:12px 20px;margin:22px 0 0;padding:14px 0;
border-top:1px solid var(--rule);border-bottom:1px solid var(--rule)}
.keys dt{font-size:12px;color:var(--muted)}.keys dd{margin:0}
.keys b{display:block;font-size:19px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums}
.keys small{font-size:13px;font-weight:400}.keys b{white-space:nowrap}
.keys span{display:block;line-height:1.35;font-size:12px;color:var(--muted);overflow-wrap:anywhere}
section{margin-top:36px}
figure{margin:0}figcaption{font-size:13px;color:var(--muted);max-width:75em;margin:6px 0 14px}
.plot{width:100%;overflow:hidden}
.legend{display:flex;flex-wrap:wrap;gap:2px 4px;margin:0 0 2px -6px}
.legend button{font:inherit;font-size:12.5px;color:var(--ink);background:none;border:0;padding:2px 6px;
display:inline-flex;align-items:center;gap:6px;border-radius:4px;max-width:100%;overflow-wrap:anywhere;
text-align:left;cursor:pointer}
.legend span{font-size:12.5px;color:var(--muted);padding:2px 6px;min-width:96px}
.legend i{flex:none;width:12px;height:12px;border-radius:2px}
.legend button:hover{background:var(--wash)}
.legend button[aria-pressed=false]{color:var(--muted);text-decoration:line-through}
.legend button[aria-pressed=false] i{opacity:.25}
:focus-visible{outline:2px solid var(--venue);outline-offset:2px}
.beside{display:grid;grid-template-columns:minmax(0,1fr);gap:16px 40px}
.tables{display:grid;grid-template-columns:minmax(0,1fr);gap:0 40px;align-items:start}
.tables .scroll{margin-top:26px}
@media (min-width:900px){.beside{grid-template-columns:minmax(0,3fr) minmax(0,2fr);align-items:start}
.tables{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:899px){.keys{grid-template-columns:repeat(auto-fill,minmax(150px,1fr))}}
@media (max-width:560px){main{padding:18px 14px 36px}h1{font-size:23px}.verdict{font-size:17px}}
.scroll{overflow-x:auto;min-width:0}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:650;font-size:14px;padding:0 0 4px}
th,td{padding:5px 14px 5px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:0}
thead th{font-weight:400;font-size:12px;color:var(--muted);white-space:nowrap}
tbody th,tfoot th{font-weight:400;min-width:8em;overflow-wrap:anywhere}
.n{text-align:right;white-space:nowrap}
tfoot th,tfoot td{font-weight:650;border-bottom:0;border-top:1px solid var(--muted)}
.f{color:var(--muted);font-weight:400}.why{display:block;font-size:12px;color:var(--muted)}
.failed{color:var(--open)}.none{margin:0;font-size:13.5px}
footer{margin-top:36px}.facts{margin:0 0 10px;font-size:13.5px}
.facts div{display:grid;grid-template-columns:130px minmax(0,1fr);gap:12px;padding:4px 0;
border-bottom:1px solid var(--rule)}
.facts dt{color:var(--muted)}.facts dd{margin:0;overflow-wrap:anywhere}
code{font:12.5px/1.5 ui-monospace,Menlo,monospace}
ul{padding-left:20px}
@media print{section,.scroll{break-inside:avoid}main{padding:0}}
"""

_SCRIPT: Final = """
(function(){
"use strict";
var figures=JSON.parse(document.getElementById("figures").textContent);
var dark=matchMedia("(prefers-color-scheme: dark)"),narrow=matchMedia("(max-width: 560px)");
var touch=matchMedia("(pointer: coarse)").matches,hidden={};
function paint(node,key,style){
  if(typeof node==="string"){
    return /color$/.test(key)&&node.slice(0,2)==="--"?style.getPropertyValue(node).trim():node;
  }
  if(Array.isArray(node)){
    return /color$/.test(key)?node.map(function(item){return paint(item,key,style);}):node;
  }
  if(node&&typeof node==="object"){
    var copy={};
    Object.keys(node).forEach(function(name){
      copy[name]=name==="data"?node[name].map(function(item){return paint(item,"",style);}):
        name==="annotations"?node[name].map(function(item){return paint(item,"",style);}):
        paint(node[name],name,style);
    });
    return copy;
  }
  return node;
}
function draw(){
  var style=getComputedStyle(document.documentElement);
  Object.keys(figures).forEach(function(key){
    var figure=paint(figures[key],"",style);
    figure.layout.dragmode=touch?false:"zoom";
    if(narrow.matches){figure.layout.font.size=11;}
    figure.data.forEach(function(trace,index){trace.visible=!(hidden[key]&&hidden[key][index]);});
    Plotly.react("plot-"+key,figure.data,figure.layout,{displayModeBar:false,responsive:true});
  });
}
document.querySelectorAll(".legend button").forEach(function(button){
  button.addEventListener("click",function(){
    var show=button.getAttribute("aria-pressed")==="false",key=button.dataset.figure;
    var traces=button.dataset.traces.split(" ").map(Number);
    button.setAttribute("aria-pressed",String(show));
    hidden[key]=hidden[key]||{};
    traces.forEach(function(index){hidden[key][index]=!show;});
    Plotly.restyle("plot-"+key,{visible:show},traces);
  });
});
document.querySelectorAll(".plot noscript").forEach(function(node){node.remove();});
draw();
dark.addEventListener("change",draw);
narrow.addEventListener("change",draw);
})();
"""
