"""What happens between deciding and the last repair: waiting, slices, all corners anew, and audits of broken ones."""

import numpy as np
import pytest
from tests.ground import crowd, give, give_collateral, open_account, set_asset
from tests.plain import plain

from solvent.codes import AccountKind, Status
from solvent.engine.room import Machine, fresh_watch, with_mirror
from solvent.events import blank_tape
from solvent.procedures import answer
from solvent.procedures.rebuild import keep_up
from solvent.procedures.review import corner_surplus, review
from solvent.procedures.scan import broken_corners, scan_exactly, scan_filtered
from solvent.risk.watch import (
    COUNT,
    CURSOR,
    DEAD,
    FALLS,
    REPAIRED,
    RISES,
    SCANS,
    SLICE,
    add_member,
    has_member,
    key_of,
)
from solvent.state.tables import NONE
from solvent.state.whole import grow
from solvent.units import PPM


class Venue:
    """A crowd under a watch with little room, asked through the plain kernels."""

    def __init__(self, accounts: int, room: int, piece: int, *, mirror: bool = False) -> None:
        self.state, watch, self.numbers = crowd(accounts)
        watch = with_mirror(Machine(self.state, watch)).watch if mirror else watch
        self.watch = watch._replace(fired=np.zeros(room, dtype=np.int32), surplus=np.zeros(room, dtype=np.int64))
        self.watch.meter[SLICE] = piece
        self.tape = blank_tape(4_096)
        self.found = np.zeros(len(self.state.accounts), dtype=np.int32)

    def price(self, ticks: int) -> list[int]:
        """Whom the price flagged: exactly whom a scan of that moment names."""
        market = self.state.instruments[0]
        before, market.mark_ticks = int(market.mark_ticks), ticks
        naive = self.found[: scan_exactly(self.state, self.found)].tolist()
        queued = int(self.state.venue[0].queue_count)
        plain(answer.answer_price)(self.state, self.watch, self.tape, 0, before, ticks)
        flagged = self.state.queue[queued : int(self.state.venue[0].queue_count)].tolist()
        assert flagged == naive
        assert broken_corners(self.state, self.watch, self.found) == 0
        return flagged

    def fund(self, step: int) -> list[int]:
        """Whom a funding of so much a lot flagged."""
        self.state.instruments[0].funding_index += step
        naive = self.found[: scan_exactly(self.state, self.found)].tolist()
        queued = int(self.state.venue[0].queue_count)
        plain(answer.answer_funding)(self.state, self.watch, self.tape, 0, step)
        flagged = self.state.queue[queued : int(self.state.venue[0].queue_count)].tolist()
        assert flagged == naive
        return flagged


def test_whom_a_scan_leaves_without_a_corner_waits_and_is_repaired_in_slices() -> None:
    venue = Venue(40, room=1, piece=2)
    assert len(venue.price(975)) > 1
    assert venue.watch.pending[COUNT] > 0
    assert venue.watch.meter[SCANS] == 1
    assert venue.watch.meter[CURSOR] == NONE, "they are few: nobody else's corner is touched"
    assert venue.watch.meter[REPAIRED] >= 2
    venue.price(990)
    venue.price(991)
    assert keep_up(venue.state, venue.watch, 10_000) == 0
    assert venue.watch.pending[COUNT] == 0
    venue.price(940)


def test_more_found_than_one_slice_wait_their_turn() -> None:
    venue = Venue(40, room=1_024, piece=1)
    venue.price(970)
    assert venue.watch.pending[COUNT] > 0
    first = int(venue.watch.pending[COUNT])
    venue.price(969)
    venue.price(971)
    assert keep_up(venue.state, venue.watch, 3) >= 0
    assert venue.watch.pending[COUNT] <= first + 40


def test_more_found_than_the_filter_costs_are_decided_by_the_filter_and_judged_when_repaired() -> None:
    venue = Venue(40, room=1_024, piece=1, mirror=True)
    assert len(venue.price(970)) > 1
    assert venue.watch.pending[COUNT] > 0
    gone = venue.numbers[-1]
    venue.state.accounts["status"][gone] = Status.DISTRESSED
    for ticks in (960, 400):
        assert gone not in venue.price(ticks)
    assert len(venue.price(300)) == 0
    assert int(venue.state.venue[0].queue_count) == len(venue.numbers) - 1


def test_without_room_the_filter_answers_for_all() -> None:
    venue = Venue(40, room=1, piece=3, mirror=True)
    assert len(venue.price(975)) > 1
    assert venue.watch.meter[SCANS] == 1


def test_an_account_younger_than_the_mirror_is_scanned_until_it_is_flagged() -> None:
    venue = Venue(8, room=1, piece=3, mirror=True)
    late = open_account(venue.state, 1_800)
    give(venue.state, late, 0, 10, cost=10_000)
    plain(review)(venue.state, venue.watch, venue.tape, late)
    assert plain(has_member)(venue.watch.stale, late)
    venue.state.instruments[0].mark_ticks = 900
    plain(review)(venue.state, venue.watch, venue.tape, late)
    assert venue.state.accounts[late].status == Status.DISTRESSED
    assert not plain(has_member)(venue.watch.stale, late)
    assert late not in venue.price(890)


def test_a_price_that_has_not_moved_asks_only_those_who_wait() -> None:
    venue = Venue(40, room=1_024, piece=1)
    assert venue.price(1_000) == []
    plain(add_member)(venue.watch.pending, venue.numbers[0])
    assert venue.price(1_000) == []
    assert venue.watch.pending[COUNT] == 0


def test_a_flagged_account_that_waits_is_dropped() -> None:
    venue = Venue(8, room=1_024, piece=4)
    gone = venue.numbers[3]
    plain(add_member)(venue.watch.pending, gone)
    venue.state.accounts["status"][gone] = Status.DISTRESSED
    assert keep_up(venue.state, venue.watch, 10) == 0
    assert venue.watch.pending[COUNT] == 0


def test_when_most_are_concerned_all_corners_are_made_anew_and_prices_are_scanned() -> None:
    venue = Venue(40, room=1, piece=3)
    assert venue.fund(2**20) == venue.numbers[:1]
    assert venue.watch.meter[CURSOR] != NONE
    scans = int(venue.watch.meter[SCANS])
    more = venue.price(950)
    assert more
    assert venue.watch.meter[SCANS] == scans + 1
    cursor = int(venue.watch.meter[CURSOR])
    venue.fund(2**24)
    assert 0 <= venue.watch.meter[CURSOR] < cursor, "beyond the band the corners already made are void"
    venue.fund(0)
    for ticks in (948, 951) * 12:
        venue.price(ticks)
    assert venue.watch.meter[CURSOR] == NONE
    venue.price(900)


def test_a_funding_concerns_the_thin_inside_its_band_and_all_holders_beyond_it() -> None:
    venue = Venue(40, room=1, piece=4_096)
    assert venue.fund(2**20) == venue.numbers[:1]
    assert keep_up(venue.state, venue.watch, 10_000) == 0
    assert venue.fund(2**20) == []
    venue.price(995)


@pytest.mark.parametrize("fault", ["key gone", "key passed", "band", "band below"])
def test_an_audit_names_a_corner_that_is_none(fault: str) -> None:
    venue = Venue(6, room=1_024, piece=10)
    account = venue.numbers[2]
    row = int(venue.state.accounts[account].first_position)
    place = venue.watch.position_place[row]
    everybody = set(venue.numbers)
    expected = {account}
    if fault == "key gone":
        venue.watch.keys[place] = DEAD
    elif fault == "key passed":
        venue.watch.keys[place] = plain(key_of)(FALLS, 1_001)
    elif fault == "band":
        venue.watch.funding_low[0] = 1
        expected = everybody
    else:
        venue.watch.funding_high[0] = -1
        expected = everybody
    count = broken_corners(venue.state, venue.watch, venue.found)
    assert set(venue.found[:count].tolist()) == expected
    venue.watch.meter[CURSOR] = 0
    assert broken_corners(venue.state, venue.watch, venue.found) == 0, "all corners are being made anew"


def test_an_upper_trigger_passed_unseen_and_a_collateral_key_too_are_named() -> None:
    venue = Venue(6, room=1_024, piece=10)
    account = venue.numbers[4]
    row = int(venue.state.accounts[account].first_position)
    room = np.full(len(venue.watch.position_place), NONE, dtype=np.int32)
    room[row] = len(venue.watch.keys) - 1
    watch = venue.watch._replace(position_second=room)
    watch.keys[room[row]] = plain(key_of)(RISES, 999)
    count = broken_corners(venue.state, watch, venue.found)
    assert venue.found[:count].tolist() == [account]


def test_a_key_of_collateral_that_was_passed_unseen_is_named_and_one_that_is_gone_is_no_corner() -> None:
    state, _watch, numbers = crowd(6)
    state = grow(state, holdings=8)
    set_asset(state, 1, 0, 1, 1, PPM, PPM)
    row = give_collateral(state, numbers[2], 1, 5)
    watch = fresh_watch(state)
    found = np.zeros(len(state.accounts), dtype=np.int32)
    assert broken_corners(state, watch, found) == 0
    for key, surplus in ((plain(key_of)(FALLS, 1_001), True), (DEAD, False)):
        watch.keys[watch.holding_place[row]] = key
        assert found[: broken_corners(state, watch, found)].tolist() == [numbers[2]]
        assert (plain(corner_surplus)(state, watch, numbers[2]) >= 0) == surplus


def test_a_mirror_holds_whoever_has_something_to_lose() -> None:
    """A closed position that still has its row is nothing, and an account with cash only is left out."""
    state, _watch, numbers = crowd(6)
    row = int(state.accounts[numbers[0]].first_position)
    state.positions[row].lots = state.positions[row].cost_quanta = 0
    cash = open_account(state, 10)
    watch = fresh_watch(state)
    found = np.zeros(len(state.accounts), dtype=np.int32)
    assert scan_filtered(state, watch, found) == (NONE, NONE), "there is no mirror"
    watch = with_mirror(Machine(state, watch)).watch
    mirrored = set(watch.mirror_account.tolist())
    assert set(numbers) <= mirrored
    assert cash not in mirrored
    for mark in (1_000, 900, 700):
        state.instruments.mark_ticks[:] = mark
        exact = found[: scan_exactly(state, found)].tolist()
        count, _doubted = scan_filtered(state, watch, found)
        assert found[:count].tolist() == exact
    assert numbers[0] in exact


def test_the_venues_own_and_empty_accounts_have_no_corner_to_audit() -> None:
    venue = Venue(4, room=1_024, piece=10)
    spare = int(venue.state.venue[0].account_count)
    venue.state.venue[0].account_count += 2
    venue.state.accounts["kind"][spare] = AccountKind.CROSS
    venue.state.accounts["first_position"][[spare, spare + 1]] = NONE
    venue.state.accounts["first_holding"][[spare, spare + 1]] = NONE
    venue.state.accounts["status"][venue.numbers[0]] = Status.DISTRESSED
    plain(add_member)(venue.watch.loose, venue.numbers[1])
    assert broken_corners(venue.state, venue.watch, venue.found) == 0
