"""The panel of the magnet effect, over commands as a player keeps them: no world is played here."""

from types import SimpleNamespace

import numpy as np
import pytest

from solvent.codes import Metric
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.lab.worlds.panels import bands
from solvent.state.terms import TermsShape, blank_terms

STEP_S, STEPS = 60, 4_000


def world_of(*breakers: tuple[Metric, int, int]) -> SimpleNamespace:
    """One market, one feed; (metric, ppm, window in s) of its breakers."""
    terms = blank_terms(TermsShape(1, 1))
    for row, (metric, move, window) in enumerate(breakers):
        terms.breakers[row].used, terms.breakers[row].metric = 1, metric
        terms.breakers[row].move_ppm, terms.breakers[row].window_ns = move, window * 10**9
    return SimpleNamespace(
        conditions=SimpleNamespace(step_s=STEP_S, steps=STEPS),
        scenario=SimpleNamespace(start_ns=10**18),
        compiled=SimpleNamespace(terms=terms),
        given=SimpleNamespace(feed_sources=np.array([[3]])),
        markets=1,
    )


class Walked:
    """A player whose paths are walks; in every tenth step something is liquidated."""

    def __init__(self, world: SimpleNamespace, *, keep: bool) -> None:
        assert keep
        self.world = world
        self.commands: list[np.ndarray] = []

    def play(self, path: int) -> None:
        logs = np.cumsum(np.random.default_rng(path).normal(0, 0.002, STEPS))
        reports = np.zeros(2 * STEPS, dtype=COMMAND_DTYPE)
        reports["kind"], reports["source"] = CommandKind.PRICE_REPORT, np.tile([3, 4], STEPS)
        reports["time_ns"] = self.world.scenario.start_ns + np.repeat(np.arange(STEPS), 2) * STEP_S * 10**9
        reports["price_ticks"] = np.repeat(100_000 * np.exp(logs), 2)
        reports["price_ticks"][1::2] = 7  # another feed, which is not looked at
        fills = reports[::20].copy()
        fills["kind"], fills["lots"] = CommandKind.LIQUIDATION_FILL, -5
        self.commands = [reports, fills]


def test_the_narrowest_band_of_the_rules_is_looked_at() -> None:
    rules = ((Metric.VOLATILITY, 10_000, 60), (Metric.MARK_MOVE, 100_000, 300), (Metric.PRICE_BAND, 50_000, 3_600))
    assert bands.tightest_band(world_of(*rules)) == (0.05, 60)
    assert bands.tightest_band(world_of((Metric.MARK_MOVE, 100_000, 60))) == (0.1, bands.STEPS_MIN)
    assert bands.tightest_band(world_of((Metric.STALENESS, 100_000, 60))) is None


def test_prices_and_forced_trading_are_read_step_by_step() -> None:
    world = world_of()
    player = Walked(world, keep=True)
    player.play(1)
    (prices,), (flows,) = bands.prices_and_flows(world, np.concatenate(player.commands))
    assert len(prices) == len(flows) == STEPS
    assert prices.min() > 7
    assert (flows > 0).sum() == STEPS // 10


@pytest.mark.parametrize(
    ("breakers", "words", "rows"),
    [
        ((), "no price in a band", False),
        (((Metric.PRICE_BAND, 60_000, 3_600),), "no distance alarms", True),
        (((Metric.PRICE_BAND, 900_000, 3_600),), "came near", False),
    ],
)
def test_the_panel_says_what_it_found(monkeypatch, breakers, words, rows) -> None:
    monkeypatch.setattr(bands, "Player", Walked)
    figure = bands.magnet(SimpleNamespace(world=world_of(*breakers)))
    assert words in figure.sentence
    assert (len(figure.table) > 1) == rows == bool(figure.traces)
    assert len(figure.frame()) == sum(len(trace.x) for trace in figure.traces) + len(figure.table) - 1
