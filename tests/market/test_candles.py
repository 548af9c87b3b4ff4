"""Candle files: both layouts in every published spelling, all faults at once, no foresight."""

from __future__ import annotations

import datetime
import gzip
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solvent.market.candles import (
    CANDLE_COLUMNS,
    CandleFileError,
    candle_interval_ns,
    price_reports,
    read_candles,
)

MINUTE_NS = 60 * 10**9
NOON_S = 1_760_097_600  # 2025-10-10 12:00:00 UTC
NOON_NS = NOON_S * 10**9

HEADER = "symbol,time_utc,open,high,low,close,volume"
ROW_NOON = "BTCUSDT,2025-10-10 12:00:00,100,110,95,105,7"
ROW_12_01 = "BTCUSDT,2025-10-10 12:01:00,105,106,90,92,8"
ROW_12_02 = "BTCUSDT,2025-10-10 12:02:00,92,93,91,92,9"
KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def written(folder: Path, *lines: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def faults_of(path: Path, symbol: str | None = None) -> tuple[str, ...]:
    with pytest.raises(CandleFileError) as refusal:
        read_candles(path, symbol=symbol)
    return refusal.value.faults


def klines(open_time: int, volume: int = 5) -> str:
    return f"{open_time},100,110,95,105,{volume},{open_time + 59_999},500,3,2,200,0"


# --- what is read ---------------------------------------------------------------------------------------


def test_plain_table_has_the_promised_columns_and_order(tmp_path: Path) -> None:
    frame = read_candles(written(tmp_path, HEADER, ROW_12_01, ROW_NOON))
    assert tuple(frame.columns) == CANDLE_COLUMNS
    assert frame.schema["time_ns"] == pl.Int64
    assert [frame.schema[name] for name in ("open", "high", "low", "close", "volume")] == [pl.Float64] * 5
    assert frame.row(0) == (NOON_NS, "BTC", "USDT", "file", "file", "spot", 100, 110, 95, 105, 7)
    assert frame["time_ns"].to_list() == [NOON_NS, NOON_NS + MINUTE_NS]


TIMES = [
    ("ISO, a space between",    "2025-10-10 12:00:00"),
    ("ISO, T and Z",            "2025-10-10T12:00:00Z"),
    ("ISO, fraction",           "2025-10-10T12:00:00.000000"),
    ("ISO, to the minute",      "2025-10-10 12:00"),
    ("ISO, offset of two hours", "2025-10-10T14:00:00+02:00"),
    ("UTC spelled out",         "2025-10-10 12:00:00 UTC"),
    ("seconds",                 f"{NOON_S}"),
    ("seconds with a fraction", f"{NOON_S}.0"),
    ("milliseconds",            f"{NOON_S}000"),
    ("microseconds",            f"{NOON_S}000000"),
    ("nanoseconds",             f"{NOON_S}000000000"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "cell"), TIMES, ids=[case[0] for case in TIMES])
def test_time_in_words_is_noon(tmp_path: Path, words: str, cell: str) -> None:
    frame = read_candles(written(tmp_path, HEADER, f"BTCUSDT,{cell},100,110,95,105,7"))
    assert frame["time_ns"].to_list() == [NOON_NS]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_parquet_datetimes_of_any_unit_and_zone(tmp_path: Path, unit: str, zone: str | None) -> None:
    noon = pl.Series("time_utc", [NOON_S * 1000]).cast(pl.Datetime("ms", "UTC"))
    noon = noon.dt.convert_time_zone(zone) if zone else noon.dt.replace_time_zone(None)
    frame = pl.DataFrame({"time_utc": noon, "open": 1, "high": 1, "low": 1, "close": 1, "volume": 0})
    path = tmp_path / "BTC-USD-1m.parquet"
    frame.with_columns(pl.col("time_utc").dt.cast_time_unit(unit)).write_parquet(path)  # type: ignore[arg-type]
    assert read_candles(path)["time_ns"].to_list() == [NOON_NS]


def test_parquet_dates_are_midnights(tmp_path: Path) -> None:
    day = datetime.date(2025, 10, 10)
    frame = pl.DataFrame({"time_utc": [day], "open": 1, "high": 1, "low": 1, "close": 1, "volume": 0})
    path = tmp_path / "BTCUSDT.parquet"
    frame.write_parquet(path)
    assert read_candles(path)["time_ns"].to_list() == [NOON_NS - 12 * 60 * MINUTE_NS]


def test_columns_in_any_order_further_ones_ignored_categories_read(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    frame = pl.DataFrame(
        {
            "close": [105.0, 3.0],
            "row": ["x", "y"],
            "base": ["misleading", None],
            "venue": ["kraken", "kraken"],
            "low": [95.0, 1.0],
            "high": [110.0, 4.0],
            "open": [100.0, 2.0],
            "volume": [7, 8],
            "time_utc": [NOON_S, NOON_S],
            "kind": ["perp_um", "Mark"],
            "symbol": ["BTC/USDT:USDT", "ETH-USD"],
        }
    )
    frame.with_columns(pl.col("venue", "kind", "symbol").cast(pl.Categorical)).write_parquet(path)
    rows = read_candles(path).rows()
    assert rows[0] == (NOON_NS, "BTC", "USDT", "kraken", "kraken", "perp", 100, 110, 95, 105, 7)
    assert rows[1] == (NOON_NS, "ETH", "USD", "kraken", "kraken", "mark", 2, 4, 1, 3, 8)


def test_gzip_and_byte_order_mark_and_blank_end(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(f"\ufeff{HEADER}\r\n{ROW_NOON}\r\n\r\n".encode()))
    assert read_candles(path).height == 1


KLINES = [
    ("futures, header, in ms", (KLINE_HEADER, klines(NOON_S * 10**3), klines(NOON_S * 10**3 + 60_000))),
    ("spot, no header, milliseconds", (klines(NOON_S * 10**3), klines(NOON_S * 10**3 + 60_000))),
    ("spot, no header, microseconds", (klines(NOON_S * 10**6), klines(NOON_S * 10**6 + 60_000_000))),
    ("merged: unit changes midway",   (klines(NOON_S * 10**3), klines(NOON_S * 10**6 + 60_000_000))),
]  # fmt: skip


@pytest.mark.parametrize(("words", "lines"), KLINES, ids=[case[0] for case in KLINES])
def test_klines_in_words(tmp_path: Path, words: str, lines: tuple[str, ...]) -> None:
    frame = read_candles(written(tmp_path, *lines, name="BTCUSDT-1m-2025-10.csv"))
    assert frame["time_ns"].to_list() == [NOON_NS, NOON_NS + MINUTE_NS]
    assert frame.select("base", "quote", "venue", "kind").row(0) == ("BTC", "USDT", "file", "spot")


NAMES = [
    ("BTCUSDT-5m-2025-10.csv",                         ("BTC", "USDT", "spot")),
    ("binance_BTCUSDT_5m_20251001_20251230.csv",       ("BTC", "USDT", "spot")),
    ("binance_coinm_BTCUSD_PERP_1m_20251009_10.csv",   ("BTC", "USD", "perp")),
    ("BTC-USD-1h.csv.gz",                              ("BTC", "USD", "spot")),
    ("okx_BTC-USDT-SWAP_1m.csv",                       ("BTC", "USDT", "perp")),
    ("1000PEPEUSDT.csv",                               ("1000PEPE", "USDT", "spot")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "market"), NAMES, ids=[case[0] for case in NAMES])
def test_file_name_names_the_market(tmp_path: Path, name: str, market: tuple[str, str, str]) -> None:
    frame = read_candles(written(tmp_path, klines(NOON_S * 1000), name=name))
    assert frame.select("base", "quote", "kind").row(0) == market


def test_caller_names_the_market_over_the_file_name(tmp_path: Path) -> None:
    path = written(tmp_path, klines(NOON_S * 1000), name="ETHUSDT-1m.csv")
    frame = read_candles(path, symbol="BTC/USDT:USDT")
    assert frame.select("base", "quote", "kind").row(0) == ("BTC", "USDT", "perp")


def test_caller_may_say_that_a_named_market_is_a_perpetual(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, ROW_NOON)
    assert read_candles(path, symbol="BTC/USDT:USDT")["kind"].to_list() == ["perp"]
    (fault,) = faults_of(path, symbol="ETH/USDT:USDT")
    assert fault == "symbol=: it says ETH/USDT:USDT and the file holds BTCUSDT. Leave symbol= out."
    (fault,) = faults_of(path, symbol="?")
    assert fault.startswith("symbol=: '?'")


def test_klines_without_any_volume_are_mark_prices(tmp_path: Path) -> None:
    name = "BTCUSD_PERP-1m-2025-10.csv"
    quiet = written(tmp_path, klines(NOON_S * 1000, 0), klines(NOON_S * 1000 + 60_000, 0), name=name)
    assert read_candles(quiet)["kind"].unique().to_list() == ["mark"]
    traded = written(tmp_path, klines(NOON_S * 1000, 0), klines(NOON_S * 1000 + 60_000, 1), name=name)
    assert read_candles(traded)["kind"].unique().to_list() == ["perp"]


def test_each_quote_of_a_venue_is_its_own_source(tmp_path: Path) -> None:
    lines = [
        f"{venue},{symbol},{NOON_S},1,1,1,1,1"
        for venue, symbol in (
            ("kraken", "BTCUSDT"),
            ("kraken", "BTCUSDC"),
            ("kraken", "ETHUSD"),
            ("coinbase", "BTC-USD"),
        )
    ]
    frame = read_candles(written(tmp_path, f"venue,{HEADER}", *lines))
    assert frame.select("base", "source").rows() == [
        ("BTC", "coinbase"),
        ("BTC", "kraken:USDC"),
        ("BTC", "kraken:USDT"),
        ("ETH", "kraken"),
    ]


# --- what is refused ------------------------------------------------------------------------------------

FAULTS = [
    ("price is not a number", [ROW_NOON, "BTCUSDT,2025-10-10 12:01,x,110,95,105,7"],
     "row 2: `open` is not a finite number."),
    ("price is empty", ["BTCUSDT,2025-10-10 12:01,100,110,,105,7"], "row 1: `low` is not a finite number."),
    ("price is NaN", ["BTCUSDT,2025-10-10 12:01,100,110,95,NaN,7"], "row 1: `close` is not a finite number."),
    ("price is infinite", ["BTCUSDT,2025-10-10 12:01,100,inf,95,105,7"],
     "row 1: `high` is not a finite number."),
    ("price is zero", ["BTCUSDT,2025-10-10 12:01,100,110,0,105,7"],
     "row 1: `low` is outside 1e-12 to 1e+12."),
    ("price is negative", ["BTCUSDT,2025-10-10 12:01,100,110,-5,105,7"], "row 1: `low` is outside"),
    ("price is absurd", ["BTCUSDT,2025-10-10 12:01,100,1e13,95,105,7"], "row 1: `high` is outside"),
    ("volume is missing", ["BTCUSDT,2025-10-10 12:01,100,110,95,105,"], "row 1: `volume` is not a finite"),
    ("volume is negative", ["BTCUSDT,2025-10-10 12:01,100,110,95,105,-1"], "row 1: `volume` is negative."),
    ("high below low", ["BTCUSDT,2025-10-10 12:01,100,95,110,105,7"], "row 1: `high` is below `low`."),
    ("open above high", ["BTCUSDT,2025-10-10 12:01,111,110,95,105,7"],
     "row 1: `open` is outside low to high."),
    ("close below low", ["BTCUSDT,2025-10-10 12:01,100,110,95,94,7"],
     "row 1: `close` is outside low to high."),
    ("the same row twice", [ROW_NOON, ROW_12_01, ROW_NOON], "row 3: overlaps an earlier row"),
    ("the same market in two spellings", [ROW_NOON, ROW_NOON.replace("BTCUSDT", "BTC-USDT")],
     "row 2: overlaps"),
    ("time is not a time", ["BTCUSDT,yesterday,100,110,95,105,7"], "row 1: `time_utc` is not a time."),
    ("time is empty", ["BTCUSDT,,100,110,95,105,7"], "row 1: `time_utc` is not a time."),
    ("before 2009", ["BTCUSDT,2008-12-31,100,110,95,105,7"], "row 1: `time_utc` is outside 2009 to 2100."),
    ("after 2100", ["BTCUSDT,2100-01-02,100,110,95,105,7"], "row 1: `time_utc` is outside 2009 to 2100."),
    ("date as a number", ["BTCUSDT,20251010,100,110,95,105,7"], "row 1: `time_utc` is outside 2009 to 2100."),
    ("absurd seconds wrap nowhere", ["BTCUSDT,99999999999,100,110,95,105,7"], "row 1: `time_utc` is outside"),
    ("symbol unknown", ["btc?,2025-10-10 12:01,100,110,95,105,7"], "row 1: 'btc?' has no readable base"),
    ("symbol empty", [",2025-10-10 12:01,100,110,95,105,7"], "row 1: '' is not a symbol"),
    ("a cell too many", [ROW_NOON, f"{ROW_12_01},9"], "row 2: more than 7 cells."),
    ("a cell too few", [ROW_NOON, "BTCUSDT,2025-10-10 12:01,100,110,95,105"],
     "row 2: `volume` is not a finite"),
    ("a blank line inside", [ROW_NOON, "", ROW_12_01], "row 2: `open` is not a finite number."),
    ("a quote left open", ['"BTCUSDT,2025-10-10 12:01,100,110,95,105,7'], "broken CSV"),
    ("four bad rows", [f"BTCUSDT,2025-10-10 12:0{minute},1,1,1,1,-1" for minute in range(4)],
     "rows 1, 2, 3 and 1 more (4 in all): `volume` is negative."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "lines", "says"), FAULTS, ids=[case[0] for case in FAULTS])
def test_fault_in_words(tmp_path: Path, words: str, lines: list[str], says: str) -> None:
    faults = faults_of(written(tmp_path, HEADER, *lines))
    assert any(says in fault for fault in faults), faults
    assert all(fault.endswith(".") for fault in faults)


def test_unknown_kind_names_the_known_ones(tmp_path: Path) -> None:
    (fault,) = faults_of(written(tmp_path, f"{HEADER},kind", f"{ROW_NOON},index", f"{ROW_12_01},spot"))
    assert fault.startswith("row 1: `kind` is unknown. Write one of spot, perp, mark")


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    faults = faults_of(
        written(
            tmp_path,
            "symbol,time,open,high,low,close,kind",
            "BTCUSDT,1,100,90,95,x,spot",
            "?,2,1,1,1,1,swap",
            "ETHUSDT,2,0,1,1,1,spot",
        )
    )
    expected = (
        "columns: `time_utc` is missing. Add it, or rename `time` if that is what it holds.",
        "columns: `volume` is missing.",
        "row 2: '?'",
        "row 1: `close` is not a finite number.",
        "row 3: `open` is outside 1e-12",
        "row 1: `high` is below `low`.",
        "row 3: `open` is outside low to high.",
        "row 2: `kind` is unknown.",
    )
    assert len(faults) == len(expected), faults
    for fault, start in zip(faults, expected, strict=True):
        assert fault.startswith(start)


FILES: list[tuple[str, str, bytes, str]] = [
    ("empty",                  "a.csv",      b"",                                "it is empty"),
    ("only blank lines",       "a.csv",      b"\n\n",                            "it is empty"),
    ("a header and no rows",   "a.csv",      HEADER.encode(),                    "a header without rows"),
    ("a zip archive",          "a.zip",      b"PK\x03\x04rest",                  "Unpack it"),
    ("an image",               "a.png",      b"\x89PNG\r\n\x1a\n",               "not a known format"),
    ("text with a NUL", "a.csv", b"open\x00", "byte 5: not a known format"),
    ("broken gzip",            "a.csv.gz",   b"\x1f\x8b\x08\x00broken",          "broken gzip"),
    ("cut-off gzip",           "a.csv.gz",   gzip.compress(b"open,high" * 99)[:20], "broken gzip"),
    ("broken Parquet",         "a.parquet",  b"PAR1garbagegarbagePAR1",          "broken Parquet"),
    ("some other table", "a.csv", b"name,age\nAda,36\n", "name, age are not a known format"),
    ("numbers without header", "a.csv",      b"1760097600,1,1,1,1,1\n",          "6 cells instead of the 12"),
    ("a column named twice", "a.csv", b"open, close,close \n1,2,3\n", "close named more than once"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "name", "content", "says"), FILES, ids=[case[0] for case in FILES])
def test_file_in_words_is_refused(tmp_path: Path, words: str, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    faults = faults_of(path)
    assert says in faults[0], faults


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "is missing" in faults_of(tmp_path / "absent.csv")[0]
    assert "cannot be opened" in faults_of(tmp_path)[0]


def test_columns_of_an_odd_kind_are_faults_and_not_crashes(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.parquet"
    odd = {"time_utc": [[1]], "open": [[1.0]], "high": [True], "low": [b"\xff"], "close": [{"a": 1}]}
    pl.DataFrame({**odd, "volume": [datetime.time(1)], "venue": [[1]]}).write_parquet(path)
    troubled = [fault.split("`")[1] for fault in faults_of(path)]
    assert troubled == ["open", "high", "low", "close", "volume", "time_utc"]


UNNAMED = [
    ("no symbol at all",        "candles.csv",             "tells none"),
    ("lower case",              "win_2022_btc_perp_1m.csv", "tells none"),
    ("a coin alone",            "BTC_1m.csv",              "tells none"),
    ("two symbols",             "BTCUSDT_ETHUSDT_1m.csv",  "tells several (BTCUSDT, ETHUSDT)"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "name", "says"), UNNAMED, ids=[case[0] for case in UNNAMED])
def test_market_that_cannot_be_told(tmp_path: Path, words: str, name: str, says: str) -> None:
    path = written(tmp_path, klines(NOON_S * 1000), name=name)
    (fault,) = faults_of(path)
    assert says in fault
    assert "symbol=" in fault
    assert read_candles(path, symbol="BTC").height == 1
    (fault,) = faults_of(path, symbol="ETHBTC")
    assert fault.startswith("symbol=: ")


def test_message_lists_file_and_faults(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, "BTCUSDT,2025-10-10 12:00,0,1,1,1,-1")
    with pytest.raises(CandleFileError, match=r"table.csv was not read:\n- row 1") as refusal:
        read_candles(path)
    assert str(refusal.value).count("\n- ") == len(refusal.value.faults)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(1, 12),
    bad=st.dictionaries(st.integers(1, 12), st.sampled_from(["0", "-1", "nan", "1e14", "", "abc"]), max_size=5),
    name=st.sampled_from(["open", "high", "low", "close"]),
)
def test_every_bad_row_is_found_and_no_good_one(tmp_path: Path, count: int, bad: dict[int, str], name: str) -> None:
    """Whatever cells are spoilt, the rows named and counted are exactly those, and a clean file is read."""
    bad = {row: cell for row, cell in bad.items() if row <= count}
    lines = []
    for row in range(1, count + 1):
        cells = {"open": "100", "high": "100", "low": "100", "close": "100"}
        if row in bad:
            cells[name] = bad[row]
        lines.append(f"BTCUSDT,{NOON_S + 60 * row},{','.join(cells.values())},1")
    path = written(tmp_path, HEADER, *lines)
    if not bad:
        assert read_candles(path).height == count
        return
    own = [fault for fault in faults_of(path) if f"`{name}` is not a finite" in fault or "outside 1e-12" in fault]
    assert sum(rows_counted(fault) for fault in own) == len(bad)
    first_rows = {row for fault in own for row in rows_shown(fault)}
    assert first_rows <= set(bad)
    assert min(first_rows) == min(bad)


def rows_shown(fault: str) -> list[int]:
    shown = fault.partition(":")[0].removeprefix("rows ").removeprefix("row ").partition(" and ")[0]
    return [int(number) for number in shown.split(", ")]


def rows_counted(fault: str) -> int:
    place = fault.partition(":")[0]
    return int(place.partition("(")[2].split()[0]) if "(" in place else len(rows_shown(fault))


# --- intervals and reports ------------------------------------------------------------------------------


def test_interval_is_the_most_common_spacing_and_the_shortest_series(tmp_path: Path) -> None:
    seconds = {"BTCUSDT": [0, 60, 120, 600, 660], "ETHUSDT": [0, 3600, 7200], "SOLUSDT": [0]}
    lines = [f"{symbol},{NOON_S + s},1,1,1,1,1" for symbol, stamps in seconds.items() for s in stamps]
    assert candle_interval_ns(read_candles(written(tmp_path, HEADER, *lines))) == MINUTE_NS


def test_interval_of_lone_candles_cannot_be_told(tmp_path: Path) -> None:
    frame = read_candles(written(tmp_path, HEADER, ROW_NOON))
    with pytest.raises(ValueError, match="no series holds two candles"):
        candle_interval_ns(frame)


def test_path_visits_the_extreme_against_the_direction_first(tmp_path: Path) -> None:
    frame = read_candles(written(tmp_path, HEADER, ROW_NOON, ROW_12_01, ROW_12_02))
    reports = price_reports(frame, ["BTC"])
    seconds = ((reports["time_ns"] - NOON_NS) // 10**9).to_list()
    assert list(zip(seconds, reports["price"], strict=True)) == [
        (0, 100), (15, 95), (30, 110), (45, 105),    # rising: low first
        (60, 105), (75, 106), (90, 90), (105, 92),   # falling: high first
        (120, 92), (135, 91), (150, 93), (165, 92),  # unchanged counts as rising
    ]  # fmt: skip
    assert reports.schema == pl.Schema(
        {"time_ns": pl.Int64, "base": pl.String, "source": pl.String, "kind": pl.String, "price": pl.Float64}
    )


def test_close_is_told_when_the_candle_has_ended(tmp_path: Path) -> None:
    frame = read_candles(written(tmp_path, HEADER, ROW_NOON, ROW_12_01))
    reports = price_reports(frame, ["BTC"], points="close")
    assert reports.select("time_ns", "price").rows() == [
        (NOON_NS + MINUTE_NS, 105.0),
        (NOON_NS + 2 * MINUTE_NS, 92.0),
    ]


def test_hourly_candles_beside_minutes_keep_their_hour(tmp_path: Path) -> None:
    lines = [f"BTCUSDT,{NOON_S + 60 * k},1,1,1,1,1" for k in range(4)]
    lines += [f"ETHUSDT,{NOON_S + 3600 * k},{k + 1},{k + 1},{k + 1},{k + 1},1" for k in range(3)]
    frame = read_candles(written(tmp_path, HEADER, *lines))
    reports = price_reports(frame, ["BTC", "ETH"], points="close")
    first_eth_ns = reports.filter(base="ETH")["time_ns"].min()
    assert first_eth_ns == NOON_NS + 60 * MINUTE_NS


def test_foreign_quotes_are_left_out_and_absent_bases_refused(tmp_path: Path) -> None:
    lines = [f"{symbol},{NOON_S + 60 * k},1,1,1,1,1" for symbol in ("BTCUSDT", "BTC/EUR", "SOL/EUR") for k in (0, 1)]
    frame = read_candles(written(tmp_path, HEADER, *lines))
    assert price_reports(frame, ["BTC"])["source"].unique().to_list() == ["file:USDT"]
    with pytest.raises(ValueError, match="no candles in a dollar quote for DOGE, SOL; the table prices BTC"):
        price_reports(frame, ["BTC", "SOL", "DOGE"])
    assert price_reports(frame, []).height == 0
    with pytest.raises(ValueError, match="'path' or 'close'"):
        price_reports(frame, ["BTC"], points="closes")  # type: ignore[arg-type]


@st.composite
def markets(draw: st.DrawFn) -> pl.DataFrame:
    """A table as the reader returns it: some series, irregular gaps, any walk of prices."""
    rows = []
    for source in draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True)):
        time_ns = NOON_NS
        gaps = draw(st.lists(st.integers(1, 5), min_size=2, max_size=8))
        for gap in gaps:
            low, mid, other, high = sorted(draw(st.tuples(*[st.floats(1, 1000)] * 4)))
            first, last = draw(st.permutations([mid, other]))
            rows.append((time_ns, "BTC", "USD", source, source, "spot", first, high, low, last, 1.0))
            time_ns += gap * MINUTE_NS
    return pl.DataFrame(rows, schema=list(CANDLE_COLUMNS), orient="row")


@settings(max_examples=60)
@given(markets())
def test_nothing_is_told_before_it_was_known(frame: pl.DataFrame) -> None:
    """Reports keep order; dropping later candles changes no earlier report; a close waits for the end."""
    reports = price_reports(frame, ["BTC"])
    assert reports.height == 4 * frame.height
    assert reports["time_ns"].is_sorted()
    closes = price_reports(frame, ["BTC"], points="close")
    for source in frame["source"].unique():
        candles = frame.filter(source=source).sort("time_ns")
        told = reports.filter(source=source)["price"].to_list()
        assert told[0::4] == candles["open"].to_list()
        assert told[3::4] == candles["close"].to_list()
        ended = closes.filter(source=source)
        assert ended["price"].to_list() == candles["close"].to_list()
        spacing_ns = candles["time_ns"].diff().drop_nulls()
        waited_ns = ended["time_ns"] - candles["time_ns"]
        assert waited_ns.min() >= spacing_ns.min()  # type: ignore[operator]
        assert (ended["time_ns"].head(-1) <= candles["time_ns"].slice(1)).all()


def test_start_up_does_not_pay_for_polars() -> None:
    code = "import sys, solvent.market.candles; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- real files -----------------------------------------------------------------------------------------

REAL_FILES = [
    # file                                                         rows     interval  kinds
    ("candles/btc_eth_1h_2017_2026.parquet", 190_923, 3600,   {"spot", "perp", "mark"}),
    ("candles/btc_eth_perp_15m_2023_2025.parquet",                  205_568, 900,    {"perp"}),
    ("candles/perps50_1d_to_2025_10_22.parquet",                    32_507,  86_400, {"spot"}),
    ("candles/perps50_1h_to_2025_10_22.parquet",                    46_083,  3600,   {"spot"}),
    ("candles/perps50_30m_to_2025_10_22.parquet",                   48_348,  1800,   {"spot"}),
    ("candles/win_2018_2019_bitfinex_1m.parquet",                   69_079,  60,     {"spot"}),
    ("candles/win_2021_05_5m_13coins.parquet",                      67_392,  300,    {"spot"}),
    ("candles/win_2021_12_04_1m.parquet",                           69_120,  60,     {"spot"}),
    ("candles/win_2022_05_06_5m.parquet",                           221_760, 300,    {"spot"}),
    ("candles/win_2022_05_luna_ust_5m.parquet",                     3_474,   300,    {"spot"}),
    ("candles/win_2023_03_usdc_5m.parquet",                         142_848, 300,    {"spot"}),
    ("candles/win_2023_03_usdc_depeg_1m_multivenue.parquet",        116_435, 60,     {"spot"}),
    ("candles/win_2023_08_17_5m.parquet",                           72_000,  300,    {"spot"}),
    ("candles/win_2024_08_05_5m.parquet",                           22_464,  300,    {"spot"}),
    ("oct10_2025_trades/bars_1m_full_day.parquet",                  59_588,  60,     {"spot", "perp"}),
    ("oct10_2025_trades/bars_1s_2045_2215utc.parquet",              134_917, 1,      {"spot", "perp"}),
    ("oct10_2025_trades/binance_BTCUSDT_5m_20251001_20251230.parquet",        25_920, 300, {"mark"}),
    ("oct10_2025_trades/binance_coinm_BTCUSD_PERP_1m_20251009_10.parquet",    2_880,  60,  {"mark"}),
]  # fmt: skip


def real(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    return path


@pytest.mark.parametrize(("name", "rows", "interval_s", "kinds"), REAL_FILES, ids=[f[0] for f in REAL_FILES])
def test_real_file_is_read_whole(market_data: Path, name: str, rows: int, interval_s: int, kinds: set[str]) -> None:
    frame = read_candles(real(market_data, name))
    assert frame.height == rows
    assert candle_interval_ns(frame) == interval_s * 10**9
    assert set(frame["kind"].unique()) == kinds
    assert frame["time_ns"].is_sorted()
    assert frame.null_count().sum_horizontal().item() == 0


def test_real_file_without_a_market_needs_one(market_data: Path) -> None:
    path = real(market_data, "candles/win_2022_01_btc_perp_1m.parquet")
    assert "the file name tells none" in faults_of(path)[0]
    assert set(read_candles(path, symbol="BTC/USDT:USDT")["kind"]) == {"perp"}


def test_real_venues_with_several_quotes_are_several_sources(market_data: Path) -> None:
    frame = read_candles(real(market_data, "candles/win_2023_03_usdc_depeg_1m_multivenue.parquet"))
    sources = set(frame.filter(base="BTC")["source"].unique())
    assert sources == {
        "binance(.us?):USDC",
        "binance(.us?):USDT",
        "coinbase:USD",
        "coinbase:USDT",
        "kraken:USD",
        "kraken:USDC",
        "kraken:USDT",
    }
    reports = price_reports(frame, ["BTC"])
    assert reports.height == 4 * frame.filter(base="BTC").height
    assert reports["time_ns"].is_sorted()


def test_real_table_of_something_else_is_refused(market_data: Path) -> None:
    path = real(market_data, "oct10_2025_trades/all_exchange_usd_volume_2109_2200utc.parquet")
    assert "not a known format" in faults_of(path)[0]
