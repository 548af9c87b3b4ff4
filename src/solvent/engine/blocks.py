"""What a log keeps, wherever it is kept: blocks of commands, and the hashes that chain them.

block hash = blake2b(first_sequence, count, time_ns, previous_hash, body, notes)
previous_hash = hash of the block before; of the first block: hash of the genesis row
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvent.engine.faults import JournalCorrupt
from solvent.engine.watermark import HASH_BYTES

Records = NDArray[Any]
"""A structured array of the log's record type."""

SCHEMA_VERSION: Final = 2
BLOCK_BYTES_MAX: Final = 16 << 20
"""A block is read whole."""

_BLOCK_HEADER = struct.Struct(f"<qqq{HASH_BYTES}s")  # first_sequence, count, time_ns, previous_hash
_GENESIS_HEADER = struct.Struct("<qqQQ")  # schema_version, record_bytes, then the lengths of both texts


class VerifyReport(NamedTuple):
    """What a full walk found."""

    blocks: int
    commands: int
    head_sequence: int
    head_hash: bytes


class Entry(NamedTuple):
    """One block as a reader gets it: its commands, the time of the last, and what was noted of who asked."""

    first_sequence: int
    records: Records
    time_ns: int
    notes: bytes
    previous_hash: bytes
    checksum: bytes


class GenesisRow(NamedTuple):
    """The first row of a log."""

    created: str
    body: bytes
    hash: bytes


class BlockRow(NamedTuple):
    """A block as it is kept."""

    first_sequence: int
    commands: int  # the column `count`; a tuple has a method of that name
    time_ns: int
    previous_hash: bytes
    checksum: bytes
    body: bytes
    notes: bytes

    @property
    def last_sequence(self) -> int:
        """The sequence of its last command."""
        return self.first_sequence + self.commands - 1


def describe_layout(dtype: np.dtype[Any]) -> str:
    """A record layout as text: name, type, shape and place of each field. Equal text, equal bytes."""
    if dtype.names is None or dtype.fields is None or dtype.hasobject:
        raise ValueError("journal records are plain structured records")
    described = []
    for name in dtype.names:
        field, place = dtype.fields[name][:2]
        if field.base.names is not None:
            raise ValueError(f"journal records have no records inside: {name}")
        described.append([name, field.base.str, list(field.shape), place])
    if sum(dtype.fields[name][0].itemsize for name in dtype.names) != dtype.itemsize:
        # Bytes that belong to no field hold whatever memory held: equal commands, different hashes.
        raise ValueError("journal records have no padding: name it as a reserved field")
    return json.dumps({"bytes": dtype.itemsize, "fields": described}, separators=(",", ":"))


def block_hash(
    first_sequence: int, count: int, time_ns: int, previous_hash: bytes, body: bytes, notes: bytes = b""
) -> bytes:
    """The hash of a block, which chains it to the one before."""
    # The count says where the body ends, so no byte moves unseen between it and the notes.
    hasher = hashlib.blake2b(digest_size=HASH_BYTES, person=b"solvent-block")
    hasher.update(_BLOCK_HEADER.pack(first_sequence, count, time_ns, previous_hash))
    hasher.update(body)
    hasher.update(notes)
    return hasher.digest()


def genesis_hash(schema_version: int, record_bytes: int, layout: str, created: str, body: bytes) -> bytes:
    """The hash of the first row, which the first block is chained to."""
    texts = layout.encode(), created.encode()
    hasher = hashlib.blake2b(digest_size=HASH_BYTES, person=b"solvent-genesis")
    # The lengths keep a byte from moving unseen from one text to the next.
    hasher.update(_GENESIS_HEADER.pack(schema_version, record_bytes, len(texts[0]), len(texts[1])))
    for part in (*texts, body):
        hasher.update(part)
    return hasher.digest()


def checked_block(path: Path, dtype: np.dtype[Any], row: tuple[Any, ...]) -> BlockRow:
    """The row as a block, after every byte of it was accounted for."""
    if [type(value) for value in row] != [int, int, int, bytes, bytes, bytes, bytes]:
        raise JournalCorrupt(f"the block at sequence {row[0]!r} is damaged", path)
    block = BlockRow(*row)
    if (
        block.first_sequence < 1
        or len(block.previous_hash) != HASH_BYTES
        or len(block.body) != block.commands * dtype.itemsize
        or not block.body
        or block.checksum != block_hash(*block[:4], block.body, block.notes)
    ):
        raise JournalCorrupt(f"the block at sequence {block.first_sequence} is not what was written", path)
    return block
