"""Room is asked for when it may be needed, and a replay applies small blocks together: nobody can tell the difference."""

import numpy as np
from tests.plain import plain
from tests.small_replay import played

from solvent.codes import AccountKind
from solvent.commands import CommandKind
from solvent.engine.engine import Engine
from solvent.engine.room import fresh_watch, make_room, room_left, room_wanted
from solvent.state.owners import last_of_owner
from solvent.state.tables import NONE


def test_what_is_promised_is_always_there() -> None:
    """After every batch there is at least the room that was counted; and one command at a time ends where all do."""
    run = played(seed=11, accounts=40)
    commands = np.concatenate(run.recording.commands)
    engine = Engine.in_memory(run.genesis)
    asked = 0
    for first in range(0, len(commands), 3):
        batch = commands[first : first + 3]
        wanted = room_wanted(batch)
        if (wanted <= engine._room_left).all():
            needed = make_room(engine.machine, batch.view(np.recarray))
            assert needed is not None
            assert all(len(before) == len(after) for before, after in zip(engine.state, needed.state, strict=True)), (
                "nothing had to grow"
            )
        else:
            asked += 1
        engine.submit(batch)
        assert (engine._room_left <= room_left(engine.machine)).all()
    together = Engine.in_memory(run.genesis)
    together.submit(commands)
    assert engine.digest() == together.digest()
    assert 0 < asked < len(commands) // 3, "some batches needed room, some did not"


def test_a_kind_that_is_not_plain_always_asks() -> None:
    records = np.zeros(2, dtype=played(seed=11, accounts=40).recording.commands[0].dtype)
    records["kind"] = CommandKind.PRICE_REPORT
    assert room_wanted(records).tolist() == [0, 0, 0, 0]
    records["kind"][1] = CommandKind.TRADE
    assert room_wanted(records).tolist() == [0, 2, 0, 2]
    for kind in (CommandKind.ADVANCE, CommandKind.ENACT_TERMS, -5, 30_000):
        records["kind"][1] = kind
        assert (room_wanted(records) > len(records) * 1_000_000).all()
    records["kind"][1], records["asset"][1] = CommandKind.DEPOSIT, 1
    assert (room_wanted(records) > len(records) * 1_000_000).all()


def test_a_replay_tells_each_block_its_own_events(tmp_path) -> None:
    run = played(seed=7, accounts=60)
    commands = np.concatenate(run.recording.commands)
    place = tmp_path / "journal"
    live = []
    with Engine.create(place, run.genesis) as engine:
        for first in range(0, len(commands), 50):
            live.append(engine.submit(commands[first : first + 50]).tobytes())
        reached = engine.digest()
    for until in (None, 1, 75, 100, len(commands) - 1):
        told: list = []
        with Engine.open(place, until=until, observe=lambda *given, told=told: told.append(given)) as engine:
            assert engine.sequence == (until or len(commands))
            if until is None:
                assert engine.digest() == reached
        whole = (until or len(commands)) // 50
        assert [events.tobytes() for _entry, events in told[:whole]] == live[:whole]
        assert [entry.first_sequence for entry, _events in told] == list(range(1, (until or len(commands)) + 1, 50))
        assert all((events["sequence"] <= engine.sequence).all() for _entry, events in told)


def test_the_index_of_owners_outgrows_its_room_and_holds_the_same_accounts() -> None:
    run = played(seed=11, accounts=40)
    engine = Engine.in_memory(run.genesis)
    engine.submit(run.recording.commands[0])
    records = np.zeros(400, dtype=run.recording.commands[0].dtype)
    first = int(engine.state.venue[0].account_count)
    records["kind"], records["account_kind"] = CommandKind.OPEN_ACCOUNT, AccountKind.CROSS
    records["time_ns"] = int(engine.state.venue[0].time_ns)
    records["account"], records["owner"] = first + np.arange(400), np.arange(400) % 7
    places = len(engine.machine.watch.owner_slots)
    for place in range(0, 400, 9):
        engine.submit(records[place : place + 9])
    state, watch = engine.machine
    assert len(watch.owner_slots) > places, "it had to grow"
    for held in (watch, fresh_watch(state)):
        for owner in range(7):
            chain = [int(plain(last_of_owner)(held.owner_slots, state.accounts, owner))]
            while chain[-1] != NONE:
                chain.append(int(held.owner_before[chain[-1]]))
            assert chain[:-1] == [first + place for place in range(owner, 400, 7)][::-1]
