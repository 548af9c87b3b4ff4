"""Multipliers of the requirement: what markets and times ask for on top of the schedule, by instrument and side.

    raw       1 + sum of (m - 1) over volatility, depth, concentration and open interest: risk is added, not averaged
    weighted  (1 - w) x raw + w x stressed         w the weight of the stressed period     (EMIR RTS 153/2013, Art. 28)
    floored   at least the long-run floor
    charged   max(floored, min(floored x (1 + buffer), charged before)): the buffer is full at rest, eaten while the
              need rises and rebuilt while it falls

New risk is charged at once at the initial level. What already stands is charged step by step at the levels below, so
that a change of rules liquidates nobody by surprise. All in parts per million; zero means one.
"""

from solvent.codes import Action, Answer, Level, Mode
from solvent.compiled import kernel
from solvent.state.levels import level_of
from solvent.state.terms import SIDES
from solvent.state.validity import answer_of
from solvent.units import PPM, mul_div_up

MULTIPLIER_MAX_PPM = 20 * PPM


@kernel
def target_ppm(state, instrument, side, before_ppm):
    """What the terms ask for now; `side` 0 is long. `before_ppm` is what was charged until now, 0 for nothing."""
    terms = state.dynamics[instrument * SIDES + side]
    raw = PPM + max(terms.volatility_ppm - PPM, 0) + max(terms.depth_ppm - PPM, 0)
    raw += max(terms.concentration_ppm - PPM, 0) + max(terms.open_interest_ppm - PPM, 0)
    weight = terms.stressed_weight_ppm
    needed = mul_div_up(raw, PPM - weight, PPM) + mul_div_up(max(terms.stressed_ppm, PPM), weight, PPM)
    needed = max(needed, terms.floor_ppm)
    buffered = mul_div_up(needed, PPM + terms.buffer_ppm, PPM)
    charged = buffered if before_ppm == 0 else max(needed, min(buffered, before_ppm))
    return min(charged, MULTIPLIER_MAX_PPM)


@kernel
def multiplier_ppm(state, level, instrument, is_long):
    """The multiplier of one side at a level; caution, or a price in doubt, adds to the initial one."""
    market = state.instruments[instrument]
    if level != Level.INITIAL:
        return max(market.maintenance_long_ppm if is_long else market.maintenance_short_ppm, PPM)
    multiplier = max(market.initial_long_ppm if is_long else market.initial_short_ppm, PPM)
    caution = state.policy[0].caution_initial_ppm
    if caution > PPM:
        if level_of(state, instrument) >= Mode.CAUTION or answer_of(state, instrument, Action.OPEN) != Answer.ALLOW:
            multiplier = mul_div_up(multiplier, caution, PPM)
    return multiplier


@kernel
def scaled_up(state, level, instrument, lots, has_orders, required):
    """A requirement times the multiplier of its side; with open orders, of the dearer side."""
    if required == 0:
        return 0
    if has_orders or lots == 0:
        multiplier = max(
            multiplier_ppm(state, level, instrument, True), multiplier_ppm(state, level, instrument, False)
        )
    else:
        multiplier = multiplier_ppm(state, level, instrument, lots > 0)
    if multiplier == PPM:
        return required
    return mul_div_up(required, multiplier, PPM)
