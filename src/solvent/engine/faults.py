"""Faults: the machine stops rather than guess.

A refusal is a normal answer to a command and is not here. A fault means that what is on the disk, or
what the disk does, can no longer be trusted; somebody must look before another command is taken.

    EngineFault
    ├── JournalCorrupt      the bytes are not the ones we wrote
    ├── JournalTruncated    commands we acknowledged are missing
    ├── WriteFailed         a write or sync failed: nothing more is accepted, nothing is retried
    │   └── JournalFull     ... because there is no room left
    ├── DirectoryLocked     another process works in this data directory
    ├── DirectoryUnusable   no journal where one is expected, or one where none is
    ├── SnapshotUnusable    a snapshot that does not belong to this journal or this engine
    └── VersionUnknown      written by a version, or for a record layout, that we do not know

Every fault says what is wrong, where, and what to do about it.
"""

from __future__ import annotations

from typing import ClassVar


class EngineFault(Exception):
    """Something outside the rules went wrong; the engine halts. `str()` gives what, where, what to do."""

    usual_remedy: ClassVar[str] = "Keep a copy of the data directory and report this fault."

    def __init__(self, what: str, where: object, remedy: str | None = None) -> None:
        self.what = what
        self.where = str(where)
        self.remedy = self.usual_remedy if remedy is None else remedy
        # All three go to Exception, so that a fault survives the trip between processes.
        super().__init__(self.what, self.where, self.remedy)

    def __str__(self) -> str:
        return f"{self.what}\n  where: {self.where}\n  what to do: {self.remedy}"


class JournalCorrupt(EngineFault):
    """The journal or its watermark does not hold what was written."""

    usual_remedy = "Do not write to this directory again. Restore it from a replica or backup, then verify it."


class JournalTruncated(EngineFault):
    """The journal ends before a command that was acknowledged."""

    usual_remedy = (
        "Acknowledged commands are missing. Restore the directory from a replica or backup that reaches at "
        "least this sequence; going on without them would change the past."
    )


class WriteFailed(EngineFault):
    """A write, commit or sync failed. What reached the disk is unknown until the journal is reopened."""

    usual_remedy = "Check the disk, then restart: the journal is read again and ends at what really arrived."


class JournalFull(WriteFailed):
    """There was no room for the block."""

    usual_remedy = "Free space (or raise the limit), then restart. Every acknowledged command is kept."


class DirectoryLocked(EngineFault):
    """A data directory belongs to one process at a time."""

    usual_remedy = "Stop that process, give this one its own directory, or open read-only."


class DirectoryUnusable(EngineFault):
    """The directory holds no journal, or already holds one, or cannot be opened."""

    usual_remedy = "Check the path and its permissions."


class SnapshotUnusable(EngineFault):
    """A snapshot that cannot be trusted; the journal alone still can."""

    usual_remedy = "Move the snapshot away: the engine then replays the journal from its beginning."


class VersionUnknown(EngineFault):
    """Written by another version of this software, or for another record layout."""

    usual_remedy = "Open it with the version that wrote it, or one whose notes say it reads that version."
