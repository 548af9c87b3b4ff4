"""Breakers: a market that moves too far from its anchor is slowed down or stopped, and released by itself.

A breaker's anchor is the mark at the start of its window; a window that has run out starts again at the next mark.
The level rises at once; it falls when the release time has passed and no breaker of the market still says otherwise.
"""

from solvent.codes import Mode
from solvent.compiled import kernel
from solvent.state.terms import BREAKERS_MAX
from solvent.units import PPM


@kernel
def observe(state, instrument, mark_ticks):
    """(mode the breakers ask for, time until which they ask it) after a new mark; moves expired anchors."""
    now = state.venue[0].time_ns
    asked = Mode.ACTIVE + 0
    until = 0
    for row in range(BREAKERS_MAX):
        breaker = state.breakers[row]
        if breaker.used == 0:
            continue
        anchor = state.anchors[instrument * BREAKERS_MAX + row]
        if anchor.price_ticks == 0 or now - anchor.time_ns > breaker.window_ns:
            anchor.price_ticks = mark_ticks
            anchor.time_ns = now
        elif abs(mark_ticks - anchor.price_ticks) * PPM >= anchor.price_ticks * breaker.move_ppm:
            asked = max(asked, breaker.mode)
            until = max(until, now + breaker.release_ns)
            anchor.price_ticks = mark_ticks
            anchor.time_ns = now
    return asked, until
