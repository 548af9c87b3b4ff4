"""The audit says that nobody was missed when nobody was, and who was when somebody was."""

import json

import numpy as np
import pytest
from tests.plain import plain
from tests.small_replay import played
from typer.testing import CliRunner

from solvent.cli.main import app
from solvent.engine.audit import audit_journal, audit_watch
from solvent.engine.engine import Engine
from solvent.risk.watch import DEAD, add_member


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    run = played(seed=7, accounts=60)
    place = tmp_path_factory.mktemp("audited") / "journal"
    commands = np.concatenate(run.recording.commands)
    with Engine.create(place, run.genesis) as engine:
        for first in range(0, len(commands), 50):
            engine.submit(commands[first : first + 50])
    return place, len(commands)


def test_nobody_is_missed_at_any_of_the_last_commands(venue) -> None:
    place, commands = venue
    reports = list(audit_journal(place, last=25))
    assert [report.sequence for report in reports] == list(range(commands - 25, commands + 1))
    assert all(report.is_sound for report in reports)
    assert reports[-1].accounts == 84


def test_the_command_line_says_so(venue) -> None:
    place, _commands = venue
    result = CliRunner().invoke(app, ["audit", str(place), "--sequence", "150", "--last", "3", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["lists_equal"]
    assert answer["sound"]
    assert answer["audits"] == 4
    assert answer["sequence"] == 150


def test_an_account_the_index_lost_is_named(venue) -> None:
    place, _commands = venue
    with Engine.open(place, until=700) as engine:
        assert audit_watch(engine).is_sound
        watch, state = engine.machine.watch, engine.machine.state
        row = int(np.flatnonzero(watch.position_place != -1)[0])
        account = int(state.positions[row].account)
        kept = int(watch.keys[watch.position_place[row]])
        watch.keys[watch.position_place[row]] = DEAD
        report = audit_watch(engine)
        assert account in report.broken_corners
        assert report.broken_maxima <= 2
        assert not report.is_sound
        watch.keys[watch.position_place[row]] = kept
        wallet = int(state.accounts[account].wallet_quanta)
        state.accounts[account].wallet_quanta = -(2**50)
        report = audit_watch(engine)
        assert report.missed == [account]
        assert report.differing == []
        assert not report.lists_equal
        state.accounts[account].wallet_quanta = wallet
        assert audit_watch(engine).is_sound


def test_an_audit_leaves_the_live_watch_as_it_was(venue) -> None:
    """A mirror made for the audit once told the live scan that it had one: it then looked at nobody."""
    place, _commands = venue
    with Engine.open(place, until=700) as engine:
        state, watch = engine.machine
        plain(add_member)(watch.stale, 30)
        before = {name: rows.copy() for name, rows in watch._asdict().items() if name != "ordering"}
        assert audit_watch(engine).is_sound
        assert engine.machine.watch is watch
        for name, rows in before.items():
            assert np.array_equal(getattr(watch, name), rows), name
