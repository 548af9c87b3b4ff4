"""Marks, modes, funding, and what stands is charged."""

from solvent.codes import (
    ContractKind,
    Mode,
    SystemAccount,
)
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.clerk.books import (
    PRICE_VERSION,
    ROUNDINGS,
    VENUE_MODE,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.laws import (
    FUNDING,
    SEQUENCED,
    TERMS,
    TOLD,
)
from solvent.lab.clerk.ledger import move
from solvent.lab.clerk.numbers import funding_due, wide_floor
from solvent.units import FUNDING_SCALE, PPB, PPM

NOBODY = -1


@step
def change_mode(state, clerk, event, command):
    """The mode of a market, or of the venue: the operator's, or a breaker's that is stricter."""
    markets = clerk.mode.shape[0]
    place = markets if event.instrument == NOBODY else event.instrument
    if place < 0 or place > markets or event.mode < Mode.ACTIVE or event.mode > Mode.HALTED:
        return TOLD + 26
    before = clerk.mode[place] if place < markets else clerk.note[VENUE_MODE]
    if event.value != before or event.mode == before:
        return TOLD + 21
    if command.kind == CommandKind.SET_MODE or command.kind == CommandKind.SET_VENUE_MODE:
        if event.mode != command.mode:
            return TOLD + 25
    else:
        if event.mode < clerk.operated[place]:
            return TOLD + 22  # time and breakers do not undo what the operator decided
        has_breaker = event.mode == clerk.operated[place]
        for row in range(state.breakers.shape[0]):
            if state.breakers[row].used == 1 and state.breakers[row].mode == event.mode:
                has_breaker = True
        if not has_breaker:
            return TOLD + 23
    if place < markets:
        clerk.mode[place] = event.mode
        if event.mode != Mode.AUCTION:
            clerk.crossed[place] = 0
    else:
        clerk.note[VENUE_MODE] = event.mode
    return 0


@step
def step_margin(clerk, event):
    """What stands is charged more from now on: never less than before, never beyond what was wanted."""
    place = 2 * event.instrument + (0 if event.lots > 0 else 1)
    before = max(clerk.charged[place], PPM)
    if event.amount_quanta != before:
        return TOLD + 36
    if event.value < before or event.value > event.requirement_quanta:
        return TERMS + 30
    clerk.charged[place] = event.value
    return 0


@step
def note_charges(state, clerk):
    """New terms may lower what stands is charged, and raise it never."""
    for market in range(clerk.mark.shape[0]):
        row = state.instruments[market]
        if row.maintenance_long_ppm > clerk.charged[2 * market]:
            return TERMS + 31
        if row.maintenance_short_ppm > clerk.charged[2 * market + 1]:
            return TERMS + 31
        clerk.charged[2 * market] = row.maintenance_long_ppm
        clerk.charged[2 * market + 1] = row.maintenance_short_ppm
    return 0


@step
def book_prices(state, clerk, event, command):
    """Marks, modes, funding."""
    kind = event.kind
    market = event.instrument
    note = clerk.note
    if kind == EventKind.MARK_MOVED:
        if market != command.instrument or event.value != clerk.mark[market] or event.price_ticks == event.value:
            return TOLD + 20
        # how reports become a mark is the auditor's to follow; here it must be a price of this contract
        if event.price_ticks < 1 or event.price_ticks > state.contracts[market].price_max_ticks:
            return SEQUENCED + 20
        clerk.previous[market] = clerk.mark[market]
        clerk.mark[market] = event.price_ticks
        note[PRICE_VERSION] += 1
        return 0
    if kind == EventKind.MODE_CHANGED:
        return change_mode(state, clerk, event, command)
    if kind == EventKind.FUNDING_TICKED:
        rate = event.value
        is_told = command.kind == CommandKind.FUNDING_TICK  # what is computed the auditor computes again
        if (is_told and rate != command.rate_ppb) or event.price_ticks != clerk.mark[market]:
            return TOLD + 24
        if abs(rate) > state.policy[0].funding_rate_max_ppb:
            return FUNDING + 10
        # to the nearest, halves away from zero: a quotient of the doubled product
        price = clerk.mark[market]
        unit = state.contracts[market].quanta_per_lot_tick
        if state.contracts[market].kind == ContractKind.INVERSE:
            step_of = wide_floor(unit, 2 * abs(rate) * FUNDING_SCALE, PPB * price)
        else:
            step_of = wide_floor(unit * price, 2 * abs(rate) * FUNDING_SCALE, PPB)
        step_of = (step_of + 1) // 2
        clerk.funding[market] += step_of if rate >= 0 else -step_of
        return 0
    account = event.account
    due = funding_due(clerk.lots[account, market], clerk.funding[market] - clerk.settled[account, market])
    if event.amount_quanta != due or due == 0:
        return FUNDING + 11
    if event.lots != clerk.lots[account, market]:
        return FUNDING + 12
    move(clerk, account, SystemAccount.FUNDING, due)
    clerk.settled[account, market] = clerk.funding[market]
    note[ROUNDINGS] += 1
    return 0
