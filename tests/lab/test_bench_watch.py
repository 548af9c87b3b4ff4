"""The benchmark's book is what it says, its lists are equal, and its command prints what was promised."""

import json

import numba
import numpy as np
from typer.testing import CliRunner

from solvent.cli.main import app
from solvent.lab.bench.book import MARKETS, draw_book, draw_path

TICKS = 200 if numba.config.DISABLE_JIT else 20_000

PROMISED = {
    "accounts",
    "floor_ms",
    "scan_ms",
    "tick_us",
    "scan_over_floor",
    "scan_over_tick_mean",
    "command_us",
    "index_bytes_per_account",
    "lists_equal",
}


def test_the_command_prints_what_was_promised() -> None:
    asked = ["bench", "watch", "--accounts", "2000", "--book", "stressed", "--seed", "3", "--ticks", "400", "--json"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout.splitlines()[-1])
    assert answer.keys() >= PROMISED
    assert answer["accounts"] == 2000
    assert answer["lists_equal"] is True
    assert set(answer["tick_us"]) == {"p50", "p99", "p999", "max", "mean"}
    assert set(answer["command_us"]) == {"p50", "p99"}


def test_another_book_is_refused() -> None:
    result = CliRunner().invoke(app, ["bench", "watch", "--book", "wild"])
    assert result.exit_code == 2


def test_a_book_follows_its_seed() -> None:
    books = [draw_book(500, "quiet", seed) for seed in (5, 5, 6)]
    for name in ("accounts", "positions", "holdings"):
        same, again, other = (getattr(book.state, name) for book in books)
        assert same.tobytes() == again.tobytes()
        assert same.tobytes() != other.tobytes()
    book = books[0]
    lots = book.state.positions.lots[: int(book.state.venue[0].position_count)]
    assert (lots != 0).all()
    assert 1.5 < len(lots) / book.accounts < 5
    markets, prices = draw_path(book, 300, 5)
    assert markets.max() < MARKETS
    assert (prices > 0).all()
    assert np.bincount(markets, minlength=MARKETS)[0] > 20


def test_twenty_thousand_lists_are_the_naive_scans() -> None:
    result = CliRunner().invoke(app, ["bench", "lists", "--ticks", str(TICKS), "--seed", "1", "--json"])
    assert result.exit_code == 0, result.output
    met = json.loads(result.stdout.splitlines()[-1])
    assert met["ticks"] == TICKS
    assert met["lists_equal"] is True
    assert met["flagged"] > TICKS // 100
    assert met["scans"] > 0
