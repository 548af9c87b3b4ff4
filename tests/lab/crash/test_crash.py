"""The crash rig, short: nothing is lost, and every planted fault is found."""

import random
import shutil
import sys
from pathlib import Path

import pytest

from solvent.lab.crash import PLANTED, run_crash
from solvent.lab.crash.damage import KINDS, damaged
from solvent.lab.crash.disk import Call, Disk, states
from solvent.lab.crash.life import Life, judge
from solvent.lab.crash.shim import CREATE, MARK, RENAME, SYNC, SYNC_DIRECTORY, WRITE

needs_shim = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)


@needs_shim
def test_nothing_is_lost_whenever_it_dies() -> None:
    report = run_crash(400, 3_000, 1)
    assert report.found == []
    assert report.passed
    assert report.kills == 400
    assert report.points >= 3_000
    assert report.halts_after_damage > 100, "damage that never stopped anything was no damage"
    kinds = {"kill", "failed call", "power cut", "second process", "damage: snapshot"}
    assert kinds | {f"damage: {kind}" for kind in KINDS} == set(report.by_kind)


@needs_shim
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str) -> None:
    assert not run_crash(0, 800, 1, fault=fault).passed


@needs_shim
def test_kills_find_a_planted_fault_as_well() -> None:
    assert not run_crash(150, 0, 1, fails=0, fault="promises before it keeps").passed


def test_the_disk_keeps_what_was_synced_and_may_lose_the_rest() -> None:
    calls = [
        Call(CREATE, "a", "", 0, b""),
        Call(WRITE, "a", "", 0, b"x" * 1_024),
        Call(SYNC, "a", "", 0, b""),
        Call(SYNC_DIRECTORY, "", "", 0, b""),
        Call(MARK, "", "", 5, b""),
        Call(WRITE, "a", "", 0, b"y" * 1_024),
        Call(RENAME, "a", "b", 0, b""),
    ]
    found = states({}, calls, random.Random(1), 200)
    assert {len(found), found[0][0]} == {200 * 8, 0}
    before_names = [files for place, _marked, files in found if place == 3]
    assert {} in before_names, "a name that was not synced may be lost"
    after = [files for place, _marked, files in found if place == 6]
    assert {marked for place, marked, _files in found if place == 6} == {5}
    contents = {files["a"] for files in after}
    assert {b"x" * 1_024, b"y" * 1_024, b"x" * 512 + b"y" * 512, b"y" * 512 + b"x" * 512} <= contents
    torn = [content for content in contents if b"xy" in content[:512] or b"yx" in content[:512]]
    assert torn, "a sector may be torn"
    assert all(content[:512].count(b"x") % 8 == 0 for content in torn)
    last = [set(files) for place, _marked, files in found if place == 7]
    assert {"a"} in last
    assert {"b"} in last


def test_a_file_that_was_never_named_again_is_not_written() -> None:
    disk = Disk({"a": b"1"})
    disk.do(Call(WRITE, "gone", "", 0, b"2"))
    assert set(disk.after_power_cut(random.Random(1))) == {"a"}


@pytest.mark.parametrize("kind", KINDS)
def test_damage_changes_at_most_what_it_says(kind: str) -> None:
    files = {"a": random.Random(5).randbytes(2_048), "b": b"\1" * 600, "empty": b""}
    chance = random.Random(3)
    changed = 0
    for _ in range(50):
        hurt, where = damaged(files, {"a": b"\0" * 2_048}, kind, chance)
        assert set(hurt) == set(files)
        assert where
        changed += hurt != files
    assert changed > 10
    assert files["b"] == b"\1" * 600


def test_a_life_is_judged_right_when_it_is_whole(tmp_path: Path) -> None:
    for seed in range(6):
        life = Life(seed)
        directory = tmp_path / str(seed)
        life.prepare(directory)
        heard: list[int] = []
        # a journal that is not closed here would keep its lock; that a life may end without closing is the kills' to do
        life.closes = True
        life.live(directory, heard.append)
        verdict = judge(directory, go_on=True)
        assert verdict.fault is None
        assert verdict.right
        assert verdict.head == heard[-1] == life.base_head + sum(life.blocks)
