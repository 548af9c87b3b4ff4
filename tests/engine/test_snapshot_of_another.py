"""A whole snapshot of another journal is not believed: found by reading what the fault rig does not damage."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from solvent.codes import Executor, SystemAccount, Tranche
from solvent.commands import Deposit, ListInstrument, OpenAccount
from solvent.engine.engine import Engine, Genesis
from solvent.lab.campaign.directed import plain_terms
from solvent.lab.driver import START_NS

FIRST = SystemAccount.MARKET_FUNDS + 1


def venue(directory: Path, amount: int) -> str:
    """A venue of one account with so much money, and a snapshot of it."""
    genesis = Genesis.of(plain_terms(1, Executor.ENGINE, (Tranche.VENUE_FUND,)), ["A"], {})
    with Engine.create(directory, genesis) as engine:
        engine.submit(
            [ListInstrument(START_NS, 0), OpenAccount(START_NS, FIRST, 1, 1), Deposit(START_NS, FIRST, amount)]
        )
        engine.snapshot()
        return engine.digest()


def test_a_snapshot_of_another_journal_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[Any]) -> None:
    mine, other = venue(tmp_path / "mine", 5), venue(tmp_path / "other", 6)
    assert mine != other
    (snapshot,) = (tmp_path / "other").glob("snapshot-*")
    shutil.copyfile(snapshot, tmp_path / "mine" / snapshot.name)
    with Engine.open(tmp_path / "mine") as engine:
        assert engine.digest() == mine
    assert "not taken of this journal" in capsys.readouterr().err
