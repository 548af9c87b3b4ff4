"""The worklist does not depend on the index: machines of different shapes tell the same events, command by command.

One machine is roomy. The cramped one collects almost nobody before it scans, makes anew one or two corners a command,
has little room in its columns and sometimes a mirror. Both get the same commands; events and digests are equal, and
after each command a scan of the cramped one finds nobody it missed, exactly and through the filter.
"""

import random
from collections import defaultdict

import numpy as np
from machine import Machine
from test_watch_equals_scan import SEEDS, SHAPES, TICKS, check_tree, path_of

from solvent.codes import Level
from solvent.commands import pack
from solvent.engine.room import Machine as Pair
from solvent.engine.room import with_mirror
from solvent.lab.driver import ROOM, World
from solvent.procedures.near import BY_FILTER, BY_SCAN, find_near
from solvent.procedures.rebuild import keep_up
from solvent.procedures.scan import scan_exactly, scan_filtered
from solvent.risk.watch import COUNT, CURSOR, MIRRORED, SCANS, SLICE, blank_watch
from solvent.state.whole import copy_state, digest
from solvent.units import PPM

NONE = -1


def cramp(machine: Machine, room: int, slice_accounts: int) -> None:
    """An index that gives up early and repairs little at a time."""
    state = machine.state
    watch = blank_watch(
        np.full(2 * len(state.contracts), 64), len(state.accounts), len(state.positions), len(state.holdings)
    )
    watch.meter[SLICE] = slice_accounts
    machine.watch = watch._replace(fired=np.zeros(room, dtype=np.int32), surplus=np.zeros(room, dtype=np.int64))


def mirrored(machine: Machine) -> None:
    machine.watch = with_mirror(Pair(machine.state, machine.watch)).watch


def missed(machine: Machine) -> list[int]:
    found = np.zeros(len(machine.state.accounts), dtype=np.int32)
    return found[: scan_exactly(machine.state, found)].tolist()


def walk(seed: int) -> dict[str, int]:
    world, chance = World(seed), random.Random(seed)
    roomy, cramped = Machine(world.terms, **ROOM), Machine(world.terms, **ROOM)
    cramp(cramped, chance.choice([1, 70, 130]), chance.choice([1, 2, 50]))
    met: dict[str, int] = defaultdict(int)
    for command in path_of(world, roomy, chance, max(TICKS // len(SEEDS), 20)):
        if chance.random() < 0.1:
            mirrored(cramped)
        if chance.random() < 0.1:
            keep_up(cramped.state, cramped.watch, chance.randint(1, 5))
        record = pack([command])
        told, again = roomy.do(record), cramped.do(record)
        assert told.tobytes() == again.tobytes(), f"seed {seed}: {command} told otherwise"
        assert missed(cramped) == []
        check_tree(cramped.watch, cramped.state)
        met["pending"] += int(cramped.watch.pending[COUNT] > 0)
    assert digest(roomy.state) == digest(cramped.state)
    met["scans"] += int(cramped.watch.meter[SCANS])
    return met


def test_events_do_not_depend_on_the_shape_of_the_index() -> None:
    met: dict[str, int] = defaultdict(int)
    for seed in SEEDS:
        for name, count in walk(seed).items():
            met[name] += count
    assert met["scans"] > 0
    if TICKS >= 1_000:
        assert met["scans"] > 20
        assert met["pending"] > 0


def test_the_filter_names_whom_the_exact_scan_names() -> None:
    """At marks and funding far from those the mirror was made at."""
    named = cleared = near = 0
    for seed, shape in zip(range(51, 63), (None, *SHAPES) * 2, strict=True):
        world, chance = World(seed), random.Random(seed)
        if shape:
            shape(world.terms, world)
        machine = Machine(world.terms, **ROOM)
        for number, _command in enumerate(path_of(world, machine, chance, 40, do=True)):
            if number % 5:
                continue
            mirrored(machine)
            state, watch = copy_state(machine.state), machine.watch
            found = np.zeros(len(state.accounts), dtype=np.int32)
            for factor in (1.0, 0.97, 1.03, 0.7, 1.4, 0.05, 8.0):
                for instrument in range(world.instruments):
                    before = int(machine.state.instruments[instrument].mark_ticks)
                    ticks = round(before * factor * chance.uniform(0.99, 1.01))
                    top = int(state.contracts[instrument].price_max_ticks)
                    state.instruments[instrument].mark_ticks = min(max(ticks, min(before, 1)), top)
                    state.instruments[instrument].funding_index += chance.randint(-(2**18), 2**18)
                exact = found[: scan_exactly(state, found)].tolist()
                count, doubted = scan_filtered(state, watch, found)
                assert found[:count].tolist() == exact
                named += count
                near += check_near_by_filter(state, watch, chance.choice([PPM, 1_050_000, 3 * PPM]))
                cleared += int((watch.mirror_account != NONE).sum()) - int(doubted)
    assert named > 100
    assert cleared > 100, "the filter cleared nobody: it does not filter"
    assert near > 100, "nobody was near"


def check_near_by_filter(state, watch, scale_ppm: int) -> int:
    """The filter and the scan of the tables name the same accounts below a multiple; how many they are."""
    found, again = (np.zeros(len(state.accounts), dtype=np.int32) for _ in range(2))
    cursor = int(watch.meter[CURSOR])
    watch.meter[CURSOR] = 0  # as if corners were being made anew: the index is not asked
    count, judged, way = find_near(state, watch, Level.MAINTENANCE, scale_ppm, found)
    mirrored = int(watch.meter[MIRRORED])
    watch.meter[MIRRORED] = 0
    naive, everybody, other = find_near(state, watch, Level.MAINTENANCE, scale_ppm, again)
    watch.meter[CURSOR], watch.meter[MIRRORED] = cursor, mirrored
    assert (way, other) == (BY_FILTER, BY_SCAN)
    assert found[:count].tolist() == again[:naive].tolist()
    assert judged <= everybody
    return int(count)
