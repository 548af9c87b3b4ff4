"""Breakers: a market that moves too far from its anchor is slowed down or stopped, and released by itself.

A breaker's anchor is the mark at the start of its window. When the window has run out, the next begins at the mark
before the new one, so that a jump after a quiet time is a jump as well; a breaker that has acted measures anew from
where it acted. Each breaker holds the market until its own release time; the strictest that holds decides.
"""

from solvent.codes import Mode
from solvent.compiled import kernel
from solvent.state.terms import BREAKERS_MAX
from solvent.units import PPM


@kernel
def held_mode(state, instrument):
    """The strictest mode a breaker of the market holds it in now."""
    held = Mode.ACTIVE + 0
    for row in range(BREAKERS_MAX):
        breaker = state.breakers[row]
        if breaker.used == 1 and state.anchors[instrument * BREAKERS_MAX + row].until_ns > state.venue[0].time_ns:
            held = max(held, breaker.mode)
    return held


@kernel
def observe(state, instrument, mark_ticks, before_ticks):
    """Measure a new mark against every anchor of the market; breakers it passes hold the market from now on."""
    now = state.venue[0].time_ns
    for row in range(BREAKERS_MAX):
        breaker = state.breakers[row]
        if breaker.used == 0:
            continue
        anchor = state.anchors[instrument * BREAKERS_MAX + row]
        if anchor.price_ticks == 0 or now - anchor.time_ns > breaker.window_ns:
            anchor.price_ticks = before_ticks if before_ticks > 0 else mark_ticks
            anchor.time_ns = now
        if abs(mark_ticks - anchor.price_ticks) * PPM >= anchor.price_ticks * breaker.move_ppm:
            anchor.until_ns = now + breaker.release_ns
            anchor.price_ticks = mark_ticks
            anchor.time_ns = now


@kernel
def let_go(state, instrument):
    """The operator has decided: no breaker holds the market any more."""
    for row in range(BREAKERS_MAX):
        state.anchors[instrument * BREAKERS_MAX + row].until_ns = 0
