"""The journal: every command, in order, kept before anybody is told it was taken.

One SQLite file, one row per group commit:

    block hash = blake2b(first_sequence, count, time_ns, previous_hash, body, notes)
    previous_hash = hash of the block before; of the first block: hash of the genesis row

so the hash of the last block (the head) vouches for every byte before it. The body is the commands; the
notes are bytes of whoever submitted them (who asked, under which name), which the machine never sees. An
append is three steps, each durable before the next: commit the block, write the watermark, return. Only
after the return may anybody be told. Each block gets its watermark before the next is taken; hence after
any crash the journal ends at its watermark or exactly one block past it, and that block is kept. Anything
else is damage.

What `open` checks: schema, genesis, the last block, and the watermark against the chain. It does not walk
the older blocks: that costs as much as a replay, and a replay walks them anyway, as does `verify`. Both
stop at the first byte that is not the one written.

After any failed write, commit or sync the journal takes nothing more until it is opened again, and no
sync is ever tried twice: the system forgets unwritten pages after the first failure, and the second
attempt would report a success that did not happen. SQLite's own checkpoints ignore such failures, so they
are switched off and called from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

import apsw
import numpy as np

from solvent.engine.blocks import (
    BLOCK_BYTES_MAX,
    SCHEMA_VERSION,
    BlockRow,
    Entry,
    GenesisRow,
    Records,
    VerifyReport,
    block_hash,
    checked_block,
    describe_layout,
    genesis_hash,
)
from solvent.engine.faults import (
    DirectoryUnusable,
    EngineFault,
    JournalCorrupt,
    JournalTruncated,
    VersionUnknown,
    WriteFailed,
)
from solvent.engine.lock import DirectoryLock
from solvent.engine.log import Log
from solvent.engine.store import PAGE_BYTES, Store
from solvent.engine.watermark import Mark, Watermark, raise_write_fault, read_mark, sync_directory

JOURNAL_NAME = "journal.sqlite"
READ_ROWS = 16
"""Rows fetched at a time. A longer statement would keep SQLite from reusing its log file meanwhile."""
CHECKPOINT_BYTES = 16 << 20
"""About how much is written to SQLite's log before it is moved into the main file.

Moving costs two syncs however little there is, and whoever asks at that moment waits for them: seldom beats small.
"""

assert BLOCK_BYTES_MAX * READ_ROWS <= 256 << 20, "a reader stays under a quarter of a gigabyte"

_GENESIS_TABLE = (
    "CREATE TABLE genesis (schema_version INTEGER NOT NULL, record_bytes INTEGER NOT NULL,"
    " record_layout TEXT NOT NULL, created TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT"
)
_BLOCKS_TABLE = (
    "CREATE TABLE blocks (first_sequence INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
    " time_ns INTEGER NOT NULL, previous_hash BLOB NOT NULL, checksum BLOB NOT NULL,"
    " body BLOB NOT NULL, notes BLOB NOT NULL) STRICT"
)
_SELECT_BLOCK = "SELECT first_sequence, count, time_ns, previous_hash, checksum, body, notes FROM blocks "
_LAST_BLOCK_AT = _SELECT_BLOCK + "WHERE first_sequence <= ? ORDER BY first_sequence DESC LIMIT 1"
_BLOCKS_FROM = _SELECT_BLOCK + "WHERE first_sequence >= ? ORDER BY first_sequence LIMIT ?"
_FIRST_SEQUENCE_AT = "SELECT max(first_sequence) FROM blocks WHERE first_sequence <= ?"
_SEQUENCE_MAX = 2**63 - 1


@final
class Journal(Log):
    """An open journal. Get one from `create` or `open`; close it, or use it in a `with` statement.

    A read-only journal takes no lock, never writes, and shows the blocks that were there when it opened;
    it may be opened while another process appends.
    """

    def __init__(self, store: Store, dtype: np.dtype[Any], genesis: GenesisRow, head: BlockRow | None) -> None:
        super().__init__(dtype, genesis)
        self._store = store
        if head is not None:
            self._head_sequence, self._head_hash = head.last_sequence, head.checksum
        # Only a writer has these two.
        self._watermark: Watermark | None = None
        self._lock: DirectoryLock | None = None
        self._unmoved_bytes = 0

    # --- begin and end ----------------------------------------------------------------------------

    @classmethod
    def create(cls, directory: str | Path, dtype: np.dtype[Any], genesis: bytes, created: str = "{}") -> Journal:
        """Start a journal in `directory` (made if missing) and open it.

        `genesis` is whatever the engine starts from; `created` is a text for people (who, when, which
        version). Both are under the genesis hash. A crash on the way leaves a directory in which
        `create` works again.
        """
        directory = Path(directory)
        layout = describe_layout(dtype)
        try:
            if not directory.is_dir():
                directory.mkdir(parents=True)
                sync_directory(directory.parent)
        except OSError as error:
            raise_write_fault("the data directory could not be made", directory, error)
        with DirectoryLock(directory):
            _refuse_if_used(directory)
            hashed = genesis_hash(SCHEMA_VERSION, dtype.itemsize, layout, created, genesis)
            _write_new(directory, (SCHEMA_VERSION, dtype.itemsize, layout, created, genesis, hashed))
        return cls.open(directory, dtype)

    @classmethod
    def open(cls, directory: str | Path, dtype: np.dtype[Any], *, read_only: bool = False) -> Journal:
        """Open an existing journal and hold it against its watermark (see the top of this file)."""
        directory = Path(directory)
        _require_journal(directory)
        lock = None if read_only else DirectoryLock(directory)
        store: Store | None = None
        try:
            # Read before the journal: a writer may append meanwhile, and the journal is never behind.
            mark = read_mark(directory)
            flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
            store = Store(directory / JOURNAL_NAME, flags)
            store.use()
            genesis = _read_genesis(store, dtype)
            head = _read_last_block(store, dtype, _SEQUENCE_MAX)
            at_mark = head
            if head is not None and head.last_sequence > mark.sequence:
                at_mark = _read_last_block(store, dtype, mark.sequence)
            _compare_with_mark(store.path, mark, genesis, at_mark, head, live=read_only)
            journal = cls(store, dtype, genesis, head)
            if lock is not None:
                journal._begin_writing(directory, mark, lock)
            return journal
        except BaseException:
            if store is not None:
                store.close()
            if lock is not None:
                lock.release()
            raise

    def _begin_writing(self, directory: Path, mark: Mark, lock: DirectoryLock) -> None:
        watermark = Watermark(directory, mark)
        try:
            # SQLite has made its log file by now. It syncs the name itself, but ignores a failure.
            sync_directory(directory)
            if self._head_sequence > mark.sequence:
                # The block past the watermark was never acknowledged, but it is whole and in the chain:
                # from now on it counts. The crash may have come before its sync; a checkpoint syncs it.
                self._store.checkpoint()
                watermark.write(self._head_sequence, self._head_hash)
        except OSError as error:
            watermark.close()
            raise_write_fault("the data directory could not be synced", directory, error)
        except BaseException:
            watermark.close()
            raise
        self._watermark, self._lock, self._stopped = watermark, lock, ""

    def close(self) -> None:
        """Move SQLite's log into the main file and let go of the directory. Safe to call twice."""
        may_write = not self._stopped
        self._stopped = self._stopped or "it is closed"
        all_moved = False
        try:
            # After a failure nothing is synced again; the next open sorts it out.
            all_moved = may_write and self._store.checkpoint()
        finally:
            self._store.close(remove_log=all_moved)
            if self._watermark is not None:
                self._watermark.close()
            if self._lock is not None:
                self._lock.release()

    @property
    def place(self) -> str:
        """The directory."""
        return str(self._store.path.parent)

    def reader(self) -> Journal:
        """Another reader of the same journal."""
        return Journal.open(self.place, self._dtype, read_only=True)

    # --- append -----------------------------------------------------------------------------------

    def append(self, records: Records, time_ns: int, notes: bytes = b"") -> int:
        """Keep `records` as one block whose last command bears `time_ns`; return its last sequence.

        `notes` are kept and hashed with them and are not read here.

        On return the block and its watermark are on the disk. If this raises, nothing more is accepted,
        and whether the block is there is known only after the journal was opened again.
        """
        first_sequence = self._head_sequence + 1
        if records.dtype != self._dtype or records.ndim != 1:
            raise ValueError(f"a journal of {self._dtype} takes one-dimensional arrays of it")
        if not 0 < records.nbytes <= BLOCK_BYTES_MAX or len(notes) > BLOCK_BYTES_MAX:
            limit = BLOCK_BYTES_MAX // self._dtype.itemsize
            raise ValueError(f"a block holds 1 to {limit} records, not {len(records)}, and as many bytes of notes")
        if self._stopped or self._watermark is None:
            remedy = "Find the first failure and its remedy, then open the journal again (for writing)."
            raise WriteFailed(f"the journal takes no commands: {self._stopped}", self._store.path, remedy)
        body = records.tobytes()
        checksum = block_hash(first_sequence, len(records), time_ns, self._head_hash, body, notes)
        # From here on an exception of any kind, an interrupt included, leaves the disk in doubt.
        self._stopped = "an earlier append failed"
        if self._unmoved_bytes >= CHECKPOINT_BYTES:
            self._store.checkpoint()
            self._unmoved_bytes = 0
        self._store.write(
            "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)",
            (first_sequence, len(records), int(time_ns), self._head_hash, checksum, body, notes),
        )
        last_sequence = first_sequence + len(records) - 1
        self._watermark.write(last_sequence, checksum)
        self._head_sequence, self._head_hash = last_sequence, checksum
        self._unmoved_bytes += len(body) + len(notes) + PAGE_BYTES
        self._stopped = ""
        return last_sequence

    # --- read -------------------------------------------------------------------------------------

    def blocks(self, start_sequence: int = 1) -> Iterator[tuple[int, Records]]:
        """Each block from `start_sequence` to the present head, as (first sequence, records).

        The first is cut to begin at `start_sequence`. Checksums and the chain are verified on the way, so
        no damaged block is yielded; but a forged chain is known only where it meets the head, and what
        was made of the blocks counts only once the last was yielded. The arrays are copies, free to be
        changed.
        """
        for entry in self.entries(start_sequence):
            skipped = max(0, start_sequence - entry.first_sequence)
            yield entry.first_sequence + skipped, entry.records[skipped:]

    def entries(self, start_sequence: int = 1) -> Iterator[Entry]:
        """As `blocks`, whole and with their notes: the first is the block that holds `start_sequence`."""
        end_sequence, end_hash = self._head_sequence, self._head_hash
        if not 1 <= start_sequence <= end_sequence + 1:
            raise JournalTruncated(
                f"commands from {start_sequence} are asked for, the journal ends at {end_sequence}",
                self._store.path,
            )
        if start_sequence > end_sequence:
            return
        for block in self._walk(start_sequence, end_sequence, end_hash):
            records = np.frombuffer(block.body, dtype=self._dtype).copy()
            yield Entry(block.first_sequence, records, block.time_ns, block.notes, block.previous_hash, block.checksum)

    def hash_at(self, sequence: int) -> bytes | None:
        """The chain hash of the block that ends at a sequence, the genesis hash at 0; None where no block ends."""
        if sequence == 0:
            return self._genesis.hash
        block = _read_last_block(self._store, self._dtype, sequence)
        return block.checksum if block is not None and block.last_sequence == sequence else None

    def refresh(self) -> int:
        """Look for what a writer has appended since this read-only journal was opened; give the head's sequence."""
        if self._watermark is None:
            head = _read_last_block(self._store, self._dtype, _SEQUENCE_MAX)
            if head is not None:
                if head.last_sequence < self._head_sequence:
                    raise JournalTruncated(
                        f"the journal went back from {self._head_sequence} to {head.last_sequence}", self._store.path
                    )
                self._head_sequence, self._head_hash = head.last_sequence, head.checksum
        return self._head_sequence

    def verify(self) -> VerifyReport:
        """Read everything, and let SQLite check its own bookkeeping. Raises an EngineFault or reports."""
        _read_genesis(self._store, self._dtype)
        blocks, commands = 0, 0
        if self._head_sequence:
            for block in self._walk(1, self._head_sequence, self._head_hash):
                blocks += 1
                commands += block.commands
        # Free space and the tree's links carry no hash of ours, yet the next append trusts them.
        complaints = self._store.read("PRAGMA integrity_check(1)")
        if complaints != [("ok",)]:
            raise JournalCorrupt(f"SQLite finds the file damaged: {complaints[0][0]}", self._store.path)
        assert commands == self._head_sequence, "sequences are gap-free"
        return VerifyReport(blocks, commands, self._head_sequence, self._head_hash)

    def _walk(self, start_sequence: int, end_sequence: int, end_hash: bytes) -> Iterator[BlockRow]:
        """The blocks from the one that holds `start_sequence` to the head, each checked and linked."""
        before = self._store.read(_FIRST_SEQUENCE_AT, start_sequence)[0][0]
        next_sequence = before if isinstance(before, int) else start_sequence
        path = self._store.path
        # A later start trusts the head, checked against the watermark: it vouches for all before it.
        previous_hash = self._genesis.hash if start_sequence == 1 else None
        while next_sequence <= end_sequence:
            rows = self._store.read(_BLOCKS_FROM, next_sequence, READ_ROWS)
            if not rows:
                raise JournalCorrupt(f"the blocks from sequence {next_sequence} are missing", path)
            for row in rows:
                if next_sequence > end_sequence:
                    return  # what a writer appended meanwhile
                block = checked_block(path, self._dtype, row)
                if block.first_sequence != next_sequence or block.last_sequence < start_sequence:
                    raise JournalCorrupt(f"the block at sequence {next_sequence} is missing", path)
                if previous_hash is not None and block.previous_hash != previous_hash:
                    raise JournalCorrupt(f"the block at sequence {next_sequence} breaks the chain", path)
                next_sequence = block.last_sequence + 1
                previous_hash = block.checksum
                if next_sequence > end_sequence and previous_hash != end_hash:
                    raise JournalCorrupt(f"the chain does not end in the head at {end_sequence}", path)
                yield block


# --- checks ---------------------------------------------------------------------------------------


def _compare_with_mark(
    path: Path, mark: Mark, genesis: GenesisRow, at_mark: BlockRow | None, head: BlockRow | None, *, live: bool
) -> None:
    """Hold the journal against the promise. `at_mark`: the block that should end at the watermark.

    `live`: a writer may be appending, so the head may be any number of blocks past the watermark.
    """
    head_sequence = head.last_sequence if head else 0
    if head_sequence < mark.sequence:
        raise JournalTruncated(
            f"the journal ends at sequence {head_sequence}, but {mark.sequence} was acknowledged", path
        )
    mark_sequence = at_mark.last_sequence if at_mark else 0
    mark_hash = at_mark.checksum if at_mark else genesis.hash
    if mark_sequence != mark.sequence or mark_hash != mark.hash:
        raise JournalCorrupt(f"at sequence {mark.sequence} the journal and its watermark differ", path)
    if head is None or head_sequence == mark.sequence:
        if not mark.whole:
            # A slot torn while being written leaves the journal a block ahead; this one was damaged
            # later, and if it was the newest, the block it stood for is gone.
            raise JournalCorrupt(
                f"a watermark slot is damaged, and nothing shows that {head_sequence} was the last sequence",
                path,
                "Compare the head with a replica or with what clients were told. If it is the last one "
                "acknowledged, Watermark.create(directory, head_sequence, head_hash) writes a new watermark.",
            )
    elif not live and (head.first_sequence != mark.sequence + 1 or head.previous_hash != mark.hash):
        raise JournalCorrupt(
            f"the journal goes on from {mark.sequence} to {head_sequence} by more than one block; "
            "no crash does that, the watermark is an old one",
            path,
        )


def _read_genesis(store: Store, dtype: np.dtype[Any]) -> GenesisRow:
    path = store.path
    version = store.read("SELECT schema_version FROM genesis")
    if len(version) != 1:
        raise JournalCorrupt(f"the journal has {len(version)} genesis rows instead of one", path)
    if version[0][0] != SCHEMA_VERSION:
        raise VersionUnknown(f"the journal has schema {version[0][0]!r}, this is {SCHEMA_VERSION}", path)
    if store.read("SELECT sql FROM sqlite_schema ORDER BY name") != [(_BLOCKS_TABLE,), (_GENESIS_TABLE,)]:
        raise JournalCorrupt("the tables of the journal are not the ones it was created with", path)
    # SQLite would hand free pages to the next append; a journal deletes nothing and has none.
    if store.read("PRAGMA freelist_count") != [(0,)]:
        raise JournalCorrupt("the journal has free pages, though nothing is ever deleted", path)
    row = store.read("SELECT * FROM genesis")[0]
    if [type(value) for value in row] != [int, int, str, str, bytes, bytes]:
        raise JournalCorrupt("the genesis row is damaged", path)
    schema_version, record_bytes, layout, created, body, stored_hash = row
    expected = genesis_hash(schema_version, record_bytes, layout, created, body)
    if stored_hash != expected:
        raise JournalCorrupt("the genesis row is not the one that was written", path)
    if layout != describe_layout(dtype):
        raise VersionUnknown(
            f"the journal's records are {record_bytes} bytes, {layout}; "
            f"this engine's are {dtype.itemsize} bytes, {describe_layout(dtype)}",
            path,
        )
    return GenesisRow(created, body, stored_hash)


def _read_last_block(store: Store, dtype: np.dtype[Any], sequence: int) -> BlockRow | None:
    """The last block that begins at `sequence` or before."""
    rows = store.read(_LAST_BLOCK_AT, sequence)
    return checked_block(store.path, dtype, rows[0]) if rows else None


def _require_journal(directory: Path) -> None:
    path = directory / JOURNAL_NAME
    if path.is_file():
        return
    _refuse_if_promised(directory)
    raise DirectoryUnusable("there is no journal here", path, "Check the path, or create a journal first.")


def _refuse_if_used(directory: Path) -> None:
    path = directory / JOURNAL_NAME
    if path.exists():
        raise DirectoryUnusable("there is a journal here already", path, "Open it, or take an empty directory.")
    _refuse_if_promised(directory)


def _refuse_if_promised(directory: Path) -> None:
    """A directory without a journal whose watermark promises commands has lost its journal."""
    try:
        promised = read_mark(directory).sequence
    except EngineFault:
        return  # none, or torn while it was first written: no journal, so nothing was promised
    if promised:
        raise JournalTruncated(
            f"the journal is gone, but {promised} commands were acknowledged", directory / JOURNAL_NAME
        )


def _write_new(directory: Path, row: tuple[int, int, str, str, bytes, bytes]) -> None:
    """Watermark and journal at rest; the journal gets its name last, so a name means it is complete."""
    unfinished = directory / (JOURNAL_NAME + ".unfinished")
    try:
        for leftover in directory.glob(unfinished.name + "*"):
            leftover.unlink()
        store = Store(unfinished, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        try:
            store.write(f"PRAGMA page_size = {PAGE_BYTES}")
            store.write("PRAGMA journal_mode = WAL")
            store.use()
            store.write(_GENESIS_TABLE)
            store.write(_BLOCKS_TABLE)
            store.write("INSERT INTO genesis VALUES (?, ?, ?, ?, ?, ?)", row)
            moved = store.checkpoint()
            assert moved, "nobody else can read an unfinished journal"
        except BaseException:
            store.close()
            raise
        store.close(remove_log=True)
        Watermark.create(directory, 0, row[-1])
        unfinished.rename(directory / JOURNAL_NAME)
        sync_directory(directory)
    except OSError as error:
        raise_write_fault("the journal could not be created", unfinished, error)
