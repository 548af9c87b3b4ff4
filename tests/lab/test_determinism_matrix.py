"""The same commands in other processes, seeds and compilations end alike; and the matrix would show it if not."""

from pathlib import Path

import numpy as np

from solvent.commands import COMMAND_DTYPE
from solvent.lab.determinism import GOLDEN_EVERY, GOLDENS, fingerprint_of, golden_of, record_worlds, run_matrix, ways


def test_every_cell_of_the_matrix_ends_alike() -> None:
    matrix = run_matrix(worlds=2, commands=200, quick=True)
    assert matrix.equal, [(cell.name, cell.fingerprint) for cell in matrix.cells]
    assert len([cell for cell in matrix.cells if not cell.absent]) >= 4
    assert matrix.commands == 400


def test_the_long_form_has_four_seeds_two_thread_counts_and_other_pythons() -> None:
    names = [name for name, _environment, _interpreter in ways(quick=False)]
    assert len({name.split(",")[1] for name in names if "hash seed" in name}) == 4
    assert any("2 threads" in name for name in names)
    assert any("Python 3." in name for name in names)
    assert any(name.startswith("plain") for name in names)


def test_another_command_is_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "worlds.npz"
    record_worlds(path, 1, 150, 3)
    one = fingerprint_of(path)
    kept = dict(np.load(path))
    kept["records0"] = kept["records0"][: len(kept["records0"]) * 149 // 150]
    np.savez_compressed(path, **kept)
    assert fingerprint_of(path) != one


def test_a_golden_journal_is_told_by_its_digests_and_a_spoiled_one_by_where_it_differs(tmp_path: Path) -> None:
    kept = dict(np.load(sorted(GOLDENS.glob("*.npz"))[-1]))
    kept["commands"] = kept["commands"].reshape(-1)[: COMMAND_DTYPE.itemsize * 2 * GOLDEN_EVERY]
    path = tmp_path / "short.npz"
    np.savez_compressed(path, **kept)
    assert golden_of(path).startswith("short ")
    assert "differs" not in golden_of(path)
    kept["digests"][1] = kept["digests"][0]
    np.savez_compressed(path, **kept)
    assert golden_of(path) == f"short differs after command {2 * GOLDEN_EVERY}"


def test_any_interpreter_may_be_named() -> None:
    names = [name for name, _environment, _interpreter in ways(quick=True, pythons=["pypy"])]
    assert "plain, pypy" in names
    assert "compiled, pypy" in names
