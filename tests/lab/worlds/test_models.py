"""Price models: moments they promise, fits that find what was drawn, histories they refuse."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.lab.worlds.small import small_scenario

from solvent.lab.worlds.compiled.generators import draw_path
from solvent.lab.worlds.estimates import probability
from solvent.lab.worlds.faults import WorldError
from solvent.lab.worlds.models import (
    Assumed,
    Returns,
    assumed_model,
    at_step,
    branching_ratio,
    copula_table,
    correlation_root,
    fit_garch,
    fit_model,
)
from solvent.lab.worlds.world import weight_of

STEPS, PATHS = 400, 250


def drawn(model, markets=3, paths=PATHS, steps=STEPS):
    out = np.zeros((paths, steps, markets))
    depth = np.ones((steps, markets))
    for path in range(paths):
        draw_path(model, 5, 0, path, 1.0, False, out[path], depth)
    return out


@pytest.mark.parametrize("name", ["normal", "garch-t", "regime"])
def test_volatility_and_correlation_are_those_asked_for(name):
    story = small_scenario()
    model = assumed_model(name, story, 60, Assumed(correlation=0.5))
    returns = drawn(model)
    flat = returns.reshape(-1, 3)
    assert flat.std(axis=0) / model.volatility == pytest.approx(np.ones(3), rel=0.12)
    assert abs(returns.sum(axis=1).mean(axis=0)).max() < 5 * model.volatility.max() * math.sqrt(STEPS / PATHS)
    found = np.corrcoef(flat.T)[0, 1]
    assert (0.4 < found < 0.6) if name != "regime" else found > 0.5


def test_jumps_add_variance_but_no_drift():
    story = small_scenario()
    quiet, loud = (
        assumed_model("kou", story, 60, Assumed(jumps_a_day=rate, own_jumps_a_day=0.0)) for rate in (0.0, 20.0)
    )
    assert drawn(loud).std() > drawn(quiet).std()
    total = drawn(loud).sum(axis=1)
    assert abs(total.mean()) < 5 * total.std() / math.sqrt(PATHS)


def test_excited_jumps_cluster():
    """Variance over mean of counts in long windows is 1 / (1 - n)^2: found again from the paths themselves."""
    story = small_scenario(1)
    assumed = Assumed(jumps_a_day=60.0, branching=0.6, excited_hours=0.2, jump_up=0.5, jump_down=0.5, own_jumps_a_day=0)
    model = assumed_model("hawkes", story, 60, assumed)._replace(volatility=np.zeros(1))
    out, depth = np.zeros((20_000, 1)), np.ones((20_000, 1))
    draw_path(model, 3, 0, 0, 1.0, False, out, depth)
    times = np.flatnonzero(np.abs(out[:, 0] - model.drift[0]) > 1e-9)
    poisson = assumed_model("kou", story, 60, assumed)._replace(volatility=np.zeros(1))
    draw_path(poisson, 3, 0, 0, 1.0, False, out, depth)
    calm = np.flatnonzero(np.abs(out[:, 0] - poisson.drift[0]) > 1e-9)
    assert branching_ratio(times, 20_000, 200) == pytest.approx(0.6, abs=0.15)
    assert branching_ratio(calm, 20_000, 200) < 0.2


def test_a_copula_keeps_its_margins():
    from scipy.stats import t as student

    table = copula_table(np.array([4.0]), 5.0)
    grid = np.sinh(np.linspace(-9.0, 9.0, table.shape[1]))
    place = int(np.searchsorted(grid, 2.0))
    expected = student.ppf(student.cdf(grid[place], 5.0), 4.0) / math.sqrt(2.0)
    assert table[0, place] == pytest.approx(expected, rel=1e-6)
    assert np.all(np.diff(table[0]) >= 0)


def test_garch_is_found_again():
    random = np.random.Generator(np.random.PCG64(4))
    variance, series = 1.0, np.zeros(6000)
    for t in range(6000):
        series[t] = math.sqrt(variance) * random.standard_t(6) / math.sqrt(1.5)
        variance = 0.05 + 0.10 * series[t] ** 2 + 0.85 * variance
    a, b, _start, freedom, residuals = fit_garch(series * 0.01)
    assert a == pytest.approx(0.10, abs=0.04)
    assert b == pytest.approx(0.85, abs=0.06)
    assert 4.0 < freedom < 9.0
    assert residuals.std() == pytest.approx(1.0)


def test_memory_of_volatility_is_kept_in_clock_time():
    a, b = at_step(0.1, 0.85, 1 / 30)
    assert (a + b) ** 30 == pytest.approx(0.95)


def history(rows=900, markets=3, seed=6, jump=0.0):
    random = np.random.Generator(np.random.PCG64(seed))
    common = random.standard_t(4, rows)[:, None] * 0.004
    jumps = (random.random(rows) < 0.03) * random.choice([-jump, jump], rows)
    values = common + random.standard_t(4, (rows, markets)) * 0.003 + jumps[:, None]
    return Returns(("BTC", "ETH", "SOL")[:markets], 1800.0, values, "digest")


@pytest.mark.parametrize("name", ["historical", "fhs", "garch-t", "kou", "hawkes", "normal"])
def test_a_fitted_model_moves_like_its_history(name):
    given = history(jump=0.05 if name in ("kou", "hawkes") else 0.0)
    model, told = fit_model(name, small_scenario(), 1800, given)
    assert told["rows"] == 900
    sample = drawn(model, paths=60, steps=120).reshape(-1, 3)
    assert sample.std(axis=0) == pytest.approx(given.values.std(axis=0), rel=0.35)
    assert np.corrcoef(sample.T)[0, 1] == pytest.approx(np.corrcoef(given.values.T)[0, 1], abs=0.2)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (history(rows=100), "holds 100 usable returns"),
        (history(markets=1), "does not hold ETH, SOL"),
        (Returns(("DOGE",), 1800.0, np.zeros((900, 1)), ""), "holds none of BTC, ETH, SOL"),
        (replace(history(), values=history().values * [1.0, 0.0, 1.0]), "never moves"),
    ],
)
def test_histories_that_carry_no_model_are_refused(given, told):
    with pytest.raises(WorldError, match=told):
        fit_model("fhs", small_scenario(), 60, given)


def test_matrices_that_are_no_correlation_are_refused():
    names = ["A", "B", "C"]
    broken = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    with pytest.raises(WorldError, match="not positive definite"):
        correlation_root(broken, names)
    with pytest.raises(WorldError, match="diagonal"):
        correlation_root(np.eye(3) * 2, names)
    with pytest.raises(WorldError, match="symmetric"):
        correlation_root(np.triu(np.ones((3, 3))), names)
    with pytest.raises(WorldError, match="3 x 3"):
        correlation_root(np.eye(2), names)


@pytest.mark.parametrize(
    ("assumed", "told"),
    [(Assumed(branching=1.0), "endless"), (Assumed(garch_shock=0.2), "explode"), (Assumed(freedom=2.0), "no variance")],
)
def test_parameters_of_no_stationary_model_are_refused(assumed, told):
    with pytest.raises(WorldError, match=told):
        assumed_model("hawkes", small_scenario(), 60, assumed)


def test_a_history_is_needed_where_one_is_played():
    with pytest.raises(WorldError, match="needs a history"):
        assumed_model("fhs", small_scenario(), 60)
    with pytest.raises(WorldError, match="no such model"):
        assumed_model("astrology", small_scenario(), 60)


@pytest.mark.parametrize("name", ["kou", "hawkes", "regime"])
def test_rare_paths_weigh_what_they_should(name):
    """Half of the paths from a law with more jumps, weighed back, tell the same means as the model alone, and more."""
    assumed = Assumed(jumps_a_day=1.0, jump_down=0.1, own_jumps_a_day=0.0, regime_hours=(40.0, 1.0, 1.0))
    model = assumed_model(name, small_scenario(1), 60, assumed)
    steps, paths, tilt = 120, 1500, 8.0
    out, depth = np.zeros((steps, 1)), np.ones((steps, 1))
    falls, weights, log_ratios = np.zeros((2, paths)), np.zeros(paths), []
    for path in range(paths):
        assert draw_path(model, 5, 0, path, 1.0, False, out, depth) == 0.0
        falls[0, path] = out.sum()
        log_ratio = draw_path(model, 5, 0, path, tilt, path % 2 == 1, out, depth)
        falls[1, path], weights[path] = out.sum(), weight_of(tilt, log_ratio)
        log_ratios.append(log_ratio)
    assert weights.max() <= 2.0
    # the mean weight is one: densities integrate to one
    assert weights.mean() == pytest.approx(1.0, abs=4 * weights.std() / math.sqrt(paths))
    level = np.quantile(falls[0], 0.01)
    plain, weighed = probability(falls[0] <= level), probability(falls[1] <= level, weights)
    apart = math.hypot(plain.standard_error, weighed.standard_error)
    assert abs(plain.value - weighed.value) <= 4 * apart
    if name != "regime":
        assert (falls[1] <= level).sum() > 2 * (falls[0] <= level).sum()
        assert weighed.standard_error < plain.standard_error
