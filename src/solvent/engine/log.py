"""What the engine asks of a log, wherever it is kept: an embedded file (`journal.py`) or a database (`postgres.py`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from solvent.engine.blocks import Entry, GenesisRow, Records, VerifyReport


class Log(ABC):
    """Blocks of commands in order, each durable before `append` returns, each chained to the one before by its hash."""

    def __init__(self, dtype: np.dtype[Any], genesis: GenesisRow) -> None:
        """Of records of this type, after this first row; whoever opens it for writing clears `_stopped`."""
        self._dtype = dtype
        self._genesis = genesis
        self._head_sequence = 0
        self._head_hash = genesis.hash
        self._stopped = "it was opened read-only"

    @property
    def head_sequence(self) -> int:
        """The last sequence; 0 when it is empty."""
        return self._head_sequence

    @property
    def head_hash(self) -> bytes:
        """The chain hash at the head; the genesis hash when it is empty."""
        return self._head_hash

    @property
    def genesis(self) -> bytes:
        """The bytes given to `create`: what the engine starts from."""
        return self._genesis.body

    @property
    def created(self) -> str:
        """The text for people given to `create`."""
        return self._genesis.created

    @property
    @abstractmethod
    def place(self) -> str:
        """Where another process finds it: a directory or an address. An address may hold a password."""

    @abstractmethod
    def reader(self) -> Log:
        """Another reader of the same log. Raises EngineFault."""

    @abstractmethod
    def hash_at(self, sequence: int) -> bytes | None:
        """The chain hash of the block that ends at a sequence, the genesis hash at 0; None where none ends."""

    @abstractmethod
    def append(self, records: Records, time_ns: int, notes: bytes = b"") -> int:
        """Keep a block; return its last sequence. After a failure nothing more is taken."""

    @abstractmethod
    def entries(self, start_sequence: int = 1) -> Iterator[Entry]:
        """Blocks from the one that holds a sequence on, each checked and linked."""

    @abstractmethod
    def refresh(self) -> int:
        """For a reader: look for what was appended; give the head's sequence."""

    @abstractmethod
    def verify(self) -> VerifyReport:
        """Walk everything. Raises an EngineFault or reports."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it. Safe to call twice."""

    def __enter__(self) -> Self:
        """The log itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
