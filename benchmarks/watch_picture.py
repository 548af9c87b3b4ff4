"""Draws docs/pictures/watch.png from what was measured.

solvent bench watch --json > watch.json; python benchmarks/watch_peers.py --accounts 1000000 --json > peers.json
python benchmarks/watch_picture.py watch.json peers.json docs/pictures/watch.png
"""

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure


def main() -> None:
    """Two panels: the scan beside its peers, and one price beside the scan; both on a logarithmic scale."""
    watch = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    peers = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))[-1]
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    rows = sorted(peers["rows"].items(), key=lambda row: -row[1]["ms"])
    colours = ["#2a6f97" if name.startswith("solvent") else "#b0b7bd" for name, _row in rows]
    bars = left.barh([name for name, _row in rows], [row["ms"] for _name, row in rows], color=colours)
    left.bar_label(bars, [f"{row['ms']:,.3g} ms" for _name, row in rows], padding=3)
    left.set_xscale("log")
    left.margins(x=0.25)
    left.set_title(f"Everybody, once: {peers['accounts']:,} accounts")
    tick = watch["tick_us"]
    shown = {
        "one price, median": tick["p50"],
        "one price, 99 of 100 within": tick["p99"],
        "whole command, median": watch["command_us"]["p50"],
        "scan of everybody": watch["scan_ms"] * 1e3,
    }
    colours = ["#2a6f97", "#2a6f97", "#2a6f97", "#b0b7bd"]
    bars = right.barh(list(shown)[::-1], list(shown.values())[::-1], color=colours[::-1])
    right.bar_label(bars, [f"{value:,.1f} µs" for value in list(shown.values())[::-1]], padding=3)
    right.set_xscale("log")
    right.margins(x=0.25)
    right.set_title(f"One price: {watch['accounts']:,} accounts, {watch['book']} book")
    for panel in (left, right):
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(sys.argv[3], dpi=110)


if __name__ == "__main__":
    main()
