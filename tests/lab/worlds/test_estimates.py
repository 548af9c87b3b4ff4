"""Estimates: errors that mean what they say, limits, pairs."""

import numpy as np
import pytest
from tests.lab.worlds.small import small_world

from solvent.lab.worlds.estimates import (
    effective_paths,
    expected_shortfall,
    is_settled,
    mean_of,
    paired_differences,
    parse_limit,
    probability,
    verdict_of,
)
from solvent.lab.worlds.faults import WorldError
from solvent.lab.worlds.runs import run_paths


def test_the_standard_error_of_a_shortfall_is_its_spread_over_samples():
    random = np.random.Generator(np.random.PCG64(2))
    found = [expected_shortfall(random.exponential(1.0, 2000), 0.95) for _turn in range(300)]
    spread = np.std([estimate.value for estimate in found])
    assert np.mean([estimate.standard_error for estimate in found]) == pytest.approx(spread, rel=0.15)
    assert np.mean([estimate.value for estimate in found]) == pytest.approx(1.0 + np.log(20.0), rel=0.02)
    inside = np.mean([estimate.low < 1.0 + np.log(20.0) < estimate.high for estimate in found])
    assert inside > 0.9


def test_one_path_in_the_tail_says_so():
    estimate = expected_shortfall(np.arange(100.0), 0.999)
    assert estimate.value == 99.0
    assert estimate.standard_error == 99.0


def test_an_event_never_seen_is_not_impossible():
    estimate = probability(np.zeros(100, dtype=bool))
    assert estimate.value == 0.0
    assert 0.02 < estimate.high < 0.05


def test_lights_follow_the_interval():
    estimates = {"probability_shortfall": probability(np.arange(100) < 10)}
    colours = [verdict_of(estimates, [("probability_shortfall", most)])[0]["colour"] for most in (0.05, 0.12, 0.5)]
    assert colours == ["red", "amber", "green"]


@pytest.mark.parametrize("text", ["expected_shortfall_999", "profit=3", "expected_shortfall_999=many"])
def test_limits_that_are_none(text):
    with pytest.raises(WorldError, match="no limit"):
        parse_limit(text)
    assert parse_limit("expected_shortfall_999=5e6") == ("expected_shortfall_999", 5e6)


def test_pairs_are_tighter_than_two_samples():
    first, second = (run_paths(small_world(rulebook=name), 24) for name in ("solvent", "binance_usdm"))
    rows = {row.name: row for row in paired_differences(first, second, 10**6)}
    liquidated = rows["liquidated"]
    assert liquidated.difference.value == pytest.approx(liquidated.second - liquidated.first)
    assert liquidated.difference.low <= liquidated.difference.value <= liquidated.difference.high
    same = {row.name: row for row in paired_differences(first, first, 10**6)}
    assert same["shortfall"].difference.value == 0.0
    assert same["shortfall"].difference.standard_error == 0.0
    with pytest.raises(ValueError, match="same paths"):
        paired_differences(first, run_paths(small_world(), 3), 10**6)


def test_nothing_is_settled_too_early():
    paths = run_paths(small_world(), 8)
    assert not is_settled(paths, 10**6, 0.5)


def test_weights_of_one_change_nothing_and_whole_ones_are_copies():
    losses = np.arange(400.0)
    assert expected_shortfall(losses, 0.95, np.ones(400)) == expected_shortfall(losses, 0.95)
    assert mean_of(losses, np.ones(400)) == mean_of(losses)
    twice = np.where(losses >= 300, 2.0, 1.0)
    copied = np.concatenate([losses, losses[losses >= 300]])
    assert expected_shortfall(losses, 0.9, twice).value == pytest.approx(expected_shortfall(copied, 0.9).value)
    assert probability(losses > 350, twice).value == pytest.approx(probability(copied > 350).value)
    assert effective_paths(twice) == pytest.approx(500**2 / (300 + 4 * 100))


def test_a_tail_of_light_paths_is_known_better_than_one_of_heavy_ones():
    random = np.random.Generator(np.random.PCG64(3))
    plain = random.exponential(1.0, 1000)
    # every second path from a law with a heavier tail, weighed by the balance of both
    heavy = random.exponential(3.0, 500)
    mixed = np.concatenate([plain[:500], heavy])
    density, other = np.exp(-mixed), np.exp(-mixed / 3.0) / 3.0
    weighed = expected_shortfall(mixed, 0.999, 2.0 * density / (density + other))
    assert weighed.standard_error < 0.5 * weighed.value
    assert weighed.low < 1.0 + np.log(1000.0) < weighed.high
    # of the plain ones the tail is one path, which says so
    assert expected_shortfall(plain, 0.999).standard_error == expected_shortfall(plain, 0.999).value
