"""The journal gives back exactly what was acknowledged, or stops and says so."""

import contextlib
import ctypes
import hashlib
import os
import pickle
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import solvent.engine.journal as journal_module
from solvent.engine.blocks import Records, VerifyReport, describe_layout
from solvent.engine.faults import (
    DirectoryLocked,
    DirectoryUnusable,
    EngineFault,
    JournalCorrupt,
    JournalFull,
    JournalTruncated,
    VersionUnknown,
    WriteFailed,
)
from solvent.engine.journal import JOURNAL_NAME, Journal
from solvent.engine.watermark import SLOT_STRIDE_BYTES, WATERMARK_NAME, Watermark, read_mark

RECORD = np.dtype([("sequence", np.int64), ("amount", np.int64), ("kind", np.int32), ("account", np.int32)])
GENESIS = b"the rulebook at the beginning"


def commands(first_sequence: int, count: int) -> Records:
    """The one and only commands with these sequences: any reader can tell whether a record is right."""
    sequences = np.arange(first_sequence, first_sequence + count, dtype=np.int64)
    records = np.zeros(count, RECORD)
    records["sequence"] = sequences
    records["amount"] = sequences * 7919 - 10**12
    records["kind"] = sequences % 20
    records["account"] = sequences * sequences % 1009
    return records


def append(journal: Journal, count: int) -> int:
    return journal.append(commands(journal.head_sequence + 1, count), time_ns=journal.head_sequence + count)


def write(directory: Path, *counts: int) -> VerifyReport:
    """A closed journal with blocks of these sizes."""
    with Journal.create(directory, RECORD, GENESIS) as journal:
        for count in counts:
            append(journal, count)
        return journal.verify()


def assert_holds(journal: Journal, head_sequence: int) -> None:
    """Exactly the commands 1 to `head_sequence`, in blocks without gaps."""
    assert journal.head_sequence == head_sequence
    next_sequence = 1
    for first_sequence, records in journal.blocks():
        assert first_sequence == next_sequence
        assert records.tobytes() == commands(first_sequence, len(records)).tobytes()
        next_sequence += len(records)
    assert next_sequence == head_sequence + 1
    assert journal.verify().commands == head_sequence


def assert_kept(directory: Path, head_sequence: int) -> None:
    with Journal.open(directory, RECORD) as journal:
        assert_holds(journal, head_sequence)


@contextlib.contextmanager
def raw(directory: Path) -> Iterator[sqlite3.Connection]:
    """The journal as anybody with a SQLite shell sees it."""
    connection = sqlite3.connect(directory / JOURNAL_NAME)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def read_all(directory: Path) -> VerifyReport:
    with Journal.open(directory, RECORD, read_only=True) as journal:
        for _ in journal.blocks():
            pass
        return journal.verify()


# --- the ordinary life ----------------------------------------------------------------------------


def test_what_was_appended_comes_back(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "new" / "data", RECORD, GENESIS, created="by a test") as journal:
        assert [append(journal, count) for count in (1, 10, 3)] == [1, 11, 14]
        assert_holds(journal, 14)
        report = journal.verify()
    assert report == (3, 14, 14, journal.head_hash)
    with Journal.open(tmp_path / "new" / "data", RECORD) as journal:
        assert (journal.genesis, journal.created) == (GENESIS, "by a test")
        assert journal.verify() == report
        assert append(journal, 5) == 19
    assert_kept(tmp_path / "new" / "data", 19)


def test_a_closed_journal_is_one_file_beside_its_watermark(tmp_path: Path) -> None:
    write(tmp_path, 2, 3)
    assert {path.name for path in tmp_path.iterdir()} == {JOURNAL_NAME, WATERMARK_NAME, "lock"}


def test_an_empty_journal(tmp_path: Path) -> None:
    report = write(tmp_path)
    assert report[:3] == (0, 0, 0)
    with Journal.open(tmp_path, RECORD) as journal:
        assert list(journal.blocks()) == []
        assert journal.verify() == report
        assert append(journal, 1) == 1
    assert_kept(tmp_path, 1)


def test_equal_commands_give_equal_hashes_and_other_ones_do_not(tmp_path: Path) -> None:
    reports = [write(tmp_path / name, *counts) for name, counts in (("a", (2, 3)), ("b", (2, 3)), ("c", (3, 2)))]
    assert reports[0] == reports[1] != reports[2]
    with Journal.create(tmp_path / "d", RECORD, GENESIS + b".") as journal:
        assert journal.head_hash != Journal.open(tmp_path / "a", RECORD, read_only=True).head_hash


def test_the_chain_is_the_documented_one(tmp_path: Path) -> None:
    """Recomputed from the file with nothing of ours: an auditor can do the same."""
    report = write(tmp_path, 2, 3)
    with raw(tmp_path) as connection:
        previous = connection.execute("SELECT hash FROM genesis").fetchone()[0]
        for *header, previous_hash, checksum, body, notes in connection.execute(
            "SELECT first_sequence, count, time_ns, previous_hash, checksum, body, notes FROM blocks ORDER BY 1"
        ):
            assert previous_hash == previous
            numbers = b"".join(value.to_bytes(8, "little", signed=True) for value in header)
            content = numbers + previous_hash + body + notes
            previous = hashlib.blake2b(content, digest_size=32, person=b"solvent-block").digest()
            assert checksum == previous
    assert report.head_hash == previous
    assert read_mark(tmp_path)[:2] == (5, previous)


def test_blocks_start_where_asked(tmp_path: Path) -> None:
    write(tmp_path, *([5] * 40))
    with Journal.open(tmp_path, RECORD) as journal:
        for start in (1, 2, 5, 6, 101, 200):
            found = list(journal.blocks(start))
            assert found[0][0] == start
            assert np.concatenate([records for _, records in found]).tobytes() == commands(start, 201 - start).tobytes()
        assert list(journal.blocks(201)) == []
        for outside in (0, -1, 202):
            with pytest.raises(JournalTruncated):
                list(journal.blocks(outside))


def test_the_records_may_be_changed_by_the_reader(tmp_path: Path) -> None:
    write(tmp_path, 3)
    with Journal.open(tmp_path, RECORD) as journal:
        for _, records in journal.blocks():
            records["amount"] = 0
        assert_holds(journal, 3)


def test_appending_while_iterating_shows_the_journal_as_it_was(tmp_path: Path) -> None:
    with Journal.create(tmp_path, RECORD, GENESIS) as journal:
        for _ in range(40):
            append(journal, 2)
        seen = 0
        for _, records in journal.blocks():
            seen += len(records)
            append(journal, 1)
        assert seen == 80
        assert_holds(journal, 120)


def test_a_reader_beside_the_writer(tmp_path: Path) -> None:
    with Journal.create(tmp_path, RECORD, GENESIS) as journal:
        append(journal, 4)
        with Journal.open(tmp_path, RECORD, read_only=True) as reader:
            append(journal, 4)
            assert_holds(reader, 4)
            with pytest.raises(WriteFailed, match="read-only"):
                append(reader, 1)
        with Journal.open(tmp_path, RECORD, read_only=True) as reader:
            assert_holds(reader, 8)
    assert_kept(tmp_path, 8)


def test_sqlite_is_set_to_sync_each_commit_and_to_leave_checkpoints_to_us(tmp_path: Path) -> None:
    with Journal.create(tmp_path, RECORD, GENESIS) as journal:
        found = [
            journal._store.read(f"PRAGMA {name}")[0][0]
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint", "page_size")
        ]
    assert found == ["wal", 2, 0, journal_module.PAGE_BYTES]


def test_checkpoints_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "CHECKPOINT_BYTES", 20_000)
    with Journal.create(tmp_path, RECORD, GENESIS) as journal:
        for count in (1, 100, 1, 400, 3) * 20:
            append(journal, count)
        assert (tmp_path / (JOURNAL_NAME + "-wal")).stat().st_size < 200_000
        assert_holds(journal, 10_100)
    assert_kept(tmp_path, 10_100)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 300), max_size=6), min_size=1, max_size=4), st.randoms())
def test_any_batches_in_any_number_of_sessions(sessions: list[list[int]], chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        write(directory)
        total = 0
        for session in sessions:
            with Journal.open(directory, RECORD) as journal:
                for count in session:
                    total += count
                    assert append(journal, count) == total
                assert_holds(journal, total)
        with Journal.open(directory, RECORD, read_only=True) as journal:
            assert_holds(journal, total)
            start = chance.randint(1, total + 1)
            rest = [records for _, records in journal.blocks(start)]
            assert sum(map(len, rest)) == total + 1 - start


# --- what is refused ------------------------------------------------------------------------------


def test_wrong_records_are_the_callers_mistake_and_stop_nothing(tmp_path: Path) -> None:
    with Journal.create(tmp_path, RECORD, GENESIS) as journal:
        for wrong in (
            np.zeros(1, np.int64),
            np.zeros((1, 1), RECORD),
            np.zeros(0, RECORD),
            np.zeros(journal_module.BLOCK_BYTES_MAX // RECORD.itemsize + 1, RECORD),
        ):
            with pytest.raises(ValueError, match=r"records|arrays"):
                journal.append(wrong, 1)
        with pytest.raises(struct.error):
            journal.append(commands(1, 1), 2**63)
        append(journal, 1)
    with pytest.raises(WriteFailed, match="closed"):
        append(journal, 1)
    assert_kept(tmp_path, 1)


def test_records_must_be_plain_and_without_padding() -> None:
    for wrong in (
        np.dtype(np.int64),
        np.dtype([("a", object)]),
        np.dtype([("a", [("b", np.int64)])]),
        np.dtype([("a", np.int8), ("b", np.int64)], align=True),
    ):
        with pytest.raises(ValueError, match="journal records"):
            describe_layout(wrong)
    assert describe_layout(np.dtype([("a", "<i8", (2,))])) == '{"bytes":16,"fields":[["a","<i8",[2],0]]}'


def test_another_record_layout_is_refused_with_both_layouts(tmp_path: Path) -> None:
    write(tmp_path, 3)
    renamed = np.dtype([(name if name != "kind" else "sort", RECORD[name]) for name in RECORD.names or ()])
    assert renamed.itemsize == RECORD.itemsize
    with pytest.raises(VersionUnknown, match=r"(?s)kind.*sort"):
        Journal.open(tmp_path, renamed)


def test_an_unknown_schema_version_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 3)
    with raw(tmp_path) as connection:
        connection.execute("UPDATE genesis SET schema_version = 9")
    with pytest.raises(VersionUnknown, match="schema 9"):
        Journal.open(tmp_path, RECORD)


def test_nothing_there_and_something_there(tmp_path: Path) -> None:
    for nothing in (tmp_path, tmp_path / "missing"):
        for read_only in (False, True):
            with pytest.raises(DirectoryUnusable, match="no journal"):
                Journal.open(nothing, RECORD, read_only=read_only)
    write(tmp_path, 3)
    with pytest.raises(DirectoryUnusable, match="already"):
        Journal.create(tmp_path, RECORD, GENESIS)
    assert_kept(tmp_path, 3)


def test_an_unfinished_creation_can_be_done_again(tmp_path: Path) -> None:
    write(tmp_path / "model")
    for leftover in ("watermark", "torn watermark", "unfinished journal"):
        directory = tmp_path / leftover
        directory.mkdir()
        if leftover == "unfinished journal":
            (directory / (JOURNAL_NAME + ".unfinished")).write_bytes(b"half")
            (directory / (JOURNAL_NAME + ".unfinished-wal")).write_bytes(b"half")
        else:
            whole = (tmp_path / "model" / WATERMARK_NAME).read_bytes()
            (directory / WATERMARK_NAME).write_bytes(whole if leftover == "watermark" else whole[:50])
        write(directory, 3)
        assert_kept(directory, 3)


def test_a_fault_says_what_where_and_what_to_do_and_survives_a_pipe(tmp_path: Path) -> None:
    with pytest.raises(DirectoryUnusable) as caught:
        Journal.open(tmp_path, RECORD)
    text = str(pickle.loads(pickle.dumps(caught.value)))
    assert "no journal" in text
    assert str(tmp_path) in text
    assert "what to do: " in text


def test_one_process_one_directory(tmp_path: Path) -> None:
    with Journal.create(tmp_path, RECORD, GENESIS) as journal:
        append(journal, 2)
        with pytest.raises(DirectoryLocked, match=str(os.getpid())):
            Journal.open(tmp_path, RECORD)
        second = textwrap.dedent(f"""
            import numpy as np
            from solvent.engine.faults import DirectoryLocked
            from solvent.engine.journal import Journal
            try:
                Journal.open({str(tmp_path)!r}, np.dtype({RECORD.descr!r}))
            except DirectoryLocked as fault:
                print(fault.what)
        """)
        answer = subprocess.run([sys.executable, "-c", second], capture_output=True, text=True, check=True)
        assert f"in use by process {os.getpid()}" in answer.stdout
        append(journal, 1)
    assert_kept(tmp_path, 3)


# --- damage by hand -------------------------------------------------------------------------------

Damage = Callable[[sqlite3.Connection], object]
SQL_DAMAGE: dict[str, Damage] = {
    "first block deleted": lambda c: c.execute("DELETE FROM blocks WHERE first_sequence = 1"),
    "middle block deleted": lambda c: c.execute("DELETE FROM blocks WHERE first_sequence = 4"),
    "last block deleted": lambda c: c.execute("DELETE FROM blocks WHERE first_sequence = 10"),
    "all blocks deleted": lambda c: c.execute("DELETE FROM blocks"),
    "genesis deleted": lambda c: c.execute("DELETE FROM genesis"),
    "genesis doubled": lambda c: c.execute("INSERT INTO genesis SELECT * FROM genesis"),
    "genesis body": lambda c: c.execute("UPDATE genesis SET body = x'00'"),
    "genesis text": lambda c: c.execute("UPDATE genesis SET created = 'yesterday'"),
    "record size": lambda c: c.execute("UPDATE genesis SET record_bytes = 23"),
    "layout": lambda c: c.execute("UPDATE genesis SET record_layout = replace(record_layout, 'kind', 'sort')"),
    "bodies swapped": lambda c: c.execute(
        "UPDATE blocks SET body = (SELECT b.body FROM blocks b WHERE b.first_sequence = "
        "11 - blocks.first_sequence) WHERE first_sequence IN (4, 7)"
    ),
    "whole rows swapped": lambda c: c.executescript(
        "UPDATE blocks SET first_sequence = -4 WHERE first_sequence = 4;"
        "UPDATE blocks SET first_sequence = 4 WHERE first_sequence = 7;"
        "UPDATE blocks SET first_sequence = 7 WHERE first_sequence = -4;"
    ),
    "sequence moved": lambda c: c.execute("UPDATE blocks SET first_sequence = 5 WHERE first_sequence = 4"),
    "sequence below one": lambda c: c.execute("UPDATE blocks SET first_sequence = 0 WHERE first_sequence = 1"),
    "count": lambda c: c.execute("UPDATE blocks SET count = 2 WHERE first_sequence = 4"),
    "time": lambda c: c.execute("UPDATE blocks SET time_ns = time_ns + 1 WHERE first_sequence = 4"),
    "previous hash": lambda c: c.execute("UPDATE blocks SET previous_hash = checksum WHERE first_sequence = 4"),
    "checksum": lambda c: c.execute("UPDATE blocks SET checksum = previous_hash WHERE first_sequence = 4"),
    "body shortened": lambda c: c.execute("UPDATE blocks SET body = substr(body, 1, 48) WHERE first_sequence = 4"),
    "notes": lambda c: c.execute("UPDATE blocks SET notes = x'01' WHERE first_sequence = 4"),
    "tail edited": lambda c: c.execute("UPDATE blocks SET body = zeroblob(72) WHERE first_sequence = 10"),
    "a block added": lambda c: c.execute(
        "INSERT INTO blocks SELECT 13, count, time_ns, previous_hash, checksum, body, notes FROM blocks LIMIT 1"
    ),
    "an index added": lambda c: c.execute("CREATE INDEX extra ON blocks (time_ns)"),
}


@pytest.mark.parametrize("damage", SQL_DAMAGE.values(), ids=SQL_DAMAGE.keys())
def test_an_edit_through_sqlite_is_found(tmp_path: Path, damage: Damage) -> None:
    write(tmp_path, 3, 3, 3, 3)
    with raw(tmp_path) as connection:
        damage(connection)
    with pytest.raises(EngineFault):
        read_all(tmp_path)


def forge(connection: sqlite3.Connection, first_sequence: int, body: bytes) -> None:
    """Replace a body and make its own checksum right again."""
    count, time_ns, previous_hash = connection.execute(
        "SELECT count, time_ns, previous_hash FROM blocks WHERE first_sequence = ?", (first_sequence,)
    ).fetchone()
    checksum = journal_module.block_hash(first_sequence, count, time_ns, previous_hash, body)
    connection.execute(
        "UPDATE blocks SET body = ?, checksum = ? WHERE first_sequence = ?", (body, checksum, first_sequence)
    )


@pytest.mark.parametrize("first_sequence", [1, 4, 10])
def test_a_forged_block_does_not_fit_the_chain_or_the_watermark(tmp_path: Path, first_sequence: int) -> None:
    write(tmp_path, 3, 3, 3, 3)
    with raw(tmp_path) as connection:
        forge(connection, first_sequence, commands(100, 3).tobytes())
    with pytest.raises(JournalCorrupt):
        read_all(tmp_path)


def test_a_tail_forged_while_the_journal_is_open_does_not_fit_the_head(tmp_path: Path) -> None:
    write(tmp_path, 3, 3)
    with Journal.open(tmp_path, RECORD, read_only=True) as journal:
        with raw(tmp_path) as connection:
            forge(connection, 4, commands(100, 3).tobytes())
        blocks = journal.blocks()
        next(blocks)
        with pytest.raises(JournalCorrupt, match="does not end in the head"):
            next(blocks)


@pytest.mark.parametrize(
    ("place", "damage"), [(36, b"\0\0\0\1"), (2 * 4096 + 1, b"\x0f\0")], ids=["free pages", "free space"]
)
def test_damage_that_only_the_next_append_would_meet_is_found(tmp_path: Path, place: int, damage: bytes) -> None:
    write(tmp_path, 3, 3)
    path = tmp_path / JOURNAL_NAME
    content = bytearray(path.read_bytes())
    content[place : place + len(damage)] = damage
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="free pages" if place == 36 else "SQLite finds"):
        read_all(tmp_path)


def test_a_chain_forged_to_its_end_does_not_fit_the_watermark(tmp_path: Path) -> None:
    write(tmp_path / "kept", 3, 3)
    with Journal.create(tmp_path / "other", RECORD, GENESIS) as journal:
        journal.append(commands(100, 3), 1)
        append(journal, 3)
    shutil.copy(tmp_path / "other" / JOURNAL_NAME, tmp_path / "kept" / JOURNAL_NAME)
    with pytest.raises(JournalCorrupt, match="watermark differ"):
        Journal.open(tmp_path / "kept", RECORD)


def test_a_journal_behind_its_watermark_is_truncated(tmp_path: Path) -> None:
    write(tmp_path, 3, 3)
    older = (tmp_path / JOURNAL_NAME).read_bytes()
    with Journal.open(tmp_path, RECORD) as journal:
        append(journal, 3)
    newest = (tmp_path / JOURNAL_NAME).read_bytes()
    (tmp_path / JOURNAL_NAME).write_bytes(older)
    for read_only in (False, True):
        with pytest.raises(JournalTruncated, match=r"ends at sequence 6, but 9 was acknowledged"):
            Journal.open(tmp_path, RECORD, read_only=read_only)
    (tmp_path / JOURNAL_NAME).write_bytes(newest)
    assert_kept(tmp_path, 9)


def test_a_lost_log_file_is_a_truncation(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "a", RECORD, GENESIS) as journal:
        append(journal, 3)
        # As after a crash: SQLite's log not yet moved to the main file.
        shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert_kept_copy = tmp_path / "c"
    shutil.copytree(tmp_path / "b", assert_kept_copy)
    assert_kept(assert_kept_copy, 3)
    (tmp_path / "b" / (JOURNAL_NAME + "-wal")).unlink()
    with pytest.raises(JournalTruncated):
        Journal.open(tmp_path / "b", RECORD)


def test_a_lost_journal_is_a_truncation_even_for_create(tmp_path: Path) -> None:
    write(tmp_path, 3)
    (tmp_path / JOURNAL_NAME).unlink()
    with pytest.raises(JournalTruncated, match="gone"):
        Journal.open(tmp_path, RECORD)
    with pytest.raises(JournalTruncated, match="gone"):
        Journal.create(tmp_path, RECORD, GENESIS)


def test_a_lost_or_foreign_watermark_stops(tmp_path: Path) -> None:
    write(tmp_path / "a", 3, 3)
    with Journal.create(tmp_path / "b", RECORD, GENESIS + b"?") as journal:
        append(journal, 3)
        append(journal, 3)
    shutil.copy(tmp_path / "b" / WATERMARK_NAME, tmp_path / "a" / WATERMARK_NAME)
    with pytest.raises(JournalCorrupt, match="differ"):
        Journal.open(tmp_path / "a", RECORD)
    (tmp_path / "a" / WATERMARK_NAME).unlink()
    with pytest.raises(JournalCorrupt, match="missing"):
        Journal.open(tmp_path / "a", RECORD)


# --- the journal and its watermark after a crash --------------------------------------------------


def test_a_block_committed_but_not_acknowledged_is_kept(tmp_path: Path) -> None:
    with Journal.create(tmp_path, RECORD, GENESIS) as journal:
        append(journal, 3)
        older = (tmp_path / WATERMARK_NAME).read_bytes()
        append(journal, 2)
    (tmp_path / WATERMARK_NAME).write_bytes(older)
    with Journal.open(tmp_path, RECORD, read_only=True) as journal:
        assert_holds(journal, 5)
    assert read_mark(tmp_path).sequence == 3, "a reader changes nothing"
    assert_kept(tmp_path, 5)
    assert read_mark(tmp_path).sequence == 5, "the writer catches up"


def test_the_first_block_may_be_the_unacknowledged_one(tmp_path: Path) -> None:
    with Journal.create(tmp_path, RECORD, GENESIS) as journal:
        older = (tmp_path / WATERMARK_NAME).read_bytes()
        append(journal, 2)
    (tmp_path / WATERMARK_NAME).write_bytes(older)
    assert_kept(tmp_path, 2)


def test_a_watermark_two_blocks_behind_is_no_crash(tmp_path: Path) -> None:
    write(tmp_path, 3)
    older = (tmp_path / WATERMARK_NAME).read_bytes()
    with Journal.open(tmp_path, RECORD) as journal:
        append(journal, 2)
        append(journal, 2)
    (tmp_path / WATERMARK_NAME).write_bytes(older)
    with pytest.raises(JournalCorrupt, match="more than one block"):
        Journal.open(tmp_path, RECORD)


def lose_slot(directory: Path, counter: int) -> None:
    path = directory / WATERMARK_NAME
    content = bytearray(path.read_bytes())
    start = counter % 2 * SLOT_STRIDE_BYTES
    content[start : start + SLOT_STRIDE_BYTES] = bytes(SLOT_STRIDE_BYTES)
    path.write_bytes(content)


def test_a_slot_torn_while_written_costs_nothing(tmp_path: Path) -> None:
    write(tmp_path, 3, 3)
    lose_slot(tmp_path, read_mark(tmp_path).counter)  # the newest; its block is in the journal
    assert_kept(tmp_path, 6)
    assert read_mark(tmp_path)[::3] == (6, True), "both slots are good again"


def test_a_lost_slot_that_could_hide_a_lost_block_stops(tmp_path: Path) -> None:
    """Two faults at once: newest slot and newest block gone. Alone, the rest looks complete."""
    write(tmp_path, 3, 3)
    older = (tmp_path / JOURNAL_NAME).read_bytes()
    with Journal.open(tmp_path, RECORD) as journal:
        append(journal, 3)
    (tmp_path / JOURNAL_NAME).write_bytes(older)
    lose_slot(tmp_path, read_mark(tmp_path).counter)
    assert read_mark(tmp_path).sequence == 6
    with pytest.raises(JournalCorrupt, match="slot is damaged"):
        Journal.open(tmp_path, RECORD)


def test_a_person_can_write_a_new_watermark(tmp_path: Path) -> None:
    report = write(tmp_path, 3, 3)
    lose_slot(tmp_path, read_mark(tmp_path).counter - 1)
    with pytest.raises(JournalCorrupt, match=r"Watermark\.create"):
        Journal.open(tmp_path, RECORD)
    Watermark.create(tmp_path, report.head_sequence, report.head_hash)
    assert_kept(tmp_path, 6)


# --- every byte -----------------------------------------------------------------------------------


def outcome_of_flip(directory: Path, path: Path, content: bytes, place: int, bit: int) -> str:
    """'same' or 'stopped'; anything else fails the test."""
    damaged = bytearray(content)
    damaged[place] ^= 1 << bit
    path.write_bytes(damaged)
    found = []
    try:
        with Journal.open(directory, RECORD, read_only=True) as journal:
            genesis = journal.genesis
            found = list(journal.blocks())
            journal.verify()
    except EngineFault:
        for first_sequence, records in found:
            assert records.tobytes() == commands(first_sequence, len(records)).tobytes()
        return "stopped"
    assert genesis == GENESIS
    assert b"".join(records.tobytes() for _, records in found) == commands(1, 12).tobytes()
    return "same"


def test_no_flipped_bit_in_the_main_file_gives_wrong_data(tmp_path: Path) -> None:
    """Every byte that is not zero, with a bit that moves along; free space at every fifth byte."""
    write(tmp_path, 3, 4, 5)
    path = tmp_path / JOURNAL_NAME
    content = path.read_bytes()
    outcomes = {
        place: outcome_of_flip(tmp_path, path, content, place, place % 8)
        for place in range(len(content))
        if content[place] or place % 5 == 0
    }
    path.write_bytes(content)
    assert_kept(tmp_path, 12)
    # What carries meaning: not one byte of it may pass unseen.
    with raw(tmp_path) as connection:
        values = [GENESIS, *connection.execute("SELECT record_layout, hash FROM genesis").fetchone()]
        for row in connection.execute("SELECT previous_hash, checksum, body FROM blocks"):
            values += row
    for value in values:
        needle = value.encode() if isinstance(value, str) else value
        start = content.index(needle)
        while start >= 0:
            for place in range(start, start + len(needle)):
                assert outcomes.get(place, "stopped") == "stopped", f"byte {place} passed unseen"
            start = content.find(needle, start + 1)
    stopped = sum(outcome == "stopped" for outcome in outcomes.values())
    assert stopped > sum(len(value) for value in values) * 0.8


def test_no_flipped_bit_in_a_body_or_header_passes_unseen(tmp_path: Path) -> None:
    """All eight bits of each byte of one block row, its header columns included."""
    write(tmp_path, 3, 4, 5)
    path = tmp_path / JOURNAL_NAME
    content = path.read_bytes()
    body = commands(4, 4).tobytes()
    # The row ends with its body; before it two hashes, the time, the count and SQLite's own header.
    end = content.index(body) + len(body)
    for place in range(end - len(body) - 64 - 2, end):
        for bit in range(8):
            assert outcome_of_flip(tmp_path, path, content, place, bit) == "stopped", (place, bit)


def test_no_flipped_bit_in_the_log_gives_wrong_data(tmp_path: Path) -> None:
    """After a crash the blocks are in SQLite's log, which drops what it cannot read: the watermark knows."""
    source, directory = tmp_path / "source", tmp_path / "crashed"
    with Journal.create(source, RECORD, GENESIS) as journal:
        for count in (3, 4, 5):
            append(journal, count)
        shutil.copytree(source, directory)
    path = directory / (JOURNAL_NAME + "-wal")
    content = path.read_bytes()
    # The log's header, the header of each page, and a sample of the pages.
    page = journal_module.PAGE_BYTES + 24
    places = {*range(32), *(32 + n * page + k for n in range(len(content) // page) for k in range(24))}
    outcomes = []
    for place in sorted(places | set(range(32, len(content), 37))):
        outcomes.append(outcome_of_flip(directory, path, content, place, place % 8))
    assert outcomes.count("stopped") > len(outcomes) * 0.9
    path.write_bytes(content)
    assert_kept(directory, 12)


def test_a_flip_in_unused_space_never_costs_an_acknowledged_command_silently(tmp_path: Path) -> None:
    """Flips that reading cannot see might still mislead the next append: then that must be seen."""
    write(tmp_path / "whole", 3, 4, 5)
    content = (tmp_path / "whole" / JOURNAL_NAME).read_bytes()
    mark = (tmp_path / "whole" / WATERMARK_NAME).read_bytes()
    directory = tmp_path / "damaged"
    directory.mkdir()
    chance = random.Random(7)
    page_headers = [page + k for page in range(0, len(content), 4096) for k in range(12)]
    for place in [*range(100), *page_headers, *chance.sample(range(len(content)), 150)]:
        for leftover in directory.iterdir():
            leftover.unlink()
        damaged = bytearray(content)
        damaged[place] ^= 1 << chance.randrange(8)
        (directory / JOURNAL_NAME).write_bytes(damaged)
        (directory / WATERMARK_NAME).write_bytes(mark)
        with contextlib.suppress(EngineFault):
            with Journal.open(directory, RECORD) as journal:
                append(journal, 300)
            assert_kept(directory, 312)


@pytest.mark.parametrize("length", [0, 1, 100, 4096, 5000, 8192, 12288])
def test_a_shortened_main_file_is_found(tmp_path: Path, length: int) -> None:
    write(tmp_path, 300, 300, 300)
    path = tmp_path / JOURNAL_NAME
    assert path.stat().st_size > length
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(EngineFault):
        read_all(tmp_path)


# --- crashes and failing disks --------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def in_child(work: Callable[[int], None]) -> tuple[int, int]:
    """Run `work(pipe)` in a forked child; return (child, the pipe's reading end)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            work(writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    return child, reading


def last_acknowledged(reading: int, before: int) -> int:
    """The last whole number in the pipe, read to its end."""
    content = b""
    while piece := os.read(reading, 1 << 16):
        content += piece
    os.close(reading)
    whole = len(content) // 8 * 8
    return int.from_bytes(content[whole - 8 : whole], "little") if whole else before


@needs_fork
def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "CHECKPOINT_BYTES", 200_000)
    write(tmp_path)
    head_sequence, kills, grown, unacknowledged = 0, 40, 0, 0
    chance = random.Random(20251010)

    def append_for_ever(pipe: int) -> None:
        sizes = random.Random(head_sequence)
        journal = Journal.open(tmp_path, RECORD)
        while True:
            sequence = append(journal, sizes.choice((1, 1, 7, 300)))
            os.write(pipe, sequence.to_bytes(8, "little"))

    for _ in range(kills):
        child, reading = in_child(append_for_ever)
        time.sleep(chance.uniform(0.005, 0.15))
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        acknowledged = last_acknowledged(reading, head_sequence)
        with Journal.open(tmp_path, RECORD) as journal:
            assert acknowledged <= journal.head_sequence <= acknowledged + 300
            list(journal.blocks(max(1, head_sequence)))
            grown += journal.head_sequence > head_sequence
            unacknowledged += journal.head_sequence > acknowledged
            head_sequence = journal.head_sequence
    assert_kept(tmp_path, head_sequence)
    assert grown > kills // 4, "the kills came before the writers did anything"


@needs_fork
def test_a_full_disk_is_a_clean_fault_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    for limit_bytes in range(40_000, 300_000, 20_000):
        directory = tmp_path / str(limit_bytes)
        write(directory)

        def append_until_full(pipe: int, directory: Path = directory, limit_bytes: int = limit_bytes) -> None:
            import resource  # not on Windows

            journal_module.CHECKPOINT_BYTES = limit_bytes // 3
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
            journal = Journal.open(directory, RECORD)
            try:
                while True:
                    os.write(pipe, append(journal, 50).to_bytes(8, "little"))
            except JournalFull:
                pass
            try:
                append(journal, 50)
            except WriteFailed:
                journal.close()
                return
            raise AssertionError("a stopped journal took a command")

        child, reading = in_child(append_until_full)
        acknowledged = last_acknowledged(reading, 0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert acknowledged > 0
        with Journal.open(directory, RECORD) as journal:
            assert journal.head_sequence - acknowledged in (0, 50)
            assert_holds(journal, journal.head_sequence)
            append(journal, 50)


SYNC_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/stat.h>
/* Counts syncs; the one numbered `fail_at` answers EIO once, all others are real. */
int syncs = 0, fail_at = 0, failed_directory = 0;
static int count(int fd, const char *name) {
    int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);
    struct stat status;
    if (++syncs != fail_at) return real(fd);
    failed_directory = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
    errno = EIO;
    return -1;
}
int fsync(int fd) { return count(fd, "fsync"); }
int fdatasync(int fd) { return count(fd, "fdatasync"); }
"""


def fail_each_sync(directory: Path, shim_path: str) -> None:
    """Runs under the shim. For each sync in the life of a journal: EIO there, and see what is left.

    The failure is answered once and success after it, as systems do. So a journal that tries again would
    look well; it is caught by the syncs it makes after the failure.
    """
    shim = ctypes.CDLL(shim_path)
    syncs, fail_at, failed_directory = (
        ctypes.c_int.in_dll(shim, name) for name in ("syncs", "fail_at", "failed_directory")
    )
    journal_module.CHECKPOINT_BYTES = 30_000

    def live(number: int) -> WriteFailed | None:
        """20 blocks, with the sync of this number failing."""
        home = directory / str(number)
        write(home)
        fault, acknowledged = None, 0
        journal = None
        syncs.value, fail_at.value = 0, number
        try:
            journal = Journal.open(home, RECORD)
            for _ in range(20):
                acknowledged = append(journal, 20)
            journal.close()
        except WriteFailed as error:
            fault = error
            if journal is not None:
                with contextlib.suppress(WriteFailed):
                    append(journal, 20)
                    raise AssertionError("a stopped journal took a command") from None
                journal.close()
            assert syncs.value == number, "a sync after the failed one"
        fail_at.value = 0
        assert fault is None or type(fault) is WriteFailed, fault
        with Journal.open(home, RECORD) as journal:
            assert journal.head_sequence - acknowledged in ((0, 20) if fault else (0,))
            assert_holds(journal, journal.head_sequence)
        return fault

    number, names, ignored = 1, 0, 0
    while (fault := live(number)) is not None or failed_directory.value:
        # SQLite ignores one: that of its log's name, which the journal has synced before.
        names += failed_directory.value
        ignored += fault is None
        failed_directory.value = 0
        number += 1
    print(number - 1, names, ignored)


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("cc") is None, reason="needs a C compiler")
def test_each_failed_sync_stops_the_journal_and_is_not_tried_again(tmp_path: Path) -> None:
    source, shim = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(SYNC_SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    script = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}]\n"
        "import pathlib, test_journal\n"
        f"test_journal.fail_each_sync(pathlib.Path({str(tmp_path / 'lives')!r}), {str(shim)!r})\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "LD_PRELOAD": str(shim)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    failed, names, ignored = map(int, answer.stdout.split())
    assert failed > 40, "block and watermark for each of 20 blocks, and checkpoints"
    assert ignored <= 1
    assert names > ignored, "the journal syncs the name of the log itself"
