"""One price: believed or refused, joined into the mark, seen by the breaker; every account it endangers is flagged."""

from solvent.codes import Action, Mode, Refusal
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.answer import answer_price
from solvent.procedures.review import insolvent_requirement
from solvent.risk.auction import uniform_price
from solvent.risk.breaker import blocked_actions, funds_quanta, held_mode, let_go, observe
from solvent.risk.oracle import mark_of, refusal_of_report, take_report
from solvent.state.levels import is_allowed, level_of
from solvent.state.tables import NONE
from solvent.state.terms import INTEREST_MAX, SOURCES_MAX
from solvent.state.validity import SILENT, conditions_of, is_silent
from solvent.state.values import is_price_inside
from solvent.state.windows import record_level, record_mark
from solvent.units import LIMIT


@kernel
def note_opening(state, instrument, before, after):
    """Remember when a market closed and when it opened again: who was healthy at the pause has a grace."""
    closed_before = not is_allowed(before, Action.LIQUIDATE)
    closed_after = not is_allowed(after, Action.LIQUIDATE)
    if closed_after and not closed_before:
        state.instruments[instrument].closed_sequence = state.venue[0].sequence
    elif closed_before and not closed_after:
        state.instruments[instrument].opened_ns = state.venue[0].time_ns


@kernel
def change_mode(state, tape, place, mode, by_breaker):
    """Put a market, or the venue (place: the number of markets), into a mode and tell it."""
    count = state.instruments.shape[0]
    if place == count:
        before = state.venue[0].mode + 0
        for instrument in range(count):
            own = state.instruments[instrument].mode
            note_opening(state, instrument, max(own, before), max(own, mode))
        state.venue[0].mode = mode
        state.venue[0].mode_by_breaker = by_breaker
    else:
        market = state.instruments[place]
        before = market.mode + 0
        note_opening(state, place, max(before, state.venue[0].mode), max(mode, state.venue[0].mode))
        market.mode = mode
        market.mode_by_breaker = by_breaker
        if before == Mode.AUCTION and mode != Mode.AUCTION:
            clear_interest(state, place)
    if before != mode:
        event = tell(state, tape, EventKind.MODE_CHANGED)
        event.instrument = place if place < count else NONE
        event.mode = mode
        event.value = before


@kernel
def clear_interest(state, instrument):
    """Forget what an auction was told."""
    state.instruments[instrument].cross_ticks = 0
    for row in range(instrument * INTEREST_MAX, (instrument + 1) * INTEREST_MAX):
        state.interest[row].price_ticks = 0
        state.interest[row].bid_lots = 0
        state.interest[row].ask_lots = 0


@kernel
def tell_blocked(state, tape, place, before):
    """Tell when breakers of a place stop other actions than before."""
    bits = blocked_actions(state, place)
    if bits == before:
        return
    event = tell(state, tape, EventKind.ACTIONS_BLOCKED)
    event.instrument = place if place < state.instruments.shape[0] else NONE
    event.value = bits
    event.amount_quanta = before


@kernel
def hold_place(state, tape, place, mark_ticks, before_ticks):
    """Let the breakers of a market or of the venue see what is, and follow the strictest of them."""
    blocked = blocked_actions(state, place)
    observe(state, place, mark_ticks, before_ticks)
    tell_blocked(state, tape, place, blocked)
    held = held_mode(state, place)
    if place == state.instruments.shape[0]:
        mode = state.venue[0].mode + 0
        operator = state.venue[0].operator_mode + 0
        by_breaker = state.venue[0].mode_by_breaker
    else:
        mode = state.instruments[place].mode + 0
        operator = state.instruments[place].operator_mode + 0
        by_breaker = state.instruments[place].mode_by_breaker
    if held > mode:
        change_mode(state, tape, place, held, 1)
    elif held < mode and by_breaker == 1:
        change_mode(state, tape, place, max(held, operator), 1 if held > operator else 0)


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
def watch_breakers(state, tape):
    """Time has passed: every market and the venue are measured, escalated or released."""
    record_level(state, state.instruments.shape[0], funds_quanta(state))
    state.venue[0].insolvent_quanta = insolvent_requirement(state)
    hold_place(state, tape, state.instruments.shape[0], 0, 0)
    state.venue[0].time_jump_ns = 0
    for instrument in range(state.instruments.shape[0]):
        if state.instruments[instrument].listed == 1:
            tell_conditions(state, tape, instrument)
            hold_place(state, tape, instrument, 0, 0)


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
    hold_place(state, tape, instrument, mark, before)
    answer_price(state, watch, tape, instrument, before, mark)
    return Refusal.NONE


@kernel
def set_mode(state, tape, command):
    """The operator chooses a market's mode; breakers let go of it, and hold it again only after another event."""
    instrument = command.instrument
    if instrument < 0 or instrument >= state.instruments.shape[0] or state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    if command.mode < Mode.ACTIVE or command.mode > Mode.HALTED:
        return Refusal.VARIANT_UNKNOWN
    state.instruments[instrument].operator_mode = command.mode
    blocked = blocked_actions(state, instrument)
    let_go(state, instrument)
    tell_blocked(state, tape, instrument, blocked)
    change_mode(state, tape, instrument, command.mode, 0)
    return Refusal.NONE


@kernel
def set_venue_mode(state, tape, command):
    """The operator chooses the mode of the whole venue; a market's own mode counts where it is stricter."""
    if command.mode < Mode.ACTIVE or command.mode > Mode.HALTED:
        return Refusal.VARIANT_UNKNOWN
    place = state.instruments.shape[0]
    state.venue[0].operator_mode = command.mode
    blocked = blocked_actions(state, place)
    let_go(state, place)
    tell_blocked(state, tape, place, blocked)
    change_mode(state, tape, place, command.mode, 0)
    return Refusal.NONE


@kernel
def report_interest(state, tape, command):
    """The venue reports what is wanted or offered at a price of a market's reopening auction."""
    instrument = command.instrument
    if instrument < 0 or instrument >= state.instruments.shape[0] or state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    if state.instruments[instrument].mode != Mode.AUCTION:
        return Refusal.MARKET_IN_AUCTION
    if not is_allowed(level_of(state, instrument), Action.BID):
        return Refusal.MARKET_HALTED
    lots = command.lots
    if lots == 0 or abs(lots) > state.contracts[instrument].lots_max:
        return Refusal.LOTS_OUT_OF_RANGE
    if not is_price_inside(state.contracts[instrument], command.price_ticks):
        return Refusal.PRICE_OUT_OF_RANGE
    place = NONE
    for row in range(instrument * INTEREST_MAX, (instrument + 1) * INTEREST_MAX):
        if state.interest[row].price_ticks == command.price_ticks:
            place = row
            break
        if place == NONE and state.interest[row].price_ticks == 0:
            place = row
    if place == NONE:
        return Refusal.INTEREST_FULL
    interest = state.interest[place]
    interest.price_ticks = command.price_ticks
    if lots > 0:
        interest.bid_lots = min(interest.bid_lots + lots, LIMIT)
    else:
        interest.ask_lots = min(interest.ask_lots - lots, LIMIT)
    state.instruments[instrument].cross_ticks = 0
    event = tell(state, tape, EventKind.INTEREST_REPORTED)
    event.instrument = instrument
    event.lots = lots
    event.price_ticks = command.price_ticks
    return Refusal.NONE


@kernel
def cross_auction(state, tape, command):
    """The auction finds its one price; the venue trades at it, and the operator or the breakers open the market."""
    instrument = command.instrument
    if instrument < 0 or instrument >= state.instruments.shape[0] or state.instruments[instrument].listed == 0:
        return Refusal.INSTRUMENT_UNKNOWN
    if level_of(state, instrument) != Mode.AUCTION:
        return Refusal.MARKET_IN_AUCTION
    first = instrument * INTEREST_MAX
    market = state.instruments[instrument]
    rows = state.interest[first : first + INTEREST_MAX]
    price, lots = uniform_price(rows.price_ticks, rows.bid_lots, rows.ask_lots, INTEREST_MAX, market.mark_ticks)
    if lots == 0:
        return Refusal.NO_INTEREST
    market.cross_ticks = price
    event = tell(state, tape, EventKind.AUCTION_CROSSED)
    event.instrument = instrument
    event.lots = lots
    event.price_ticks = price
    return Refusal.NONE
