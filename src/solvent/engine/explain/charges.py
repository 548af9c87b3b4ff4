"""Every movement of an account's money over a stretch of the journal, each as a tree.

The journal is replayed without being written to. Every command that moved the account is replayed once more from a
copy of the state and walked on the account's sheet; at its end the sheet must be what the machine made of the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from solvent.codes import SystemAccount
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.engine import Engine
from solvent.engine.explain.account import Place, require_account
from solvent.engine.explain.deleveraging import why_deleveraged
from solvent.engine.explain.names import Rules, words
from solvent.engine.explain.node import Node, NotExplainable
from solvent.engine.explain.replay import STRETCH_COMMANDS, Replay
from solvent.engine.explain.sheet import Sheet
from solvent.engine.explain.walk import Walk, moves_money
from solvent.engine.journal import Journal
from solvent.events import EventKind
from solvent.state.tables import State
from solvent.state.whole import copy_state

EVERYBODYS: Final = (SystemAccount.EXTERNAL, SystemAccount.FEES, SystemAccount.FUNDING)
"""Accounts that move with nearly every command: their movements are told as those of the accounts on the other side."""


def explain_charges(
    directory: Place, account: int, from_sequence: int = 1, to_sequence: int | None = None
) -> list[Node]:
    """Every event of these commands that moved the account's money, in order: what it did to the wallet, and why.

    The values in quanta add up to the change of the wallet. Raises NotExplainable and EngineFault.
    """
    place = Path(directory)
    if account in EVERYBODYS:
        name = words(SystemAccount(account))
        raise NotExplainable(f"Account {account} ({name}) moves with every account; ask for the one on the other side.")
    with Journal.open(place, COMMAND_DTYPE, read_only=True) as journal:
        last = journal.head_sequence if to_sequence is None else to_sequence
        if not 1 <= from_sequence <= journal.head_sequence + 1 or not 0 <= last <= journal.head_sequence:
            asked = f"{from_sequence} to {last}"
            raise NotExplainable(f"The journal holds sequences 1 to {journal.head_sequence}; {asked} is beyond it.")
        with Engine.open(place, until=from_sequence - 1) as engine:
            replay, walk = Replay(engine.state), Walk(Rules(engine.genesis), account)
        told: list[Node] = []
        for first, records in _stretches(journal, from_sequence, last):
            before = copy_state(replay.state)
            events = replay.run(records)
            walk.remember(events)
            touched = np.unique(events["sequence"][moves_money(events, account)])
            if len(touched):
                told += _told_again(before, records, first, touched.tolist(), events, walk)
    require_account(replay.state, account)
    return told


def _stretches(journal: Journal, first: int, last: int) -> Iterator[tuple[int, np.ndarray]]:
    """The commands in pieces of some size, whatever the size of the journal's blocks."""
    waiting: list[np.ndarray] = []
    start = first
    for begins, records in journal.blocks(first):
        piece = records[: max(last - begins + 1, 0)]
        waiting.append(piece)
        if begins + len(records) > last or sum(map(len, waiting)) >= STRETCH_COMMANDS:
            joined = np.concatenate(waiting)
            if len(joined):
                yield start, joined
            start, waiting = start + len(joined), []
        if begins + len(records) > last:
            return
    if waiting:
        yield start, np.concatenate(waiting)


def _told_again(
    before: State, records: np.ndarray, first: int, touched: list[int], events: np.ndarray, walk: Walk
) -> list[Node]:
    """Replay a stretch that moved the account, stopping before each command that did."""
    replay = Replay(before)
    done = first
    told: list[Node] = []
    for sequence in touched:
        replay.run(records[done - first : sequence - first])
        command = records[sequence - first : sequence - first + 1]
        expected = events[events["sequence"] == sequence]
        sheet = Sheet(replay.state, walk.account)
        reasons: dict[tuple[int, int], Node] = {}
        mine = (expected["kind"] == EventKind.POSITION_DELEVERAGED) & (expected["counterparty"] == walk.account)
        if mine.any():
            parts = []
            for visited, part in replay.visits(command):
                parts.append(part)
                for event in part[(part["kind"] == EventKind.POSITION_DELEVERAGED)]:
                    if event["counterparty"] == walk.account:
                        key = int(event["account"]), int(event["instrument"])
                        reasons[key] = why_deleveraged(visited, event, walk.account)
            again = np.concatenate(parts)
        else:
            again = replay.run(command)
        if again.tobytes() != expected.tobytes():
            raise AssertionError(f"sequence {sequence} told something else when it was replayed")
        told += walk.command(sheet, CommandKind(int(command[0]["kind"])), sequence, again, reasons)
        if sheet.books() != Sheet(replay.state, walk.account).books():
            raise AssertionError(f"the events of sequence {sequence} do not explain account {walk.account}")
        done = sequence + 1
    return told
