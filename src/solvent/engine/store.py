"""The embedded journal's file: SQLite, with its complaints turned into faults and its checkpoints in our hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, final

import apsw

from solvent.engine.faults import (
    DirectoryLocked,
    DirectoryUnusable,
    EngineFault,
    JournalCorrupt,
    JournalFull,
    WriteFailed,
)
from solvent.engine.watermark import NO_ROOM

PAGE_BYTES: Final = 4096
BUSY_MS: Final = 5_000
"""How long to wait for a tool that holds the database; longer means somebody else writes here."""


@final
class Store:
    """The SQLite file of a journal."""

    def __init__(self, path: Path, flags: int) -> None:
        self.path = path
        try:
            self._connection = apsw.Connection(str(path), flags=flags)
        except apsw.Error as error:
            raise DirectoryUnusable(f"the journal cannot be opened: {error}", path) from error
        self._connection.set_busy_timeout(BUSY_MS)
        # Checkpoints are ours alone (see the top of journal.py), at the end as well.
        self._connection.wal_autocheckpoint(0)
        self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)

    def use(self) -> None:
        """Settle how the file is written and read. It must be in write-ahead mode already."""
        # fullfsync: macOS only, where an ordinary sync stops at the drive's own memory.
        for setting in (
            "synchronous = FULL",
            "fullfsync = ON",
            "cell_size_check = ON",
            "trusted_schema = OFF",
        ):
            self.read(f"PRAGMA {setting}")
        if self.read("PRAGMA journal_mode") != [("wal",)]:
            raise JournalCorrupt("the journal is not in write-ahead mode, as it was created", self.path)

    def read(self, sql: str, *bindings: int) -> list[tuple[Any, ...]]:
        """All rows. Whatever SQLite cannot make sense of is damage; it sees flipped bits before we do."""
        try:
            return list(self._connection.execute(sql, bindings))
        except (apsw.BusyError, apsw.LockedError) as error:
            raise DirectoryLocked("another program holds the journal", self.path) from error
        except (apsw.CantOpenError, apsw.PermissionsError, apsw.ReadOnlyError) as error:
            remedy = "SQLite writes beside the journal even to read it: copy it to a writable directory."
            raise DirectoryUnusable(f"the journal cannot be read: {error}", self.path, remedy) from error
        except (apsw.Error, UnicodeDecodeError, MemoryError) as error:
            raise JournalCorrupt(f"the journal cannot be read: {error}", self.path) from error

    def write(self, sql: str, bindings: tuple[int | str | bytes, ...] = ()) -> None:
        """One statement, committed and synced on return."""
        try:
            self._connection.execute(sql, bindings)
        except apsw.Error as error:
            raise self._write_fault("a block could not be committed", error) from error

    def checkpoint(self) -> bool:
        """Move committed pages from SQLite's log to the main file; true when all were moved.

        Both are synced; the log is then reused from its start. Passive: it never waits for a reader, it
        moves what it can and the rest next time.
        """
        try:
            pages, moved = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:
            raise self._write_fault("the log could not be moved to the main file", error) from error
        return pages == moved

    def close(self, *, remove_log: bool = False) -> None:
        """Let go of the file. `remove_log` only after `checkpoint` moved everything: no sync is left then."""
        if remove_log:
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        self._connection.close()

    def _write_fault(self, what: str, error: apsw.Error) -> EngineFault:
        if isinstance(error, apsw.CorruptError | apsw.NotADBError | apsw.ConstraintError):
            return JournalCorrupt(f"{what}: {error}", self.path)
        if isinstance(error, apsw.FullError) or self._connection.system_errno in NO_ROOM:
            return JournalFull(f"{what}: {error}", self.path)
        return WriteFailed(f"{what}: {error}", self.path)
