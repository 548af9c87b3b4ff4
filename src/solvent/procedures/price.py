"""One price: believed or refused, joined into the mark, seen by the breaker; every account it endangers is flagged."""

from solvent.codes import Condition, Mode, Refusal
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.answer import answer_funding, answer_price
from solvent.risk.breaker import held_mode, let_go, observe
from solvent.risk.funding import next_index
from solvent.risk.oracle import mark_of, refusal_of_report, take_report
from solvent.state.terms import SOURCES_MAX
from solvent.state.validity import conditions_of, is_silent
from solvent.state.windows import record_mark
from solvent.units import LIMIT, value_quanta

SILENT = 1 << Condition.STALE | 1 << Condition.BELOW_QUORUM


@kernel
def change_mode(state, tape, instrument, mode, by_breaker):
    """Put a market into a mode and tell it."""
    market = state.instruments[instrument]
    before = market.mode
    market.mode = mode
    market.mode_by_breaker = by_breaker
    if before != mode:
        event = tell(state, tape, EventKind.MODE_CHANGED)
        event.instrument = instrument
        event.mode = mode
        event.value = before


@kernel
def tell_conditions(state, tape, instrument):
    """Tell when what is wrong with a market's price has changed."""
    market = state.instruments[instrument]
    bits = conditions_of(state, instrument)
    if bits == market.told_conditions:
        return
    event = tell(state, tape, EventKind.PRICE_CONDITION_CHANGED)
    event.instrument = instrument
    event.value = bits
    event.amount_quanta = market.told_conditions
    market.told_conditions = bits


@kernel
def release_modes(state, tape):
    """Give markets that a breaker took, and whose time is over, back to the mode the operator had chosen."""
    for instrument in range(state.instruments.shape[0]):
        market = state.instruments[instrument]
        tell_conditions(state, tape, instrument)
        if market.mode_by_breaker == 0:
            continue
        held = held_mode(state, instrument)
        if held < market.mode:
            held_by_breaker = 1 if held > market.operator_mode else 0
            change_mode(state, tape, instrument, max(held, market.operator_mode), held_by_breaker)


@kernel
def report_price(state, watch, tape, command):
    """A source tells a price."""
    instrument = command.instrument
    if instrument < 0 or instrument >= state.instruments.shape[0] or state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    if command.source < 0 or command.source >= SOURCES_MAX:
        return Refusal.SOURCE_UNKNOWN
    refusal = refusal_of_report(
        state,
        instrument,
        command.source,
        command.price_ticks,
        command.source_time_ns,
        command.source_sequence,
        command.confidence_ppm,
    )
    if refusal != Refusal.NONE:
        return refusal
    now = state.venue[0].time_ns
    market = state.instruments[instrument]
    was_silent = is_silent(state, instrument)  # the grace after a silence is no silence, or it would renew itself
    take_report(state, instrument, command.source, command.price_ticks, command.source_time_ns, command.source_sequence)
    mark, conditions, dispersion, dropped, until, outside, clamped = mark_of(state, instrument)
    before = market.mark_ticks
    market.conditions = conditions
    market.dispersion_ppm = dispersion
    if dropped != market.dropped:
        event = tell(state, tape, EventKind.SOURCES_DROPPED)
        event.instrument = instrument
        event.source = command.source
        event.value = dropped
        event.amount_quanta = market.dropped
        market.dropped = dropped
    if mark > 0:
        if was_silent and before > 0 and conditions & SILENT == 0:
            market.resumed_ns = now
        market.quorum_until_ns = until
        market.mark_time_ns = now
    tell_conditions(state, tape, instrument)
    if mark == 0:
        return Refusal.NONE
    if clamped != 0:
        event = tell(state, tape, EventKind.MARK_CLAMPED)
        event.instrument = instrument
        event.source = command.source
        event.price_ticks = mark
        event.value = command.price_ticks
        event.guard = clamped
    if outside > 0:
        market.supported_ticks = mark
        market.supported_ns = now
    if mark == before:
        return Refusal.NONE
    record_mark(state, instrument, before, mark)
    market.previous_mark_ticks = before
    market.mark_ticks = mark
    state.venue[0].price_version += 1
    market.mark_version = state.venue[0].price_version
    event = tell(state, tape, EventKind.MARK_MOVED)
    event.instrument = instrument
    event.source = command.source
    event.price_ticks = mark
    event.value = before
    observe(state, instrument, mark, before)
    held = held_mode(state, instrument)
    if held > market.mode:
        change_mode(state, tape, instrument, held, 1)
    answer_price(state, watch, tape, instrument, before, mark)
    return Refusal.NONE


@kernel
def tick_funding(state, watch, tape, command):
    """Longs owe shorts one interval of funding; whoever has no reserve for it is judged, because no price told it."""
    instrument = command.instrument
    if instrument < 0 or instrument >= state.instruments.shape[0] or state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    market = state.instruments[instrument]
    if market.mark_ticks == 0:
        return Refusal.NO_MARK
    if abs(command.rate_ppb) > state.policy[0].funding_rate_max_ppb:
        return Refusal.RATE_OUT_OF_RANGE
    per_lot = value_quanta(1, market.mark_ticks, state.contracts[instrument].quanta_per_lot_tick)
    index = next_index(market.funding_index, per_lot, command.rate_ppb)
    if abs(index) >= LIMIT // 2:
        return Refusal.RATE_OUT_OF_RANGE
    step = index - market.funding_index
    market.funding_index = index
    event = tell(state, tape, EventKind.FUNDING_TICKED)
    event.instrument = instrument
    event.value = command.rate_ppb
    event.price_ticks = market.mark_ticks
    answer_funding(state, watch, tape, instrument, step)
    return Refusal.NONE


@kernel
def set_mode(state, tape, command):
    """The operator chooses a market's mode; breakers let go of it, and hold it again only after another move."""
    instrument = command.instrument
    if instrument < 0 or instrument >= state.instruments.shape[0] or state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    if command.mode < Mode.ACTIVE or command.mode > Mode.HALTED:
        return Refusal.VARIANT_UNKNOWN
    state.instruments[instrument].operator_mode = command.mode
    let_go(state, instrument)
    change_mode(state, tape, instrument, command.mode, 0)
    return Refusal.NONE
