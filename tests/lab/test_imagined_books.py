"""The two imagined books obey one law: the square root, with the same constants."""

import numpy as np
import pytest

from solvent.lab.execution import Book
from solvent.lab.scenario import read_scenario
from solvent.lab.statistics.impact import square_root
from solvent.lab.worlds.compiled.book import depth_now, square_root_impact


@pytest.mark.parametrize("share", [1e-6, 1e-4, 1e-2])
def test_a_trade_moves_both_books_as_the_closed_form_says(share):
    scenario = read_scenario("stress")
    book = Book(scenario, np.ones(len(scenario.markets)))
    for k, market in enumerate(scenario.markets):
        volume, sigma = float(market.daily_volume), float(market.daily_volatility)
        wanted, _average = square_root(float(scenario.execution["impact_ppm"]), sigma, share)
        assert book.impact(k, share * volume) == pytest.approx(wanted)
        assert square_root_impact(book.impact_scale, sigma, share * volume, volume) == pytest.approx(wanted)


def test_both_thin_out_alike_when_volatility_rises():
    scenario = read_scenario("stress")
    book = Book(scenario, np.ones(len(scenario.markets)))
    calm = book.variance.copy()
    for times in (1.0, 4.0, 25.0):
        book.variance = calm * times
        held = [
            depth_now(float(market.depth), 1.0, book.collapse, float(book.variance[k]), float(market.daily_volatility))
            for k, market in enumerate(scenario.markets)
        ]
        assert book.depth() == pytest.approx(np.array(held))
