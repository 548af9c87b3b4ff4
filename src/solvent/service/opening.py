"""Opening a data directory for service: a new venue, or the one that is there, with its desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from solvent.commands import COMMAND_DTYPE, CommandKind, ListInstrument, pack
from solvent.engine.blocks import Entry
from solvent.engine.engine import Engine, Genesis
from solvent.engine.journal import JOURNAL_NAME
from solvent.engine.postgres import PostgresJournal
from solvent.market.venue import Venue, parse_venue
from solvent.rulebook.faults import Fault, RulebookError
from solvent.service.desk import Act, Desk, Note, encode
from solvent.service.keys import Key


class Opened(NamedTuple):
    """A venue ready to be served."""

    engine: Engine
    desk: Desk
    venue: Venue
    is_new: bool


def create_venue(
    directory: Path | None, venue_text: str, rulebook_text: str, rulebook_name: str, now_ns: int, log: str = ""
) -> Opened:
    """A new venue with its markets listed; `directory` None keeps nothing. Raises RulebookError and EngineFault.

    `log` is the address of a PostgreSQL database that keeps the journal instead of the directory.
    """
    venue = parse_venue(venue_text, rulebook_text, rulebook_name)
    documents = {
        "venue": venue_text,
        "rulebook": rulebook_text,
        "rulebook_name": rulebook_name,
        "settlement_decimals": str(venue.compiled.settlement_decimals),
    }
    genesis = Genesis.of(venue.compiled.terms, venue.symbols, documents)
    if directory is None:
        engine = Engine.in_memory(genesis)
    else:
        kept = PostgresJournal.create(log, COMMAND_DTYPE, msgspec.msgpack.encode(genesis)) if log else None
        engine = Engine.create(directory, genesis, kept)
    desk = Desk()
    listed = pack([ListInstrument(now_ns, row) for row in range(len(venue.symbols))])
    carry(engine, desk, listed, Note(len(listed), "solvent serve", "service", "service"))
    return Opened(engine, desk, venue, True)


def open_venue(directory: Path, log: str = "") -> Opened:
    """The venue of a directory as its journal left it. Raises EngineFault, and RulebookError for documents."""
    desks: dict[int, Desk] = {}

    def is_usable(path: Path) -> bool:
        sequence = int(path.name.split("-")[1])
        found = Desk.load(directory, sequence)
        if found is not None:
            desks[sequence] = found
        return found is not None

    class _Fold:
        desk: Desk | None = None

        def __call__(self, entry: Entry, events: np.recarray) -> None:
            if self.desk is None:
                # the first block after the snapshot tells which desk it continues
                self.desk = desks.get(entry.first_sequence - 1) or Desk()
            self.desk.observe(entry.first_sequence, entry.time_ns, entry.notes, events)

    fold = _Fold()
    kept = PostgresJournal.open(log, COMMAND_DTYPE) if log else None
    engine = Engine.open(directory, observe=fold, is_usable=is_usable, log=kept)
    desk = fold.desk or desks.get(engine.sequence) or Desk()
    try:
        venue = venue_of(engine.genesis)
    except BaseException:
        engine.close()
        raise
    return Opened(engine, desk, venue, False)


def venue_of(genesis: Genesis) -> Venue:
    """The names a genesis was made with. Raises RulebookError where it was not made for service."""
    documents = genesis.documents
    if "venue" not in documents:
        remedy = "Serve a directory that `solvent serve` has made."
        raise RulebookError("journal", [Fault(None, "", "it holds no venue document", remedy)])
    return parse_venue(documents["venue"], documents["rulebook"], documents.get("rulebook_name", "rulebook"))


def has_journal(directory: Path) -> bool:
    """Whether there is something to open."""
    return (directory / JOURNAL_NAME).exists()


def carry(engine: Engine, desk: Desk, records: np.ndarray, note: Note) -> np.ndarray:
    """Journal, apply and remember a batch outside the gateway: before it runs, or without it."""
    first = engine.sequence + 1
    notes = encode([note])
    engine.keep(records, notes)
    events: Any = engine.carry_out(records)
    desk.observe(first, int(records["time_ns"][-1]), notes, events)
    return np.asarray(events)


def act_record(act: Act, now_ns: int) -> tuple[np.ndarray, bytes]:
    """An act as a command of the machine, and the text that stands beside it in the notes."""
    from hashlib import blake2b

    text = msgspec.msgpack.encode(act)
    records = np.zeros(1, dtype=COMMAND_DTYPE)
    records["kind"], records["time_ns"], records["value"] = CommandKind.RECORD_ACT, now_ns, 1
    records["reference"] = int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 2
    return records, text


def add_key(engine: Engine, desk: Desk, key: Key, actor: str, now_ns: int) -> None:
    """Make a key known, by an act in the journal."""
    records, text = act_record(Act(what="key_made", key=key), now_ns)
    carry(engine, desk, records, Note(1, actor, "service", "service", "", b"", text))
