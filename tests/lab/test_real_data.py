"""Replays of real crashes; they skip where the data is absent (SOLVENT_DATA, or shared/data beside the checkout)."""

import os
from pathlib import Path

import pytest

from solvent.lab.measures import summarise
from solvent.lab.replay import play
from solvent.lab.scenario import read_scenario
from solvent.rulebook.document import read_rulebook

WINDOWS = [
    ("oct10_2025_trades/bars_1s_2045_2215utc.parquet", ("BTC", "ETH", "AVAX")),
    ("candles/win_2021_05_5m_13coins.parquet", ("BTC", "LINK")),
    ("candles/win_2022_05_luna_ust_5m.parquet", ("LUNA",)),
    ("candles/win_2024_08_05_5m.parquet", ("BTC", "ETH", "SOL")),
]


def data() -> Path:
    return Path(os.environ.get("SOLVENT_DATA") or Path(__file__).parents[3] / "shared" / "data")


@pytest.mark.parametrize(("name", "markets"), WINDOWS, ids=lambda value: value if isinstance(value, str) else None)
@pytest.mark.parametrize("rulebook", ["solvent", "hyperliquid", "binance_usdm"])
def test_a_real_crash_is_paid_to_the_last_quantum(name, markets, rulebook) -> None:
    file = data() / name
    if not file.is_file():
        pytest.skip(f"no {name} here; set SOLVENT_DATA to the folder that holds it")
    run = play(read_scenario("2025-10-10"), read_rulebook(rulebook), accounts=400, prices=file, only=markets)
    summary = summarise(run)
    assert all(summary["checks"].values()), summary["checks"]
    assert sum(summary["paid_quanta"].values()) + summary["open_deficit_quanta"] == summary["shortfall_quanta"]
    assert summary["liquidated_accounts"] > 0
    assert summary["still_in_liquidation"] == 0
