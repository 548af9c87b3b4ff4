"""The compiled loop: paths alone and together, money, the record, and what shocks do."""

from dataclasses import replace

import numpy as np
import pytest
from tests.lab.worlds.small import HOURS_2, WILD, small_scenario, small_world

from solvent.engine.engine import Engine
from solvent.lab.worlds.compiled.tables import Total
from solvent.lab.worlds.conditions import LADDER, LEVELS, Conditions, parse_shock, shock_pairs
from solvent.lab.worlds.estimates import conservation
from solvent.lab.worlds.faults import WorldError
from solvent.lab.worlds.runs import run_paths
from solvent.lab.worlds.world import Player, build_world
from solvent.procedures.laws import imbalances


def test_a_path_alone_is_the_path_among_others():
    together = run_paths(small_world(), 12)
    alone = run_paths(small_world(), 1, first=9)
    assert alone.numbers.tolist() == [9]
    assert np.array_equal(alone.totals[0], together.totals[9])
    assert np.array_equal(alone.line[0], together.line[9])
    assert together.of(Total.FLAGGED).sum() > 0
    assert together.of(Total.SHORTFALL).sum() > 0


def test_every_shortfall_is_paid_or_open_and_nothing_is_left_over():
    world = small_world()
    paths = run_paths(world, 12)
    assert conservation(paths) == 0
    assert paths.of(Total.UNFINISHED).sum() == 0
    player = Player(world)
    for path in range(3):
        player.play(path)
        assert imbalances(player.state) == (0, 0, 0)


def test_the_recorded_commands_lead_an_ordinary_engine_to_the_same_state():
    from solvent.state.whole import digest

    world = small_world()
    player = Player(world, keep=True)
    worst = int(np.argmax(run_paths(world, 12).of(Total.SHORTFALL)))
    player.play(worst)
    engine = Engine.in_memory(world.genesis)
    engine.submit(world.opening)
    told = engine.submit(np.concatenate(player.commands))
    assert len(told) == player.going.totals[Total.EVENTS]
    assert engine.digest() == digest(player.state)


def test_the_recorder_does_not_change_the_path():
    world = small_world()
    kept, plain = Player(world, keep=True), Player(world)
    assert np.array_equal(kept.play(4).totals, plain.play(4).totals)


def test_two_rulebooks_meet_the_same_prices():
    first, second = Player(small_world()), Player(small_world(rulebook="binance_usdm"))
    first.draw(5)
    second.draw(5)
    assert np.array_equal(first.going.returns, second.going.returns)


def shortfall_under(*shocks, paths=6, **more):
    conditions = replace(HOURS_2, shocks=tuple(parse_shock(text) for text in shocks), **more)
    return run_paths(small_world(conditions=conditions, model="normal"), paths)


def test_harder_shocks_cost_more():
    calm = shortfall_under().of(Total.SHORTFALL).mean()
    losses = [shortfall_under(f"crash:{level}").of(Total.SHORTFALL).mean() for level in LEVELS]
    assert calm <= losses[0] <= losses[1] <= losses[2]
    assert losses[2] > 0


def test_thin_books_and_absent_keepers_cost_more_in_a_crash():
    alone = shortfall_under("crash:severe").of(Total.SHORTFALL).mean()
    assert shortfall_under("crash:severe", "depth:extreme").of(Total.SHORTFALL).mean() > alone
    assert shortfall_under("crash:severe", "outage:extreme").of(Total.SHORTFALL).mean() > alone


@pytest.mark.parametrize("dimension", sorted(LADDER))
def test_every_shock_can_be_played(dimension):
    feeds = 3 if dimension in ("oracle", "liar") else 1
    paths = shortfall_under(f"{dimension}:severe", paths=2, feeds=feeds)
    assert conservation(paths) == 0


def test_pairs_are_all_pairs():
    assert len(shock_pairs("severe")) == len(LADDER) * (len(LADDER) + 1) // 2


def test_actors_act():
    conditions = replace(
        HOURS_2, shocks=(parse_shock("crash:extreme"),), panic_part=0.5, panic_share=0.2, run_part=0.5, run_fall=0.001
    )
    at_once = run_paths(small_world(conditions=conditions, model="normal", rulebook="hyperliquid"), 3)
    assert at_once.of(Total.WITHDRAWN).sum() > 0
    assert at_once.of(Total.SHARES_LEFT).sum() > 0
    assert conservation(at_once) == 0
    # where the vault asks for notice everybody gives it, and nobody has left within these two hours
    noticed = run_paths(small_world(conditions=conditions, model="normal"), 3)
    assert noticed.of(Total.SHARES_NOTICED).sum() > 0
    assert noticed.of(Total.SHARES_LEFT).sum() == 0
    assert conservation(noticed) == 0


def test_linked_owners_hold_several_accounts():
    world = small_world()
    owners = world.state.accounts.owner[world.people["traders"]]
    assert len(set(owners.tolist())) < len(owners)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"horizon_s": 30}, "fewer than two steps"),
        ({"depth": "0"}, "without depth"),
        ({"depth": "deep"}, "no depth"),
        ({"rounds": 0}, "rounds"),
    ],
)
def test_impossible_conditions_are_refused_in_words(changed, told):
    with pytest.raises(WorldError, match=told):
        small_world(conditions=replace(Conditions(), **changed))


def test_a_market_without_depth_is_refused_by_name():
    story = small_scenario()
    broken = (replace(story.markets[0], depth=story.markets[0].depth * 0), *story.markets[1:])
    world = small_world()
    with pytest.raises(WorldError, match="BTC/USDC:USDC.depth"):
        build_world(replace(story, markets=broken), world.rulebook, world.model, HOURS_2)


def test_an_unknown_shock_is_refused():
    with pytest.raises(WorldError, match="no such shock"):
        parse_shock("flood:severe")


def test_wild_is_wild():
    assert WILD.jumps_a_day > 1


def test_the_loop_without_the_compiler_plays_the_same_path(tmp_path):
    """Plain Python in a process of its own: the fingerprint over all events is that of the compiled loop."""
    import os
    import subprocess
    import sys
    from pathlib import Path

    root = Path(__file__).parents[3]
    program = (
        "from dataclasses import replace\n"
        "from tests.lab.worlds.small import HOURS_2, small_world\n"
        "from solvent.lab.worlds.world import Player\n"
        "world = small_world(accounts=40, conditions=replace(HOURS_2, horizon_s=1200), model='normal')\n"
        "print(Player(world).play(1).totals.tolist())\n"
    )
    told = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1]
