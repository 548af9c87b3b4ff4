"""Nobody is distressed inside the triggers: by brute force over prices between them, for every kind of certificate."""

import random
from itertools import product
from typing import Any

import numpy as np
import pytest
from tests.ground import blank_state, contract_of, give, open_account, write_brackets
from tests.plain import plain

from solvent.codes import ContractKind, Driver, Exponent, Level, Schedule
from solvent.engine.room import Machine, fresh_watch, has_second_triggers, with_mirror
from solvent.procedures.near import find_near
from solvent.procedures.review import corner_surplus
from solvent.procedures.scan import scan_exactly, scan_filtered
from solvent.risk import watch as watching
from solvent.risk.margin import judge, scenario_requirement_up
from solvent.risk.margin.brackets import bracket_row
from solvent.risk.margin.scenario import joint_requirement_within_up
from solvent.risk.watch.corner import FRACTION, edge_of_bracket, least_ticks, prices_around
from solvent.state.tables import NONE, State
from solvent.state.values import marked_quanta, notional_up
from solvent.units import PPM

MAINTENANCE = Level.MAINTENANCE
MARKETS = 3
MARK = 1_000


def marginal(state: State) -> None:
    for market in range(MARKETS):
        write_brackets(state, MAINTENANCE, market, 0, [0, 60_000, 200_000], [1, 2, 4], 20)


def whole(state: State) -> None:
    for market in range(MARKETS):
        write_brackets(state, MAINTENANCE, market, 0, [0, 60_000, 200_000], [1, 2, 4], 20, Schedule.BRACKETS_WHOLE)


def stretched(state: State) -> None:
    """A quarter of the notional, times six."""
    for market in range(MARKETS):
        write_brackets(state, MAINTENANCE, market, 0, [0], [1], 4)
        state.instruments[market].maintenance_long_ppm = state.instruments[market].maintenance_short_ppm = 6 * PPM


def curved(state: State) -> None:
    for market in range(MARKETS):
        schedule = state.schedules[MAINTENANCE * MARKETS + market]
        schedule.kind, schedule.driver, schedule.exponent = Schedule.CURVE, Driver.NOTIONAL, Exponent.SQUARE
        schedule.base_ppb, schedule.floor_ppb, schedule.cap_ppb = 10_000_000, 0, 10**9
        schedule.slope_num, schedule.slope_den = 100_000_000, 100_000
        schedule.threshold, schedule.step, schedule.scale_ppm, schedule.rate_max_ppm = 10_000, 0, PPM, PPM


def mildly_curved(state: State) -> None:
    """A rate of at most 40 %, that rises faster than the price where fifty lots stand."""
    curved(state)
    for market in range(MARKETS):
        schedule = state.schedules[MAINTENANCE * MARKETS + market]
        schedule.base_ppb, schedule.threshold, schedule.cap_ppb, schedule.rate_max_ppm = 0, 0, 4 * 10**8, 400_000
        schedule.slope_num, schedule.slope_den = 144, 1_000


def joint(state: State, scale_ppm: int = PPM) -> None:
    """Five joint moves of up to 15 %, the charge added."""
    policy = state.policy[0]
    state.levels[MAINTENANCE].scenario = 1
    policy.scenario_count, policy.scenario_unhedged_ppm, policy.scenario_hedged_ppm = 5, 20_000, 5_000
    for market in range(MARKETS):
        schedule = state.schedules[MAINTENANCE * MARKETS + market]
        schedule.kind, schedule.scale_ppm, schedule.base_ppb = Schedule.SCENARIO, scale_ppm, 150_000_000
        schedule.rate_max_ppm = 150_000 * scale_ppm // PPM
    for row in range(5 * MARKETS):
        state.shocks[row].move_ppb = (row * 7_919 % 31 - 15) * 10_000_000


def steep(state: State) -> None:
    joint(state, 9 * PPM)


SHAPES = (marginal, whole, stretched, curved, mildly_curved, joint, steep)


def crowded(shape: Any, inverse: bool, seed: int, accounts: int = 12) -> tuple[State, Any, list[int]]:
    """Accounts with one to three positions, each a little above what is asked of it; every corner set."""
    chance = random.Random(seed)
    state = blank_state(MARKETS, accounts=accounts + 32, positions=3 * accounts + 64)
    rows = np.zeros(8 * MARKETS, dtype=state.shocks.dtype).view(np.recarray)
    state = state._replace(shocks=rows)
    state.instruments.mark_ticks[:] = MARK
    for market in range(MARKETS if inverse else 0):
        contract = state.contracts[market]
        contract.kind, contract.quanta_per_lot_tick = ContractKind.INVERSE, MARK * MARK
        contract.price_min_ticks, contract.lots_max = 20, 2**20
    state.contracts.price_max_ticks[:] = 50 * MARK
    shape(state)
    numbers = []
    for _ in range(accounts):
        account = open_account(state)
        for market in chance.sample(range(MARKETS), chance.randint(1, MARKETS)):
            lots = chance.choice([1, 30, 50, 90, 190, 230]) * chance.choice([-1, 1])
            cost = int(plain(marked_quanta)(state.contracts[market], lots, MARK))
            give(state, account, market, lots, cost=cost)
        equity, required, _gains, _notional = plain(judge)(state, account, MAINTENANCE)
        state.accounts[account].wallet_quanta += required - equity + chance.choice([0, 60, 2_000, 30_000, 400_000])
        numbers.append(account)
    return state, fresh_watch(state), numbers


def box_of(state: State, watch: Any, account: int) -> dict[int, tuple[int, int]]:
    """Lowest and highest price of each market of the account at which no trigger of it is passed."""
    box = {}
    row = int(state.accounts[account].first_position)
    while row != NONE:
        position = state.positions[row]
        contract = state.contracts[position.instrument]
        low, high = int(plain(least_ticks)(contract)), int(contract.price_max_ticks)
        first = watching.FALLS if position.lots > 0 else watching.RISES
        for side, place in ((first, watch.position_place[row]), (1 - first, plain(watching.second_place)(watch, row))):
            if place != NONE:
                ticks = plain(watching.trigger_ticks)(side, watch.keys[place])
                low, high = (ticks, high) if side == watching.FALLS else (low, ticks)
        box[int(position.instrument)] = (max(low, 1), high)
        row = int(position.next)
    return box


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_nobody_is_distressed_between_the_triggers(shape: Any, inverse: bool) -> None:
    chance = random.Random(7)
    tried = seconds = 0
    for seed in range(3):
        state, watch, numbers = crowded(shape, inverse, seed)
        marks = state.instruments.mark_ticks.copy()
        for account in numbers:
            if plain(watching.has_member)(watch.loose, account):
                continue
            least = plain(corner_surplus)(state, watch, account)
            assert least >= 0
            box = box_of(state, watch, account)
            assert all(low <= MARK <= high for low, high in box.values())
            ends = [
                (low, high, MARK, chance.randint(low, high), chance.randint(low, MARK)) for low, high in box.values()
            ]
            for prices in product(*ends):
                for market, price in zip(box, prices, strict=True):
                    state.instruments[market].mark_ticks = price
                equity, required, _gains, _notional = plain(judge)(state, account, MAINTENANCE)
                assert equity >= required, f"account {account} is distressed at {dict(zip(box, prices, strict=True))}"
                assert equity - required >= least, "the surplus at the corner is not the least"
                tried += 1
            state.instruments.mark_ticks[:] = marks
        seconds += int((watch.position_second != NONE).sum())
    assert tried > 500, "corners were given to too few"
    assert (seconds > 0) == (shape not in (marginal, joint))
    assert has_second_triggers(state) == (seconds > 0)


@pytest.mark.parametrize("inverse", [False, True])
def test_the_edge_of_a_bracket_is_the_last_price_inside_it(inverse: bool) -> None:
    state = blank_state()
    write_brackets(state, MAINTENANCE, 0, 0, [0, 9_000, 40_000], [1, 2, 4], 20, Schedule.BRACKETS_WHOLE)
    schedule, contract = state.schedules[MAINTENANCE], contract_of(6_000_000 if inverse else 1, inverse=inverse)
    for lots, mark in ((9, 800), (-9, 999), (9, 1_001), (50, 700), (-50, 2_000)):

        def bracket(ticks: int, lots: int = lots) -> int:
            return int(plain(bracket_row)(state, schedule, plain(notional_up)(contract, abs(lots), ticks)))

        edge = plain(edge_of_bracket)(state, schedule, contract, lots, mark)
        if bracket(mark) == 2:
            assert edge == 0
            continue
        beyond = -1 if inverse else 1
        assert bracket(edge) == bracket(mark)
        assert bracket(edge + beyond) == bracket(mark) + 1
        assert (edge - mark) * beyond >= 0


@pytest.mark.parametrize("inverse", [False, True])
def test_prices_around_a_mark_move_a_value_by_no_more_than_the_fraction(inverse: bool) -> None:
    contract = contract_of(10**9 if inverse else 1, inverse=inverse, least=3 if inverse else 0, most=10**6)
    for mark, percent in product((7, 1_000, 77_777), (0, 1, 30, 80, 100, 300)):
        lower, upper = plain(prices_around)(contract, mark, FRACTION * percent // 100, 256)
        now = int(plain(marked_quanta)(contract, 1_000, mark))
        allowed = abs(now) * min(percent, 100) // 100 + 1
        assert contract.price_min_ticks <= lower <= mark <= upper <= contract.price_max_ticks
        assert now - int(plain(marked_quanta)(contract, 1_000, lower)) <= allowed
        assert int(plain(marked_quanta)(contract, 1_000, upper)) - now <= allowed
        assert percent == 0 or lower < mark < upper or mark == 7
    assert plain(prices_around)(contract, 10, FRACTION, 256)[1] == (10**6 if inverse else 20)


def test_what_scenarios_ask_of_values_between_two_ends_is_at_least_what_they_ask_of_any() -> None:
    chance = random.Random(3)
    state, _watch, numbers = crowded(steep, False, 1)
    for by_unit, least in product((0, 1), (0, 1)):
        state.policy[0].scenario_by_unit, state.policy[0].scenario_charge_least = by_unit, least
        state.contracts.risk_unit[:] = [0, 1, 0]
        markets = np.arange(MARKETS)
        for _ in range(30):
            lows = np.array([chance.randint(-(10**6), 10**6) for _ in range(MARKETS)])
            highs = lows + np.array([chance.randint(0, 10**6) for _ in range(MARKETS)])
            most = plain(joint_requirement_within_up)(state, MAINTENANCE, markets, lows, highs, MARKETS)
            corners = [np.array(values) for values in product(*zip(lows, highs, strict=True))]
            asked = [plain(joint_requirement_within_up)(state, MAINTENANCE, markets, at, at, MARKETS) for at in corners]
            assert max(asked) <= most + 3 * 9  # three roundings, nine times
    account = numbers[0]
    values = np.zeros(MARKETS, dtype=np.int64)
    row = int(state.accounts[account].first_position)
    while row != NONE:
        position = state.positions[row]
        values[position.instrument] = position.lots * MARK
        row = int(position.next)
    alone = plain(joint_requirement_within_up)(state, MAINTENANCE, np.arange(MARKETS), values, values, MARKETS)
    assert alone == plain(scenario_requirement_up)(state, account, MAINTENANCE, NONE, 0)


def test_a_second_key_that_is_gone_is_no_corner() -> None:
    state, watch, numbers = crowded(stretched, False, 2)
    held = {int(watch.owners[place]) for place in watch.position_second[watch.position_second != NONE]}
    account = min(held)
    assert account in numbers
    assert plain(corner_surplus)(state, watch, account) >= 0
    watch.keys[watch.position_second[watch.position_second != NONE]] = watching.DEAD
    assert plain(corner_surplus)(state, watch, account) == NONE


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_filter_and_nearness_name_whom_judging_everybody_names(shape: Any, inverse: bool) -> None:
    named = near = 0
    for seed in range(2):
        state, watch, numbers = crowded(shape, inverse, seed)
        mirrored = with_mirror(Machine(state, watch)).watch
        found = np.zeros(len(state.accounts), dtype=np.int32)
        for scale_ppm in (PPM, 1_020_000, 1_500_000, 5 * PPM):
            count, _judged, _way = find_near(state, watch, MAINTENANCE, scale_ppm, found)
            below = []
            for account in numbers:
                equity, required, _gains, _notional = plain(judge)(state, account, MAINTENANCE)
                if required > 0 and equity * PPM < required * scale_ppm:
                    below.append(account)
            assert found[:count].tolist() == below
            near += count
        for mark in (MARK, 990, 1_013, 930, 1_090, 600, 1_900):
            state.instruments.mark_ticks[:] = mark
            exact = found[: scan_exactly(state, found)].tolist()
            count, _doubted = scan_filtered(state, mirrored, found)
            assert found[:count].tolist() == exact
            named += count
    assert named > 0
    assert near > 0


def test_a_mirror_doubts_whoever_holds_what_has_no_certificate_under_new_terms() -> None:
    state, watch, numbers = crowded(marginal, False, 3)
    mirrored = with_mirror(Machine(state, watch)).watch
    found = np.zeros(len(state.accounts), dtype=np.int32)
    _count, few = scan_filtered(state, mirrored, found)
    state.schedules[MAINTENANCE * MARKETS].kind = max(Schedule) + 1
    holders = sum(0 in box_of(state, watch, account) for account in numbers)
    _count, doubted = scan_filtered(state, mirrored, found)
    assert doubted >= max(holders, few + 1)


def test_new_corners_move_both_triggers_of_a_position() -> None:
    state, watch, numbers = crowded(stretched, True, 2)
    before = watch.position_second.copy()
    assert (before != NONE).any()
    wide = [box_of(state, watch, account) for account in numbers]
    for account in numbers:
        plain(watching.set_corner)(state, watch, account, 1_000)
    narrow = [box_of(state, watch, account) for account in numbers]
    kept = before[before != NONE]
    assert set(kept.tolist()) <= set(watch.position_second.tolist()), "a place is kept as long as it is needed"
    pairs = [(was[market], now[market]) for was, now in zip(wide, narrow, strict=True) for market in was]
    assert any(was[0] < now[0] and now[1] < was[1] for was, now in pairs)
