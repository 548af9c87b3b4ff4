"""Rolling windows against a list of everything that was ever noted."""

import random

import pytest
from tests.ground import blank_state
from tests.plain import plain

from solvent.state import windows
from solvent.units import PPM

EIGHTHS = 8


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("window", range(4))
def test_a_window_reaches_back_over_eight_eighths_and_the_one_that_fills(seed: int, window: int) -> None:
    chance = random.Random(seed)
    state = blank_state()
    venue, market = state.venue[0], state.instruments[0]
    eighth = windows.LENGTHS_NS[window] // EIGHTHS
    noted: list[tuple[int, int, int]] = []
    flows: list[tuple[int, int, int, int]] = []
    for _ in range(60):
        venue.time_ns += chance.choice([1, eighth // 3, eighth, 3 * eighth])
        now = int(venue.time_ns) // eighth
        before = int(market.mark_ticks)
        mark = max(before + chance.randint(-90, 90), 1)
        plain(windows.record_mark)(state, 0, before, mark)
        market.mark_ticks = mark
        noted.append((now, before, mark))
        flow, outflow = chance.randint(0, 500), chance.randint(-500, 500)
        plain(windows.record_flow)(state, 0, flow, outflow)
        flows.append((now, abs(mark - before) * PPM // before, flow, outflow))
        since = now - EIGHTHS
        seen = [mark, *(ticks for at, *both in noted if at >= since for ticks in both)]
        assert plain(windows.extremes)(state, 0, window) == (min(seen), max(seen))
        sums = [sum(column) for column in zip(*(row[1:] for row in flows if row[0] >= since), strict=True)]
        assert list(plain(windows.sums)(state, 0, window)) == sums


def test_the_highest_level_of_the_venue_is_forgotten_with_its_window() -> None:
    state = blank_state()
    eighth = windows.LENGTHS_NS[windows.MINUTE] // EIGHTHS
    for level, after, highest in ((500, 0, 500), (300, eighth, 500), (200, 7 * eighth, 500), (250, eighth, 300)):
        state.venue[0].time_ns += after
        plain(windows.record_level)(state, 1, level)
        assert plain(windows.highest)(state, 1, windows.MINUTE) == highest
