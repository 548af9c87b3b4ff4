"""Who plays a path does not matter: one process, several, a worker that dies, a Ray cluster."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from tests.lab.worlds.small import small_world

from solvent.lab.worlds.faults import WorldError
from solvent.lab.worlds.runs import WorkersLost, run_paths

PATHS = 24


@pytest.fixture(scope="module")
def alone():
    return run_paths(small_world(), PATHS)


def test_processes_give_the_same_and_a_dead_worker_is_replaced(alone):
    from solvent.lab.worlds.runs import Workers

    world = small_world()
    killed = []
    with Workers(world, jobs=2) as workers:

        def kill_one(share, _what):
            if not killed and workers.pids():
                killed.append(workers.pids()[0])
                os.kill(killed[0], signal.SIGKILL)

        found = run_paths(world, PATHS, workers=workers, progress=kill_one)
    assert killed
    assert np.array_equal(found.numbers, alone.numbers)
    assert found.digest() == alone.digest()


def test_workers_that_always_die_leave_what_was_finished(monkeypatch):
    from solvent.lab.worlds import runs

    world = small_world()
    workers = runs.Workers(world)
    played = []

    def play(paths, finished):
        for chunk in ([0, 1], [2, 3]):
            finished(runs.play_chunk(workers._player, chunk))
            played.append(chunk)
        raise WorkersLost("a worker died 4 times", runs.joined_paths([], 0))

    monkeypatch.setattr(workers, "play", play)
    with pytest.raises(WorkersLost, match="died 4 times") as lost:
        run_paths(world, PATHS, workers=workers)
    assert lost.value.paths.partial
    assert lost.value.paths.numbers.tolist() == [0, 1, 2, 3]


def test_an_interrupted_run_keeps_its_paths():
    world = small_world()

    def interrupt(share, _what):
        if share >= 0.5:
            raise KeyboardInterrupt

    found = run_paths(world, PATHS, progress=interrupt)
    assert found.partial
    assert 0 < len(found) < PATHS


def test_some_paths_of_a_run_are_a_run_of_their_own(alone):
    kept = alone.only(alone.numbers[1:3])
    assert kept.numbers.tolist() == alone.numbers[1:3].tolist()
    assert kept.partial
    assert np.array_equal(kept.totals, alone.totals[1:3])
    assert set(kept.defaults[:, 0].tolist()) <= set(kept.numbers.tolist())
    assert set(kept.closings[:, 0].tolist()) <= set(kept.numbers.tolist())


def test_a_run_stops_when_enough_is_known():
    found = run_paths(small_world(), 200, enough=lambda paths: len(paths) >= 16, batch=8)
    assert len(found) == 16


def descendants(name):
    """Processes whose title begins with a name and that this one started, over however many others."""
    parents, found = {}, []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if (entry / "cmdline").read_bytes().startswith(name.encode()):
                found.append(int(entry.name))
        except OSError:
            continue  # gone meanwhile
    ours = []
    for pid in found:
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid():
            ours.append(pid)
    return ours


@pytest.mark.filterwarnings("ignore")
def test_a_ray_cluster_of_two_gives_the_same_when_a_worker_is_killed(alone):
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    killed = []

    def kill_one(share, _what):
        while not killed and share < 1.0:
            working = descendants("ray::_play")
            if working:
                os.kill(working[0], signal.SIGKILL)
                killed.append(working[0])
            else:
                time.sleep(0.05)

    try:
        found = run_paths(small_world(), PATHS, on="ray", progress=kill_one)
    finally:
        ray.shutdown()
    assert killed
    assert np.array_equal(found.numbers, alone.numbers)
    assert found.digest() == alone.digest()


def test_a_cluster_that_is_nowhere_is_told():
    pytest.importorskip("ray")
    with pytest.raises(WorldError, match="no cluster answers there"):
        run_paths(small_world(), 2, on="ray", address="nowhere")
