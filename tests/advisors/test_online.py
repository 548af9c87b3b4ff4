"""Online quantiles keep their bounds on streams made to break them; depth forecasts cover what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.advisors import depth, online

streams = st.lists(st.floats(0, 1), min_size=1, max_size=200)


@given(streams, st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_the_tracker_keeps_its_bound_on_any_stream(losses, alpha, rate):
    stream = online.track(losses, alpha, rate)
    assert abs(stream.error - alpha) <= online.tracker_bound(1.0, rate, len(losses)) + 1e-12


@given(streams, st.floats(0.01, 0.5), st.floats(0.005, 0.5))
def test_adaptive_inference_keeps_its_bound_on_any_stream(losses, alpha, rate):
    stream = online.adapt(losses, alpha, rate, window=30)
    assert abs(stream.error - alpha) <= stream.bound + 1e-12


def test_the_tracker_follows_a_jump_of_volatility():
    random = np.random.Generator(np.random.PCG64(9))
    losses = np.abs(random.normal(size=20_000)) * np.where(np.arange(20_000) < 10_000, 0.05, 0.2)
    losses = np.minimum(losses, 1.0)
    stream = online.track(losses, 0.01, 0.01)
    assert abs(stream.error - 0.01) <= online.tracker_bound(1.0, 0.01, 20_000)
    assert stream.charged[-1] > 2 * stream.charged[9_999]
    assert stream.windowed(1_000).shape == (20,)
    # what the average hides: the windows are not all alike
    assert stream.windowed(1_000).max() > 0.011


def test_a_conformal_buffer_is_an_order_statistic():
    assert online.buffer_for(range(1, 100), 0.95) == 95
    assert online.buffer_for([1, 2], 0.95) == float("inf")
    assert online.buffer_for([3, 1, 2], 0.5) == 2


def _weeks(weeks=6, seed=2):
    """Hourly depth that breathes with the day, falls with volatility, and is noisy."""
    random = np.random.Generator(np.random.PCG64(seed))
    hours = np.arange(weeks * 168)
    sigma = np.exp(0.3 * random.normal(size=len(hours)))
    log_depth = 10 + 0.5 * np.sin(2 * np.pi * hours / 24) - 0.8 * np.log(sigma) + 0.1 * random.normal(size=len(hours))
    return np.exp(log_depth), sigma, hours * 60 % 10_080


def test_a_depth_forecast_covers_and_falls_with_volatility():
    held, sigma, minute = _weeks(12)
    model = depth.fit_depth(held[:1344], sigma[:1344], minute[:1344])
    assert model.low(600, 1.0) < model.median(600, 1.0)
    # stress is seen one step late and is noise here, so it explains only what carries over
    assert model.elasticity > 0.5
    assert model.median(600, 4.0) < model.median(600, 1.0)
    low = np.array([model.low(int(m), float(s)) for m, s in zip(minute[1344:-1] + 60, sigma[1344:-1], strict=True)])
    assert (held[1345:] >= low).mean() > 0.9
    assert model.used(600, 1.0) <= 0.05 * model.usual_depth
    assert model.pinball > 0


def test_refill_is_measured_after_the_trough():
    usual, rate = 100.0, 0.02
    seconds = np.arange(0, 100, 5)
    held = np.concatenate([[100, 60], usual * (1 - 0.95 * np.exp(-rate * seconds))])
    assert depth.refill_rate(held, usual, 5.0) == pytest.approx(rate, rel=1e-6)
    assert np.isnan(depth.refill_rate([100, 50, 5], usual, 5.0))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: online.track([], 0.1, 0.1),
        lambda: online.track([1.0], 1.5, 0.1),
        lambda: online.adapt([], 0.1, 0.1),
        lambda: online.adaptive_bound(2.0, 0.1, 1),
        lambda: online.tracker_bound(1.0, 0.0, 1),
        lambda: depth.fit_depth([1.0] * 10, [1.0] * 10, [0] * 10),
        lambda: depth.fit_depth([0.0] * 300, [1.0] * 300, [0] * 300),
        lambda: depth.fit_depth([1.0] * 300, [1.0] * 300, [0] * 300, ahead=0),
        lambda: depth.refill_rate([1.0], 1.0, 1.0),
    ],
)
def test_what_cannot_be_followed_is_told(wrong):
    with pytest.raises(ValueError, match=r"[Gg]ive|above zero|at least one"):
        wrong()
