"""A simulated disk: from the record of a life, every state a power cut may leave.

The model is harsher than most disks. Until a file is synced each of its 512-byte sectors may hold any of the
versions written since the last sync, independently of all others, so writes are lost and reordered; one sector may
be torn at a multiple of 8 bytes; a length that was not synced may be the old one or the new. Until a directory is
synced each of its changes (a name made, removed, moved) may be there or not, in order or not. What was synced stays.
SQLite's shared-memory file does not survive a power cut.
"""

import random
import struct
from dataclasses import dataclass, field
from pathlib import Path

from solvent.lab.crash.shim import CREATE, MARK, RENAME, SYNC, SYNC_DIRECTORY, TRUNCATE, UNLINK, WRITE

SECTOR = 512
TEAR = 8
_HEAD = struct.Struct("<IIIIq")


@dataclass(slots=True, frozen=True)
class Call:
    """One recorded system call."""

    op: int
    name: str
    other: str
    offset: int
    content: bytes


def read_trace(path: Path) -> list[Call]:
    """The calls of a life in order; names are those inside its directory."""
    raw, place, calls = path.read_bytes(), 0, []
    while place < len(raw):
        op, length, other, size, offset = _HEAD.unpack_from(raw, place)
        place += _HEAD.size
        name = raw[place : place + length].decode()
        place += length
        second = raw[place : place + other].decode()
        place += other
        content = raw[place : place + size]
        place += size
        name, second = name.removesuffix(" (deleted)"), second.removesuffix(" (deleted)")
        if op in (SYNC_DIRECTORY, MARK) or not name.endswith(("-shm", "/lock")):
            calls.append(Call(op, Path(name).name, Path(second).name, offset, content))
    return calls


def read_start(path: Path) -> dict[str, bytes]:
    """The files a life began with."""
    raw, place, files = path.read_bytes(), 0, {}
    while place < len(raw):
        name_length, size = struct.unpack_from("<II", raw, place)
        place += 8
        name = raw[place : place + name_length].decode()
        place += name_length
        files[name] = raw[place : place + size]
        place += size
    return {name: content for name, content in files.items() if name != "lock"}


@dataclass(slots=True)
class _File:
    """One file: what is on the disk for sure, what was written since, and the lengths it has had since."""

    safe: bytearray
    now: bytearray
    versions: dict[int, list[bytes]] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)

    def write(self, offset: int, content: bytes) -> None:
        end = offset + len(content)
        if end > len(self.now):
            self.now.extend(b"\0" * (end - len(self.now)))
            self.lengths.append(end)
        self.now[offset:end] = content
        for sector in range(offset // SECTOR, -(-end // SECTOR)):
            piece = bytes(self.now[sector * SECTOR : (sector + 1) * SECTOR])
            self.versions.setdefault(sector, []).append(piece.ljust(SECTOR, b"\0"))

    def truncate(self, length: int) -> None:
        if length < len(self.now):
            del self.now[length:]
        else:
            self.now.extend(b"\0" * (length - len(self.now)))
        self.lengths.append(length)

    def sync(self) -> None:
        self.safe = bytearray(self.now)
        self.versions.clear()
        self.lengths.clear()

    def after_power_cut(self, chance: random.Random, mood: int) -> bytes:
        """One of the contents the disk may hold. Mood 0: all was kept; 1: nothing; 2: some; 3: some, and one torn."""
        if mood == 0 or not (self.versions or self.lengths):
            return bytes(self.now)
        if mood == 1:
            return bytes(self.safe)
        length = chance.choice([len(self.safe), *self.lengths])
        content = bytearray(self.safe[:length].ljust(length, b"\0"))
        torn = chance.choice(list(self.versions)) if mood == 3 and self.versions else -1
        for sector, written in self.versions.items():
            start = sector * SECTOR
            if start >= length:
                continue
            old = bytes(self.safe[start : start + SECTOR]).ljust(SECTOR, b"\0")
            choice = chance.choice([old, *written])
            if sector == torn:
                cut = chance.randrange(0, SECTOR, TEAR)
                choice = written[-1][:cut] + old[cut:] if chance.random() < 0.5 else old[:cut] + written[-1][cut:]
            content[start : min(start + SECTOR, length)] = choice[: min(SECTOR, length - start)]
        return bytes(content)


class Disk:
    """A directory on the simulated disk, call by call."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = {name: _File(bytearray(content), bytearray(content)) for name, content in files.items()}
        self.safe_names = dict(self.files)
        self.changes: list[Call] = []
        self.acknowledged = -1

    def do(self, call: Call) -> None:
        """Carry one call out."""
        if call.op == MARK:
            self.acknowledged = call.offset
        elif call.op == SYNC_DIRECTORY:
            self.safe_names = dict(self.files)
            self.changes.clear()
        elif call.op == CREATE:
            self.files[call.name] = _File(bytearray(), bytearray())
            self.changes.append(call)
        elif call.op == UNLINK:
            self.files.pop(call.name, None)
            self.changes.append(call)
        elif call.op == RENAME:
            self.files[call.other] = self.files.pop(call.name)
            self.changes.append(call)
        else:
            file = self.files.get(call.name)
            if file is None:
                return  # written after its name was gone: nobody will see it
            if call.op == WRITE:
                file.write(call.offset, call.content)
            elif call.op == TRUNCATE:
                file.truncate(call.offset)
            elif call.op == SYNC:
                file.sync()

    def after_power_cut(self, chance: random.Random) -> dict[str, bytes]:
        """One of the directories a power cut now may leave."""
        mood = chance.randrange(4)
        names = dict(self.safe_names)
        kept = [call for call in self.changes if mood == 0 or (mood > 1 and chance.random() < 0.5)]
        for call in kept:
            if call.op == CREATE:
                if call.name in self.files:
                    names[call.name] = self.files[call.name]
            elif call.op == UNLINK:
                names.pop(call.name, None)
            elif call.op == RENAME and call.other in self.files:
                names.pop(call.name, None)
                names[call.other] = self.files[call.other]
        return {name: file.after_power_cut(chance, mood) for name, file in names.items()}


def states(
    start: dict[str, bytes], calls: list[Call], chance: random.Random, each: int
) -> list[tuple[int, int, dict[str, bytes]]]:
    """(call, last acknowledged, files) of so many power cuts before every call and after the last."""
    disk = Disk(start)
    found = []
    for place in range(len(calls) + 1):
        for _ in range(each):
            found.append((place, disk.acknowledged, disk.after_power_cut(chance)))
        if place < len(calls):
            disk.do(calls[place])
    return found
