"""The watermark: the newest whole promise is read, or nothing is."""

import errno
import os
import random
from pathlib import Path

import pytest

from solvent.engine.faults import DirectoryUnusable, JournalCorrupt, JournalFull, WriteFailed
from solvent.engine.watermark import SLOT_STRIDE_BYTES, WATERMARK_NAME, Mark, Watermark, read_mark

SLOT_BYTES = 2 * 88


def hash_of(sequence: int) -> bytes:
    return sequence.to_bytes(2, "little") * 16


def written(directory: Path, *sequences: int) -> Path:
    """A watermark that went through `sequences`; its path."""
    Watermark.create(directory, 0, hash_of(0))
    with Watermark(directory, read_mark(directory)) as watermark:
        for sequence in sequences:
            watermark.write(sequence, hash_of(sequence))
    return directory / WATERMARK_NAME


def slot_of(counter: int) -> slice:
    start = counter % 2 * SLOT_STRIDE_BYTES
    return slice(start, start + SLOT_BYTES)


def test_a_new_watermark_promises_nothing(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read_mark(tmp_path) == Mark(0, hash_of(0), 1, whole=True)
    assert path.stat().st_size == 2 * SLOT_STRIDE_BYTES


def test_the_newest_promise_is_read_and_the_length_never_changes(tmp_path: Path) -> None:
    path = written(tmp_path, 3, 4, 1000)
    assert read_mark(tmp_path) == Mark(1000, hash_of(1000), 4, whole=True)
    assert path.stat().st_size == 2 * SLOT_STRIDE_BYTES


def test_a_reopened_watermark_goes_on(tmp_path: Path) -> None:
    written(tmp_path, 3, 4)
    with Watermark(tmp_path, read_mark(tmp_path)) as watermark:
        watermark.write(5, hash_of(5))
    assert read_mark(tmp_path) == Mark(5, hash_of(5), 4, whole=True)


def test_a_promise_only_grows(tmp_path: Path) -> None:
    written(tmp_path, 3)
    with Watermark(tmp_path, read_mark(tmp_path)) as watermark, pytest.raises(AssertionError):
        watermark.write(3, hash_of(3))


def test_no_single_flipped_bit_changes_the_answer(tmp_path: Path) -> None:
    path = written(tmp_path, 3, 4)
    content, mark = path.read_bytes(), read_mark(tmp_path)
    for slot in range(2):
        for place in range(slot_of(slot).start, slot_of(slot).stop):
            for bit in range(8):
                damaged = bytearray(content)
                damaged[place] ^= 1 << bit
                path.write_bytes(damaged)
                assert read_mark(tmp_path) == mark


def test_a_write_torn_anywhere_leaves_the_promise_before_or_the_new_one(tmp_path: Path) -> None:
    path = written(tmp_path, 3, 4)
    before = path.read_bytes()
    with Watermark(tmp_path, read_mark(tmp_path)) as watermark:
        watermark.write(9, hash_of(9))
    after = path.read_bytes()
    new = slot_of(read_mark(tmp_path).counter)
    torn = [after[:place] + before[place:] for place in range(new.start, new.stop + 1)]
    chance = random.Random(1)
    for _ in range(1000):  # eight bytes at a time, in any order
        mixed = bytearray(before)
        for place in range(new.start, new.stop, 8):
            mixed[place : place + 8] = chance.choice((before, after))[place : place + 8]
        torn.append(bytes(mixed))
    seen = set()
    for content in torn:
        path.write_bytes(content)
        mark = read_mark(tmp_path)
        assert mark.sequence in (4, 9)
        assert mark.hash == hash_of(mark.sequence)
        seen.add((mark.sequence, mark.whole))
    # An old copy left whole; no copy left, so that the older slot speaks; a new copy complete.
    assert seen == {(4, True), (4, False), (9, True)}


def test_a_lost_slot_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, 3, 4)
    content = path.read_bytes()
    for counter, survivor in ((3, 3), (2, 4)):
        damaged = bytearray(content)
        damaged[slot_of(counter)] = bytes(SLOT_BYTES)
        path.write_bytes(damaged)
        mark = read_mark(tmp_path)
        assert (mark.sequence, mark.whole) == (survivor, False)


def test_two_lost_slots_are_corrupt(tmp_path: Path) -> None:
    path = written(tmp_path, 3, 4)
    damaged = bytearray(path.read_bytes())
    for copy in range(4):
        damaged[copy // 2 * SLOT_STRIDE_BYTES + copy % 2 * 88 + 20] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(JournalCorrupt, match="both slots"):
        read_mark(tmp_path)


def test_swapped_and_stale_slots_are_corrupt(tmp_path: Path) -> None:
    path = written(tmp_path, 3, 4, 5)
    content = path.read_bytes()
    path.write_bytes(content[SLOT_STRIDE_BYTES:] + content[:SLOT_STRIDE_BYTES])
    with pytest.raises(JournalCorrupt, match="both slots"):
        read_mark(tmp_path)
    with_both = bytearray(content)
    path.write_bytes(content)
    with Watermark(tmp_path, read_mark(tmp_path)) as watermark:
        for sequence in (6, 7, 8):
            watermark.write(sequence, hash_of(sequence))
    newest = slot_of(read_mark(tmp_path).counter)
    with_both[newest] = path.read_bytes()[newest]
    path.write_bytes(with_both)
    with pytest.raises(JournalCorrupt, match="do not follow"):
        read_mark(tmp_path)


@pytest.mark.parametrize("length", [0, 1, 87, 176, SLOT_STRIDE_BYTES, SLOT_STRIDE_BYTES + 87])
def test_a_shortened_file_never_lies(tmp_path: Path, length: int) -> None:
    path = written(tmp_path, 3, 4)
    path.write_bytes(path.read_bytes()[:length])
    try:
        mark = read_mark(tmp_path)
    except JournalCorrupt:
        return
    assert mark.sequence in (3, 4)
    assert not mark.whole


def test_a_missing_file_is_corrupt_and_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(JournalCorrupt, match="missing"):
        read_mark(tmp_path)
    with pytest.raises(DirectoryUnusable):
        Watermark(tmp_path, Mark(0, hash_of(0), 1, whole=True))


@pytest.mark.skipif(not hasattr(os, "fdatasync"), reason="needs fdatasync")
@pytest.mark.parametrize(("number", "fault"), [(errno.EIO, WriteFailed), (errno.ENOSPC, JournalFull)])
def test_a_failed_sync_is_never_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, fault: type[WriteFailed]
) -> None:
    written(tmp_path, 3)
    syncs = []

    def failing(descriptor: int) -> None:
        syncs.append(descriptor)
        raise OSError(number, os.strerror(number))

    with Watermark(tmp_path, read_mark(tmp_path)) as watermark:
        monkeypatch.setattr(os, "fdatasync", failing)
        with pytest.raises(fault):
            watermark.write(4, hash_of(4))
        with pytest.raises(WriteFailed):
            watermark.write(5, hash_of(5))
    assert len(syncs) == 1


def test_a_short_write_is_a_failed_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, 3)
    with Watermark(tmp_path, read_mark(tmp_path)) as watermark:
        monkeypatch.setattr(os, "pwrite", lambda descriptor, content, offset: len(content) - 1, raising=False)
        with pytest.raises(JournalFull):
            watermark.write(4, hash_of(4))
