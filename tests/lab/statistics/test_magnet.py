"""The magnet effect against walks that have none and walks that are drawn in."""

import numpy as np
import pytest

from solvent.lab.statistics.faults import StatisticError
from solvent.lab.statistics.magnet import approaches
from solvent.lab.statistics.passage import touch_probability

BAND, WINDOW, HORIZON = 0.03, 60, 30


def walk(seed: int, pull: float = 0.0, steps: int = 40_000, volatility: float = 0.001) -> np.ndarray:
    """A walk; with `pull` it drifts, in standard deviations, towards the nearer edge of its band when close to it."""
    noise = np.random.default_rng(seed).normal(0, volatility, steps)
    logs = np.zeros(steps)
    for place in range(1, steps):
        step = noise[place]
        if pull:
            before = logs[max(place - WINDOW, 0) : place]
            above, below = before.min() + BAND - logs[place - 1], logs[place - 1] - before.max() + BAND
            if min(above, below) < 2 * volatility * np.sqrt(HORIZON):
                step += pull * volatility * (1 if above < below else -1)
        logs[place] = logs[place - 1] + step
    return np.exp(logs)


def test_a_walk_has_no_magnet() -> None:
    found = approaches([walk(seed) for seed in range(4)], BAND, WINDOW, HORIZON)
    assert len(found) >= 3
    for row in found:
        assert row.low <= 1.25, row
        assert row.high >= 0.8, row
        assert abs(row.speed) < 4 / row.samples**0.5, row
        assert not row.alarms


def test_a_walk_that_is_drawn_in_is_caught_with_its_speed() -> None:
    drawn = approaches([walk(seed, pull=0.35, steps=15_000) for seed in range(4)], BAND, WINDOW, HORIZON)
    assert any(row.alarms for row in drawn)
    assert all(row.speed > 0.15 for row in drawn if row.furthest <= 1.5)


def test_flow_is_told_against_the_mean_of_all_steps() -> None:
    path = walk(1, steps=20_000)
    even = approaches([path], BAND, WINDOW, HORIZON, [np.ones(len(path))])
    assert {round(row.flow, 9) for row in even} == {1.0}
    assert {row.flow for row in approaches([path], BAND, WINDOW, HORIZON)} == {0.0}


def test_the_null_is_the_reflection_formula() -> None:
    assert touch_probability(0.02, 0.001, 400) == pytest.approx(0.31731, abs=1e-5)


@pytest.mark.parametrize("path", [np.ones(10), np.full(500, 7.0), np.array([1.0, np.nan] * 100), np.zeros(500)])
def test_what_cannot_be_judged_gives_nothing(path) -> None:
    assert approaches([path], BAND, WINDOW, HORIZON) == ()


@pytest.mark.parametrize(("band", "window", "horizon"), [(0, 60, 30), (1, 60, 30), (0.1, 1, 30), (0.1, 60, 0)])
def test_a_band_that_is_none_is_refused(band, window, horizon) -> None:
    with pytest.raises(StatisticError):
        approaches([walk(1, steps=200)], band, window, horizon)
