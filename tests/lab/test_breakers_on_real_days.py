"""The breaker from both sides: 5 August 2024 was a bad day and no market may halt; on 10 October 2025 markets must.

A slice of each day around its worst minutes, nobody trading: what counts is what the marks alone make the breakers do.
Skips where the data is absent (SOLVENT_DATA, or shared/data beside the checkout).
"""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.lab.test_real_data import data

from solvent.codes import Mode
from solvent.events import EventKind
from solvent.lab.replay import Played, play
from solvent.lab.scenario import read_scenario
from solvent.rulebook.document import read_rulebook

PIECES = 20


def finer(candles: pl.DataFrame) -> pl.DataFrame:
    """Each candle of five minutes as twenty of fifteen seconds along its open, far extreme, near extreme and close.

    A source that speaks every 75 seconds is silent by the rules, and a tenth between two reports is no report.
    """
    rows = []
    for row in candles.iter_rows(named=True):
        falls = row["close"] < row["open"]
        turns = [row["open"], row["high" if falls else "low"], row["low" if falls else "high"], row["close"]]
        path = np.interp(np.linspace(0, 3, PIECES + 1), range(4), turns)
        for place in range(PIECES):
            first, last = float(path[place]), float(path[place + 1])
            prices = {"open": first, "high": max(first, last), "low": min(first, last), "close": last}
            rows.append(row | prices | {"time_utc": row["time_utc"] + timedelta(seconds=15 * place), "volume": 0.0})
    return pl.DataFrame(rows).with_columns(pl.col("venue", "symbol", "kind").cast(pl.String))


def day(folder: Path, name: str, between: tuple[str, str], markets: tuple[str, ...]) -> Played:
    """The recommended rules over the candles between two times."""
    file = data() / name
    if not file.is_file():
        pytest.skip(f"no {name} here; set SOLVENT_DATA to the folder that holds it")
    piece = folder / "piece.parquet"
    first, last = (pl.lit(text).str.to_datetime() for text in between)
    candles = pl.read_parquet(file).filter(pl.col("time_utc").is_between(first, last))
    (finer(candles) if "5m" in name else candles).write_parquet(piece)
    return play(read_scenario("2025-10-10"), read_rulebook("solvent"), accounts=0, prices=piece, only=markets)


def strictest(run: Played) -> dict[str, Mode]:
    """By market, and for the venue, the strictest mode that was ever in force."""
    events = np.concatenate(run.recording.events)
    changed = events[events["kind"] == EventKind.MODE_CHANGED]
    found = {symbol.split("/")[0]: Mode.ACTIVE for symbol in run.compiled.symbols} | {"venue": Mode.ACTIVE}
    for event in changed:
        row = int(event["instrument"])
        name = "venue" if row < 0 else run.compiled.symbols[row].split("/")[0]
        found[name] = max(found[name], Mode(int(event["mode"])))
    return found


def test_the_fifth_of_august_2024_trips_caution_and_no_more(tmp_path) -> None:
    hours = "2024-08-05T00:00", "2024-08-05T03:00"
    modes = strictest(day(tmp_path, "candles/win_2024_08_05_5m.parquet", hours, ("BTC", "ETH", "SOL")))
    assert set(modes) == {"BTC", "ETH", "SOL", "venue"}
    assert max(modes.values()) == Mode.CAUTION  # it was noticed
    assert modes["ETH"] == Mode.CAUTION  # 2,689 to 2,111 in two hours, 13 % in five minutes
    assert modes["venue"] == Mode.ACTIVE


def test_the_tenth_of_october_2025_halts_markets(tmp_path) -> None:
    minutes = "2025-10-10T21:12", "2025-10-10T21:24"
    markets = ("BTC", "AAVE", "DOT", "UNI")
    modes = strictest(day(tmp_path, "oct10_2025_trades/bars_1s_2045_2215utc.parquet", minutes, markets))
    assert [name for name in ("AAVE", "DOT", "UNI") if modes[name] == Mode.HALTED]
    # bitcoin moved less in any five minutes than ether on 5 August: no figure halts the one and not the other
    assert modes["BTC"] < Mode.HALTED
