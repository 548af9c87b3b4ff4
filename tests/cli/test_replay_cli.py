"""The command line: what a run prints and writes, and what bad input is told."""

import json
import sys

import pytest

from solvent.cli import main as cli
from solvent.lab.scenario import SCENARIOS

SHORT = (
    (SCENARIOS / "2025-10-10.toml").read_text().replace('2025-10-10T21:48:00Z"\nstep', '2025-10-10T20:52:00Z"\nstep')
)
CANDLES = "symbol,time_utc,open,high,low,close,volume\n"
FIVE_FAULTS = """
schema = "rulebook/1"
[meta]
venue = "x"
product = "linear_perpetual"
settlement = "USDC"
as_of = "yesterday"
colour = "red"
[account]
modes = ["crossed"]
[price.index]
kind = "weighted_medium"
[engine]
accounts_per_advance = 0
"""


def run(monkeypatch, capsys, *words):
    """(exit code, standard output, standard error) of one command."""
    monkeypatch.setattr(sys, "argv", ["solvent", *map(str, words)])
    try:
        cli.main()
        code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def short(tmp_path):
    file = tmp_path / "short.toml"
    file.write_text(SHORT)
    return file


def test_json_holds_what_it_promises_and_sums_exactly(monkeypatch, capsys, short) -> None:
    code, out, _err = run(monkeypatch, capsys, "replay", short, "--accounts", 300, "--json")
    answer = json.loads(out)
    assert code == 0
    assert sum(answer["paid_quanta"].values()) + answer["open_deficit_quanta"] == answer["shortfall_quanta"]
    for name in ("digest", "commands", "events", "liquidated_accounts", "liquidated_notional_quanta", "adl", "seconds"):
        assert name in answer
    assert set(answer["halted_ns"]) == set(answer["symbols"])
    again = json.loads(run(monkeypatch, capsys, "replay", short, "--accounts", 300, "--json")[1])
    assert again["digest"] == answer["digest"]


def test_out_holds_everything_and_its_journal_verifies(monkeypatch, capsys, short, tmp_path) -> None:
    out = tmp_path / "result"
    code, table, _err = run(monkeypatch, capsys, "replay", short, "-n", 200, "--out", out)
    assert code == 0
    assert {entry.name for entry in out.iterdir()} == {"summary.json", "events.parquet", "report.html", "journal"}
    digest = json.loads((out / "summary.json").read_text())["digest"]
    assert digest in table
    code, told, _err = run(monkeypatch, capsys, "verify", out, "--json")
    assert code == 0
    assert json.loads(told)["digest"] == digest


def bad_candles(tmp_path, *rows):
    file = tmp_path / "BTCUSDT.csv"
    file.write_text(CANDLES + "\n".join(rows) + "\n")
    return file


GOOD = "BTCUSDT,2024-01-01T00:00:00,100,110,90,105,3"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["BTCUSDT,2024-01-01T00:00:00,NaN,110,90,105,3"], ["finite"]),
        (["BTCUSDT,2024-01-01T00:00:00,-100,110,-100,105,3"], ["outside"]),
        (["BTCUSDT,2024-01-01T00:00:00,1e30,1e30,90,105,3"], ["outside"]),
        ([GOOD, GOOD], ["time"]),
    ],
)
def test_bad_candles_are_told_with_their_row(monkeypatch, capsys, short, tmp_path, rows, words) -> None:
    out = tmp_path / "result"
    code, _out, err = run(
        monkeypatch, capsys, "replay", short, "--prices", bad_candles(tmp_path, *rows), "--out", out, "-n", 10
    )
    assert code == 2
    assert "row" in err.lower()
    assert any(word in err.lower() for word in words), err
    assert not out.exists()


def test_other_bad_input_is_told_and_nothing_is_written(monkeypatch, capsys, short, tmp_path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(FIVE_FAULTS)
    wrong_column = tmp_path / "ETHUSDT.csv"
    wrong_column.write_text(CANDLES.replace("close", "klose") + GOOD + "\n")
    poor = tmp_path / "poor.toml"
    account = '\n[[account]]\nname = "anna"\ndeposit = "10"\npositions = '
    poor.write_text(SHORT + account + '[{ symbol = "BTC/USDC:USDC", side = "long", size = "5" }]\n')
    out = tmp_path / "result"
    for words, expected in (
        (["replay", "no-such-story"], "no such scenario"),
        (["replay", short, "--rulebook", "no-such-rules"], "no such rulebook"),
        (["replay", short, "--prices", tmp_path / "nothing.csv"], "nothing.csv"),
        (["replay", short, "--prices", wrong_column], "klose"),
        (["replay", short, "--prices", bad_candles(tmp_path, GOOD), "--market", "DOGE"], "not in the file"),
        (["replay", short, "--rulebook", rules], "rules.toml:7"),
        (["replay", poor, "-n", 5], "account anna"),
        (["replay", short, "--out", rules], "is a file"),
    ):
        code, _out, err = run(monkeypatch, capsys, *words, *([] if "--out" in words else ["--out", out]))
        assert code == 2, (words, code, err)
        assert expected in err, (words, err)
        assert not out.exists()
    _code, _out, err = run(monkeypatch, capsys, "replay", short, "--rulebook", rules)
    assert len([line for line in err.splitlines() if line.startswith("rules.toml")]) >= 5
