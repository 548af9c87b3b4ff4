"""Each statistic against something that shares nothing with it: a simulation, another library, a defining property."""

import math

import numpy as np
import pytest

from solvent.lab.statistics import coverage, funds, impact, passage, tails
from solvent.lab.statistics.faults import StatisticError


def pareto_sample(shape=0.3, scale=1.0, count=4000, seed=3):
    random = np.random.Generator(np.random.PCG64(seed))
    return scale / shape * ((1.0 - random.random(count)) ** -shape - 1.0)


def test_a_tail_is_found_again_and_its_interval_holds_it():
    losses = pareto_sample()
    tail = tails.fit_tail(losses, 0.0)
    assert abs(tail.shape - 0.3) < 3 * tail.shape_error
    low, high = tails.shape_interval(losses, tail)
    assert low < 0.3 < high
    assert high - low == pytest.approx(2 * 1.96 * tail.shape_error, rel=0.25)


def test_a_fit_is_a_maximum():
    losses = pareto_sample()
    tail = tails.fit_tail(losses, 0.5)
    excesses = losses[losses > 0.5] - 0.5
    best = tails.log_likelihood(excesses, tail.shape, tail.scale)
    for shape, scale in ((1.02, 1.0), (0.98, 1.0), (1.0, 1.02), (1.0, 0.98)):
        assert tails.log_likelihood(excesses, tail.shape * shape, tail.scale * scale) < best


def test_expected_shortfall_is_the_mean_beyond_the_quantile():
    tail = tails.Tail(0.0, 0.3, 1.0, 1.0)
    sample = pareto_sample(count=400_000)
    quantile = np.quantile(sample, 0.99)
    assert tail.value_at_risk(0.99) == pytest.approx(quantile, rel=0.03)
    assert tail.expected_shortfall(0.99) == pytest.approx(sample[sample > quantile].mean(), rel=0.05)


def test_a_tail_without_a_mean_gives_no_shortfall():
    with pytest.raises(StatisticError, match="tail index is 1.100"):
        tails.Tail(1.0, 1.1, 1.0, 0.05).expected_shortfall(0.999)
    with pytest.raises(StatisticError, match="standard error"):
        tails.Tail(1.0, 0.9, 1.0, 0.05, shape_error=0.2).expected_shortfall(0.999)
    with pytest.raises(StatisticError, match="needs 20"):
        tails.fit_tail(np.arange(30.0), 25.0)


def test_hill_finds_the_index_of_a_pure_pareto():
    random = np.random.Generator(np.random.PCG64(5))
    assert tails.hill_index((1.0 - random.random(50_000)) ** -0.4, 2000) == pytest.approx(0.4, rel=0.08)


def test_clusters_are_counted_once():
    series = np.array([0, 3, 4, 0, 0, 0, 5, 0, 6, 0], dtype=float)
    assert tails.decluster(series, 1.0, 2).tolist() == [4.0, 6.0]
    assert tails.decluster(series, 1.0, 1).tolist() == [4.0, 5.0, 6.0]


def test_bands_move_little_on_a_pure_tail():
    rows = tails.stability(pareto_sample(), 0.999)
    shapes = [row["shape"] for row in rows]
    assert len(rows) > 10
    assert max(shapes) - min(shapes) < 0.5
    heavy = tails.tail_table(pareto_sample(shape=0.2), 0.999)
    assert heavy["shape_interval"][0] < heavy["shape"] < heavy["shape_interval"][1]
    assert heavy["expected_shortfall_stressed"] > heavy["expected_shortfall"]


def test_monitored_barriers_agree_with_simulation():
    random = np.random.Generator(np.random.PCG64(7))
    steps = 60
    lows = np.cumsum(random.normal(0.0, math.sqrt(1.0 / steps), (100_000, steps)), axis=1).min(axis=1)
    seen = float((lows <= -1.0).mean())
    shifted = passage.monitored_distance(1.0, 1.0, 1.0 / steps)
    assert passage.passage_probability(shifted, 0.0, 1.0, 1.0) == pytest.approx(seen, abs=0.005)
    assert passage.passage_probability(1.0, 0.0, 1.0, 1.0) == pytest.approx(passage.touch_probability(1.0, 1.0, 1.0))


def test_passage_with_jumps_agrees_with_simulation():
    """Jumps down at rate 1 with mean 2 %, volatility 3 %: crossing 6 % within three units of time."""
    random = np.random.Generator(np.random.PCG64(8))
    count, steps, horizon = 20_000, 600, 3.0
    dt = horizon / steps
    level = np.zeros(count)
    crossed = np.zeros(count, dtype=bool)
    by_jump = np.zeros(count, dtype=bool)
    overshoot = np.zeros(count)
    for _step in range(steps):
        level += random.normal(0.0, 0.03 * math.sqrt(dt), count)
        new = ~crossed & (level <= -passage.monitored_distance(0.06, 0.03, dt) + 2 * 0.5826 * 0.03 * math.sqrt(dt))
        crossed |= new
        jumps = (random.random(count) < dt) * random.exponential(0.02, count)
        level -= jumps
        new = ~crossed & (level <= -0.06)
        overshoot[new] = -0.06 - level[new]
        by_jump |= new
        crossed |= new
    probability = passage.jump_passage_probability(0.06, 0.0, 0.03, 1.0, 50.0, horizon)
    assert probability == pytest.approx(float(crossed.mean()), abs=0.015)
    # given a crossing by a jump, what is beyond is exponential with the jump's own mean
    assert overshoot[by_jump].mean() == pytest.approx(0.02, rel=0.06)


def test_transforms_with_jumps_have_their_parts():
    found = passage.jump_passage(0.06, 0.0, 0.03, 1.0, 50.0, 0.5)
    assert 0 < found.creeping < 1
    assert 0 < found.by_jump < 1
    assert found.total == pytest.approx(found.creeping + found.by_jump)


def test_coverage_tests_keep_their_size():
    random = np.random.Generator(np.random.PCG64(9))
    rejected = [coverage.coverage_of(random.random(1000) < 0.05, 0.05).proportion_p < 0.05 for _turn in range(400)]
    assert 0.02 < np.mean(rejected) < 0.09


def test_no_exception_in_a_year_at_one_per_cent_is_itself_rejected():
    assert coverage.proportion_statistic(250, 0, 0.01) == pytest.approx(5.025, abs=0.01)


def test_lights():
    assert [coverage.traffic_light(250, hits, 0.01) for hits in (0, 4, 5, 9, 10)] == [
        "green",
        "green",
        "yellow",
        "yellow",
        "red",
    ]


def test_acerbi_and_szekely_on_normal_losses():
    random = np.random.Generator(np.random.PCG64(10))
    level = 0.975
    var, es = 1.959963984540054, 2.3378027922014133
    values = [
        coverage.shortfall_statistic(random.normal(size=250), np.full(250, var), np.full(250, es), level)
        for _turn in range(4000)
    ]
    assert np.mean(values) == pytest.approx(0.0, abs=0.03)
    assert np.quantile(values, 0.05) == pytest.approx(-0.70, abs=0.05)


def test_ruin_agrees_with_simulation():
    random = np.random.Generator(np.random.PCG64(11))
    loading, ruin = funds.ruin_probability(3.0, 1.4, 1.0, 1.0)
    assert loading == pytest.approx(0.4)
    waits = random.exponential(1.0, (20_000, 400))
    claims = random.exponential(1.0, (20_000, 400))
    surplus = 3.0 + np.cumsum(1.4 * waits - claims, axis=1)
    assert ruin == pytest.approx(float((surplus.min(axis=1) < 0).mean()), abs=0.012)


def test_cover_counts_entities():
    losses = [5.0, 9.0, -3.0, 1.0]
    assert funds.cover(losses, 2) == 14.0
    assert funds.entities_needed(np.array([10.0] * 50), 0.02, 0.01) >= 3
    assert funds.entities_needed(np.array([10.0] * 50), 0.0, 0.01) == 0


def test_the_even_schedule_costs_more_risk_and_less_money():
    best = impact.almgren_chriss(1e6, 5, 5, 0.95, 2.5e-7, 0.0625, 2.5e-6, 1e-6)
    even = impact.almgren_chriss(1e6, 5, 5, 0.95, 2.5e-7, 0.0625, 2.5e-6, 0.0)
    assert best.expected_cost > even.expected_cost
    assert best.deviation < even.deviation


def test_blocks_at_the_ends_are_cheapest_in_a_resilient_book():
    block, rate, cost = impact.obizhaeva_wang(1.0, 2.0, 1.0)
    times = np.linspace(0.0, 1.0, 401)
    trades = np.full(401, rate / 400)
    trades[[0, -1]] = block + rate / 800
    assert trades.sum() == pytest.approx(1.0)
    assert impact.kernel_cost(trades, times, 2.0) == pytest.approx(cost, rel=1e-3)
    assert impact.kernel_cost(np.full(401, 1 / 401), times, 2.0) > cost


def test_cascades_are_fixed_points_and_branching_sums_to_one():
    low, high = impact.cascade_points([1.0, 2.0, 3.0], [4.0, 4.0, 4.0], 0.3, 1.0)
    assert low <= high
    for x in (low, high):
        assert x == pytest.approx(1.0 + 0.3 * sum(4.0 for level in (1.0, 2.0, 3.0) if level <= x + 1e-9))
    assert sum(impact.borel(0.6, n) for n in range(1, 400)) == pytest.approx(1.0, abs=1e-9)
    x = impact.square_root_cascade(0.02, 0.1)
    assert x == pytest.approx(0.02 + 0.1 * math.sqrt(x))
    with pytest.raises(StatisticError, match="never comes to rest"):
        impact.linear_cascade(0.02, 1.0)
