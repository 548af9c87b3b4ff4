"""The embedded crash under two venues' rules and under one of them with another waterfall, side by side in polars."""

import polars as pl

from solvent.lab.measures import summarise
from solvent.lab.replay import play
from solvent.lab.scenario import read_scenario
from solvent.rulebook.document import parse_rulebook, read_rulebook

# An overlay takes over what it does not name: here the winners are asked before the funds.
WINNERS_FIRST = """
schema = "rulebook/1"
[meta]
venue = "winners first"
extends = "binance_usdm"
as_of = "2026-11-24"
sources = ["an example"]
[[loss.stage]]
kind = "account_residual"
to = "insurance_fund"
[[loss.stage]]
kind = "adl"
"""

day = read_scenario("2025-10-10")
books = [
    read_rulebook("hyperliquid"),
    read_rulebook("binance_usdm"),
    parse_rulebook(WINNERS_FIRST, "winners_first"),
]
rows = []
for book in books:
    summary = summarise(play(day, book, seed=7, accounts=200))
    paid = {f"paid_by_{name}": quanta / 1e6 for name, quanta in summary["paid_quanta"].items() if quanta}
    rows.append(
        {
            "rulebook": book.name,
            "liquidated": summary["liquidated_accounts"],
            "shortfall": summary["shortfall_quanta"] / 1e6,
            "left_open": summary["open_deficit_quanta"] / 1e6,
            "deleveraged": summary["adl"]["count"],
            **paid,
        }
    )
print(pl.DataFrame(rows, infer_schema_length=None).fill_null(0.0))
