"""The report and the terminal table: exact, escaped, the same twice, and silent on the network."""

from __future__ import annotations

import io
import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvent.codes import Mode
from solvent.lab.pictures import pictures_of
from solvent.lab.report import write_report
from solvent.lab.series import POINTS_MAX, Series, bin_sums, levels_of, thin
from solvent.lab.table import (
    amount,
    amount_short,
    doubts,
    duration,
    listed,
    loss_lines,
    share,
    table_of,
    verdict,
)

SECOND_NS = 10**9
START_NS = 1_760_126_400 * SECOND_NS
QUANTUM = 10**6
SYMBOLS = ["BTC", "ETH", "SOL", "HYPE", "DOGE", "AVAX", "ATOM", "<script>alert(1)</script>"]
#: How far each market falls at the worst, and where it ends.
FALLS = [
    (0.87, 0.93),
    (0.81, 0.90),
    (0.74, 0.84),
    (0.62, 0.80),
    (0.44, 0.76),
    (0.36, 0.74),
    (0.04, 0.72),
    (0.3, 0.7),
]


def crash(steps: int = 4_320, markets: int = 8) -> Series:
    """Twelve hours around a fall at five: ten-second steps, a halt, a queue, funds that drain."""
    rng = np.random.default_rng(7)
    time_ns = START_NS + np.arange(steps, dtype=np.int64) * (43_200 * SECOND_NS // steps)
    at = np.linspace(0, 12, steps)
    names = [SYMBOLS[k] if k < len(SYMBOLS) else f"COIN{k}" for k in range(markets)]
    marks = np.empty((steps, markets))
    for k in range(markets):
        deep, end = FALLS[k] if k < len(FALLS) else (rng.uniform(0.5, 0.9), rng.uniform(0.8, 0.95))
        shape = np.interp(at, [0, 4.6, 5.05, 5.3, 6.5, 12], [1, 0.985, deep, (deep + end) / 2, end, end + 0.01])
        noise = np.cumsum(rng.normal(0, 0.0006, steps))
        marks[:, k] = 10.0 ** rng.uniform(-1, 5) * shape * np.exp(noise - noise[0])
    marks[:40, markets - 1] = 0
    modes = np.zeros((steps, markets), dtype=np.int8)
    modes[(at > 4.9) & (at < 5.6)] = Mode.REDUCE_ONLY
    if markets > 6:
        modes[(at > 5.0) & (at < 5.25), 6] = Mode.HALTED
    surge = np.exp(-(((at - 5.05) / 0.22) ** 2)) + 0.15 * np.exp(-(((at - 6.4) / 0.4) ** 2))
    return Series(
        time_ns=time_ns,
        symbols=names,
        marks=marks,
        modes=modes,
        flagged=np.round(2_600 * surge * rng.uniform(0.8, 1.2, steps)).astype(np.int64),
        liquidated={
            "market": 3.6e6 * surge * rng.uniform(0.5, 1.5, steps),
            "vault": 2.3e6 * np.roll(surge, 20) * rng.uniform(0.5, 1.5, steps) * (surge > 0.1),
            "adl": 9.3e5 * np.roll(surge, 40) * (surge > 0.6),
        },
        shortfall=np.where(surge > 0.6, 6.25e5 * surge, 0.0),
        funds={
            "market_funds": np.interp(at, [0, 4.9, 5.1, 12], [8e6, 8e6, 0, 1.2e5]),
            "venue_fund": np.interp(at, [0, 5, 5.2, 12], [2.5e7, 2.5e7, 3.1e6, 3.3e6]),
            "venue_capital": np.full(steps, 5e7),
            "liquidity_vault": np.interp(at, [0, 5, 5.1, 6, 12], [3.5e8, 3.5e8, 3.1e8, 3.74e8, 3.81e8]),
        },
    )


def summary_of(**changes: Any) -> dict[str, Any]:
    """The summary that belongs to `crash`; money in quanta of a six-digit dollar."""
    base = {
        "schema": "summary/1",
        "engine_version": "0.1.0",
        "scenario": "made_up_crash",
        "title": "A made-up crash: eight markets, ten seconds a step",
        "rulebook": "hyperliquid",
        "rulebook_digest": "5d41402abc4b2a76b9719d911017c592ae2f0c1d7a8b6e93f04d1c2b3a495867",
        "seed": 20_251_010,
        "accounts": 200_000,
        "symbols": SYMBOLS,
        "start_ns": START_NS,
        "end_ns": START_NS + 43_190 * SECOND_NS,
        "settlement": "USDC",
        "settlement_decimals": 6,
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commands": 1_214_873,
        "events": 3_904_112,
        "flagged_accounts": 21_507,
        "liquidated_accounts": 17_204,
        "recovered_accounts": 4_303,
        "liquidated_notional_quanta": 1_204_331_553_123_457,
        "stages": [
            {
                "id": "book",
                "executor": "market",
                "accounts": 15_010,
                "closings": 88_412,
                "notional_quanta": 702_118_004_551_200,
                "penalties_quanta": 0,
            },
            {
                "id": "backstop",
                "executor": "vault",
                "accounts": 6_122,
                "closings": 9_001,
                "notional_quanta": 391_204_882_000_057,
                "penalties_quanta": 1_950_400_000_001,
            },
            {
                "id": "adl",
                "executor": "adl",
                "accounts": 1_377,
                "closings": 2_954,
                "notional_quanta": 111_008_666_572_200,
                "penalties_quanta": 0,
            },
        ],
        "shortfall_quanta": 61_214_552_300_019,
        "shortfall_accounts": 1_402,
        "paid_quanta": {
            "market_fund": 7_880_000_000_000,
            "venue_fund": 21_730_551_200_007,
            "venue_capital": 0,
            "liquidity_vault": 19_402_118_004_512,
            "adl": 11_001_883_095_500,
            "haircut_gains": 0,
            "haircut_all": 0,
        },
        "open_deficit_quanta": 1_200_000_000_000,
        "adl": {
            "count": 2_954,
            "accounts": 811,
            "notional_quanta": 111_008_666_572_200,
            "haircut_quanta": 11_001_883_095_500,
            "largest_haircut_quanta": 904_551_200_113,
        },
        "penalties_quanta": 1_950_400_000_001,
        "residual_quanta": 8_411_002_993_001,
        "halted_ns": {"ATOM": 900 * SECOND_NS, "BTC": 0},
        "reduce_only_ns": dict.fromkeys(SYMBOLS, 2520 * SECOND_NS),
        "funds": {
            "market_funds": {"start_quanta": 8_000_000 * QUANTUM, "end_quanta": 120_000_000_001},
            "venue_fund": {"start_quanta": 25_000_000 * QUANTUM, "end_quanta": 3_269_448_799_993},
            "venue_capital": {"start_quanta": 50_000_000 * QUANTUM, "end_quanta": 50_000_000 * QUANTUM},
            "liquidity_vault": {"start_quanta": 350_000_000 * QUANTUM, "end_quanta": 381_000_003_500_400},
        },
        "refused": {"withdrawals_gated": 1_877, "market_halted": 40_115, "below_initial": 733},
        "seconds": {"compile": 21.42, "population": 3.11, "replay": 48.93, "report": 0.58},
        "checks": {"money_conserved": True, "lots_balanced": True, "shortfall_paid_or_open": True},
        "notes": ["Order book depth is a model: 3 % of daily volume within 1 %."],
        "sources": ["Made up for the tests; https://example.org is named, never visited."],
    }
    return base | changes


def burden_rows() -> list[dict[str, Any]]:
    """Ten deciles in which the largest accounts bear nearly everything."""
    equity = [60, 150, 300, 520, 900, 1_500, 2_600, 4_800, 9_900, 31_000]
    deleveraged = [20, 90, 240, 600, 1_400, 2_900, 6_200, 13_500, 27_100, 58_958]
    return [
        {
            "decile": place + 1,
            "accounts": 20_000,
            "equity_quanta": equity[place] * 20_000 * QUANTUM + place,
            "deleveraged_quanta": deleveraged[place] * 1_000 * QUANTUM,
            "haircut_quanta": deleveraged[place] * 99 * QUANTUM + 7 * place,
        }
        for place in range(10)
    ]


class Reader(HTMLParser):
    """What a browser would read: text without scripts, the rows of tables, and what would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.data = ""
        self._inside: list[str] = []
        self._table = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside.append(tag)
        for name, value in attrs:
            if name in {"src", "srcset", "href", "action", "data", "poster", "background"}:
                self.loads.append(value or "")
        if tag == "tr":
            self.tables.setdefault(self._table, []).append([])
        if tag in {"td", "th"}:
            self.tables[self._table][-1].append("")
        if tag == "caption":
            self._table = ""
        if tag == "script" and ("id", "figures") in attrs:
            self._inside[-1] = "data"

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() not in {tag, "data" if tag == "script" else tag}:
            pass

    def handle_data(self, data: str) -> None:
        if "data" in self._inside:
            self.data += data
        if {"script", "style", "data"} & set(self._inside):
            return
        self.text += data
        if "caption" in self._inside:
            self._table += data
        elif {"td", "th"} & set(self._inside):
            self.tables[self._table][-1][-1] += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, summary_of(), crash(), burden_rows())
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def exact(quanta: int) -> str:
    return f"{quanta // QUANTUM:,}.{quanta % QUANTUM:06d}"


def printed(width: int, **changes: Any) -> str:
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=width, color_system=None, legacy_windows=False).print(table_of(summary_of(**changes)))
    return out.getvalue()


# --- the page ---------------------------------------------------------------------------------------


def test_nothing_is_loaded_from_anywhere(page: str, read: Reader) -> None:
    assert [target for target in read.loads if not target.startswith("data:")] == []
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
    assert styles
    assert "url(" not in styles
    assert "@import" not in styles
    assert "content=\"default-src 'none'; script-src 'unsafe-inline'" in page
    assert not {"iframe", "img", "object", "embed", "base", "form"} & set(read.tags)


def test_a_symbol_cannot_be_a_script(page: str, read: Reader) -> None:
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert read.tags.count("script") == 3, "data, plotly and ours"
    names = [trace.get("name", "") for trace in json.loads(read.data)["market"]["data"]]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in names, "plotly reads tags in names"


@pytest.mark.parametrize("key", ["title", "scenario", "rulebook", "rulebook_digest", "digest", "settlement"])
def test_every_text_is_escaped_and_shown(tmp_path: Path, key: str) -> None:
    path = tmp_path / "report.html"
    write_report(path, summary_of(**{key: "<img src=x onerror=alert(1)>&"}), crash(60), burden_rows())
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    assert "img" not in reader.tags
    assert "<img src=x onerror=alert(1)>&" in reader.text


def test_all_numbers_are_on_the_page(read: Reader) -> None:
    def numbers(node: Any, key: str = "") -> list[str]:
        if isinstance(node, dict):
            return [text for name, item in node.items() for text in numbers(item, name)]
        if isinstance(node, list):
            return [text for item in node for text in numbers(item, key)]
        if isinstance(node, bool) or not isinstance(node, int | float):
            return []
        if key.endswith("quanta") or key in summary["paid_quanta"]:
            return [exact(int(node))]
        return [f"{node:,.2f}" if isinstance(node, float) else f"{node:,}"]

    summary = summary_of()
    left_out = {"halted_ns", "reduce_only_ns", "start_ns", "end_ns", "settlement_decimals", "seed"}
    told = {key: value for key, value in summary.items() if key not in left_out}
    missing = [text for text in numbers(told) + numbers(burden_rows(), "decile") if text not in read.text]
    assert missing == []
    for text in (summary["digest"], summary["rulebook_digest"], str(summary["seed"]), "15 min", "42 min"):
        assert text in read.text
    for sentence in (verdict(summary), *summary["notes"], *summary["sources"], *SYMBOLS):
        assert sentence in read.text


def test_the_tranche_table_sums_to_the_quantum(read: Reader) -> None:
    _, *lines, total = read.tables["Tranches"]
    assert len(lines) == 8, "seven tranches and what is open"
    as_quanta = [int(cells[1].replace(",", "").replace(".", "")) for cells in [*lines, total]]
    assert sum(as_quanta[:-1]) == as_quanta[-1] == summary_of()["shortfall_quanta"]


def test_two_reports_are_the_same_bytes_and_leave_no_neighbour(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.html", "two.html")]
    for path in paths:
        path.write_text("an older report")
        write_report(path, summary_of(), crash(600), burden_rows())
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == paths


def test_a_fault_leaves_the_older_report_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("an older report")
    with pytest.raises(AssertionError, match="marks is"):
        write_report(path, summary_of(), crash(60)._replace(marks=np.ones((3, 2))), burden_rows())
    assert path.read_text() == "an older report"
    assert list(tmp_path.iterdir()) == [path]


def test_a_long_run_of_many_markets_is_written_quickly(tmp_path: Path) -> None:
    series = crash(43_200, 120)
    start = time.perf_counter()
    write_report(tmp_path / "report.html", summary_of(symbols=series.symbols), series, burden_rows())
    assert time.perf_counter() - start < 10, "two seconds on a quiet machine"


def test_a_quiet_run_says_so_in_words(tmp_path: Path) -> None:
    steps = 50
    quiet = Series(
        START_NS + np.arange(steps, dtype=np.int64) * SECOND_NS,
        ["BTC"],
        np.full((steps, 1), np.nan),
        np.zeros((steps, 1), dtype=np.int8),
        np.zeros(steps, dtype=np.int64),
        {},
        np.zeros(steps),
        {"venue_fund": np.zeros(steps)},
    )
    path = tmp_path / "report.html"
    nothing = dict.fromkeys(summary_of()["paid_quanta"], 0)
    summary = summary_of(
        shortfall_quanta=0, open_deficit_quanta=0, paid_quanta=nothing, stages=[], refused={}, halted_ns={},
        reduce_only_ns={}, liquidated_notional_quanta=0, penalties_quanta=0, checks={}, notes=[], sources=[],
        adl=dict.fromkeys(summary_of()["adl"], 0),
    )  # fmt: skip
    write_report(path, summary, quiet, [])
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    for sentence in (
        "there was no loss to share",
        "No market was halted",
        "No command was refused",
        "Contained:",
    ):
        assert sentence in reader.text


# --- the pictures -----------------------------------------------------------------------------------


def test_pictures_are_json_and_short() -> None:
    for pictures in (
        pictures_of(summary_of(), crash(20_000), burden_rows()),
        pictures_of(summary_of(), crash(20_000, 40), burden_rows()),
    ):
        for picture in pictures:
            assert picture.figure is not None
            json.dumps(picture.figure, allow_nan=False)
            traces = picture.figure["data"]
            assert all(len(trace["x"]) <= POINTS_MAX for trace in traces)
            assert picture.height > 0
            assert all(trace < len(traces) for key in picture.legend for trace in key.traces)


def test_bars_sum_to_what_was_liquidated() -> None:
    series = crash()
    picture = pictures_of(summary_of(), series, burden_rows())[0]
    assert picture.figure is not None
    bars = [trace for trace in picture.figure["data"] if trace["type"] == "bar"]
    assert [bar["name"] for bar in bars] == ["market orders", "backstop vault", "deleveraging"]
    for bar, name in zip(bars, ("market", "vault", "adl"), strict=True):
        assert sum(bar["y"]) == pytest.approx(series.liquidated[name].sum())


def test_the_loss_picture_ends_where_nothing_is_left() -> None:
    picture = pictures_of(summary_of(), crash(60), burden_rows())[2]
    assert picture.figure is not None
    (bar,) = picture.figure["data"]
    assert bar["y"] == [
        "Shortfall",
        "Market fund",
        "Venue fund",
        "Liquidity vault",
        "Deleveraging",
        "Open deficit",
    ]
    assert bar["base"][-1] == 0
    assert sum(bar["x"][1:]) == pytest.approx(bar["x"][0])


@pytest.mark.parametrize("count", [20, POINTS_MAX, POINTS_MAX + 1, 100_003])
def test_thinning_keeps_both_ends_and_every_extreme(count: int) -> None:
    values = np.random.default_rng(3).normal(size=count)
    values[count // 3], values[2 * count // 3] = 1e9, -1e9
    values[1] = np.nan
    rows = thin(values)
    assert len(rows) <= POINTS_MAX
    assert (rows[0], rows[-1]) == (0, count - 1)
    assert np.all(np.diff(rows) > 0)
    assert np.nanmax(values[rows]) == 1e9
    assert np.nanmin(values[rows]) == -1e9


def test_bins_keep_the_sum_and_are_no_shorter_than_a_step() -> None:
    for step_s, count in ((1, 10), (1, 86_400), (60, 1_440), (86_400, 400), (1, 1)):
        time_ns = START_NS + np.arange(count, dtype=np.int64) * step_s * SECOND_NS
        values = np.arange(count, dtype=np.float64)
        bins = bin_sums(time_ns, values)
        assert len(bins.sums) <= 241
        assert bins.sums.sum() == values.sum()
        assert bins.width_ns >= step_s * SECOND_NS or count == 1


def test_prices_start_at_one_hundred_when_they_start() -> None:
    levels = levels_of(np.array([[0.0, 5.0], [2.0, np.nan], [3.0, 4.0]]))
    assert np.isnan(levels[0, 0])
    assert levels[1:, 0].tolist() == [100.0, 150.0]
    assert levels[2, 1] == 80.0


# --- words and the terminal -------------------------------------------------------------------------


def test_the_verdict_names_who_paid() -> None:
    paid = dict.fromkeys(summary_of()["paid_quanta"], 0)
    calm = dict.fromkeys(summary_of()["adl"], 0)
    contained = summary_of(
        shortfall_quanta=3_214_000 * QUANTUM,
        paid_quanta=paid | {"market_fund": 3_000_000 * QUANTUM, "venue_fund": 214_000 * QUANTUM},
        open_deficit_quanta=0,
        adl=calm,
    )
    assert verdict(contained) == (
        "Contained: the shortfall of 3.214 million USDC was paid by the market fund and the venue fund; "
        "no winner was touched."
    )
    assert "1 winner had to give up positions, none paid" in verdict(contained | {"adl": calm | {"accounts": 1}})
    assert verdict(contained | {"still_in_liquidation": 3}).startswith(
        "Contained so far, with 3 accounts still in liquidation: "
    )
    shared = contained | {"paid_quanta": paid | {"venue_fund": 1_607_000 * QUANTUM, "adl": 1_607_000 * QUANTUM}}
    assert verdict(shared).startswith("Contained at other traders' expense: ")
    assert verdict(shared).endswith("winners through deleveraging; other traders bore 50.0 % of it.")
    assert verdict(summary_of()).startswith("Not contained: 1.2 million USDC of the shortfall of 61.21 million USDC")
    nobody = summary_of(shortfall_quanta=1, open_deficit_quanta=1, paid_quanta=paid)
    assert verdict(nobody) == (
        "Not contained: 0.000001 USDC of the shortfall of 0.000001 USDC is still open; nobody has paid anything."
    )


def test_books_that_do_not_add_up_are_said_aloud(tmp_path: Path) -> None:
    wrong = summary_of(open_deficit_quanta=0, checks={"lots_balanced": False})
    assert doubts(summary_of()) == []
    assert doubts(wrong) == [
        "The check “lots balanced” failed.",
        "Shortfall and what was paid or left open differ by 1,200,000.000000 USDC.",
    ]
    assert loss_lines(wrong)[-1].title == "Unexplained"
    assert "Do not rely on this run" in printed(80, **{k: wrong[k] for k in ("open_deficit_quanta", "checks")})
    path = tmp_path / "report.html"
    write_report(path, wrong, crash(60), burden_rows())
    assert path.read_text("utf-8").count('role="alert"') == 2


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_every_tranche_and_fits(width: int) -> None:
    text = printed(width)
    summary = summary_of()
    for tranche in ("market fund", "venue capital", "liquidity vault", "deleveraging", "haircut of gains"):
        assert f"paid by {tranche}" in text
    for line in loss_lines(summary):
        assert exact(line.quanta) in text
        assert line.title.lower() in text.lower()
    for stage in summary["stages"]:
        assert exact(stage["notional_quanta"]) in text
    for told in (
        summary["digest"],
        "15 min",
        "42 min",
        "904,551.200113",
        "<script>alert(1)</script>",
        "[b]"[:0],
    ):
        assert told in text
    assert max(map(len, text.splitlines())) <= width


def test_a_narrow_terminal_breaks_words_but_no_number() -> None:
    text = printed(66)
    assert all(exact(line.quanta) in text for line in loss_lines(summary_of()))
    assert exact(summary_of()["liquidated_notional_quanta"]) in text


def test_the_terminal_survives_markup_and_names_only_the_longest_halts() -> None:
    halted = {f"[bold]{k}": (k + 1) * SECOND_NS for k in range(20)}
    text = printed(80, halted_ns=halted, reduce_only_ns={}, title="[red]not red")
    assert "[bold]19" in text
    assert "[bold]3" not in text
    assert "and 8 more, for less time" in text
    assert "[red]not red" in text


@pytest.mark.parametrize(
    ("quanta", "decimals", "in_full", "in_short"),
    [
        (0, 6, "0.000000", "0"),
        (1, 6, "0.000001", "0.000001"),
        (300_000, 6, "0.300000", "0.3"),
        (-1_234_567, 6, "-1.234567", "-1.23"),
        (12_345, 0, "12,345", "12,345"),
        (3_214_000_000_000, 6, "3,214,000.000000", "3.214 million"),
        (61_214_552_300_019, 6, "61,214,552.300019", "61.21 million"),
        (1_204_331_553_123_457, 6, "1,204,331,553.123457", "1.204 billion"),
    ],
)
def test_amounts_are_exact_in_tables_and_short_in_sentences(
    quanta: int, decimals: int, in_full: str, in_short: str
) -> None:
    assert amount(quanta, decimals) == in_full
    assert amount_short(quanta, decimals) == in_short


def test_small_words() -> None:
    assert [duration(s * SECOND_NS) for s in (0, 59, 60, 3_725, 90_000)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h 2 min",
        "1 d 1 h",
    ]
    assert [listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert (share(1, 3), share(0, 0)) == ("33.3 %", "-")
