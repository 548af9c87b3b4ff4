"""Funding: a rate is told, or computed from the premiums heard and the skew as the rulebook says (risk/premium.py).

    clamped     P + clip(interest - P, +-clamp)                                      the average premium of the interval
    damped      max(d, P) + min(-d, P)                                               the same
    velocity    a rate per day that drifts with the skew; what is paid is its mean over the time passed
    adaptive    a rate per year that grows with the imbalance, stands, or decays

The first two are for a period and paid in parts of an interval; all are multiplied and held to the cap of an interval.
The skew is what traders hold against the vault: between traders longs and shorts are always the same.
"""

from solvent.codes import Action, FundingKind, Refusal, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.answer import answer_funding
from solvent.risk.funding import next_index
from solvent.risk.premium import (
    adaptive_change,
    clamped_rate,
    damped_rate,
    held,
    interval_rate_nearest,
    rate_after_nearest,
    velocity_nearest,
)
from solvent.state.levels import is_allowed, level_of
from solvent.state.positions import find_position
from solvent.state.tables import NONE
from solvent.state.values import lot_price
from solvent.units import LIMIT, PPB, PPM, mul_div_nearest

DAY_NS = 86_400 * 10**9
YEAR_NS = 365 * DAY_NS
SECOND_NS = 10**9
PREMIUMS_MAX = 2**20
NO_CAP = -1


@kernel
def refusal_of_market(state, instrument):
    """Why no funding can pass in a market now."""
    if instrument < 0 or instrument >= state.instruments.shape[0] or state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    if state.instruments[instrument].mark_ticks == 0:
        return Refusal.NO_MARK
    if not is_allowed(level_of(state, instrument), Action.FUND):
        return Refusal.MARKET_HALTED
    return Refusal.NONE


@kernel
def next_index_of(state, instrument, rate_ppb):
    """The market's index after one interval at this rate."""
    market = state.instruments[instrument]
    lot_num, lot_den = lot_price(state.contracts[instrument], market.mark_ticks)
    return next_index(market.funding_index, lot_num, lot_den, rate_ppb)


@kernel
def pay_rate(state, watch, tape, instrument, rate_ppb, index):
    """Longs owe shorts the rate; whoever has no reserve for it is judged, because no price told it."""
    market = state.instruments[instrument]
    step = index - market.funding_index
    market.funding_index = index
    event = tell(state, tape, EventKind.FUNDING_TICKED)
    event.instrument = instrument
    event.value = rate_ppb
    event.price_ticks = market.mark_ticks
    answer_funding(state, watch, tape, instrument, step)


@kernel
def tick_funding(state, watch, tape, command):
    """The venue tells the rate of one interval."""
    instrument = command.instrument
    refusal = refusal_of_market(state, instrument)
    if refusal != Refusal.NONE:
        return refusal
    if abs(command.rate_ppb) > state.policy[0].funding_rate_max_ppb:
        return Refusal.RATE_OUT_OF_RANGE
    index = next_index_of(state, instrument, command.rate_ppb)
    if abs(index) >= LIMIT // 2:
        return Refusal.RATE_OUT_OF_RANGE
    pay_rate(state, watch, tape, instrument, command.rate_ppb, index)
    return Refusal.NONE


@kernel
def report_premium(state, tape, command):
    """A sample of the premium is added to those of the interval."""
    instrument = command.instrument
    if instrument < 0 or instrument >= state.instruments.shape[0] or state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    if abs(command.rate_ppb) > PPB:
        return Refusal.RATE_OUT_OF_RANGE
    market = state.instruments[instrument]
    if market.premium_count >= PREMIUMS_MAX:
        return Refusal.PREMIUMS_FULL
    market.premium_ppb += command.rate_ppb
    market.premium_count += 1
    event = tell(state, tape, EventKind.PREMIUM_REPORTED)
    event.instrument = instrument
    event.value = command.rate_ppb
    event.reference = market.premium_count
    return Refusal.NONE


@kernel
def skew_lots(state, instrument):
    """What traders together hold long less short: the other side of the vault's position."""
    row = find_position(state, SystemAccount.VAULT + 0, instrument)
    return 0 if row == NONE else -state.positions[row].lots


@kernel
def drifted_rate(state, instrument, elapsed_ns):
    """The rate that drifts, after a time: per day under velocity, per year under an adaptive rate."""
    terms = state.funding[instrument]
    rate = state.instruments[instrument].rate_ppb
    skew = skew_lots(state, instrument)
    if terms.kind == FundingKind.VELOCITY:
        velocity = velocity_nearest(terms.velocity_ppb, skew, max(terms.skew_scale_lots, 1))
        return rate_after_nearest(rate, velocity, elapsed_ns, DAY_NS)
    # both sides of the traders together: the vault's part of the open interest is no trader's
    both = 2 * state.instruments[instrument].open_interest_lots - abs(skew)
    imbalance = 0 if both <= 0 else mul_div_nearest(abs(skew), PPM, both)
    side = 1 if skew >= 0 else -1
    same = rate * side >= 0
    change = adaptive_change(
        imbalance,
        same,
        terms.stable_ppm,
        terms.decrease_ppm,
        terms.growth_ppb,
        terms.decay_ppb,
        elapsed_ns // SECOND_NS,
        PPM,
    )
    if not same:
        return rate - side * change
    return side * max(abs(rate) + change, 0)


@kernel
def computed_rate(state, instrument, elapsed_ns):
    """(rate of the interval, the average premium, the drifting rate afterwards), before the cap."""
    terms = state.funding[instrument]
    market = state.instruments[instrument]
    premium = 0
    if market.premium_count > 0:
        premium = mul_div_nearest(market.premium_ppb, 1, market.premium_count)
    if terms.kind == FundingKind.CLAMPED_PREMIUM or terms.kind == FundingKind.DAMPED_PREMIUM:
        if terms.kind == FundingKind.CLAMPED_PREMIUM:
            rate = clamped_rate(premium, terms.interest_ppb, terms.clamp_ppb, NO_CAP)
        else:
            rate = damped_rate(premium, terms.clamp_ppb, NO_CAP)
        part = terms.interval_ns if terms.interval_ns > 0 else elapsed_ns
        rate = mul_div_nearest(rate, terms.multiplier_ppm, PPM)
        return interval_rate_nearest(rate, part, terms.period_ns, NO_CAP), premium, 0
    after = drifted_rate(state, instrument, elapsed_ns)
    if terms.kind == FundingKind.VELOCITY:
        return mul_div_nearest(market.rate_ppb + after, elapsed_ns, 2 * DAY_NS), premium, after
    after = held(after, terms.cap_ppb)
    return mul_div_nearest(after, elapsed_ns, YEAR_NS), premium, after


@kernel
def settle_funding(state, watch, tape, command):
    """Compute the rate of the interval that is over, and let longs owe it to shorts."""
    instrument = command.instrument
    refusal = refusal_of_market(state, instrument)
    if refusal != Refusal.NONE:
        return refusal
    terms = state.funding[instrument]
    market = state.instruments[instrument]
    if terms.kind == FundingKind.REPORTED:
        return Refusal.FUNDING_NOT_COMPUTED
    now = state.venue[0].time_ns
    elapsed = now - market.funding_ns if market.funding_ns > 0 else 0
    if market.funding_ns > 0 and elapsed < terms.interval_ns:
        return Refusal.FUNDING_TOO_SOON
    of_premium = terms.kind == FundingKind.CLAMPED_PREMIUM or terms.kind == FundingKind.DAMPED_PREMIUM
    if of_premium and market.premium_count == 0:
        return Refusal.PREMIUM_MISSING
    rate, premium, after = computed_rate(state, instrument, elapsed)
    rate = held(rate, state.policy[0].funding_rate_max_ppb)
    index = next_index_of(state, instrument, rate)
    if abs(index) >= LIMIT // 2:
        return Refusal.RATE_OUT_OF_RANGE
    event = tell(state, tape, EventKind.FUNDING_COMPUTED)
    event.instrument = instrument
    event.value = rate
    event.amount_quanta = premium
    event.reference = market.premium_count
    event.shares = after
    market.premium_ppb = 0
    market.premium_count = 0
    market.rate_ppb = after
    market.funding_ns = now
    pay_rate(state, watch, tape, instrument, rate, index)
    return Refusal.NONE
