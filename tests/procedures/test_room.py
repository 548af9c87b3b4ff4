"""What happens does not depend on the room there is to tell it: a short tape stops the machine between two steps."""

import numpy as np
import pytest
from tests.laws.machine import FIRST, START, Machine, small_terms
from tests.plain import plain

from solvent.commands import Advance, Deposit, FundingTick, ListInstrument, OpenAccount, PriceReport, Trade, pack
from solvent.events import blank_tape
from solvent.procedures.advance import room_for_one_account
from solvent.procedures.apply import apply, room_for_command
from solvent.state.whole import digest

SECOND = 10**9
LOSERS = 6


def batch() -> np.ndarray:
    """Small talk, a price that distresses several accounts, more small talk, and a visit to each of them."""
    first = [
        *(ListInstrument(START, market) for market in range(2)),
        PriceReport(START, 0, 0, 1_000, START),
        *(OpenAccount(START, FIRST + place, place, 1) for place in range(LOSERS + 1)),
        Deposit(START, FIRST, 10**7),
        *(Deposit(START, FIRST + place, 11_000) for place in range(1, LOSERS + 1)),
        *(Trade(START, FIRST + place, FIRST, 0, 100, 1_000) for place in range(1, LOSERS + 1)),
    ]
    talk = [Deposit(START, FIRST, 1) for _ in range(700)]
    fall = PriceReport(START + SECOND, 0, 0, 930, START + SECOND)
    return pack([*first, *talk, fall, FundingTick(START + SECOND, 0, 5), *talk, Advance(START + SECOND, LOSERS), *talk])


def told(tape_length: int) -> tuple[bytes, str, int]:
    """Events, digest and how often the machine stopped for room."""
    machine = Machine(small_terms())
    machine.tape = blank_tape(tape_length)
    records, place, stops, pieces = batch(), 0, 0, []
    while True:
        place = apply(machine.state, machine.watch, machine.tape, records, place)
        pieces.append(machine.tape.records[: int(machine.tape.meter[0])].tobytes())
        machine.tape.meter[0] = 0
        if place == len(records):
            return b"".join(pieces), digest(machine.state), stops
        assert machine.tape.meter[1] <= tape_length
        stops += 1


def test_a_short_tape_tells_the_same_in_pieces() -> None:
    machine = Machine(small_terms(), accounts=FIRST + LOSERS + 1, positions=LOSERS + 2)
    machine.do(batch())
    least = max(int(plain(room_for_command)(machine.state)), int(plain(room_for_one_account)(machine.state)))
    whole = told(1 << 14)
    assert whole[2] == 0
    stops = set()
    for more in (0, 300):
        events, state, stopped = told(least + more)
        assert (events, state) == whole[:2]
        stops.add(stopped)
    assert max(stops) > 1


@pytest.mark.parametrize("length", [1, 64])
def test_a_tape_without_room_for_one_command_says_how_much_it_needs(length: int) -> None:
    machine = Machine(small_terms())
    machine.tape = blank_tape(length)
    assert apply(machine.state, machine.watch, machine.tape, batch(), 0) == 0
    assert machine.tape.meter[1] == plain(room_for_command)(machine.state) > length
