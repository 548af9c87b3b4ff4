"""Breakers: what a new mark makes them ask for."""

from tests.ground import blank_state
from tests.plain import plain

from solvent.codes import Metric, Mode
from solvent.risk.breaker import held_mode, let_go, measured, observe
from solvent.state.terms import BREAKERS_MAX

SECOND = 10**9
START = 10**18


def venue(*rows):
    """(move ppm, window s, mode, release s) of each breaker; the anchors are set at 1,000."""
    state = blank_state(instruments=2)
    for place, (move, window, mode, release) in enumerate(rows):
        state.breakers[place] = (1, move, window * SECOND, mode, release * SECOND, 0, 0, 0, 0)
    ask(state, 1_000, 0)
    return state


def ask(state, mark, at):
    state.venue[0].time_ns = START + int(at * SECOND)
    before = int(state.instruments[1].mark_ticks)
    state.instruments[1].mark_ticks = mark
    plain(observe)(state, 1, mark, before)
    return held(state)


def held(state, at=None):
    """(mode the market is held in, second until which the longest breaker holds it)."""
    if at is not None:
        state.venue[0].time_ns = START + int(at * SECOND)
        plain(observe)(state, 1, 0, 0)
    mode = Mode(int(plain(held_mode)(state, 1)))
    until = max(int(state.anchors[BREAKERS_MAX + row].until_ns) for row in range(BREAKERS_MAX))
    return mode, (until - START) / SECOND if mode != Mode.ACTIVE else 0


def test_no_breaker_asks_for_nothing() -> None:
    assert ask(venue(), 1, 1) == (Mode.ACTIVE, 0)


def test_a_move_of_exactly_the_threshold_trips_it_one_tick_less_does_not() -> None:
    for trips, holds in ((900, 901), (1_100, 1_099)):
        state = venue((100_000, 300, Mode.REDUCE_ONLY, 60))
        assert ask(state, holds, 1) == (Mode.ACTIVE, 0)
        assert ask(state, trips, 2) == (Mode.REDUCE_ONLY, 62)


def test_the_move_is_measured_from_the_start_of_the_window_and_not_from_the_last_mark() -> None:
    state = venue((100_000, 300, Mode.HALTED, 60))
    asked = [ask(state, mark, at)[0] for at, mark in ((100, 950), (200, 920), (300, 900))]
    assert asked == [Mode.ACTIVE, Mode.ACTIVE, Mode.HALTED]


def test_after_it_tripped_the_anchor_is_the_mark_that_tripped_it() -> None:
    state = venue((100_000, 300, Mode.HALTED, 60))
    assert ask(state, 900, 1) == (Mode.HALTED, 61)
    assert ask(state, 811, 62) == (Mode.ACTIVE, 0)
    assert ask(state, 810, 63) == (Mode.HALTED, 123)


def test_a_slow_fall_over_several_windows_trips_nothing() -> None:
    state = venue((100_000, 300, Mode.HALTED, 60))
    marks = [1_000 - 5 * step for step in range(80)]
    assert {ask(state, mark, 40 * step)[0] for step, mark in enumerate(marks)} == {Mode.ACTIVE}


def test_markets_have_anchors_of_their_own() -> None:
    state = venue((100_000, 300, Mode.HALTED, 60))
    plain(observe)(state, 0, 500, 500)
    assert held(state) == (Mode.ACTIVE, 0)
    assert ask(state, 900, 1)[0] == Mode.HALTED
    assert plain(held_mode)(state, 0) == Mode.ACTIVE


def test_the_strictest_breaker_wins() -> None:
    state = venue((100_000, 300, Mode.REDUCE_ONLY, 60), (200_000, 300, Mode.HALTED, 60))
    assert ask(state, 880, 1)[0] == Mode.REDUCE_ONLY
    assert ask(state, 800, 2)[0] == Mode.HALTED


def test_each_breaker_holds_for_its_own_time_and_the_operator_may_let_go() -> None:
    state = venue((100_000, 300, Mode.REDUCE_ONLY, 300), (200_000, 300, Mode.HALTED, 60))
    assert ask(state, 800, 1)[0] == Mode.HALTED
    assert held(state, 61)[0] == Mode.REDUCE_ONLY
    assert held(state, 301)[0] == Mode.ACTIVE
    assert ask(state, 600, 302)[0] == Mode.HALTED
    plain(let_go)(state, 1)
    assert held(state)[0] == Mode.ACTIVE


def test_a_jump_after_a_quiet_time_is_measured_from_the_mark_before_it() -> None:
    state = venue((100_000, 300, Mode.HALTED, 60))
    assert ask(state, 700, 4_000)[0] == Mode.HALTED


def test_what_is_not_measured_of_the_venue_or_without_a_mark_is_nothing() -> None:
    state = blank_state(instruments=2)
    row = state.breakers[0]
    row.metric, row.window_ns = Metric.VOLATILITY, 60 * SECOND
    assert plain(measured)(state, 2, row) == 0
    row.metric = Metric.STALENESS
    state.instruments[1].mark_ticks = 0
    assert plain(measured)(state, 1, row) == 0


def test_a_metric_that_is_not_calm_yet_holds_for_another_time() -> None:
    """Open interest of a tenth of the depth trips it, and it lets go below a twentieth, asked every minute."""
    state = venue()
    breaker = state.breakers[0]
    breaker.used, breaker.metric, breaker.mode = 1, Metric.OPEN_INTEREST, Mode.REDUCE_ONLY
    breaker.move_ppm, breaker.exit_ppm, breaker.release_ns = 100_000, 50_000, 60 * SECOND
    state.markets[1].depth_lots = 1_000
    state.instruments[1].open_interest_lots = 100
    assert ask(state, 1_000, 1) == (Mode.REDUCE_ONLY, 61)
    state.instruments[1].open_interest_lots = 50
    assert held(state, 60) == (Mode.REDUCE_ONLY, 61)
    assert held(state, 61) == (Mode.REDUCE_ONLY, 121)
    state.instruments[1].open_interest_lots = 49
    assert held(state, 120) == (Mode.REDUCE_ONLY, 121)
    assert held(state, 121) == (Mode.ACTIVE, 0)
