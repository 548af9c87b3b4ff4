"""The same commands give the same digest: compiled or not, whatever the hash seed, the batches, the room, the snapshot."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.small_replay import digest_in_batches, played

from solvent.engine.engine import Engine
from solvent.events import EventKind
from solvent.lab.measures import events_of, summarise
from solvent.state.whole import copy_state, digest, grow

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def run():
    return played()


def digest_elsewhere(**environment: str) -> str:
    """Digest of the small replay in another process."""
    command = [sys.executable, "-m", "tests.small_replay"]
    answer = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=600
    )
    return answer.stdout.strip()


def test_the_small_replay_meets_what_it_is_there_for(run) -> None:
    kinds = set(events_of(run).kind.tolist())
    wanted = {EventKind.ACCOUNT_FLAGGED, EventKind.LIQUIDATION_FILLED, EventKind.POSITION_TAKEN_OVER}
    assert wanted <= kinds
    assert all(summarise(run)["checks"].values())


def test_compiled_and_plain_runs_agree(run) -> None:
    assert digest_elsewhere(NUMBA_DISABLE_JIT="1") == run.engine.digest()


@pytest.mark.parametrize("seed", ["0", "1", "42", "4294967295"])
def test_the_hash_seed_does_not_matter(run, seed) -> None:
    assert digest_elsewhere(PYTHONHASHSEED=seed) == run.engine.digest()


@pytest.mark.parametrize("size", [1, 7, 1_000, 10**6])
def test_the_size_of_batches_does_not_matter(run, size) -> None:
    assert digest_in_batches(run, size) == run.engine.digest()


def test_another_seed_is_another_day(run) -> None:
    assert played(seed=2).engine.digest() != run.engine.digest()


def test_a_snapshot_anywhere_and_the_tail_are_the_full_replay(run, tmp_path) -> None:
    commands = np.concatenate(run.recording.commands)
    for place, cut in enumerate((1, len(commands) // 3, len(commands) - 1)):
        directory = tmp_path / str(place)
        with Engine.create(directory, run.genesis) as engine:
            engine.submit(commands[:cut])
            engine.snapshot()
            engine.submit(commands[cut:])
            assert engine.digest() == run.engine.digest()
        with Engine.open(directory) as engine:
            assert engine.digest() == run.engine.digest()
            assert engine.sequence == len(commands)
        for snapshot in directory.glob("snapshot-*"):
            snapshot.unlink()
        with Engine.open(directory, read_only=True) as engine:
            assert engine.digest() == run.engine.digest()


def test_room_is_not_part_of_the_digest(run) -> None:
    state = copy_state(run.engine.state)
    before = digest(state)
    bigger = grow(state, accounts=10_000, positions=10_000, orders=5_000, holdings=100)
    assert digest(bigger) == before
