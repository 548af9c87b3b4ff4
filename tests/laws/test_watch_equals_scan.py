"""The watch alone: whatever path the prices take, it names the accounts a scan of everybody would name.

Random paths (calm, wild, jumping) with trades, money and funding between them. After every command the naive scan
says who is below the threshold, the certificate of every sound account is judged again in Python integers

    I1   with every price at its trigger the account is at or above the threshold
    I2   no mark has passed a trigger

and the two levels of maxima over the keys are compared with the keys.
"""

import os
import random
from collections import defaultdict
from typing import Any

import numpy as np
from machine import Machine

from solvent.codes import Level, Schedule
from solvent.commands import Advance, Command, FundingTick, PriceReport, pack
from solvent.events import EventKind
from solvent.lab.books import Books
from solvent.lab.driver import ROOM, World
from solvent.risk.watch import DEAD, FALLS, FAN, LOOSE_COUNT, RISES
from solvent.units import LIMIT, PPM

TICKS = int(os.environ.get("SOLVENT_LAW_COMMANDS", "20000")) // 20
SEEDS = range(11, 21)
NONE = -1


def corners_of(machine: Machine) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int], dict[Any, int]]:
    """Triggers as prices: of positions by (account, instrument), of their ceilings, of holdings by (account, asset)."""
    state, watch = machine.state, machine.watch
    columns = watch.columns
    positions, ceilings, holdings = {}, {}, {}
    for row in range(int(state.venue[0].position_count)):
        position = state.positions[row]
        key = (int(position.account), int(position.instrument))
        place = int(watch.position_place[row])
        if place != NONE:
            assert position.account == watch.owners[place], "a place that belongs to somebody else"
            column = 2 * key[1] + (FALLS if position.lots > 0 else RISES)
            assert columns[column].first <= place < columns[column].first + columns[column].capacity
            positions[key] = abs(int(watch.keys[place]))
        place = int(watch.position_ceiling[row])
        if place != NONE:
            assert position.account == watch.owners[place], "a ceiling that belongs to somebody else"
            ceilings[key] = -int(watch.keys[place])
    for row in range(int(state.venue[0].holding_count)):
        place = int(watch.holding_place[row])
        if place != NONE:
            holding = state.holdings[row]
            assert holding.account == watch.owners[place], "a place that belongs to somebody else"
            holdings[int(holding.account), int(holding.asset)] = int(watch.keys[place])
    return positions, ceilings, holdings


def surplus_at(books: Books, account: int, positions: Any, holdings: Any) -> int:
    """Equity above the threshold with every price at its trigger; a price may differ from slot to slot."""
    book = books.accounts[account]
    equity, required = book.wallet, 0
    for instrument, position in book.positions.items():
        if position.lots == 0:
            continue
        unit = positions[account, instrument] * books.per_lot_tick(instrument)
        equity += position.lots * unit - position.cost - books.funding_due(instrument, position)
        ladder = books.rules.ladders[Level.MAINTENANCE][instrument]
        required += ladder.required(abs(position.lots) * unit, position.leverage)
    for asset, amount in book.holdings.items():
        terms = books.rules.assets[asset]
        kept = books.marks[terms["price_instrument"]]
        books.marks[terms["price_instrument"]] = holdings[account, asset]
        equity += books.collateral_value(asset, amount, Level.MAINTENANCE)
        books.marks[terms["price_instrument"]] = kept
    if required == 0 and equity >= 0:
        return 0
    return equity - required - books.rules.first_margin


def check_corners(machine: Machine, books: Books, loose: set[int]) -> None:
    positions, ceilings, holdings = corners_of(machine)
    for account, book in books.accounts.items():
        if not book.is_trader or book.flagged:
            owned = [key for key in (*positions, *ceilings, *holdings) if key[0] == account]
            assert not owned, f"account {account} is not to be watched, but has {owned}"
            continue
        if account in loose:
            continue
        for instrument, position in book.positions.items():
            if position.lots == 0:
                assert (account, instrument) not in positions
                continue
            mark, trigger = books.marks[instrument], positions[account, instrument]
            assert mark >= trigger if position.lots > 0 else mark <= trigger, f"I2 of {account} in {instrument}"
            ladder = books.rules.ladders[Level.MAINTENANCE][instrument]
            if ladder.kind == Schedule.BRACKETS_WHOLE:
                top = ceilings.get((account, instrument), LIMIT) if position.lots > 0 else trigger
                assert mark <= top, f"ceiling of {account} in {instrument}"
        for asset in book.holdings:
            assert books.marks[books.rules.assets[asset]["price_instrument"]] >= holdings[account, asset]
        assert surplus_at(books, account, positions, holdings) >= 0, f"I1 of {account}"


def check_tree(watch: Any) -> None:
    """Maxima over the keys, free lists, and one owner for every live key."""
    for column in watch.columns:
        keys = watch.keys[column.first : column.first + column.capacity]
        nodes = watch.nodes[column.first_node : column.first_node + column.capacity // FAN]
        assert np.array_equal(nodes, keys.reshape(-1, FAN).max(axis=1)), "a node is not the maximum of its keys"
        for root in range(-(-len(nodes) // FAN)):
            assert watch.roots[column.first_root + root] == nodes[root * FAN : root * FAN + FAN].max()
        free, place = set(), int(column.free)
        while place != NONE:
            assert place not in free, "the free list goes in circles"
            assert column.first <= place < column.first + column["count"], "a free place of another column"
            assert watch.keys[place] == DEAD, "a free place with a key"
            free.add(place)
            place = int(watch.owners[place])
        live = set((column.first + np.flatnonzero(keys != DEAD)).tolist())
        used = set(range(int(column.first), int(column.first + column["count"])))
        assert live == used - free, "a place is lost"


def check_all(machine: Machine, books: Books) -> None:
    watch = machine.watch
    loose = set(watch.loose[: int(watch.meter[1])].tolist())
    assert {number for number in range(len(watch.loose_place)) if watch.loose_place[number] != NONE} == loose
    for number, book in books.accounts.items():
        if book.is_trader and not book.flagged:
            assert books.surplus(number) >= 0, f"account {number} is distressed and was not found"
    check_corners(machine, books, loose)
    check_tree(watch)


def settle(world: World, machine: Machine) -> list[Command]:
    """Some commands of the world that are no prices: trades, money, orders answered, rules changed."""
    return [world.next_command(machine.state) for _ in range(world.random.randint(1, 3))]


def ask_for_leverage(terms: Any, instrument: int) -> None:
    """A rule without a certificate: the leverage a trader chose moves what must be held at maintenance."""
    schedule = terms.schedules[Level.MAINTENANCE * len(terms.contracts) + instrument]
    schedule.kind, schedule.scale_ppm, schedule.denominator = Schedule.USER_LEVERAGE, 400_000, PPM
    schedule.first_bracket, schedule.bracket_count, schedule.rate_max_ppm = len(terms.brackets) - 1, 1, 10_000
    terms.brackets[-1].numerator = 10_000


def walk(seed: int, uncertified: int | None = None) -> dict[str, int]:
    """One world on one price path, checked after every command; give what it met."""
    world = World(seed)
    if uncertified is not None:
        ask_for_leverage(world.terms, uncertified)
    machine = Machine(world.terms, **ROOM)
    chance = random.Random(seed)
    found: dict[str, int] = defaultdict(int)
    while world.pending:
        events = machine.do(world.next_command(machine.state))
        found["by_scan"] += int((events["kind"] == EventKind.JUDGED_BY_SCAN).sum())
    for tick in range(max(TICKS // len(SEEDS), 20)):
        if tick % 40 == 0:
            volatility = chance.choice([0.0006, 0.003, 0.01, 0.03])  # x0.2 to x10 of an ordinary tick
        commands: list[Command] = settle(world, machine) if chance.random() < 0.5 else []
        instrument = chance.randrange(world.instruments)
        books = Books.read(machine.state)
        mark = books.marks[instrument] or world.start_ticks[instrument]
        step = chance.gauss(0, volatility) if chance.random() < 0.95 else chance.choice([-0.3, -0.1, 0.1, 0.4])
        ticks = min(max(round(mark * (1 + step)), 1), books.rules.contracts[instrument]["price_max_ticks"])
        world.time_ns += 1_000_000
        for source in world.sources[instrument]:
            commands.append(PriceReport(world.time_ns, instrument, source, ticks, world.time_ns))
        if chance.random() < 0.05:
            commands.append(FundingTick(world.time_ns, instrument, chance.randint(-10_000_000, 10_000_000)))
        if chance.random() < 0.2:
            commands.append(Advance(world.time_ns, int(machine.state.policy[0].advance_max)))
        for command in commands:
            events = machine.do(pack([command]))
            found["flagged"] += int((events["kind"] == EventKind.ACCOUNT_FLAGGED).sum())
            found["marks"] += int((events["kind"] == EventKind.MARK_MOVED).sum())
            check_all(machine, Books.read(machine.state))
            found["loose"] = max(found["loose"], int(machine.watch.meter[LOOSE_COUNT]))
    return found


def test_the_watch_finds_whom_a_scan_finds() -> None:
    found: dict[str, int] = defaultdict(int)
    for seed in SEEDS:
        for name, count in walk(seed).items():
            found[name] += count
    assert found["marks"] > TICKS // 4
    if TICKS >= 1_000:
        assert found["flagged"] > 20


def test_rules_without_a_certificate_are_judged_at_every_price() -> None:
    found: dict[str, int] = defaultdict(int)
    for seed in (27, 28, 31):
        for name, count in walk(seed, uncertified=seed % 2).items():
            found[name] += count
    assert found["by_scan"] >= 3, "nobody was told that a market has no certificate"
    assert found["loose"] > 0, "nobody held the market without a certificate"


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
        most = max(most, int(machine.watch.meter[1]))
        for number, book in books.accounts.items():
            if book.is_trader and not book.flagged:
                assert books.surplus(number) >= 0, f"account {number} is distressed and was not found"
        check_corners(machine, books, set(machine.watch.loose[: int(machine.watch.meter[1])].tolist()))
    assert most > 0, "no account was ever loose"
