"""Which rules have a certificate, how steep they are, and the seldom met turns of the index."""

import numpy as np
import pytest
from tests.ground import blank_state, crowd, give, give_collateral, open_account, set_asset, write_brackets
from tests.plain import plain

from solvent.codes import ContractKind, Driver, Level, Schedule, Status, Weighting
from solvent.engine.room import Machine, fresh_watch, has_second_triggers, with_mirror
from solvent.events import blank_tape
from solvent.procedures import review
from solvent.procedures.answer import answer_terms, decide_price, repair, upkeep
from solvent.procedures.near import BY_FILTER, BY_INDEX, BY_SCAN, find_near
from solvent.procedures.scan import scan_exactly, scan_filtered
from solvent.risk import watch as watching
from solvent.risk.watch.certificate import JOINT, ROUGH, SMOOTH
from solvent.risk.watch.collect import _in_order, collect_holders
from solvent.risk.watch.index import write_key
from solvent.state.tables import NONE
from solvent.state.whole import grow
from solvent.units import FUNDING_SCALE, PPM

MAINTENANCE = Level.MAINTENANCE


def schedule_of(state, level=MAINTENANCE, instrument=0):
    return state.schedules[level * len(state.instruments) + instrument]


@pytest.mark.parametrize(
    ("fields", "slope", "bent", "rounded", "certified"),
    [
        ({"kind": Schedule.ZERO, "rate_max_ppm": 0}, 0, False, SMOOTH, True),
        ({"kind": Schedule.BRACKETS_MARGINAL, "rate_max_ppm": 100_000}, 100_000, False, SMOOTH, True),
        ({"kind": Schedule.BRACKETS_MARGINAL, "rate_max_ppm": 100_000, "add_ppm": 5}, 100_000, False, ROUGH, True),
        ({"kind": Schedule.CURVE, "driver": Driver.SIZE, "rate_max_ppm": 300_000}, 300_000, False, ROUGH, True),
        ({"kind": Schedule.CURVE, "driver": Driver.NOTIONAL, "rate_max_ppm": 300_000}, 600_000, True, ROUGH, True),
        ({"kind": Schedule.CURVE, "driver": Driver.OPEN_INTEREST, "rate_max_ppm": 9}, 9, False, ROUGH, False),
        ({"kind": Schedule.USER_LEVERAGE, "scale_ppm": 1_200_000, "rate_max_ppm": 9}, 1_200_000, True, SMOOTH, True),
        ({"kind": Schedule.SCENARIO, "rate_max_ppm": 200_000}, 200_000, False, ROUGH, True),
        ({"kind": Schedule.SCENARIO + 1, "rate_max_ppm": 0}, 0, False, SMOOTH, False),
    ],
)
def test_a_rule_its_slope_and_its_certificate(fields, slope, bent, rounded, certified) -> None:
    state = blank_state()
    schedule = schedule_of(state)
    for name in schedule.dtype.names:
        schedule[name] = fields.get(name, 0)
    found = int(plain(watching.slope_ppm)(state, MAINTENANCE, 0, 1))
    assert found == slope
    assert bool(plain(watching.is_bent)(state, MAINTENANCE, 0, found)) == bent
    assert plain(watching.roundings)(state, MAINTENANCE, 0) == rounded
    assert bool(plain(watching.has_schedule_certificate)(state, MAINTENANCE, 0)) == certified
    assert not plain(watching.is_joint)(state, MAINTENANCE, 0)


@pytest.mark.parametrize(
    ("scale", "least", "slope"),
    [(PPM, 0, 170_000), (PPM, 1, 150_000), (5 * PPM, 0, 850_000), (6 * PPM, 0, 1_020_000)],
)
def test_a_joint_rule_has_one_trigger_up_to_a_slope_of_one_and_two_beyond(scale, least, slope) -> None:
    state = blank_state()
    count = len(state.instruments)
    schedule = schedule_of(state)
    schedule["kind"], schedule["scale_ppm"], schedule["premium_num"] = Schedule.SCENARIO, scale, 0
    state.levels[MAINTENANCE].scenario = 1
    policy = state.policy[0]
    policy.scenario_count, policy.scenario_unhedged_ppm, policy.scenario_charge_least = 2, 20_000, least
    rows = np.zeros(2 * count, dtype=state.shocks.dtype).view(np.recarray)
    rows[0].move_ppb, rows[count].move_ppb = 100_000_000, -150_000_000
    state = state._replace(shocks=rows)
    assert plain(watching.is_joint)(state, MAINTENANCE, 0)
    assert plain(watching.slope_ppm)(state, MAINTENANCE, 0, 0) == slope
    assert plain(watching.has_schedule_certificate)(state, MAINTENANCE, 0)
    assert plain(watching.roundings)(state, MAINTENANCE, 0) == JOINT
    assert bool(plain(watching.is_bent)(state, MAINTENANCE, 0, slope)) == (slope > PPM)
    assert has_second_triggers(state) == (slope > PPM)
    state.contracts[0].kind = ContractKind.INVERSE
    assert plain(watching.roundings)(state, MAINTENANCE, 0) == JOINT + SMOOTH - (-slope // PPM)
    schedule["premium_num"], schedule["premium_den"] = 1, 1
    dearer = plain(watching.slope_ppm)(state, MAINTENANCE, 0, 0)
    assert dearer == slope + -(-int(state.contracts[0].lots_max) // 1_000)


def test_a_multiplier_makes_everything_steeper_and_rougher() -> None:
    state = blank_state()
    schedule = schedule_of(state)
    schedule["kind"], schedule["rate_max_ppm"] = Schedule.BRACKETS_MARGINAL, 300_000
    state.instruments[0].maintenance_short_ppm = 4 * PPM
    assert plain(watching.slope_ppm)(state, MAINTENANCE, 0, 0) == 1_200_000
    assert plain(watching.is_bent)(state, MAINTENANCE, 0, 1_200_000)
    assert plain(watching.roundings)(state, MAINTENANCE, 0) == 4 * SMOOTH + SMOOTH
    state.instruments[0].initial_long_ppm = 5 * PPM
    assert plain(watching.multiplier_most_ppm)(state, Level.INITIAL, 0) == 5 * PPM


def test_open_orders_and_unknown_contracts_take_an_account_its_certificate() -> None:
    state = blank_state(positions=4, holdings=4)
    set_asset(state, 1, 0, 1, 1, PPM, PPM)
    account = open_account(state, 10**9)
    give(state, account, 0, 10, cost=0)
    give_collateral(state, account, 1, 5)
    assert plain(watching.is_certified)(state, MAINTENANCE, account)
    for kind in (ContractKind.INVERSE, max(ContractKind) + 1, ContractKind.LINEAR):
        state.contracts[0].kind = kind
        assert bool(plain(watching.is_certified)(state, MAINTENANCE, account)) == (kind <= ContractKind.INVERSE)
    state.levels[MAINTENANCE].includes_orders = 1
    assert plain(watching.is_certified)(state, MAINTENANCE, account)
    state.positions[int(state.accounts[account].first_position)].orders = 0
    assert not plain(watching.is_certified)(state, MAINTENANCE, account)


def members(found) -> set[int]:
    names, account = set(), plain(watching.next_member)(found, 0)
    while account != NONE:
        names.add(int(account))
        account = plain(watching.next_member)(found, account + 1)
    return names


def test_whoever_is_collected_without_room_waits() -> None:
    state, watch, numbers = crowd()
    cramped = watch._replace(fired=watch.fired[:3], surplus=watch.surplus[:3])
    assert plain(collect_holders)(cramped, 0, False) == NONE
    assert members(cramped.pending) == set(numbers)
    for account in numbers:
        plain(watching.remove_member)(cramped.pending, account)
        plain(watching.add_member)(cramped.thin, account)
    assert plain(collect_holders)(cramped, 0, True) == NONE
    assert members(cramped.pending) == set(numbers)
    roomy = watch._replace(fired=np.zeros(1_024, dtype=np.int32))
    for account in numbers:
        plain(watching.remove_member)(roomy.pending, account)
    assert plain(collect_holders)(roomy, 0, True) == len(numbers)
    assert roomy.fired[: len(numbers)].tolist() == numbers


def test_the_thin_are_moved_to_those_who_wait_when_the_loose_take_their_room() -> None:
    state, watch, numbers = crowd()
    cramped = watch._replace(fired=watch.fired[:3], surplus=watch.surplus[:3])
    plain(watching.add_member)(cramped.thin, numbers[0])
    for account in numbers[1:]:
        plain(watching.add_member)(cramped.loose, account)
    assert plain(collect_holders)(cramped, 0, True) == NONE
    assert members(cramped.pending) == {numbers[0]}


def test_a_list_too_long_for_the_room_is_handed_out_in_pieces() -> None:
    state, watch, numbers = crowd()
    cramped = watch._replace(fired=watch.fired[:5])
    for account in numbers:
        plain(watching.add_member)(cramped.ordering, account)
    seen = []
    while (drained := plain(watching.drain_in_order)(cramped)) > 0:
        seen += cramped.fired[:drained].tolist()
    assert seen == numbers


def test_more_than_a_few_are_put_in_order_through_bits() -> None:
    state, watch, numbers = crowd()
    found = np.array([7, 3] * 60, dtype=np.int32)
    roomy = watch._replace(fired=np.zeros(1_024, dtype=np.int32))
    roomy.fired[: len(found)] = found
    assert plain(_in_order)(roomy, len(found)) == 2
    assert roomy.fired[:2].tolist() == [3, 7]


def test_a_key_that_is_gone_is_no_corner() -> None:
    state, watch, numbers = crowd()
    row = int(state.accounts[numbers[0]].first_position)
    assert plain(review.corner_surplus)(state, watch, numbers[0]) >= 0
    watch.keys[watch.position_place[row]] = watching.DEAD
    assert plain(review.corner_surplus)(state, watch, numbers[0]) == NONE


def test_near_by_index_by_filter_and_by_scan_are_the_same() -> None:
    state, watch, numbers = crowd()
    found, again, naive = (np.zeros(len(state.accounts), dtype=np.int32) for _ in range(3))
    ways = set()
    for scale in (PPM, 1_100_000, 2 * PPM, 20 * PPM):
        count, _judged, way = find_near(state, watch, MAINTENANCE, scale, found)
        ways.add(way)
        cramped = with_mirror(Machine(state, watch)).watch._replace(fired=watch.fired[:1], surplus=watch.surplus[:1])
        filtered, _judged, other = find_near(state, cramped, MAINTENANCE, scale, again)
        ways.add(other)
        for account in numbers[:3]:
            plain(watching.add_member)(watch.pending, account)
            plain(watching.add_member)(watch.loose, account)
        with_more, _judged, _way = find_near(state, watch, MAINTENANCE, scale, naive)
        for account in numbers[:3]:
            plain(watching.remove_member)(watch.pending, account)
            plain(watching.remove_member)(watch.loose, account)
        assert found[:count].tolist() == again[:filtered].tolist() == naive[:with_more].tolist()
    assert ways == {BY_INDEX, BY_FILTER, BY_SCAN}
    assert find_near(state, watch, Level.INITIAL, PPM, found)[2] == BY_SCAN


def test_a_guess_that_never_holds_leaves_the_account_judged_at_every_price(monkeypatch) -> None:
    state, watch, numbers = crowd()
    monkeypatch.setattr(review, "set_corner", lambda *_given: True)
    monkeypatch.setattr(review, "corner_surplus", lambda *_given: -1)
    give_corner = plain(review.give_corner)
    if give_corner is not review.give_corner:
        pytest.skip("the compiled twin cannot be given another corner")
    give_corner(state, watch, numbers[0], 10)
    assert plain(watching.has_member)(watch.loose, numbers[0])


def test_a_last_guess_that_holds_is_enough(monkeypatch) -> None:
    state, watch, numbers = crowd()
    left = iter([*[-1] * review.GUESSES_MAX, 0])
    monkeypatch.setattr(review, "set_corner", lambda *_given: True)
    monkeypatch.setattr(review, "corner_surplus", lambda *_given: next(left))
    give_corner = plain(review.give_corner)
    if give_corner is not review.give_corner:
        pytest.skip("the compiled twin cannot be given another corner")
    give_corner(state, watch, numbers[0], 10)
    assert not plain(watching.has_member)(watch.loose, numbers[0])
    assert next(left, None) is None


@pytest.mark.parametrize(
    ("kind", "unit", "room"),
    [
        # a tenth of a lot worth 10**6 and two roundings of 2, of the nine tenths that are left: 100,004 / 0.9
        (ContractKind.LINEAR, 10**3, 111_116),
        # the same with roundings of 5 is 111,123, and of a price that has risen by d only d / (1 + d) is lost
        (ContractKind.INVERSE, 10**9, 125_016),
    ],
)
def test_how_far_a_trigger_is_for_twice_the_requirement(kind, unit, room) -> None:
    from solvent.procedures.near import room_ppm

    state = blank_state()
    state.contracts[0].kind, state.contracts[0].quanta_per_lot_tick = kind, unit
    write_brackets(state, MAINTENANCE, 0, 0, [0], [1], 10)
    assert plain(room_ppm)(state, 0, 2 * PPM) == room
    assert plain(room_ppm)(state, 0, 20 * PPM) == NONE


def test_the_near_of_one_market_with_shorts_in_it() -> None:
    state = blank_state(2, accounts=32, positions=32)
    for market in range(2):
        write_brackets(state, MAINTENANCE, market, 0, [0], [1], 10)
    numbers = [open_account(state, 1_000 + 80 * number) for number in range(12)]
    for account in numbers:
        give(state, account, 0, -10, cost=-10_000)
    watch = fresh_watch(state)
    found, naive = (np.zeros(len(state.accounts), dtype=np.int32) for _ in range(2))
    cramped = watch._replace(fired=watch.fired[:1], surplus=watch.surplus[:1])
    for scale in (1_100_000, 1_300_000):
        count, _judged, way = find_near(state, watch, MAINTENANCE, scale, found)
        scanned, _judged, other = find_near(state, cramped, MAINTENANCE, scale, naive)
        assert (way, other) == (BY_INDEX, BY_SCAN)
        assert found[:count].tolist() == naive[:scanned].tolist() != []


def test_a_market_whose_one_lot_is_worth_nothing_asks_for_a_scan() -> None:
    from solvent.procedures.near import room_ppm

    state = blank_state()
    state.instruments[0].mark_ticks = 0
    assert plain(room_ppm)(state, 0, 2 * PPM) == NONE


def test_more_than_three_brackets_are_spanned_by_a_line_that_asks_for_no_less() -> None:
    state, watch, numbers = crowd()
    for market in range(2):
        write_brackets(state, MAINTENANCE, market, 4, [0, 2_000, 4_000, 9_000, 12_000], [1, 2, 3, 5, 9], 20)
    watch = with_mirror(Machine(state, fresh_watch(state))).watch
    found = np.zeros(len(state.accounts), dtype=np.int32)
    named = 0
    for mark in (1_000, 990, 1_100, 1_250, 900, 400):
        state.instruments.mark_ticks[:] = mark
        exact = found[: scan_exactly(state, found)].tolist()
        count, doubted = scan_filtered(state, watch, found)
        assert found[:count].tolist() == exact
        assert doubted <= len(numbers)
        named += count
    assert named > 0


@pytest.mark.parametrize("weighting", [Weighting.TIERS_OF_AMOUNT, Weighting.TIERS_OF_VALUE, Weighting.IMPACT])
def test_collateral_without_tiers_counts_for_nothing_in_the_filter(weighting) -> None:
    state, _watch, numbers = crowd()
    state = grow(state, holdings=8)
    set_asset(state, 1, 0, 1, 1, PPM, PPM)
    state.assets[1].weighting, state.assets[1].impact_den, state.assets[1].impact_cap_ppm = weighting, 1, PPM
    give_collateral(state, numbers[0], 1, 5)
    watch = with_mirror(Machine(state, fresh_watch(state))).watch
    found = np.zeros(len(state.accounts), dtype=np.int32)
    plain(watching.add_member)(watch.stale, numbers[1])
    state.accounts["status"][numbers[1]] = Status.DISTRESSED
    for mark in (1_000, 950, 700):
        state.instruments.mark_ticks[:] = mark
        exact = found[: scan_exactly(state, found)].tolist()
        count, _doubted = scan_filtered(state, watch, found)
        assert found[:count].tolist() == exact


def test_the_last_of_a_set_has_nobody_behind_it() -> None:
    members_of_many = watching.blank_members(40_000)
    plain(watching.add_member)(members_of_many, 5)
    assert plain(watching.next_member)(members_of_many, 6) == NONE
    assert plain(watching.next_member)(members_of_many, 39_999) == NONE
    assert plain(watching.next_member)(members_of_many, 50_000) == NONE


def test_so_near_the_edge_that_roundings_could_take_what_is_left_one_is_judged_at_every_price() -> None:
    state, watch, numbers = crowd()
    for market in range(2):
        schedule_of(state, instrument=market)["add_ppm"] = 1
    assert not plain(watching.set_corner)(state, watch, numbers[0], 3)
    assert members(watch.loose) == {numbers[0]}
    assert not plain(watching.set_corner)(state, watch, numbers[0], 400)
    assert members(watch.loose) == set()


@pytest.mark.parametrize("side", [watching.FALLS, watching.RISES])
def test_without_a_place_for_a_trigger_one_is_judged_at_every_price(side) -> None:
    state, _watch, numbers = crowd()
    for market in range(2):
        write_brackets(state, MAINTENANCE, market, 4, [0, 50_000], [1, 2], 20, Schedule.BRACKETS_WHOLE)
    watch = fresh_watch(state)
    assert (watch.position_second != NONE).sum() == 2 * len(numbers)
    late = open_account(state, 5_000)
    give(state, late, 0, 10, cost=10_000)
    column = watch.columns[side]
    column["count"] = column["capacity"]
    assert not plain(watching.set_corner)(state, watch, late, 2_000)
    assert members(watch.loose) == {late}


def test_without_a_place_for_its_collateral_s_trigger_one_is_judged_at_every_price() -> None:
    state, _watch, numbers = crowd()
    state = grow(state, holdings=8)
    set_asset(state, 1, 0, 1, 1, PPM, PPM)
    watch = fresh_watch(state)
    row = give_collateral(state, numbers[5], 1, 5)
    column = watch.columns[watching.FALLS]
    column["count"] = column["capacity"]
    assert not plain(watching.set_corner)(state, watch, numbers[5], 400)
    assert watch.holding_place[row] == NONE
    assert members(watch.loose) == {numbers[5]}


def test_a_second_trigger_that_is_no_longer_needed_is_given_back() -> None:
    state, _watch, numbers = crowd()
    for market in range(2):
        write_brackets(state, MAINTENANCE, market, 4, [0, 50_000], [1, 2], 20, Schedule.BRACKETS_WHOLE)
    watch = fresh_watch(state)
    for market in range(2):
        write_brackets(state, MAINTENANCE, market, 4, [0, 50_000], [1, 2], 20)
    plain(watching.set_corner)(state, watch, numbers[0], 100)
    assert (watch.position_second != NONE).sum() == 2 * len(numbers) - 2
    assert watch.columns[watching.RISES].free != NONE


def test_whoever_a_price_passed_while_corners_were_made_anew_waits() -> None:
    state, watch, numbers = crowd()
    watch.meter[watching.CURSOR] = 0
    assert plain(upkeep)(state, watch, numbers[len(numbers) // 2]) > 0
    state.instruments.mark_ticks[:] = 999
    rows = [int(state.accounts[account].first_position) for account in numbers[: len(numbers) // 2]]
    triggers = [plain(watching.trigger_ticks)(watching.FALLS, watch.keys[watch.position_place[row]]) for row in rows]
    passed = {account for account, trigger in zip(numbers, triggers, strict=False) if trigger > 999}
    assert passed
    assert plain(upkeep)(state, watch, 10**6) == 0
    assert members(watch.pending) == passed


def test_whoever_is_flagged_is_in_no_set_of_the_watch_any_more() -> None:
    state, watch, numbers = crowd()
    for members_of_watch in (watch.loose, watch.pending, watch.thin):
        plain(watching.add_member)(members_of_watch, numbers[0])
    state.instruments[0].mark_ticks = 999
    left = plain(decide_price)(state, watch, blank_tape(4_096), 0, 1_000, 999)
    assert state.queue[: int(state.venue[0].queue_count)].tolist() == [numbers[0]]
    plain(repair)(state, watch, left, 0)
    assert not {numbers[0]} & (members(watch.loose) | members(watch.pending) | members(watch.thin))


@pytest.mark.parametrize("mirror", [False, True])
def test_new_terms_flag_whom_a_scan_names_under_them(mirror) -> None:
    state, watch, numbers = crowd()
    watch = with_mirror(Machine(state, watch)).watch if mirror else watch
    write_brackets(state, MAINTENANCE, 0, 4, [0], [1], 9)
    found = np.zeros(len(state.accounts), dtype=np.int32)
    below = found[: scan_exactly(state, found)].tolist()
    assert 0 < len(below) < len(numbers)
    plain(answer_terms)(state, watch, blank_tape(4_096))
    assert state.queue[: int(state.venue[0].queue_count)].tolist() == below


def test_every_key_of_a_full_node_is_passed() -> None:
    state, watch, numbers = crowd(80)
    state.instruments[0].mark_ticks = 100
    plain(decide_price)(state, watch, blank_tape(4_096), 0, 1_000, 100)
    assert state.queue[: int(state.venue[0].queue_count)].tolist() == numbers


def test_the_largest_key_of_one_node_falls_and_another_node_s_stays_the_largest_of_all() -> None:
    state, watch, numbers = crowd(100)
    column = watch.columns[watching.FALLS]
    nodes = watch.nodes[column.first_node : column.first_node + 2]
    smaller = int(np.argmin(nodes))
    assert nodes[0] != nodes[1]
    first = int(column.first) + smaller * watching.FAN
    place = first + int(np.argmax(watch.keys[first : first + watching.FAN]))
    root, before = int(watch.roots[column.first_root]), int(watch.keys[place])
    plain(write_key)(watch, watching.FALLS, place, before - 1_000)
    assert nodes[smaller] == watch.keys[first : first + watching.FAN].max() < before
    assert watch.roots[column.first_root] == root == nodes[1 - smaller]


def test_the_filter_knows_the_funding_since_its_mirror_was_made() -> None:
    state, watch, numbers = crowd()
    mirrored = with_mirror(Machine(state, watch)).watch
    state.instruments[0].funding_index += 40 * FUNDING_SCALE
    found = np.zeros(len(state.accounts), dtype=np.int32)
    exact = found[: scan_exactly(state, found)].tolist()
    assert 0 < len(exact) < len(numbers)
    count, _doubted = scan_filtered(state, mirrored, found)
    assert found[:count].tolist() == exact
