"""A journal's life from a seed: what it is started from, what is appended, and how it is judged after it died."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from solvent.engine import journal as journal_module
from solvent.engine.blocks import Records
from solvent.engine.faults import DirectoryUnusable, EngineFault
from solvent.engine.journal import JOURNAL_NAME, Journal

RECORD = np.dtype([("sequence", np.int64), ("amount", np.int64), ("kind", np.int32), ("account", np.int32)])
GENESIS = b"the rulebook at the beginning"
BLOCKS = (1, 1, 3, 7, 60)
NOTHING, CLOSED, OPEN = "nothing", "closed", "open"


def commands(first_sequence: int, count: int) -> Records:
    """The one and only commands with these sequences: any reader can tell whether a record is right."""
    sequences = np.arange(first_sequence, first_sequence + count, dtype=np.int64)
    records = np.zeros(count, RECORD)
    records["sequence"] = sequences
    records["amount"] = sequences * 7919 - 10**12
    records["kind"] = sequences % 20
    records["account"] = sequences * sequences % 1009
    return records


def append(journal: Journal, count: int, time_ns: int) -> int:
    """The next so many commands."""
    return journal.append(commands(journal.head_sequence + 1, count), time_ns)


class Life:
    """What one seed asks of a journal."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.start = chance.choice([NOTHING, CLOSED, CLOSED, OPEN])
        self.before = [chance.choice(BLOCKS) for _ in range(chance.randint(1, 4))]
        self.blocks = [chance.choice(BLOCKS) for _ in range(chance.randint(2, 5))]
        self.checkpoint_bytes = chance.choice([1, 9_000, 30_000, 4 << 20])
        self.closes = chance.random() < 0.6
        # clocks jump: what is written beside a block is not what orders it
        self.times = [chance.choice([1, 10**18, 10**9, 2 * 10**18, 5]) for _ in range(9)]
        self.base_head = 0 if self.start == NOTHING else sum(self.before)

    def prepare(self, directory: Path) -> None:
        """The directory as it is before the life begins."""
        directory.mkdir(parents=True, exist_ok=True)
        if self.start == NOTHING:
            return
        if self.start == CLOSED:
            with Journal.create(directory, RECORD, GENESIS) as journal:
                for place, count in enumerate(self.before):
                    append(journal, count, self.times[place])
            return
        elsewhere = directory / "elsewhere"
        with Journal.create(elsewhere, RECORD, GENESIS) as journal:
            for place, count in enumerate(self.before):
                append(journal, count, self.times[place])
            for file in elsewhere.iterdir():
                if not file.name.endswith("-shm"):
                    shutil.copyfile(file, directory / file.name)
        shutil.rmtree(elsewhere)

    def live(self, directory: Path, acknowledge: Callable[[int], None]) -> None:
        """Open (or create), append, perhaps close; `acknowledge` hears every sequence that was promised."""
        journal_module.CHECKPOINT_BYTES = self.checkpoint_bytes
        if self.start == NOTHING:
            journal = Journal.create(directory, RECORD, GENESIS)
        else:
            journal = Journal.open(directory, RECORD)
        for place, count in enumerate(self.blocks):
            acknowledge(append(journal, count, self.times[-1 - place]))
        if self.closes:
            journal.close()


class Verdict:
    """What was found after a death: the head that opened, or the fault that stopped it."""

    def __init__(self, head: int, fault: EngineFault | None, right: bool) -> None:
        self.head = head
        self.fault = fault
        self.right = right


def judge(directory: Path, *, go_on: bool = False) -> Verdict:
    """Open the journal as a writer and read every record; with `go_on` it must also take another block."""
    try:
        with Journal.open(directory, RECORD) as journal:
            right = journal.genesis == GENESIS
            next_sequence = 1
            for first, records in journal.blocks() if journal.head_sequence else ():
                expected = commands(first, len(records))
                right = right and first == next_sequence and records.tobytes() == expected.tobytes()
                next_sequence = first + len(records)
            head = journal.head_sequence
            right = right and next_sequence == head + 1
            if go_on:
                append(journal, 2, 7)
        if go_on:
            with Journal.open(directory, RECORD) as journal:
                right = right and journal.head_sequence == head + 2
                journal.verify()
        return Verdict(head, None, right)
    except DirectoryUnusable as fault:
        if not (directory / JOURNAL_NAME).exists():
            return Verdict(0, None, True)  # a creation that did not come to its end: nothing was promised
        return Verdict(0, fault, True)
    except EngineFault as fault:
        return Verdict(0, fault, True)
    except Exception:  # noqa: BLE001 - whatever is not a fault with a remedy is itself what the rig looks for
        return Verdict(2**62, None, False)
