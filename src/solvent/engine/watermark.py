"""The watermark: what we have promised, kept outside the journal.

Looking at a journal alone, nobody can tell a tail that was never finished from a tail that was lost.
So before a command is acknowledged, the sequence and chain hash it reached are written here and synced.
A journal that ends before its watermark has lost something it promised.

The file is two slots, one page apart, written in turn (`counter % 2`), so a write that is torn by a
power cut leaves the other slot whole. What a bad slot can mean:

- It was torn while being written. Then its acknowledgement never happened, and the journal already
  holds the block it was about: the journal goes on past the surviving slot.
- It was damaged later. Then, if it was the newest, the surviving slot is one block behind the promise,
  and a journal that has lost exactly that block would look complete.

A flipped bit must not be mistaken for either, so a slot holds its record twice and is good while one of
the copies is. For a slot with no good copy, `Mark.whole` is false, and whoever compares must see that
the journal goes on past the survivor (`journal.py` does). Both slots bad: JournalCorrupt.

The file is written in full when created; later writes change no length, so one data sync is enough.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
from pathlib import Path
from typing import NamedTuple, NoReturn, Self, final

from solvent.engine.faults import DirectoryUnusable, JournalCorrupt, JournalFull, WriteFailed

WATERMARK_NAME = "watermark"
HASH_BYTES = 32
# One page apart: no disk tears or loses two pages in one sector write.
SLOT_STRIDE_BYTES = 4096
SLOT_COUNT = 2

_MAGIC = b"solventW"
_RECORD = struct.Struct(f"<8sQq{HASH_BYTES}s")  # magic, counter, sequence, hash; then the checksum
_CHECKSUM_BYTES = 32
_COPY_BYTES = _RECORD.size + _CHECKSUM_BYTES
# Both copies lie in one 512-byte sector, the unit disks write whole.
assert 2 * _COPY_BYTES <= 512 <= SLOT_STRIDE_BYTES

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Mark(NamedTuple):
    """The newest promise found: everything up to `sequence`, whose chain hash is `hash`."""

    sequence: int
    hash: bytes
    counter: int
    whole: bool  # both slots are good


def read_mark(directory: Path) -> Mark:
    """The newest good slot. Raises JournalCorrupt when none is left or the two contradict each other."""
    path = directory / WATERMARK_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise JournalCorrupt("the watermark is missing", path) from error
    except OSError as error:
        raise DirectoryUnusable(f"the watermark cannot be read: {error.strerror}", path) from error
    slots = [_read_slot(content, slot) for slot in range(SLOT_COUNT)]
    good = sorted((slot for slot in slots if slot is not None), key=lambda mark: mark.counter)
    if not good:
        raise JournalCorrupt("both slots of the watermark are damaged", path)
    newest = good[-1]
    if len(good) == SLOT_COUNT:
        older = good[0]
        if newest.counter != older.counter + 1 or newest.sequence < older.sequence:
            raise JournalCorrupt("the two slots of the watermark do not follow each other", path)
    return newest._replace(whole=len(good) == SLOT_COUNT)


@final
class Watermark:
    """The one writer of the watermark. After a failed write it writes no more (see `write`)."""

    def __init__(self, directory: Path, last: Mark) -> None:
        self._path = directory / WATERMARK_NAME
        self._counter = last.counter
        self._sequence = last.sequence
        try:
            self._descriptor: int | None = os.open(self._path, os.O_RDWR | _BINARY)
        except OSError as error:
            raise DirectoryUnusable(f"the watermark cannot be opened: {error.strerror}", self._path) from error

    @classmethod
    def create(cls, directory: Path, sequence: int, chain_hash: bytes) -> None:
        """Write a new watermark file, both slots good, durable with its directory entry.

        Replaces whatever is there: for a new journal, or for a person who has made sure that
        `sequence` is the last one acknowledged.
        """
        path = directory / WATERMARK_NAME
        content = bytearray(SLOT_COUNT * SLOT_STRIDE_BYTES)
        for counter in range(SLOT_COUNT):
            slot = _pack_slot(counter, sequence, chain_hash)
            content[counter * SLOT_STRIDE_BYTES : counter * SLOT_STRIDE_BYTES + len(slot)] = slot
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | _BINARY, 0o644)
            try:
                _write_whole(descriptor, bytes(content), 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_directory(directory)
        except OSError as error:
            raise_write_fault("the watermark could not be created", path, error)

    def write(self, sequence: int, chain_hash: bytes) -> None:
        """Promise everything up to `sequence`; durable on return.

        A failed sync must not be tried again: the system has dropped the page from its list of unwritten
        ones, and the second attempt would succeed without having written anything.
        """
        if self._descriptor is None:
            raise WriteFailed("the watermark is closed or failed earlier", self._path)
        assert sequence > self._sequence, "a promise only grows"
        counter = self._counter + 1
        offset = counter % SLOT_COUNT * SLOT_STRIDE_BYTES
        try:
            _write_whole(self._descriptor, _pack_slot(counter, sequence, chain_hash), offset)
            _sync_data(self._descriptor)
        except OSError as error:
            self.close()
            raise_write_fault("the watermark could not be written", self._path, error)
        self._counter = counter
        self._sequence = sequence

    def close(self) -> None:
        """Let go of the file; doing it twice does no harm."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pack_slot(counter: int, sequence: int, chain_hash: bytes) -> bytes:
    assert len(chain_hash) == HASH_BYTES
    record = _RECORD.pack(_MAGIC, counter, sequence, chain_hash)
    return 2 * (record + _checksum(record))


def _read_slot(content: bytes, slot: int) -> Mark | None:
    """The slot's mark if either copy is good, else None."""
    for copy in range(2):
        start = slot * SLOT_STRIDE_BYTES + copy * _COPY_BYTES
        record = content[start : start + _RECORD.size]
        if content[start + _RECORD.size : start + _COPY_BYTES] != _checksum(record):
            continue
        magic, counter, sequence, chain_hash = _RECORD.unpack(record)
        # The parity catches a sector that landed in the other slot's place.
        if magic == _MAGIC and counter % SLOT_COUNT == slot:
            return Mark(sequence, chain_hash, counter, whole=True)
    return None


def _checksum(record: bytes) -> bytes:
    return hashlib.blake2b(record, digest_size=_CHECKSUM_BYTES, person=b"solvent-mark").digest()


# --- the disk -------------------------------------------------------------------------------------

_BINARY = getattr(os, "O_BINARY", 0)  # Windows only


def _write_whole(descriptor: int, content: bytes, offset: int) -> None:
    """Write at a place. A short write is a failed write: the rest would not fit either."""
    if hasattr(os, "pwrite"):
        written = os.pwrite(descriptor, content, offset)
    else:
        os.lseek(descriptor, offset, os.SEEK_SET)
        written = os.write(descriptor, content)
    if written != len(content):
        raise OSError(errno.ENOSPC, f"only {written} of {len(content)} bytes were written")


def _sync_data(descriptor: int) -> None:
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable; a file whose name is lost is lost."""
    if os.name == "nt":  # Windows has no such call and no such need
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def raise_write_fault(what: str, where: Path, error: OSError) -> NoReturn:
    """JournalFull when the system says there is no room, WriteFailed otherwise."""
    fault = JournalFull if error.errno in NO_ROOM else WriteFailed
    raise fault(f"{what}: {error.strerror}", where) from error
