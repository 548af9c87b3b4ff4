"""`solvent journal`: a journal verified, written out, watched, copied. Also one that is being written meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from solvent.cli.verify import journal_directory, verify_command
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.blocks import Entry
from solvent.engine.faults import EngineFault
from solvent.engine.journal import Journal
from solvent.engine.log import Log
from solvent.engine.postgres import PostgresJournal, is_address
from solvent.service.desk import NOTES_DECODER

POLL_S: Final = 0.2
COPY_NAMES: Final = ("snapshot-*", "desk-*")


class OutputUnusable(Exception):
    """What was named for the result cannot be used."""


def open_log(place: str) -> Log:
    """A log to read, wherever it is. Raises EngineFault."""
    if is_address(place):
        return PostgresJournal.open(place, COMMAND_DTYPE, read_only=True)
    return Journal.open(journal_directory(Path(place)), COMMAND_DTYPE, read_only=True)


def verify_place(place: str, as_json: bool) -> None:
    """Walk, replay and print. Raises EngineFault."""
    if not is_address(place):
        verify_command(Path(place), as_json)
        return
    from solvent.engine.engine import Engine

    log = open_log(place)
    report = log.verify()
    with Engine.open(Path(), log=log, read_only=True, is_usable=lambda _path: False) as engine:
        told = {
            "blocks": report.blocks,
            "commands": report.commands,
            "head_sequence": report.head_sequence,
            "head_hash": report.head_hash.hex(),
            "digest": engine.digest(),
        }
    show(told, as_json)


def show(told: dict[str, Any], as_json: bool) -> None:
    """A few facts, for people or for programs."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    else:
        for name, value in told.items():
            print(f"{name.replace('_', ' '):<16} {value}")


def rows_of(entry: Entry) -> Iterator[dict[str, Any]]:
    """The commands of a block, each with its sequence and with who asked for it."""
    names = entry.records.dtype.names or ()
    askers: list[dict[str, Any]] = []
    for note in NOTES_DECODER.decode(entry.notes) if entry.notes else ():
        asker = {"actor": note.actor, "key": note.key, "role": note.role, "id": note.id}
        askers += [asker] * note.count
    for offset, record in enumerate(entry.records.tolist()):
        fields = dict(zip(names, record, strict=True))
        kind = CommandKind(fields.pop("kind")).name.lower()
        told = {name: value for name, value in fields.items() if value or name == "time_ns"}
        asker = askers[offset] if offset < len(askers) else {}
        yield {"sequence": entry.first_sequence + offset, "kind": kind, **told, **asker}


def export_place(place: str, out: Path, first: int, last: int, as_json: bool) -> None:
    """Write commands to a file: all of it or nothing. Raises EngineFault and OutputUnusable."""
    if out.exists():
        raise OutputUnusable(f"{out} is there already. Name a file that does not exist yet.")
    if out.suffix not in (".jsonl", ".parquet"):
        raise OutputUnusable(f"{out} is neither .jsonl nor .parquet. Name one of these.")
    log = open_log(place)
    unfinished = out.with_name(out.name + ".unfinished")
    count = 0
    rows: list[dict[str, Any]] = []
    try:
        with unfinished.open("wb") as file:
            if first <= log.head_sequence:
                for entry in log.entries(first):
                    if entry.first_sequence > last:
                        break
                    for row in rows_of(entry):
                        if not first <= row["sequence"] <= last:
                            continue
                        count += 1
                        if out.suffix == ".jsonl":
                            file.write(msgspec.json.encode(row) + b"\n")
                        else:
                            rows.append(row)
        if out.suffix == ".parquet":
            import polars

            polars.DataFrame(rows, infer_schema_length=None).write_parquet(unfinished)
        unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)
        log.close()
    show({"commands": count, "file": str(out)}, as_json)


def tail_place(place: str, count: int, follow: bool, as_json: bool) -> None:
    """The last commands, and with `follow` those that come, until interrupted. Raises EngineFault."""
    log = open_log(place)
    following = max(log.head_sequence - count + 1, 1)
    try:
        while True:
            if following <= log.head_sequence:
                for entry in log.entries(following):
                    for row in rows_of(entry):
                        if row["sequence"] >= following:
                            print_row(row, as_json)
                following = log.head_sequence + 1
            if not follow:
                return
            sys.stdout.flush()
            time.sleep(POLL_S)
            log.refresh()
    finally:
        log.close()


def print_row(row: dict[str, Any], as_json: bool) -> None:
    """One command on one line."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        return
    skipped = ("sequence", "kind", "time_ns", "actor", "key", "role", "id")
    fields = " ".join(f"{name}={value}" for name, value in row.items() if name not in skipped)
    who = f"  {row['actor']} ({row['role']})" if "actor" in row else ""
    print(f"{row['sequence']:>10} {row['kind']:<18} {fields}{who}")


def backup_place(place: str, target: Path, as_json: bool) -> None:
    """Copy a log into a new folder, block by block, and compare heads. Raises EngineFault and OutputUnusable."""
    if target.exists():
        raise OutputUnusable(f"{target} is there already. Name a folder that does not exist yet.")
    source = open_log(place)
    try:
        with Journal.create(target, COMMAND_DTYPE, source.genesis, source.created) as copy:
            if source.head_sequence:
                for entry in source.entries(1):
                    copy.append(entry.records, entry.time_ns, entry.notes)
            if (copy.head_sequence, copy.head_hash) != (source.head_sequence, source.head_hash):
                raise EngineFault(
                    "The copy does not end where the journal does", str(target), "Report this as a defect."
                )
            head = copy.head_sequence
    finally:
        source.close()
    copied = copy_snapshots(place, target, head)
    show({"head_sequence": head, "snapshots": copied, "folder": str(target)}, as_json)


def copy_snapshots(place: str, target: Path, head: int) -> int:
    """Snapshots up to the head save the next start its replay; they prove themselves when they are read."""
    import shutil

    if not Path(place).is_dir():
        return 0
    copied = 0
    for pattern in COPY_NAMES:
        for path in journal_directory(Path(place)).glob(pattern):
            if not path.suffix and int(path.name.split("-")[1]) <= head:
                shutil.copy2(path, target / path.name)
                copied += 1
    return copied
