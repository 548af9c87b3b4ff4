"""The desk: what the service remembers beside the machine's state, folded from the journal alone.

Each block of the journal bears notes: who asked for which of its commands, under which identifier. `observe` folds a
block, its notes and its events into

    answers      identifier -> what was answered, for the last ANSWERS_MAX requests: asked again, answered the same
    keys         made and revoked by acts
    worklists    per price version the accounts that were flagged, chained by hash
    changes      terms that were staged and enacted, and by whom
    cases        each default from its flag to its close, with everybody who paid
    acts         the last administrative acts and who did them

It is called for the live block and for the replayed one, so a restart, a standby and the first process remember the
same. `save` and `load` keep it beside a snapshot; without that file the machine starts further back.
"""

from __future__ import annotations

import hashlib
import os
import struct
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from solvent.codes import REFUSAL_SENTENCES, Refusal
from solvent.events import EventKind
from solvent.service.keys import Key

ANSWERS_MAX: Final = 65_536
WORKLISTS_MAX: Final = 4_096
CASES_MAX: Final = 2_000
ACTS_MAX: Final = 1_000
CHANGES_MAX: Final = 10_000
DESK_SCHEMA: Final = "solvent-desk/2"
_CHECKSUM_BYTES: Final = 32


class Note(msgspec.Struct, frozen=True, array_like=True):
    """Who asked for `count` commands in a row: actor, key, role, the client's identifier, the body's hash, an act."""

    count: int
    actor: str
    key: str
    role: str
    id: str = ""
    body_hash: bytes = b""
    act: bytes = b""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """An act of the operators, as it stands in the notes."""

    what: str
    key: Key | None = None
    detail: str = ""


class ActDone(msgspec.Struct, frozen=True, kw_only=True):
    """An act with its place in the journal."""

    sequence: int
    time_ns: int
    actor: str
    what: str
    detail: str


class Answer(msgspec.Struct, array_like=True, gc=False):
    """What a request was answered: where its commands stand, and which were refused why."""

    body_hash: bytes
    first_sequence: int
    count: int
    refused: dict[int, int]


class Worklist(msgspec.Struct, array_like=True, gc=False):
    """The accounts one price flagged, in the machine's order, and the hash that chains this list to the ones before."""

    sequence: int
    time_ns: int
    price_version: int
    instrument: int
    mark_ticks: int
    accounts: list[int]
    hash: bytes


class Payment(msgspec.Struct, array_like=True, gc=False):
    """One layer's part of a loss."""

    tranche: int
    payer: int
    amount_quanta: int


class Case(msgspec.Struct, kw_only=True):
    """A default from its flag on."""

    account: int
    instrument: int
    flagged_sequence: int
    flagged_ns: int
    equity_quanta: int
    requirement_quanta: int
    notional_quanta: int
    closed_sequence: int = 0
    closed_ns: int = 0
    outcome: str = "open"
    filled_quanta: int = 0
    taken_over_quanta: int = 0
    deleveraged_quanta: int = 0
    penalty_quanta: int = 0
    shortfall_quanta: int = 0
    deficit_quanta: int = 0
    payments: list[Payment] = []


class Change(msgspec.Struct, array_like=True, gc=False):
    """Terms that were enacted: the version, where it stands, who enacted it, and (cell, value, who staged it)."""

    version: int
    sequence: int
    time_ns: int
    actor: str
    cells: list[tuple[int, int, str]]


class Memory(msgspec.Struct, kw_only=True):
    """Everything the desk remembers, as it is saved."""

    schema: str
    sequence: int
    answers: dict[str, Answer]
    keys: dict[str, Key]
    worklist_hash: bytes
    worklists: list[Worklist]
    open_cases: dict[int, Case]
    cases: list[Case]
    acts: list[ActDone]
    counts: dict[int, int]
    refusals: dict[int, int]
    staged: list[tuple[int, int, str]]
    changes: list[Change]


NOTES_DECODER: Final = msgspec.msgpack.Decoder(list[Note])
ACT_DECODER: Final = msgspec.msgpack.Decoder(Act)
encode: Final = msgspec.msgpack.Encoder().encode

_CASE_KINDS: Final = frozenset(
    int(kind)
    for kind in (
        EventKind.ACCOUNT_FLAGGED,
        EventKind.ACCOUNT_RECOVERED,
        EventKind.DEFAULT_CLOSED,
        EventKind.LIQUIDATION_FILLED,
        EventKind.POSITION_CLAIMED,
        EventKind.POSITION_TAKEN_OVER,
        EventKind.POSITION_DELEVERAGED,
        EventKind.PENALTY_CHARGED,
        EventKind.SHORTFALL_DECLARED,
        EventKind.TRANCHE_DRAWN,
        EventKind.DEFICIT_OPENED,
    )
)
_KIND_ROOM: Final = max(int(kind) for kind in EventKind) + 1
_LISTED: Final = ("sequence", "price_version", "instrument", "price_ticks", "time_ns")
_RULE_KINDS: Final = (EventKind.TERM_STAGED, EventKind.TERMS_ENACTED, EventKind.TERMS_VETOED)
_IS_RULE: Final = np.isin(np.arange(_KIND_ROOM), [int(kind) for kind in _RULE_KINDS])
_IS_CASE: Final = np.isin(np.arange(_KIND_ROOM), sorted(_CASE_KINDS))


def answer_name(key: str, actor: str, identifier: str) -> str:
    """Identifiers are a client's own: two clients may use the same."""
    return f"{key}/{actor}/{identifier}" if key == "token" else f"{key}/{identifier}"


class Desk:
    """The memory, and the fold."""

    def __init__(self) -> None:
        self.sequence = 0
        self.answers: OrderedDict[str, Answer] = OrderedDict()
        self.keys: dict[str, Key] = {}
        self.worklist_hash = bytes(32)
        self.worklists: deque[Worklist] = deque(maxlen=WORKLISTS_MAX)
        self.open_cases: dict[int, Case] = {}
        self.cases: deque[Case] = deque(maxlen=CASES_MAX)
        self.acts: deque[ActDone] = deque(maxlen=ACTS_MAX)
        self.counts = np.zeros(_KIND_ROOM, dtype=np.int64)
        self.refusals: dict[int, int] = {}
        self.staged: list[tuple[int, int, str]] = []
        self.changes: deque[Change] = deque(maxlen=CHANGES_MAX)

    @property
    def staged_by(self) -> dict[int, str]:
        """Cell -> who staged what waits there."""
        return {cell: actor for cell, _value, actor in self.staged}

    def observe(self, first_sequence: int, time_ns: int, notes: bytes | list[Note], events: np.ndarray) -> list[Answer]:
        """Fold one block; give the answers to its requests, in the order of the notes, as kept or read already."""
        read = (NOTES_DECODER.decode(notes) if notes else []) if isinstance(notes, bytes) else notes
        # the plain view of the records: fields of the other kind are looked up by attribute first
        events = events.view(np.ndarray)
        kinds = events["kind"]
        self.counts += np.bincount(kinds, minlength=_KIND_ROOM)[:_KIND_ROOM]
        refused: dict[int, int] = {}
        is_refusal = kinds == EventKind.COMMAND_REFUSED
        if is_refusal.any():
            told = events[is_refusal]
            refused = dict(zip(told["sequence"].tolist(), told["refusal"].tolist(), strict=True))
            for number in refused.values():
                self.refusals[number] = self.refusals.get(number, 0) + 1
        answers: list[Answer] = []
        sequence = first_sequence
        none_refused: dict[int, int] = {}
        for note in read:
            mine = none_refused
            if refused:
                mine = {at - sequence: refused[at] for at in range(sequence, sequence + note.count) if at in refused}
            answer = Answer(note.body_hash, sequence, note.count, mine)
            answers.append(answer)
            if note.id:
                self.answers[answer_name(note.key, note.actor, note.id)] = answer
                if len(self.answers) > ANSWERS_MAX:
                    self.answers.popitem(last=False)
            if note.act:
                self._act(sequence, time_ns, note)
            sequence += note.count
        self._worklists(events, kinds)
        # flags of prices are the common case of a calm day's events: only what a case needs is looked at
        is_rule = _IS_RULE.take(kinds)
        if is_rule.any():
            actors = _actors(first_sequence, read)
            for event in events[is_rule]:
                self._rule(event, actors(int(event["sequence"])))
        is_case = _IS_CASE.take(kinds)
        if is_case.any():
            for event in events[is_case]:
                self._case(event)
        self.sequence = max(self.sequence, sequence - 1)
        return answers

    def _act(self, sequence: int, time_ns: int, note: Note) -> None:
        act = ACT_DECODER.decode(note.act)
        if act.key is not None and act.what == "key_made":
            self.keys[act.key.id] = act.key
        elif act.what == "key_revoked":
            self.keys.pop(act.detail, None)
        detail = act.detail if act.key is None else f"{act.key.id} {act.key.name} {act.key.role}"
        self.acts.append(ActDone(sequence=sequence, time_ns=time_ns, actor=note.actor, what=act.what, detail=detail))

    def _rule(self, event: Any, actor: str) -> None:
        """Terms that were staged wait; those that are enacted become a version; a veto forgets them."""
        sequence, value, kind = int(event["sequence"]), int(event["value"]), int(event["kind"])
        if kind == EventKind.TERMS_VETOED:
            self.staged = []
        elif kind == EventKind.TERM_STAGED:
            cell = int(event["cell"])
            self.staged = [one for one in self.staged if one[0] != cell] + [(cell, value, actor)]
        else:
            self.changes.append(Change(value, sequence, int(event["time_ns"]), actor, self.staged))
            self.staged = []

    def _worklists(self, events: np.ndarray, kinds: np.ndarray) -> None:
        moved = np.flatnonzero(kinds == EventKind.MARK_MOVED)
        if not len(moved):
            return
        flagged: dict[int, list[int]] = {}
        places = np.flatnonzero(kinds == EventKind.ACCOUNT_FLAGGED)
        if len(places):
            pairs = zip(events["sequence"][places].tolist(), events["account"][places].tolist(), strict=True)
            for sequence, account in pairs:
                flagged.setdefault(sequence, []).append(account)
        columns = [events[name][moved].tolist() for name in _LISTED]
        for sequence, version, instrument, mark, time_ns in zip(*columns, strict=True):
            accounts = flagged.get(sequence, [])
            self.worklist_hash = worklist_hash(self.worklist_hash, (sequence, version, instrument, mark), accounts)
            self.worklists.append(Worklist(sequence, time_ns, version, instrument, mark, accounts, self.worklist_hash))

    def _case(self, event: Any) -> None:
        kind, account, amount = int(event["kind"]), int(event["account"]), int(event["amount_quanta"])
        if kind == EventKind.ACCOUNT_FLAGGED:
            self.open_cases[account] = Case(
                account=account,
                instrument=int(event["instrument"]),
                flagged_sequence=int(event["sequence"]),
                flagged_ns=int(event["time_ns"]),
                equity_quanta=int(event["equity_quanta"]),
                requirement_quanta=int(event["requirement_quanta"]),
                notional_quanta=amount,
                payments=[],
            )
            return
        case = self.open_cases.get(account)
        if case is None:
            return
        if kind in (EventKind.LIQUIDATION_FILLED, EventKind.POSITION_CLAIMED):
            case.filled_quanta += amount
        elif kind == EventKind.POSITION_TAKEN_OVER:
            case.taken_over_quanta += amount
        elif kind == EventKind.POSITION_DELEVERAGED:
            case.deleveraged_quanta += amount
        elif kind == EventKind.PENALTY_CHARGED:
            case.penalty_quanta += amount
        elif kind == EventKind.SHORTFALL_DECLARED:
            case.shortfall_quanta += amount
        elif kind == EventKind.DEFICIT_OPENED:
            case.deficit_quanta += amount
        elif kind == EventKind.TRANCHE_DRAWN:
            case.payments.append(Payment(int(event["tranche"]), int(event["counterparty"]), amount))
        else:
            case.closed_sequence, case.closed_ns = int(event["sequence"]), int(event["time_ns"])
            case.outcome = "recovered" if kind == EventKind.ACCOUNT_RECOVERED else "closed"
            self.cases.append(self.open_cases.pop(account))

    # --- beside a snapshot ---------------------------------------------------------------------------------

    def save(self, directory: Path) -> Path:
        """Write the memory to a file named by its sequence, durable before it has its name."""
        memory = Memory(
            schema=DESK_SCHEMA,
            sequence=self.sequence,
            answers=dict(self.answers),
            keys=self.keys,
            worklist_hash=self.worklist_hash,
            worklists=list(self.worklists),
            open_cases=self.open_cases,
            cases=list(self.cases),
            acts=list(self.acts),
            counts={kind: int(count) for kind, count in enumerate(self.counts) if count},
            refusals=self.refusals,
            staged=self.staged,
            changes=list(self.changes),
        )
        content = encode(memory)
        path = directory / f"desk-{self.sequence:020d}"
        unfinished = path.with_suffix(".unfinished")
        with open(unfinished, "wb") as file:
            file.write(content)
            file.write(hashlib.blake2b(content, digest_size=_CHECKSUM_BYTES).digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        return path

    @classmethod
    def load(cls, directory: Path, sequence: int) -> Desk | None:
        """The memory saved at a sequence, or None where there is none or it is not what was written."""
        try:
            content = (directory / f"desk-{sequence:020d}").read_bytes()
        except OSError:
            return None
        body, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
        if hashlib.blake2b(body, digest_size=_CHECKSUM_BYTES).digest() != checksum:
            return None
        try:
            memory = msgspec.msgpack.decode(body, type=Memory)
        except msgspec.DecodeError:
            return None
        if memory.schema != DESK_SCHEMA or memory.sequence != sequence:
            return None
        desk = cls()
        desk.sequence = memory.sequence
        desk.answers = OrderedDict(memory.answers)
        desk.keys = memory.keys
        desk.worklist_hash = memory.worklist_hash
        desk.worklists.extend(memory.worklists)
        desk.open_cases = memory.open_cases
        desk.cases.extend(memory.cases)
        desk.acts.extend(memory.acts)
        for kind, count in memory.counts.items():
            desk.counts[kind] = count
        desk.refusals = memory.refusals
        desk.staged = memory.staged
        desk.changes.extend(memory.changes)
        return desk


def _actors(first_sequence: int, notes: list[Note]) -> Callable[[int], str]:
    """Who asked for a sequence of this block."""
    ends = list(accumulate((note.count for note in notes), initial=first_sequence))[1:]

    def actor(sequence: int) -> str:
        place = bisect_right(ends, sequence)
        return notes[place].actor if place < len(notes) else ""

    return actor


def worklist_hash(before: bytes, head: Iterable[int], accounts: list[int]) -> bytes:
    """blake2b(hash before, sequence, price version, instrument, mark, count, accounts), numbers as int64."""
    hasher = hashlib.blake2b(before, digest_size=32, person=b"solvent-worklst")
    numbers = (*head, len(accounts), *accounts)
    hasher.update(struct.pack(f"<{len(numbers)}q", *numbers))
    return hasher.digest()


def refusal_words(number: int) -> tuple[str, str]:
    """Name and sentence of a refusal."""
    return _WORDS[number]


_WORDS: Final = {int(reason): (reason.name, REFUSAL_SENTENCES[reason]) for reason in Refusal}
