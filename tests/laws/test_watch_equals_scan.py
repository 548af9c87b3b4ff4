"""The watch alone: whatever path the prices take, it names the accounts a scan of everybody would name.

Random paths (calm, wild, jumping) with trades, money and funding between them. After every command the naive scan
says who is below the threshold, the certificate of every sound account is judged again in Python integers

    I1   with every price at its trigger the account is at or above the threshold
    I2   no mark has passed a trigger

and the two levels of maxima over the keys are compared with the keys.
"""

import os
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import ceil
from typing import Any

import numpy as np
import pytest
from machine import Machine
from tests.plain import plain

from solvent.codes import ContractKind, Driver, Exponent, Level, Schedule, Status
from solvent.commands import Advance, Command, FundingTick, PriceReport, pack
from solvent.events import EventKind
from solvent.lab.books import Books, ceil_ratio
from solvent.lab.driver import ROOM, World
from solvent.lab.driver.setting import SCENARIOS_ROOM
from solvent.procedures.near import BY_INDEX, find_near
from solvent.risk.watch import (
    COUNT,
    CURSOR,
    DEAD,
    FALLS,
    FAN,
    RISES,
    has_member,
    next_member,
    second_place,
    trigger_ticks,
)
from solvent.units import FUNDING_SCALE, PPM

TICKS = int(os.environ.get("SOLVENT_LAW_COMMANDS", "20000")) // 20
SEEDS = range(11, 21)
SHAPE_TICKS = max(TICKS // 12, 25)
NONE = -1


def corners_of(machine: Machine) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int], dict[Any, int]]:
    """Triggers as prices: first and second ones by (account, instrument), of holdings by (account, asset)."""
    state, watch = machine.state, machine.watch
    columns = watch.columns
    positions, seconds, holdings = {}, {}, {}
    for row in range(int(state.venue[0].position_count)):
        position = state.positions[row]
        key = (int(position.account), int(position.instrument))
        first = FALLS if position.lots > 0 else RISES
        place, second = int(watch.position_place[row]), int(plain(second_place)(watch, row))
        for at, side, found in ((place, first, positions), (second, 1 - first, seconds)):
            if at != NONE:
                assert position.account == watch.owners[at], "a place that belongs to somebody else"
                column = columns[2 * key[1] + side]
                assert column.first <= at < column.first + column.capacity
                found[key] = plain(trigger_ticks)(side, watch.keys[at])
    for row in range(int(state.venue[0].holding_count)):
        place = int(watch.holding_place[row])
        if place != NONE:
            holding = state.holdings[row]
            assert holding.account == watch.owners[place], "a place that belongs to somebody else"
            holdings[int(holding.account), int(holding.asset)] = plain(trigger_ticks)(FALLS, watch.keys[place])
    return positions, seconds, holdings


def surplus_at(books: Books, account: int, positions: Any, seconds: Any, holdings: Any, bands: Any) -> int:
    """Equity above the threshold with every price at its trigger; a price may differ from slot to slot.

    `bands` are the lowest and highest funding index by instrument; the worse end is owed. What is judged jointly is
    judged at every combination of first and second triggers.
    """
    book = books.accounts[account]
    equity, required = book.wallet, 0
    together: dict[int, dict[int, tuple[int, int]]] = {}
    for instrument, position in book.positions.items():
        lots = position.lots
        if lots == 0:
            continue
        contract, ladder = books.rules.contracts[instrument], books.rules.ladders[Level.MAINTENANCE][instrument]
        ticks = positions[account, instrument]
        due = ceil_ratio(lots * (bands[lots > 0][instrument] - position.index), FUNDING_SCALE)
        equity += books.marked(instrument, lots, ticks) - position.cost - due
        grows_losing = (lots < 0) != books.is_inverse(instrument)
        worst = ticks
        if bends(books, account, instrument) and (ladder.kind == Schedule.SCENARIO or not grows_losing):
            # what is asked for may outgrow the value, or be most where another position gains: at the second trigger
            least = max(contract["price_min_ticks"], 1) if books.is_inverse(instrument) else 0
            worst = seconds.get((account, instrument), contract["price_max_ticks"] if lots > 0 else least)
        sizes = [ceil(abs(books.worth(instrument, lots, price))) for price in (ticks, worst)]
        if ladder.kind == Schedule.SCENARIO:
            required += ladder.added(abs(lots), max(sizes))
            group = contract["risk_unit"] if books.rules.policy["scenario_by_unit"] else 0
            sign = 1 if lots > 0 else -1
            together.setdefault(group, {})[instrument] = (sign * sizes[0], sign * sizes[1])
        elif ladder.kind == Schedule.BRACKETS_WHOLE and not grows_losing and not bends(books, account, instrument):
            place = bisect_right(ladder.floors, books.size_at_mark(instrument, lots))
            asked = ceil_ratio(sizes[0] * ladder.numerators[max(place - 1, 0)], ladder.denominator)
            asked += ladder.added(abs(lots), sizes[0])
            required += ceil_ratio(asked * books.multiplier(Level.MAINTENANCE, instrument, 0 if lots > 0 else 1), PPM)
        else:
            kept, books.marks[instrument] = books.marks[instrument], worst
            required += books.position_requirement(account, instrument, Level.MAINTENANCE)
            books.marks[instrument] = kept
    for values in together.values():
        corners = product(*(dict.fromkeys(ends, 0) for ends in values.values()))
        required += max(books.worst_of(dict(zip(values, corner, strict=True)), Level.MAINTENANCE) for corner in corners)
    for asset, amount in book.holdings.items():
        if (account, asset) not in holdings:
            continue  # came in since: whatever it is worth is more
        terms = books.rules.assets[asset]
        kept = books.marks[terms["price_instrument"]]
        books.marks[terms["price_instrument"]] = holdings[account, asset]
        equity += books.collateral_value(asset, amount, Level.MAINTENANCE)
        books.marks[terms["price_instrument"]] = kept
    if required == 0 and equity >= 0:
        return 0
    return equity - required - books.rules.first_margin


def bends(books: Books, account: int, instrument: int) -> bool:
    """True when a requirement may outgrow its notional, by the largest of its rates."""
    ladder = books.rules.ladders[Level.MAINTENANCE][instrument]
    if ladder.kind == Schedule.SCENARIO:
        return joint_slope(books, instrument) > 1
    if ladder.kind == Schedule.CURVE and ladder.terms["driver"] == Driver.NOTIONAL:
        return True
    slope = ladder.terms["rate_max_ppm"]
    leverage = books.accounts[account].positions[instrument].leverage
    if ladder.kind == Schedule.USER_LEVERAGE and leverage:
        chosen = ceil_ratio(ladder.terms["scale_ppm"], leverage)
        slope = max(slope, chosen + ladder.terms["add_ppm"] + ladder.terms["reward_ppm"])
    sides = (books.multiplier(Level.MAINTENANCE, instrument, side) for side in (0, 1))
    return ceil_ratio(slope * max(sides), PPM) > PPM


def joint_slope(books: Books, instrument: int) -> Fraction:
    """By how much a joint requirement moves at most with the value of one position; rounded up as rates are kept."""
    terms, policy = books.rules.ladders[Level.MAINTENANCE][instrument].terms, books.rules.policy
    worst = Fraction(ceil_ratio(max((abs(moves[instrument]) for moves in books.rules.moves), default=0), 1_000), PPM)
    charge = Fraction(policy["scenario_unhedged_ppm"], PPM)
    slope = max(worst, charge) if policy["scenario_charge_least"] else worst + charge
    slope = Fraction(ceil(slope * terms["scale_ppm"]), PPM) + Fraction(terms["add_ppm"] + terms["reward_ppm"], PPM)
    if terms["premium_num"]:
        most = ceil_ratio(books.rules.contracts[instrument]["lots_max"] * terms["premium_num"], terms["premium_den"])
        slope += Fraction(ceil_ratio(most, 1_000), PPM)
    return slope


def members_of(members: np.ndarray) -> set[int]:
    """The accounts of a set, by the walk the machine takes; the bits of all levels are compared with it."""
    found, account = [], -1
    while (account := int(plain(next_member)(members, account + 1))) != NONE:
        found.append(account)
    assert len(found) == members[COUNT]
    assert found == [number for number in range(32 * int(members[1])) if plain(has_member)(members, number)]
    return set(found)


def check_corners(machine: Machine, books: Books) -> None:
    watch = machine.watch
    loose = members_of(watch.loose) | members_of(watch.pending)
    thin = members_of(watch.thin)
    assert not members_of(watch.ordering)
    positions, seconds, holdings = corners_of(machine)
    for instrument, index in enumerate(books.indices):
        assert watch.funding_low[instrument] <= index <= watch.funding_high[instrument]
    for account, book in books.accounts.items():
        if not book.is_trader or book.flagged:
            assert account not in loose, f"account {account} is not to be watched, but is judged at every price"
            continue  # its keys stay until a mark passes them: nobody is judged for one
        if account in loose:
            continue
        for instrument, position in book.positions.items():
            if position.lots == 0:
                assert (account, instrument) not in positions
                continue
            mark, trigger = books.marks[instrument], positions[account, instrument]
            assert mark >= trigger if position.lots > 0 else mark <= trigger, f"I2 of {account} in {instrument}"
            second = seconds.get((account, instrument), mark)
            assert mark <= second if position.lots > 0 else mark >= second, f"second trigger of {account}: {instrument}"
        for asset in book.holdings:
            if (account, asset) in holdings:
                assert books.marks[books.rules.assets[asset]["price_instrument"]] >= holdings[account, asset]
        bands = (books.indices, books.indices) if account in thin else (watch.funding_low, watch.funding_high)
        assert surplus_at(books, account, positions, seconds, holdings, bands) >= 0, f"I1 of {account}"


def check_tree(watch: Any, state: Any) -> None:
    """Maxima over the keys, free lists, and one owner for every live key; who lost one waits, or is not watched."""
    waiting = members_of(watch.pending)
    for column in watch.columns:
        keys = watch.keys[column.first : column.first + column.capacity]
        nodes = watch.nodes[column.first_node : column.first_node + column.capacity // FAN]
        made = watch.meter[CURSOR] == NONE
        if made:
            assert np.array_equal(nodes, keys.reshape(-1, FAN).max(axis=1)), "a node is not the maximum of its keys"
        for root in range(-(-len(nodes) // FAN) if made else 0):
            assert watch.roots[column.first_root + root] == nodes[root * FAN : root * FAN + FAN].max()
        free, place = set(), int(column.free)
        while place != NONE:
            assert place not in free, "the free list goes in circles"
            assert column.first <= place < column.first + column["count"], "a free place of another column"
            assert watch.keys[place] == DEAD, "a free place with a key"
            free.add(place)
            place = -2 - int(watch.owners[place])
        live = set((column.first + np.flatnonzero(keys != DEAD)).tolist())
        used = set(range(int(column.first), int(column.first + column["count"])))
        owners = watch.owners[column.first : column.first + column["count"]]
        owned = set((column.first + np.flatnonzero(owners >= 0)).tolist())
        assert owned == used - free, "a place is lost"
        assert live <= owned, "a key without an owner"
        for place in owned - live if made else ():
            owner = int(watch.owners[place])
            assert owner in waiting or state.accounts[owner]["status"] != Status.SOUND, "an owner without a key"


def check_all(machine: Machine, books: Books) -> None:
    watch = machine.watch
    assert watch.meter[CURSOR] == NONE, "a venue this small is repaired at once"
    for number, book in books.accounts.items():
        if book.is_trader and not book.flagged:
            assert books.surplus(number) >= 0, f"account {number} is distressed and was not found"
    check_corners(machine, books)
    check_tree(watch, machine.state)


def check_near(machine: Machine, books: Books, scale_ppm: int) -> int:
    """Whoever holds less than the multiple is named, and nobody else; 1 when the index told it."""
    found = np.zeros(len(machine.state.accounts), dtype=np.int32)
    count, judged, way = find_near(machine.state, machine.watch, Level.MAINTENANCE, scale_ppm, found)
    near = []
    for number, book in books.accounts.items():
        if book.is_trader and not book.flagged:
            required = books.requirement(number)
            if required and books.equity(number) * PPM < required * scale_ppm:
                near.append(number)
    assert found[:count].tolist() == sorted(near)
    assert judged >= count
    return int(way == BY_INDEX)


def settle(world: World, machine: Machine) -> list[Command]:
    """Some commands of the world that are no prices: trades, money, orders answered, rules changed."""
    return [world.next_command(machine.state) for _ in range(world.random.randint(1, 3))]


def ask_for_leverage(terms: Any, instrument: int, scale_ppm: int) -> None:
    """The leverage a trader chose moves what must be held at maintenance; a scale above 1 may outgrow the notional."""
    schedule = terms.schedules[Level.MAINTENANCE * len(terms.contracts) + instrument]
    schedule.kind, schedule.scale_ppm, schedule.denominator = Schedule.USER_LEVERAGE, scale_ppm, PPM
    schedule.first_bracket, schedule.bracket_count, schedule.rate_max_ppm = len(terms.brackets) - 1, 1, 10_000
    schedule.add_ppm = schedule.reward_ppm = schedule.premium_num = 0
    terms.brackets[-1] = np.zeros(1, dtype=terms.brackets.dtype)[0]
    terms.brackets[-1].numerator = 10_000


def chosen_leverage(terms: Any, world: World) -> None:
    ask_for_leverage(terms, world.seed % 2, 900_000)


def dear_leverage(terms: Any, world: World) -> None:
    ask_for_leverage(terms, world.seed % 2, 1_200_000)


def curves_over_notional(terms: Any, world: World) -> None:
    """Rates that grow with the notional at the mark, up to all of it: slopes well above 1."""
    for instrument in range(world.instruments):
        schedule = terms.schedules[Level.MAINTENANCE * len(terms.contracts) + instrument]
        unit = world.start_ticks[instrument] * int(terms.contracts[instrument].quanta_per_lot_tick)
        schedule.kind, schedule.driver, schedule.scale_ppm = Schedule.CURVE, Driver.NOTIONAL, PPM
        schedule.exponent = [Exponent.LINE, Exponent.SQUARE, Exponent.ROOT][instrument % 3]
        schedule.base_ppb, schedule.floor_ppb, schedule.cap_ppb = 10_000_000, 0, 10**9
        schedule.slope_num, schedule.slope_den = 100_000_000, max(unit * 20, 1)
        schedule.threshold, schedule.step, schedule.rate_step_ppb = unit, unit * 5 if instrument % 2 else 0, 1_000
        schedule.rate_max_ppm = PPM
        schedule.add_ppm = schedule.reward_ppm = schedule.premium_num = 0


def stretched(terms: Any, world: World) -> None:
    """What stands is charged five times the schedule, step by step: some requirements outgrow their notional."""
    terms.dynamics.volatility_ppm[:] = 5 * PPM
    terms.dynamics.step_ppm[:] = PPM
    terms.policy[0].step_ns = terms.policy[0].step_accounts_max = 0


def scenarios(terms: Any, world: World, scale_ppm: int = PPM) -> None:
    """Every market is judged jointly at maintenance."""
    policy = terms.policy[0]
    policy.scenario_count, policy.scenario_by_unit = min(SCENARIOS_ROOM, 5), world.seed % 2
    policy.scenario_unhedged_ppm, policy.scenario_hedged_ppm = 20_000, 5_000
    count = len(terms.contracts)
    for level in (Level.INITIAL, Level.MAINTENANCE):
        terms.levels[level].scenario = 1
        for instrument in range(count):
            schedule = terms.schedules[level * count + instrument]
            schedule.kind, schedule.base_ppb, schedule.scale_ppm = Schedule.SCENARIO, 150_000_000, scale_ppm
            schedule.add_ppm = schedule.reward_ppm = schedule.premium_num = schedule.add_fixed_quanta = 0
            schedule.rate_max_ppm = 150_000 * scale_ppm // PPM
    for row in range(int(policy.scenario_count) * count):
        terms.shocks[row].move_ppb = (row * 7_919 % 31 - 15) * 10_000_000


def steep_scenarios(terms: Any, world: World) -> None:
    """Moves so large that the account may be worth less when a price moves a position's way."""
    scenarios(terms, world, 8 * PPM)


SHAPES = (dear_leverage, curves_over_notional, stretched, scenarios, steep_scenarios)


def path_of(
    world: World, machine: Machine, chance: random.Random, ticks: int, *, do: bool = False
) -> Iterator[Command]:
    """Commands of one world on one price path, drawn from the machine's state; with `do` they are applied here.

    Calm and wild stretches, jumps, and now and then a price just at or beyond somebody's trigger.
    """
    volatility = 0.001
    while ticks > 0 or world.pending:
        commands: list[Command] = []
        if world.pending:
            commands.append(world.next_command(machine.state))
        else:
            ticks -= 1
            if ticks % 40 == 0:
                volatility = chance.choice([0.0006, 0.003, 0.01, 0.03])  # x0.2 to x10 of an ordinary tick
            if chance.random() < 0.5:
                commands += settle(world, machine)
            for instrument in chance.sample(range(world.instruments), chance.choice([1, 1, 1, world.instruments])):
                commands += price(world, machine, chance, instrument, volatility)
            if chance.random() < 0.05:
                rate = chance.randint(-10_000_000, 10_000_000) // chance.choice([1, 1, 1_000])
                commands.append(FundingTick(world.time_ns, chance.randrange(world.instruments), rate))
            if chance.random() < 0.2:
                commands.append(Advance(world.time_ns, int(machine.state.policy[0].advance_max)))
        for command in commands:
            if do:
                machine.do(command)
            yield command


def price(world: World, machine: Machine, chance: random.Random, instrument: int, volatility: float) -> list[Command]:
    """All sources report the next price of a market."""
    books = Books.read(machine.state)
    mark = books.marks[instrument] or world.start_ticks[instrument]
    step = chance.gauss(0, volatility) if chance.random() < 0.95 else chance.choice([-0.3, -0.1, 0.1, 0.4])
    ticks = round(mark * (1 + step))
    side = chance.choice([FALLS, RISES])
    column = machine.watch.columns[2 * instrument + side]
    best = int(machine.watch.keys[column.first : column.first + column.capacity].max())
    if best != DEAD and chance.random() < 0.2:
        ticks = plain(trigger_ticks)(side, best) + chance.choice([-1, 0, 1])
    ticks = min(max(ticks, 1), books.rules.contracts[instrument]["price_max_ticks"])
    world.time_ns += 1_000_000
    return [
        PriceReport(world.time_ns, instrument, source, ticks, world.time_ns) for source in world.sources[instrument]
    ]


def walk(seed: int, shape: Any = None, ticks: int = max(TICKS // len(SEEDS), 20)) -> dict[str, int]:
    """One world on one price path, checked after every command; give what it met."""
    world = World(seed)
    if shape:
        shape(world.terms, world)
    machine = Machine(world.terms, **ROOM)
    chance = random.Random(seed + 1)
    found: dict[str, int] = defaultdict(int)
    for command in path_of(world, machine, random.Random(seed), ticks):
        events = machine.do(pack([command]))
        found["flagged"] += int((events["kind"] == EventKind.ACCOUNT_FLAGGED).sum())
        found["marks"] += int((events["kind"] == EventKind.MARK_MOVED).sum())
        found["by_scan"] += int((events["kind"] == EventKind.JUDGED_BY_SCAN).sum())
        books = Books.read(machine.state)
        check_all(machine, books)
        found["near"] += check_near(machine, books, chance.choice([PPM, 1_010_000, 1_250_000, 3 * PPM]))
        found["loose"] += int(machine.watch.loose[COUNT])
        found["watched"] += len({int(owner) for owner in machine.watch.owners[machine.watch.keys != DEAD]})
        found["upper"] += int((machine.watch.position_second != NONE).sum())
    return found


def test_the_watch_finds_whom_a_scan_finds() -> None:
    found: dict[str, int] = defaultdict(int)
    for seed in SEEDS:
        for name, count in walk(seed).items():
            found[name] += count
    assert found["marks"] > TICKS // 4
    if TICKS >= 1_000:
        assert found["flagged"] > 10
        assert found["near"] > 100, "the index never told who is near"


@pytest.mark.parametrize("shape", [chosen_leverage, *SHAPES])
def test_rules_with_a_certificate_are_not_scanned(shape: Any) -> None:
    found: dict[str, int] = defaultdict(int)
    for seed in (41, 42, 44, 46):  # every third world has inverse contracts
        for name, count in walk(seed, shape, SHAPE_TICKS).items():
            found[name] += count
    assert found["marks"] > 0
    assert found["by_scan"] == 0
    assert found["watched"] > 3 * found["loose"], "corners were given to too few"
    if shape in (curves_over_notional, steep_scenarios):
        assert found["upper"] > 0, "nobody had a second trigger"


def test_holders_of_options_are_judged_at_the_price_of_either_market() -> None:
    """An option's requirement moves with its own mark and its underlying's: the list is the scan's at both."""
    found: dict[str, int] = defaultdict(int)
    for seed in (18, 29, 40):
        assert World(seed).terms.contracts[-1].kind == ContractKind.OPTION
        for name, count in walk(seed, ticks=max(SHAPE_TICKS, 80)).items():
            found[name] += count
    assert found["by_scan"] > 0, "nobody was told that options have no certificate"
    assert found["loose"] > 0, "nobody held an option"
    assert found["flagged"] > 0, "nobody became distressed"


def test_a_full_column_makes_accounts_loose_and_none_is_lost() -> None:
    """More positions on one side than the column has room for."""
    world = World(21)
    machine = Machine(world.terms, **ROOM, keys=1)
    # the smallest column has one node; take all but one place away so that the next positions find none
    for number in range(len(machine.watch.columns)):
        machine.watch.columns[number].capacity = FAN
        machine.watch.columns[number]["count"] = FAN - 1
        first = int(machine.watch.columns[number].first)
        machine.watch.owners[first : first + FAN - 1] = NONE
    most = 0
    for _ in range(400):
        machine.do(pack([world.next_command(machine.state)]))
        books = Books.read(machine.state)
        most = max(most, int(machine.watch.loose[COUNT]))
        for number, book in books.accounts.items():
            if book.is_trader and not book.flagged:
                assert books.surplus(number) >= 0, f"account {number} is distressed and was not found"
        check_corners(machine, books)
    assert most > 0, "no account was ever loose"
