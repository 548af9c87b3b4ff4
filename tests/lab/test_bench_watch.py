"""The benchmark's book is what it says, its lists are equal, and its command prints what was promised."""

import json

import numba
import numpy as np
import pytest
from typer.testing import CliRunner

from solvent.cli.main import app
from solvent.lab.bench.book import MARKETS, draw_book, draw_path
from solvent.lab.bench.shocks import measure_cascade, measure_shocks, measure_updates
from solvent.lab.bench.watch import Bench, refuse_what_does_not_fit

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
    "watch_mean_us",
    "calm_mean_us",
    "flag_us",
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
    # in the same test: what times the machine from inside is compiled once for all of it
    bench = Bench(draw_book(400, "quiet", 3))
    updates = measure_updates(bench, 3, count=12)
    assert set(updates) >= {"deposit", "trade"}
    assert all(row["commands"] > 0 for row in updates.values())
    assert updates["deposit"]["refused_of_batch"] == updates["trade"]["refused_of_batch"] == 0, updates
    shocks = measure_shocks(bench, 3)
    assert len(shocks) == 6
    assert shocks[-1]["shock"] == "new terms"
    assert all(row["lists_equal"] for row in shocks)
    assert sum(row["flagged"] for row in shocks) > 0
    cascade = measure_cascade(150, 5, steps=20, markets=4)
    assert cascade["scan_is_contained"]


def test_more_accounts_than_memory_has_room_for_are_refused_before_anything_is_drawn() -> None:
    with pytest.raises(MemoryError, match=r"Ask for [\d,]+ or fewer"):
        refuse_what_does_not_fit(10**10)
    refuse_what_does_not_fit(1_000)


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
    markets, prices, jumps = draw_path(book, 300, 5, jump=0.1)
    assert 10 < jumps.sum() < 60
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
