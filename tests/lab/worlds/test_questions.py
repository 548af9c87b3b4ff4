"""Reverse stress, attacks, calibration, backtests, a real book: each answers its question on a small world."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.lab.worlds.small import WILD, small_scenario, small_world

from solvent.lab.incident import rulebook_then
from solvent.lab.statistics.faults import StatisticError
from solvent.lab.worlds.attack import Action, Arena, replay_witness, search_attack, write_witness
from solvent.lab.worlds.backtest import backtest_margins, close_out_sufficiency
from solvent.lab.worlds.calibrate import (
    calibrate_funds,
    calibrate_gaps,
    calibrate_penalties,
    frontier,
    gaps_of,
    least_rate,
    scaled_rulebook,
)
from solvent.lab.worlds.compiled.tables import Total
from solvent.lab.worlds.conditions import Conditions
from solvent.lab.worlds.estimates import conservation
from solvent.lab.worlds.faults import WorldError
from solvent.lab.worlds.grid import shock_grid
from solvent.lab.worlds.models import Assumed, Returns
from solvent.lab.worlds.reverse import OutOfReach, _search, divergence_worst_mean, reverse_stress
from solvent.lab.worlds.runs import run_paths
from solvent.lab.worlds.snapshot import snapshot_of
from solvent.lab.worlds.stress import NotReproducible, Order, journal_of_path, run_stress, world_of, write_run
from solvent.lab.worlds.world import build_world

SHORT = Conditions(horizon_s=3600)


def order(**more):
    asked = {"model": "hawkes", "accounts": 300, "conditions": SHORT, "assumed": WILD, **more}
    return Order.of("stress", "solvent", **asked)


@pytest.fixture(scope="module")
def run():
    return run_stress(order(), 40)


def test_a_nearer_scenario_does_not_lose_as_much():
    world = small_world(model="normal", conditions=SHORT, assumed=Assumed())
    found = reverse_stress(world, 50_000.0, evaluations=10, paths=1, max_distance=12.0)
    assert found["nearest"]["loss"] >= 50_000.0
    assert 0.0 < found["nearest"]["plausibility_normal"] < found["nearest"]["plausibility_student"] < 1.0
    assert found["worst"]["loss"] >= 0.999 * found["nearest"]["loss"]
    assert found["worst"]["distance"] == pytest.approx(found["distance"], rel=0.05)


def test_a_target_out_of_reach_is_refused_with_the_most_that_was_lost():
    world = small_world(model="normal", conditions=SHORT, assumed=Assumed())
    with pytest.raises(OutOfReach, match="out of reach: within 0.5 standard deviations"):
        reverse_stress(world, 1e15, evaluations=8, paths=1, max_distance=0.5)
    with pytest.raises(WorldError, match="no target"):
        reverse_stress(world, -1.0)


def test_the_worst_mean_within_a_divergence():
    losses = np.array([0.0] * 99 + [100.0])
    found = divergence_worst_mean(losses, 0.1)
    assert found["worst_mean"] > found["mean"]
    assert found["divergence"] == pytest.approx(0.1, abs=1e-6)
    assert divergence_worst_mean(losses, 0.0)["worst_mean"] == pytest.approx(1.0)


def test_a_push_costs_what_the_closed_form_says_and_a_quiet_attacker_keeps_his_money():
    arena = Arena(order(model="normal", assumed=Assumed()), 1e6)
    quiet = arena.play([Action("deposit", 0, 0, 0, 1e5)])
    assert quiet.profit == pytest.approx(0.0, abs=1.0)
    pushed = arena.play([Action("push", 5, 0, 9, 0.1, 20)])
    depth = float(arena.world.given.calm_depth[9])
    assert pushed.push_cost == pytest.approx(0.5 * depth / 0.01 * 0.01)


def test_a_search_finds_damage_a_witness_repeats_it_and_a_change_is_noticed(tmp_path):
    rules = {"model": "normal", "conditions": SHORT, "assumed": Assumed(), "accounts": 200}
    asked = Order.of("stress", "hyperliquid", **rules)
    found = search_attack(asked, 3e6, evaluations=40)
    assert found["damage"] > 0.0
    assert len(found["witness"]["actions"]) <= len(found["best"]["actions"])
    costs = [point["cost"] for point in found["front"]]
    assert costs == sorted(costs)
    file = tmp_path / "witness.json"
    write_witness(file, asked, found)
    assert replay_witness(file)["outcome"] == found["witness"]["outcome"]
    file.write_text(file.read_text().replace('"damage": ', '"damage": 9'))
    with pytest.raises(NotReproducible):
        replay_witness(file)
    with pytest.raises(WorldError, match="buys nothing"):
        search_attack(asked, 0.0)


def squeeze_under(rulebook):
    """The pattern of March 2025 in small: a short in the thinnest market is left to the venue, the price pushed on."""
    rules = Order.of("stress", rulebook)
    asked = replace(
        order(model="normal", assumed=Assumed(), accounts=100),
        rulebook_text=rules.rulebook_text,
        rulebook_name=rules.rulebook_name,
    )
    arena = Arena(asked, 2e6)
    push = Action("push", 6, 0, 9, 0.9)
    squeezed = [Action("deposit", 0, 0, 9, 4e5), Action("trade", 4, 0, 9, -1.0e6), push]
    return arena.play(squeezed), arena.play([push])


def test_a_squeezed_short_is_paid_by_a_vault_that_takes_everything_and_not_by_one_that_minds_its_margin():
    squeezed, alone = squeeze_under("hyperliquid")
    assert alone.damage == 0.0
    assert squeezed.vault_loss > 5e5
    assert squeezed.damage > 2 * squeezed.deposited
    assert squeeze_under("solvent")[0].damage < 0.1 * squeezed.damage


THIN = "PEPE/USDC:USDC"


def toy(rules, feeds=3):
    """A quiet hour of a small venue whose thinnest market can be moved by half for a million."""
    asked = order(model="normal", assumed=Assumed(), accounts=100, conditions=replace(SHORT, feeds=feeds))
    head, mark, part = asked.scenario_text.partition(f'symbol = "{THIN}"')
    part = part.replace('open_interest = "40000000"', 'open_interest = "1500000"', 1)
    part = part.replace('depth = "700000"', 'depth = "60000"', 1)
    return replace(asked, scenario_text=head + mark + part, rulebook_text=rules.text, rulebook_name=rules.name)


def most_profit(found):
    return max(point["profit"] for point in found["front"])


@pytest.mark.parametrize(("side", "pattern"), [("up", "sacrificed short"), ("down", "sacrificed long")])
def test_the_search_finds_the_squeezes_of_2025_under_their_rules_and_now_they_do_less_and_never_pay(side, pattern):
    """March 2025: a short left to the vault, the price pushed up. November: a long, and the price under it goes."""
    then, now = (
        search_attack(toy(rulebook_then(rules)), 1e6, side=side, market=THIN, evaluations=96)
        for rules in ("hyperliquid_2025_03", "solvent")
    )
    assert then["pattern"]["name"] == pattern
    assert then["damage"] > 1.4 * now["damage"]
    assert then["griefing_factor"] > 1.5 * (now["griefing_factor"] or 0.0)
    assert most_profit(then) > 0.0
    assert most_profit(now) <= 0.0


def test_the_search_finds_the_false_report_of_2026_under_one_source_and_three_do_not_mind_it():
    """March 2026: a rate limit held one of two coupled parameters back, and healthy accounts were closed."""
    rules = Order.of("stress", "hyperliquid")
    asked = order(model="normal", assumed=Assumed(), accounts=100)
    then = replace(asked, rulebook_text=rules.rulebook_text, rulebook_name=rules.rulebook_name)
    found = search_attack(then, 2e6, objective="liquidations", lies=True, evaluations=64)
    assert any(action["kind"] == "lie" for action in found["best"]["actions"])
    assert found["pattern"]["name"] == "false report"
    lie = Action("lie", 20, 0, 0, -0.1, 60)
    closed = {
        feeds: Arena(replace(asked, conditions=replace(SHORT, feeds=feeds)), 2e6).play([lie]).closed for feeds in (1, 3)
    }
    assert closed[1] > 0.0
    assert closed[3] == 0.0


def test_an_interrupted_search_gives_what_it_has_seen_and_says_so():
    def interrupt(share, _what):
        if share >= 0.5:
            raise KeyboardInterrupt

    asked = order(conditions=Conditions(horizon_s=600, step_s=60), accounts=20)
    found = search_attack(asked, 1e6, evaluations=8, progress=interrupt)
    assert found["partial"]
    assert found["evaluations"] == 4
    assert found["witness"]["actions"] == found["best"]["actions"], "not made minimal"


def test_an_interrupted_search_of_directions_gives_the_best_so_far():
    calls = []

    def valued(way):
        calls.append(float(way[0]))
        if len(calls) > 20:
            raise KeyboardInterrupt
        return calls[-1]

    best, value, whole = _search(valued, np.array([1.0, 0.0]), 200, 1, lambda _share, _what: None, "")
    assert not whole
    assert value == min(calls[:20]) == best[0]


def test_a_side_that_is_none_is_refused():
    with pytest.raises(WorldError, match="side"):
        search_attack(order(), 1e6, side="left")
    with pytest.raises(WorldError, match="none here"):
        search_attack(order(), 1e6, market="X/USDC:USDC")


def test_funds_penalties_and_margins_are_put_in_numbers(run):
    sizes = calibrate_funds(run, target_ruin=0.05)
    assert sizes["recommended"] >= sizes["cover_2"] >= sizes["cover_1"] >= 0.0
    assert sizes["recommended"] >= sizes["newsvendor"]
    found = calibrate_penalties(run)
    assert found["rate_ppm"] > 0
    assert 0.0 <= close_out_sufficiency(run.paths.closings, run.world.quantum)["sufficient"] <= 1.0


def test_more_margin_costs_capital_and_never_more_losses():
    points = frontier(order(accounts=200), margin_times=(1.0, 2.0), paths=12)
    assert points[1]["capital"] > points[0]["capital"]
    assert points[1]["mean_shortfall"] <= points[0]["mean_shortfall"]
    assert any(point["is_efficient"] for point in points)


def test_a_scaled_rulebook_asks_in_proportion():
    from fractions import Fraction

    rules = order().rulebook()
    doubled = scaled_rulebook(rules, Fraction(2))
    first = next(iter(rules.schedules[0].brackets.values()))[0]
    assert next(iter(doubled.schedules[0].brackets.values()))[0].maintenance == 2 * first.maintenance


def returns_of_a_year(rows=6000, seed=1):
    random = np.random.Generator(np.random.PCG64(seed))
    return Returns(("BTC", "ETH", "SOL"), 3600.0, random.standard_t(4, (rows, 3)) * 0.006, "made")


def test_gaps_are_conditional_and_their_rate_covers_them():
    series = returns_of_a_year().values[:, 0]
    gaps = gaps_of(series, 1, long=True)
    assert len(gaps) > 100
    rate = least_rate(gaps, 0.001, 0.01, 0.01)
    assert (gaps > rate - 0.001).mean() <= 0.012
    assert least_rate(gaps, 0.001, 0.001, 0.01) > rate


def test_gaps_of_every_market_and_side(run):
    rows = calibrate_gaps(run.world, returns_of_a_year(), close_out_s=3600.0)
    assert len(rows) == 6
    assert all(row["needed_rate"] > 0 and row["tail"]["stability"] for row in rows)
    with pytest.raises(WorldError, match="gaps of"):
        calibrate_gaps(run.world, returns_of_a_year(rows=100), close_out_s=3600.0)
    assert issubclass(StatisticError, Exception)


def test_coverage_of_a_rule_that_is_right_and_of_one_that_is_not():
    world = small_world()
    rows = backtest_margins(world, returns_of_a_year(3000), rules=("rulebook", "fhs", "ewma"), level=0.95)
    by_rule = {(row["symbol"], row["side"], row["rule"]): row for row in rows}
    assert len(rows) == 18
    right = [row for row in rows if row["rule"] == "fhs"]
    assert np.mean([row["coverage"] for row in right]) == pytest.approx(0.95, abs=0.01)
    assert by_rule["BTC/USDC:USDC", "long", "rulebook"]["peak_to_trough"] == 1.0
    with pytest.raises(WorldError, match="not known"):
        backtest_margins(world, returns_of_a_year(), rules=("astrology",))
    with pytest.raises(WorldError, match="too few"):
        backtest_margins(world, returns_of_a_year(200))


def book(rows):
    return pl.DataFrame(rows, schema=["account", "symbol", "size", "entry", "wallet"], orient="row")


BALANCED = [
    ("a", "BTC/USDC:USDC", 1.0, 99_000.0, 5_000.0),
    ("b", "BTC/USDC:USDC", -0.4, 101_000.0, 90_000.0),
    ("c", "BTC/USDC:USDC", -0.6, 100_500.0, 90_000.0),
    ("d", "ETH/USDC:USDC", 2.0, 3_400.0, 100.0),
    ("b", "ETH/USDC:USDC", -2.0, 3_500.0, 90_000.0),
]


def test_a_real_book_begins_where_it_stood():
    story = small_scenario()
    symbols = [market.contract.symbol for market in story.markets]
    base = small_world()
    taken = snapshot_of(book(BALANCED), symbols)
    world = build_world(story, base.rulebook, base.model, base.conditions, book=taken)
    state = world.state
    numbers = world.people["traders"].tolist()
    wallets = [int(state.accounts[number].wallet_quanta) / 10**6 for number in numbers]
    assert wallets == pytest.approx([5_000.0, 90_000.0, 90_000.0, 100.0])
    held = state.positions[: int(state.venue[0].position_count)]
    lots = {(int(row.account), int(row.instrument)): int(row.lots) for row in held if row.lots}
    assert lots[numbers[0], 0] == 10_000
    assert lots[numbers[3], 1] == 2_000
    assert state.venue[0].terms_version == 1
    paths = run_paths(world, 2)
    assert conservation(paths) == 0
    assert paths.of(Total.FLAGGED).sum() > 0 or state.venue[0].queue_count > 0  # d holds 100 against 7,000


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (BALANCED[:2], "open interest does not balance: longs hold 10000 lots, shorts 4000"),
        ([*BALANCED, ("a", "BTC/USDC:USDC", 1.0, 1.0, 5_000.0)], "holds BTC/USDC:USDC twice"),
        ([("a", "XAU/USDC:USDC", 1.0, 1.0, 1.0)], "not in the scenario"),
        ([("a", "BTC/USDC:USDC", 1.0, 1.0, -1.0)], "cash below zero"),
        ([("a", "BTC/USDC:USDC", float("nan"), 1.0, 1.0)], "empty or infinite"),
    ],
)
def test_books_that_cannot_be_are_refused_in_words(rows, told):
    story = small_scenario()
    symbols = [market.contract.symbol for market in story.markets]
    base = small_world()
    with pytest.raises(WorldError, match=told):
        build_world(story, base.rulebook, base.model, base.conditions, book=snapshot_of(book(rows), symbols))


def test_a_run_is_written_and_any_path_opens_again(run, tmp_path):
    from solvent.engine.engine import Engine

    write_run(tmp_path, run)
    place = journal_of_path(tmp_path, 7)
    with Engine.open(place / "journal", read_only=True) as engine:
        assert engine.sequence > 0
    frame = pl.read_parquet(tmp_path / "paths.parquet")
    assert frame.height == 40
    frame.with_columns(pl.col("shortfall") + 1).write_parquet(tmp_path / "paths.parquet")
    with pytest.raises(NotReproducible, match="shortfall"):
        journal_of_path(tmp_path, 8)
    with pytest.raises(WorldError, match="does not hold it"):
        journal_of_path(tmp_path, 99)


def test_a_grid_tells_singles_and_pairs_and_what_cannot_be_played():
    asked = order(model="normal", accounts=60, conditions=replace(SHORT, step_s=120))
    found = shock_grid(asked, "extreme", paths=2, dimensions=("crash", "depth", "depeg"))
    shown = {tuple(row["shocks"]): row for row in found["rows"]}
    assert len(shown) + len(found["left_out"]) == 6
    both, crash = shown["crash:extreme", "depth:extreme"], shown["crash:extreme",]
    assert both["mean_shortfall"] >= crash["mean_shortfall"]
    assert both["together"] == pytest.approx(
        both["mean_shortfall"] - crash["mean_shortfall"] - shown["depth:extreme",]["mean_shortfall"]
    )
    assert found["rows"] == sorted(found["rows"], key=lambda row: (-row["mean_shortfall"], row["shocks"]))
    with pytest.raises(WorldError, match="no such level"):
        shock_grid(asked, "mild")


def test_rare_paths_are_weighed_written_and_opened_again(tmp_path):
    asked = order(conditions=replace(SHORT, jumps_times=6.0), accounts=100)
    found = run_stress(asked, 30)
    assert found.summary["effective_paths"] < 30
    assert found.paths.weights.max() <= 2.0
    write_run(tmp_path / "run", found)
    assert pl.read_parquet(tmp_path / "run" / "paths.parquet")["weight"].to_list() == found.paths.weights.tolist()
    assert (journal_of_path(tmp_path / "run", 7) / "journal").is_dir()
    with pytest.raises(WorldError, match="no jumps"):
        run_stress(replace(asked, model="normal"), 2)


def test_the_same_order_gives_the_same_digest():
    asked = order(accounts=100)
    first, second = (run_paths(world_of(asked)[0], 4) for _turn in range(2))
    assert first.digest() == second.digest()
