"""Rolling windows: what a market did in the last minute, ten minutes, hour and day.

A window is kept in eighths, each with the lowest and highest mark, the sum of moves, the value liquidated and what
was withdrawn. Eight whole eighths and the one that is filling reach back at least as far as the window is long and at
most an eighth further, so a bound over the window holds whatever the number of steps inside it (invariant O4).
The venue as a whole has windows of its own, in the rows after the last market.
"""

from solvent.compiled import kernel
from solvent.state.terms import STRETCHES, WINDOWS
from solvent.units import PPM, add_saturated

MINUTE, TEN_MINUTES, HOUR, DAY = range(WINDOWS)
MINUTE_NS = 60 * 10**9
LENGTHS_NS = (MINUTE_NS, 10 * MINUTE_NS, 60 * MINUTE_NS, 24 * 60 * MINUTE_NS)
EIGHTHS = STRETCHES - 1
PATH_MAX_PPM = 2**40


@kernel
def length_of(window):
    """How long a window is, in nanoseconds."""
    if window == MINUTE:
        return LENGTHS_NS[MINUTE]
    if window == TEN_MINUTES:
        return LENGTHS_NS[TEN_MINUTES]
    if window == HOUR:
        return LENGTHS_NS[HOUR]
    return LENGTHS_NS[DAY]


@kernel
def stretch_now(state, place, window):
    """The eighth that is filling now; one that is over begins anew at the mark in force."""
    number = state.venue[0].time_ns // (length_of(window) // EIGHTHS)
    row = state.stretches[(place * WINDOWS + window) * STRETCHES + number % STRETCHES]
    if row.number != number:
        in_force = 0
        if place < state.instruments.shape[0]:
            in_force = state.instruments[place].mark_ticks
        row.number = number
        row.low_ticks = in_force
        row.high_ticks = in_force
        row.path_ppm = 0
        row.flow_quanta = 0
        row.outflow_quanta = 0
        row.taken_quanta = 0
    return row


@kernel
def record_mark(state, instrument, before_ticks, mark_ticks):
    """A mark is about to be replaced: note the move in every window. `before_ticks` is still in force."""
    for window in range(WINDOWS):
        row = stretch_now(state, instrument, window)
        if row.low_ticks == 0:
            row.low_ticks = mark_ticks
            row.high_ticks = mark_ticks
        row.low_ticks = min(row.low_ticks, mark_ticks)
        row.high_ticks = max(row.high_ticks, mark_ticks)
        if before_ticks > 0:
            row.path_ppm = min(row.path_ppm + abs(mark_ticks - before_ticks) * PPM // before_ticks, PATH_MAX_PPM)


@kernel
def record_flow(state, place, flow_quanta, outflow_quanta):
    """Value was liquidated in a market, or left the venue (negative: came in)."""
    for window in range(WINDOWS):
        row = stretch_now(state, place, window)
        row.flow_quanta = add_saturated(row.flow_quanta, flow_quanta)
        row.outflow_quanta = add_saturated(row.outflow_quanta, outflow_quanta)


@kernel
def record_level(state, place, level):
    """Note a level the venue keeps the highest of, such as the total of its funds."""
    for window in range(WINDOWS):
        row = stretch_now(state, place, window)
        row.high_ticks = max(row.high_ticks, level)


@kernel
def extremes(state, instrument, window):
    """(lowest, highest) mark of the window, the mark in force included; zeros while there is none."""
    low = state.instruments[instrument].mark_ticks
    high = low
    first = state.venue[0].time_ns // (length_of(window) // EIGHTHS) - EIGHTHS
    base = (instrument * WINDOWS + window) * STRETCHES
    for place in range(base, base + STRETCHES):
        row = state.stretches[place]
        if row.number >= first and row.low_ticks > 0:
            low = min(low, row.low_ticks)
            high = max(high, row.high_ticks)
    return low, high


@kernel
def highest(state, place, window):
    """Highest level noted in the window."""
    high = 0
    first = state.venue[0].time_ns // (length_of(window) // EIGHTHS) - EIGHTHS
    base = (place * WINDOWS + window) * STRETCHES
    for i in range(base, base + STRETCHES):
        if state.stretches[i].number >= first:
            high = max(high, state.stretches[i].high_ticks)
    return high


@kernel
def sums(state, place, window):
    """(moves in parts per million, value liquidated, value withdrawn) of the window."""
    path = 0
    flow = 0
    outflow = 0
    first = state.venue[0].time_ns // (length_of(window) // EIGHTHS) - EIGHTHS
    base = (place * WINDOWS + window) * STRETCHES
    for i in range(base, base + STRETCHES):
        row = state.stretches[i]
        if row.number >= first:
            path += row.path_ppm
            flow = add_saturated(flow, row.flow_quanta)
            outflow = add_saturated(outflow, row.outflow_quanta)
    return path, flow, outflow


@kernel
def record_taken(state, instrument, value_quanta):
    """The pool of the market has taken over so much."""
    row = stretch_now(state, instrument, HOUR)
    row.taken_quanta = add_saturated(row.taken_quanta, value_quanta)


@kernel
def taken_in_hour(state, instrument):
    """Value the pool has taken over in this market in the last hour."""
    taken = 0
    first = state.venue[0].time_ns // (length_of(HOUR) // EIGHTHS) - EIGHTHS
    base = (instrument * WINDOWS + HOUR) * STRETCHES
    for i in range(base, base + STRETCHES):
        if state.stretches[i].number >= first:
            taken = add_saturated(taken, state.stretches[i].taken_quanta)
    return taken
