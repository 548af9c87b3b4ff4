"""What the engine asks of a log, wherever it is kept: an embedded file (`journal.py`) or a database (`postgres.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from numpy.typing import NDArray

from solvent.engine.journal import Entry, VerifyReport


class Log(Protocol):
    """Blocks of commands in order, each durable before `append` returns, each chained to the one before by its hash."""

    @property
    def head_sequence(self) -> int:
        """The last sequence; 0 when it is empty."""

    @property
    def head_hash(self) -> bytes:
        """The chain hash at the head."""

    @property
    def genesis(self) -> bytes:
        """What the engine starts from."""

    @property
    def created(self) -> str:
        """A text for people."""

    def hash_at(self, sequence: int) -> bytes | None:
        """The chain hash of the block that ends at a sequence; None where none ends there."""

    def append(self, records: NDArray[Any], time_ns: int, notes: bytes = b"") -> int:
        """Keep a block; return its last sequence."""

    def entries(self, start_sequence: int = 1) -> Iterator[Entry]:
        """Blocks from the one that holds a sequence on, verified on the way."""

    def refresh(self) -> int:
        """For a reader: look for what was appended; give the head's sequence."""

    def verify(self) -> VerifyReport:
        """Walk everything."""

    def close(self) -> None:
        """Let go of it."""
