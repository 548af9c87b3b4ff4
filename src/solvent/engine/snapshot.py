"""A state on disk: header, tables, checksum. Snapshot at any sequence plus the journal's tail is the full replay."""

import hashlib
import os
import pathlib
from typing import Any

import msgspec
import numpy as np

from solvent.engine.faults import SnapshotUnusable
from solvent.engine.watermark import sync_directory
from solvent.state.tables import State
from solvent.state.terms import Terms
from solvent.state.whole import digest, grow, new_state, used_tables, with_cells

SCHEMA = "solvent-snapshot/1"
CHECKSUM_BYTES = 32
PREFIX_BYTES = 8


class SnapshotHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot says of itself."""

    schema: str
    sequence: int
    chain_hash: bytes
    digest: str
    tables: list[tuple[str, int, int]]


def snapshot_path(directory: pathlib.Path, sequence: int) -> pathlib.Path:
    """Where the snapshot of a sequence lives."""
    return directory / f"snapshot-{sequence:020d}"


def write_snapshot(directory: pathlib.Path, state: State, chain_hash: bytes) -> pathlib.Path:
    """Write the state to a file of its own and make it durable before it gets its name."""
    bodies: list[bytes] = []
    tables: list[tuple[str, int, int]] = []
    for name, rows in used_tables(state):
        body = np.ascontiguousarray(rows).tobytes()
        tables.append((name, len(rows), len(body)))
        bodies.append(body)
    header = SnapshotHeader(
        schema=SCHEMA,
        sequence=int(state.venue[0].sequence),
        chain_hash=chain_hash,
        digest=digest(state),
        tables=tables,
    )
    encoded = msgspec.json.encode(header)
    content = b"".join([len(encoded).to_bytes(PREFIX_BYTES, "little"), encoded, *bodies])
    path = snapshot_path(directory, header.sequence)
    unfinished = path.with_suffix(".unfinished")
    with open(unfinished, "wb") as file:
        file.write(content)
        file.write(hashlib.blake2b(content, digest_size=CHECKSUM_BYTES).digest())
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    sync_directory(directory)
    return path


def _unusable(path: pathlib.Path, what: str) -> SnapshotUnusable:
    return SnapshotUnusable(what, str(path), "Delete this snapshot; the journal replays from the one before it.")


def read_header(path: pathlib.Path) -> tuple[SnapshotHeader, bytes]:
    """Header and tables of a snapshot whose checksum is right. Raises SnapshotUnusable."""
    content = path.read_bytes()
    body, checksum = content[:-CHECKSUM_BYTES], content[-CHECKSUM_BYTES:]
    if hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest() != checksum:
        raise _unusable(path, "The snapshot's checksum does not fit its content")
    length = int.from_bytes(body[:PREFIX_BYTES], "little")
    try:
        header = msgspec.json.decode(body[PREFIX_BYTES : PREFIX_BYTES + length], type=SnapshotHeader)
    except msgspec.DecodeError as error:
        raise _unusable(path, f"The snapshot's header cannot be read ({error})") from error
    if header.schema != SCHEMA:
        raise _unusable(path, f"The snapshot has schema {header.schema}, this build reads {SCHEMA}")
    return header, body[PREFIX_BYTES + length :]


def read_snapshot(path: pathlib.Path, terms: Terms) -> tuple[SnapshotHeader, State]:
    """The state of a snapshot; its digest is recomputed. Raises SnapshotUnusable."""
    header, body = read_header(path)
    counts: dict[str, int] = {name: rows for name, rows, _size in header.tables}
    blank = new_state(terms)
    state = grow(
        blank,
        accounts=counts["accounts"],
        positions=counts["positions"],
        orders=counts["orders"],
        holdings=counts["holdings"],
    )
    cells, staged = state.cells.copy(), state.staged.copy()
    first = 0
    for name, rows, size in header.tables:
        table: Any = {"cells": cells, "staged": staged}.get(name)
        if table is None:
            table = getattr(state, name)
        if len(table) < rows or rows * table.dtype.itemsize != size:
            raise _unusable(path, f"Table {name} of the snapshot does not fit this build")
        table[:rows] = np.frombuffer(body[first : first + size], dtype=table.dtype)
        first += size
    state = with_cells(state, cells, staged)
    if digest(state) != header.digest:
        raise _unusable(path, "The snapshot's tables do not have the digest its header names")
    return header, state
