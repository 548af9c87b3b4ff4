"""One process per data directory.

Two writers would each believe they hold the end of the journal. The operating system keeps the lock and
drops it when the holder dies, however it dies, so a crash never leaves a directory locked. The file
`lock` stays where it is; its text is the process id of the last holder, for the message only.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self, final

from solvent.engine.faults import DirectoryLocked, DirectoryUnusable

LOCK_NAME = "lock"

if sys.platform == "win32":
    import msvcrt

    # Windows hides locked bytes from other readers: lock one far behind the process id.
    _LOCKED_BYTE = 1 << 20

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        # flock, not lockf: it belongs to the open file, so a second open in one process is refused too.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@final
class DirectoryLock:
    """Held from construction to `release()` (or the end of the `with` block, or of the process)."""

    def __init__(self, directory: Path) -> None:
        path = directory / LOCK_NAME
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise DirectoryUnusable(f"the lock file cannot be opened: {error.strerror}", path) from error
        try:
            _take(descriptor)
        except OSError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise DirectoryLocked(f"the data directory is in use by process {holder}", path) from error
        self._descriptor: int | None = descriptor
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        except OSError:
            # The lock holds without the note; on a full disk a restart must still be possible.
            pass

    def release(self) -> None:
        """Let another process have the directory; doing it twice does no harm."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
