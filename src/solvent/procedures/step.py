"""Dynamic margin binds: at once for new risk, step by step for what stands, and no step pushes too many at a time."""

from solvent.codes import AccountKind, Level, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.review import review
from solvent.risk.margin import judge
from solvent.state.multipliers import target_ppm
from solvent.state.positions import find_position
from solvent.state.tables import NONE
from solvent.state.terms import SIDES
from solvent.units import PPM

HALVINGS_MAX = 26
"""A step is halved so often at most: by then the widest of all, MULTIPLIER_MAX_PPM, is no step."""


@kernel
def charged_ppm(state, instrument, side):
    """Multiplier what stands is charged now."""
    market = state.instruments[instrument]
    return max(market.maintenance_long_ppm if side == 0 else market.maintenance_short_ppm, PPM)


@kernel
def charge(state, instrument, side, multiplier):
    """Charge what stands at this multiplier from now on."""
    market = state.instruments[instrument]
    if side == 0:
        market.maintenance_long_ppm = multiplier
    else:
        market.maintenance_short_ppm = multiplier


@kernel
def is_holder(state, account, instrument):
    """True for a sound trader with a position in the market."""
    terms = state.accounts[account]
    if terms.status != Status.SOUND or terms.kind == AccountKind.SYSTEM or terms.kind == AccountKind.NONE:
        return False
    row = find_position(state, account, instrument)
    return row != NONE and state.positions[row].lots != 0


@kernel
def pushed(state, instrument, most):
    """How many sound holders of the market are below maintenance now; counting stops above `most`."""
    count = 0
    for account in range(state.venue[0].account_count):
        if not is_holder(state, account, instrument):
            continue
        equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
        if equity - requirement - state.stages[0].or_equal < 0 and (requirement > 0 or equity < 0):
            count += 1
            if count > most:
                return count
    return count


@kernel
def review_holders(state, watch, tape, instrument):
    """Judge everybody in the market anew."""
    for account in range(state.venue[0].account_count):
        if is_holder(state, account, instrument):
            review(state, watch, tape, account)


@kernel
def tell_step(state, tape, instrument, side, before, after, wanted):
    """One step of the multiplier, or the step that was made shorter so as not to push too many."""
    event = tell(state, tape, EventKind.MARGIN_STEPPED)
    event.instrument = instrument
    event.lots = 1 if side == 0 else -1
    event.value = after
    event.amount_quanta = before
    event.requirement_quanta = wanted


@kernel
def set_initial_margins(state):
    """New terms bind: new risk is charged at their multipliers from now on; what stands only where they fall."""
    for instrument in range(state.instruments.shape[0]):
        market = state.instruments[instrument]
        market.initial_long_ppm = target_ppm(state, instrument, 0, market.initial_long_ppm)
        market.initial_short_ppm = target_ppm(state, instrument, 1, market.initial_short_ppm)
        market.maintenance_long_ppm = min(market.maintenance_long_ppm, market.initial_long_ppm)
        market.maintenance_short_ppm = min(market.maintenance_short_ppm, market.initial_short_ppm)


@kernel
def step_margin(state, watch, tape):
    """One market and side whose multiplier has still to rise makes its next step: at most one in a command.

    A step that would push more accounts under maintenance than the rulebook allows is halved until it does not; one
    that cannot be made at all waits for the next interval, and is told.
    """
    policy = state.policy[0]
    now = state.venue[0].time_ns
    for place in range(state.instruments.shape[0] * SIDES):
        instrument = place // SIDES
        side = place - instrument * SIDES
        market = state.instruments[instrument]
        goal = market.initial_long_ppm if side == 0 else market.initial_short_ppm
        before = charged_ppm(state, instrument, side)
        if market.listed == 0 or goal <= before or now < market.step_after_ns:
            continue
        market.step_after_ns = now + policy.step_ns
        step = goal - before
        if state.dynamics[place].step_ppm > 0:
            step = min(step, state.dynamics[place].step_ppm)
        wanted = before + step
        for _halving in range(HALVINGS_MAX):  # pragma: no branch - no step pushes nobody
            charge(state, instrument, side, before + step)
            if policy.step_accounts_max == 0 or pushed(state, instrument, policy.step_accounts_max) <= (
                policy.step_accounts_max
            ):
                break
            step //= 2
        charge(state, instrument, side, before + step)
        tell_step(state, tape, instrument, side, before, before + step, wanted)
        review_holders(state, watch, tape, instrument)
        return
