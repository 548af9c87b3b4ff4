"""Scores of default probabilities against the slow obvious ways, and their identities."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solvent.advisors import scoring

pairs = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 0.9, 1.0]), st.integers(0, 1)), min_size=1, max_size=40
)


@given(pairs)
def test_murphys_parts_add_up(rows):
    p, y = zip(*rows, strict=True)
    parts = scoring.brier(p, y)
    assert parts.score == pytest.approx(parts.reliability - parts.resolution + parts.uncertainty, abs=1e-12)


@given(pairs)
def test_the_area_is_the_share_of_pairs_ranked_rightly(rows):
    bad, good = [p for p, y in rows if y], [p for p, y in rows if not y]
    assume(bad and good)
    slow = np.mean([1.0 if b > g else 0.5 if b == g else 0.0 for b in bad for g in good])
    p, y = zip(*rows, strict=True)
    assert scoring.area_under_curve(p, y) == pytest.approx(float(slow))


@given(pairs)
def test_capture_of_everyone_is_everything(rows):
    p, lost = zip(*rows, strict=True)
    assume(sum(lost))
    assert scoring.capture(p, lost, 1.0) == pytest.approx(1.0)
    assert 0.0 <= scoring.capture(p, lost, 0.3) <= 1.0 + 1e-12


def test_capture_by_hand():
    assert scoring.capture([0.9, 0.5, 0.1, 0.1], [6, 3, 1, 0], 0.25) == pytest.approx(0.6)
    assert scoring.capture([0.5, 0.5, 0.1, 0.1], [6, 2, 1, 1], 0.25) == pytest.approx(0.4)


def test_a_calibrated_forecast_has_slope_one():
    random = np.random.Generator(np.random.PCG64(3))
    p = random.uniform(0.05, 0.95, 20_000)
    y = (random.random(20_000) < p).astype(float)
    slope, intercept = scoring.calibration(p, y)
    assert slope == pytest.approx(1.0, abs=0.05)
    assert intercept == pytest.approx(0.0, abs=0.05)
    # too sure of itself: logits doubled
    sure = 1.0 / (1.0 + ((1.0 - p) / p) ** 2)
    assert scoring.calibration(sure, y)[0] == pytest.approx(0.5, abs=0.05)
    assert math.isnan(scoring.calibration([0.2, 0.2], [0, 1])[0])


def test_scores_at_their_ends():
    assert scoring.log_loss([0.0], [1]) == math.inf
    assert math.isnan(scoring.area_under_curve([0.3], [1]))
    assert math.isnan(scoring.precision_recall_area([0.3], [0]))
    assert scoring.precision_recall_area([0.9, 0.8, 0.1], [1, 0, 1]) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert math.isnan(scoring.brier([0.5], [1]).skill())
    assert scoring.brier([1.0, 0.0], [1, 0]).skill() == 1.0
    assert scoring.error_by_mass([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 1], 2) == pytest.approx(0.1)
    assert scoring.error_by_value([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 1]) == pytest.approx(0.1)


def test_drift_is_quiet_for_the_same_and_loud_for_another():
    random = np.random.Generator(np.random.PCG64(4))
    one, other = random.normal(size=5_000), random.normal(size=5_000)
    assert scoring.drift(one, one) == pytest.approx(0.0, abs=1e-12)
    assert scoring.drift(one, other) < 0.02
    assert scoring.drift(one, other + 1.0) > 0.25


@given(st.floats(0.001, 0.999), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_prior_correction_multiplies_the_odds(p, sample, true):
    corrected = scoring.prior_corrected(p, sample, true)
    wanted = p / (1 - p) * (true / (1 - true)) / (sample / (1 - sample))
    assert corrected / (1 - corrected) == pytest.approx(wanted, rel=1e-9)
    assert scoring.prior_corrected(p, sample, sample) == pytest.approx(p)


def test_a_bad_year_and_its_lights():
    assert scoring.stressed_probability(0.01, 0.0, 3.0) == pytest.approx(0.01)
    # Vasicek at 99.9 %: PD 1 %, correlation 0.2 gives 14.55 %
    assert scoring.stressed_probability(0.01, 0.2, 3.090232306) == pytest.approx(0.1455, abs=2e-4)
    assert [scoring.light(1000, count, 0.01) for count in (10, 17, 25)] == ["green", "yellow", "red"]
    assert scoring.light(1000, 25, 0.01, 0.1, 2.0) == "green"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: scoring.brier([], []),
        lambda: scoring.brier([0.5], [0.5]),
        lambda: scoring.brier([1.5], [1]),
        lambda: scoring.capture([0.1], [-1], 0.5),
        lambda: scoring.drift([], [1]),
        lambda: scoring.prior_corrected(0.5, 1.0, 0.5),
        lambda: scoring.stressed_probability(0.0, 0.1, 1.0),
    ],
)
def test_what_cannot_be_scored_is_told(wrong):
    with pytest.raises(ValueError, match=r"between|length|Give|empty|0 or 1"):
        wrong()
