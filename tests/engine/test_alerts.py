"""Who is near liquidation: everybody below the multiple and nobody else, from a journal and on the command line."""

import json
from fractions import Fraction

import numpy as np
import pytest
from tests.small_replay import played
from typer.testing import CliRunner

from solvent.cli.main import app
from solvent.codes import Level
from solvent.engine.alerts import near_accounts
from solvent.engine.engine import Engine
from solvent.lab.books import Books


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    run = played(seed=7, accounts=60)
    place = tmp_path_factory.mktemp("near") / "journal"
    with Engine.create(place, run.genesis) as engine:
        engine.submit(np.concatenate(run.recording.commands))
    return place


@pytest.mark.parametrize("scale_ppm", [1_000_000, 1_250_000, 4_000_000, 1_000_000_000])
@pytest.mark.parametrize("level", [Level.MAINTENANCE, Level.INITIAL])
def test_everybody_below_the_multiple_is_named(venue, level, scale_ppm) -> None:
    with Engine.open(venue, read_only=True) as engine:
        report = near_accounts(engine, level, scale_ppm)
        books = Books.read(engine.machine.state)
    expected = []
    for number, book in books.accounts.items():
        if book.is_trader and not book.flagged:
            required = books.requirement(number, level)
            if required and books.equity(number, level) < required * Fraction(scale_ppm, 1_000_000):
                expected.append((number, books.equity(number, level), required))
    assert [(n.account, n.equity_quanta, n.requirement_quanta) for n in report.accounts] == sorted(expected)
    if scale_ppm == 1_000_000_000:
        assert report.accounts, "nobody holds a thousand times what is required"


def test_the_index_answers_for_a_narrow_multiple(venue) -> None:
    with Engine.open(venue, read_only=True) as engine:
        report = near_accounts(engine, Level.MAINTENANCE, 1_000_100)
        everybody = near_accounts(engine, Level.INITIAL, 1_000_100).judged
    assert report.way == "index"
    assert report.judged < everybody


def test_a_multiple_or_a_level_that_makes_no_sense_is_refused(venue) -> None:
    with Engine.open(venue, read_only=True) as engine:
        with pytest.raises(ValueError, match="from 1 to 1000"):
            near_accounts(engine, Level.MAINTENANCE, 999_999)
        engine.machine.state.levels[Level.CLOSE_OUT].used = 0
        with pytest.raises(ValueError, match="no level close_out"):
            near_accounts(engine, Level.CLOSE_OUT)


def test_the_command_names_them_and_says_so_by_its_exit_code(venue) -> None:
    result = CliRunner().invoke(app, ["alerts", str(venue), "--ratio", "1000", "--json"])
    assert result.exit_code == 1, result.output
    answer = json.loads(result.stdout)
    assert answer["accounts"]
    assert answer["scale_ppm"] == 1_000_000_000
    assert set(answer["accounts"][0]) == {"account", "equity_quanta", "requirement_quanta", "surplus_quanta"}
    told = CliRunner().invoke(app, ["alerts", str(venue), "--ratio", "1000"])
    assert f"account {answer['accounts'][0]['account']} " in told.stdout
    assert CliRunner().invoke(app, ["alerts", str(venue), "--ratio", "1"]).exit_code == 0


@pytest.mark.parametrize("asked", [["--ratio", "0.5"], ["--ratio", "much"], ["--ratio", "NaN"], ["--level", "lowest"]])
def test_what_makes_no_sense_is_bad_input(venue, asked) -> None:
    result = CliRunner().invoke(app, ["alerts", str(venue), *asked])
    assert result.exit_code == 2, result.output
