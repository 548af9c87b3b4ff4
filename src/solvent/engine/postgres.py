"""The same log in PostgreSQL, for followers on other machines: same blocks, same hashes, same promises.

One table of blocks, one of genesis, in a schema of its own. A writer holds an advisory lock as long as it lives, so
there is one; the server drops the lock when the connection dies. `synchronous_commit` is on: what `append` returned is
on the server's disk, and on its synchronous standby where it has one. Readers see committed blocks only and verify
every hash: a follower trusts the server for nothing but being there.

There is no watermark: the server's own log says what was committed. Whoever restores a server from an older backup
loses what came after it; a follower notices, because its own head is then beyond the log's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, final

import numpy as np

from solvent.engine.blocks import (
    BLOCK_BYTES_MAX,
    SCHEMA_VERSION,
    Entry,
    GenesisRow,
    Records,
    VerifyReport,
    block_hash,
    describe_layout,
    genesis_hash,
)
from solvent.engine.faults import (
    DirectoryLocked,
    DirectoryUnusable,
    JournalCorrupt,
    JournalTruncated,
    VersionUnknown,
    WriteFailed,
)
from solvent.engine.log import Log

READ_ROWS: Final = 64
SCHEMES: Final = ("postgresql://", "postgres://", "host=")
_TABLES = (
    "CREATE SCHEMA IF NOT EXISTS solvent",
    """CREATE TABLE solvent.genesis (one integer PRIMARY KEY CHECK (one = 1), schema_version integer NOT NULL,
        record_bytes integer NOT NULL, record_layout text NOT NULL, created text NOT NULL, body bytea NOT NULL,
        hash bytea NOT NULL)""",
    """CREATE TABLE solvent.blocks (first_sequence bigint PRIMARY KEY, count integer NOT NULL, time_ns bigint NOT NULL,
        previous_hash bytea NOT NULL, checksum bytea NOT NULL, body bytea NOT NULL, notes bytea NOT NULL)""",
)
_BLOCK = "SELECT first_sequence, count, time_ns, previous_hash, checksum, body, notes FROM solvent.blocks "
_LOCK = 0x736F6C76


def is_address(place: str) -> bool:
    """Whether a text names a database rather than a directory."""
    return place.startswith(SCHEMES)


@final
class PostgresJournal(Log):
    """An open log. Get one from `create` or `open`; close it, or use it in a `with` statement."""

    def __init__(self, connection: Any, address: str, dtype: np.dtype[Any], genesis: GenesisRow) -> None:
        super().__init__(dtype, genesis)
        self._connection = connection
        self._address = address

    @classmethod
    def create(cls, address: str, dtype: np.dtype[Any], genesis: bytes, created: str = "{}") -> PostgresJournal:
        """Start a log in an empty database and open it. Raises EngineFault."""
        import psycopg

        layout = describe_layout(dtype)
        hashed = genesis_hash(SCHEMA_VERSION, dtype.itemsize, layout, created, genesis)
        connection = _connect(address)
        try:
            with connection.transaction():
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute(
                    "INSERT INTO solvent.genesis VALUES (1, %s, %s, %s, %s, %s, %s)",
                    (SCHEMA_VERSION, dtype.itemsize, layout, created, genesis, hashed),
                )
        except psycopg.errors.DuplicateTable as error:
            remedy = "Open it, or take an empty database."
            raise DirectoryUnusable("there is a journal here already", "PostgreSQL", remedy) from error
        except psycopg.Error as error:
            raise WriteFailed(f"the log could not be created: {error}", "PostgreSQL") from error
        finally:
            connection.close()
        return cls.open(address, dtype)

    @classmethod
    def open(cls, address: str, dtype: np.dtype[Any], *, read_only: bool = False) -> PostgresJournal:
        """Open a log; a writer takes the lock. Raises EngineFault."""
        import psycopg

        connection = _connect(address)
        try:
            row = connection.execute(
                "SELECT schema_version, record_bytes, record_layout, created, body, hash FROM solvent.genesis"
            ).fetchone()
            if row is None:
                raise JournalCorrupt("the genesis row is missing", "PostgreSQL")
            version, record_bytes, layout, created, body, stored = row
            body, stored = bytes(body), bytes(stored)
            if stored != genesis_hash(version, record_bytes, layout, created, body):
                raise JournalCorrupt("the genesis row is not the one that was written", "PostgreSQL")
            if version != SCHEMA_VERSION or layout != describe_layout(dtype):
                raise VersionUnknown("the log has another schema or record layout", "PostgreSQL")
            if not read_only and not connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()[0]:
                raise DirectoryLocked("another process writes this log", "PostgreSQL")
            journal = cls(connection, address, dtype, GenesisRow(created, body, stored))
            journal.refresh()
            if not read_only:
                journal._stopped = ""
        except psycopg.errors.UndefinedTable as error:
            connection.close()
            raise DirectoryUnusable("there is no journal here", "PostgreSQL", "Create one first.") from error
        except BaseException:
            connection.close()
            raise
        return journal

    @property
    def place(self) -> str:
        """The address, password and all."""
        return self._address

    def reader(self) -> PostgresJournal:
        """Another reader of the same log. Raises EngineFault."""
        return PostgresJournal.open(self._address, self._dtype, read_only=True)

    def hash_at(self, sequence: int) -> bytes | None:
        """The chain hash of the block that ends at `sequence`; of none, the genesis hash at 0; else None."""
        if sequence == 0:
            return self._genesis.hash
        found = self._read(
            "SELECT checksum FROM solvent.blocks WHERE first_sequence <= %s AND first_sequence + count - 1 = %s"
            " ORDER BY first_sequence DESC LIMIT 1",
            sequence,
            sequence,
        )
        return bytes(found[0][0]) if found else None

    def append(self, records: Records, time_ns: int, notes: bytes = b"") -> int:
        """Keep `records` as one block; return its last sequence. After a failure nothing more is taken."""
        import psycopg

        if self._stopped:
            raise WriteFailed(f"the log takes no commands: {self._stopped}", "PostgreSQL", "Open it again.")
        if records.dtype != self._dtype or not 0 < records.nbytes <= BLOCK_BYTES_MAX or len(notes) > BLOCK_BYTES_MAX:
            raise ValueError("a block holds records of the log's layout, and as many bytes of notes")
        first, body = self._head_sequence + 1, records.tobytes()
        checksum = block_hash(first, len(records), time_ns, self._head_hash, body, notes)
        self._stopped = "an earlier append failed"
        try:
            self._connection.execute(
                "INSERT INTO solvent.blocks VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (first, len(records), int(time_ns), self._head_hash, checksum, body, notes),
            )
        except psycopg.Error as error:
            raise WriteFailed(f"a block could not be committed: {error}", "PostgreSQL") from error
        self._head_sequence, self._head_hash, self._stopped = first + len(records) - 1, checksum, ""
        return self._head_sequence

    def entries(self, start_sequence: int = 1) -> Iterator[Entry]:
        """Blocks from the one that holds `start_sequence` to the present head, each checked and linked."""
        end, end_hash = self._head_sequence, self._head_hash
        if not 1 <= start_sequence <= end + 1:
            raise JournalTruncated(f"commands from {start_sequence} are asked for, the log ends at {end}", "PostgreSQL")
        if start_sequence > end:
            return
        row = self._read("SELECT max(first_sequence) FROM solvent.blocks WHERE first_sequence <= %s", start_sequence)
        following = int(row[0][0] or 1)
        previous = self._genesis.hash if following == 1 else None
        while following <= end:
            rows = self._read(
                _BLOCK + "WHERE first_sequence >= %s ORDER BY first_sequence LIMIT %s", following, READ_ROWS
            )
            if not rows:
                raise JournalCorrupt(f"the blocks from sequence {following} are missing", "PostgreSQL")
            for first, count, time_ns, before, checksum, body, notes in rows:
                if following > end:
                    return
                before, checksum, body, notes = bytes(before), bytes(checksum), bytes(body), bytes(notes)
                sound = first == following and len(body) == count * self._dtype.itemsize
                if not sound or checksum != block_hash(first, count, time_ns, before, body, notes):
                    raise JournalCorrupt(f"the block at sequence {following} is not what was written", "PostgreSQL")
                if previous is not None and before != previous:
                    raise JournalCorrupt(f"the block at sequence {following} breaks the chain", "PostgreSQL")
                following, previous = first + count, checksum
                if following > end and checksum != end_hash:
                    raise JournalCorrupt(f"the chain does not end in the head at {end}", "PostgreSQL")
                yield Entry(first, np.frombuffer(body, dtype=self._dtype).copy(), time_ns, notes, before, checksum)

    def refresh(self) -> int:
        """Look for what a writer has appended; give the head's sequence."""
        rows = self._read(
            "SELECT first_sequence, count, checksum FROM solvent.blocks ORDER BY first_sequence DESC LIMIT 1"
        )
        if rows:
            last = int(rows[0][0]) + int(rows[0][1]) - 1
            if last < self._head_sequence:
                raise JournalTruncated(f"the log went back from {self._head_sequence} to {last}", "PostgreSQL")
            self._head_sequence, self._head_hash = last, bytes(rows[0][2])
        elif self._head_sequence:
            raise JournalTruncated(f"the log went back from {self._head_sequence} to nothing", "PostgreSQL")
        return self._head_sequence

    def verify(self) -> VerifyReport:
        """Read everything. Raises an EngineFault or reports."""
        blocks = commands = 0
        for entry in self.entries():
            blocks += 1
            commands += len(entry.records)
        return VerifyReport(blocks, commands, self._head_sequence, self._head_hash)

    def close(self) -> None:
        """Let go of the connection, and with it of the lock."""
        self._stopped = self._stopped or "it is closed"
        self._connection.close()

    def _read(self, sql: str, *values: int) -> list[tuple[Any, ...]]:
        import psycopg

        try:
            return list(self._connection.execute(sql, values).fetchall())
        except psycopg.Error as error:
            raise JournalCorrupt(f"the log cannot be read: {error}", "PostgreSQL") from error


def _connect(address: str) -> Any:
    import psycopg

    try:
        connection = psycopg.connect(address, autocommit=True, connect_timeout=10)
        connection.execute("SET synchronous_commit = on")
    except psycopg.Error as error:
        raise DirectoryUnusable(
            f"the server cannot be reached: {error}", "PostgreSQL", "Check address and rights."
        ) from None
    return connection
