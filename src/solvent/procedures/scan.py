"""The scan of everybody: exactly, or through the filter. Both name the accounts that are sound by status only."""

from solvent.codes import AccountKind, Level, Status
from solvent.compiled import bind, entry, kernel
from solvent.procedures.review import corner_surplus
from solvent.risk.funding import due_up
from solvent.risk.margin import judge
from solvent.risk.watch import (
    CURSOR,
    FALLS,
    MIRRORED,
    RISES,
    SLOTS_MAX,
    add_member,
    clear_members,
    doubt,
    drain_in_order,
    has_member,
    is_mirrored,
    key_of,
    reflect,
    second_place,
)
from solvent.state.tables import NONE
from solvent.units import PPM


@kernel
def _is_below(state, account):
    """True when a trader's account that counts as sound is below its maintenance threshold."""
    terms = state.accounts[account]
    if terms.status != Status.SOUND or terms.kind == AccountKind.SYSTEM or terms.kind == AccountKind.NONE:
        return False
    equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
    return equity - requirement - state.stages[0].or_equal < 0 and (requirement != 0 or equity < 0)


@entry
def scan_exactly(state_tables, found):
    """Write the accounts below their threshold into `found`, ascending; give their number. Nothing is changed."""
    state = bind(state_tables)
    count = 0
    for account in range(state.venue[0].account_count):
        if _is_below(state, account):
            found[count] = account
            count += 1
    return count


@entry
def scan_filtered(state_tables, watch_tables, found):
    """As `scan_exactly`, by the filter: give (number found, number the filter did not clear), or -1 for no mirror."""
    state = bind(state_tables)
    watch = bind(watch_tables)
    if not is_mirrored(watch):
        return NONE, NONE
    doubted = doubt(state, watch, PPM)
    count = 0
    drained = drain_in_order(watch)
    while drained > 0:
        for i in range(drained):
            if _is_below(state, watch.fired[i]):
                found[count] = watch.fired[i]
                count += 1
        drained = drain_in_order(watch)
    return count, doubted


@kernel
def _is_within_triggers(state, watch, account):
    """True when no mark has passed a trigger of the account (I2); a second one is a trigger too."""
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        instrument = position.instrument
        mark = state.instruments[instrument].mark_ticks
        if position.lots != 0:
            side = FALLS if position.lots > 0 else RISES
            if watch.keys[watch.position_place[row]] > key_of(side, mark):
                return False
            second = second_place(watch, row)
            if second != NONE and watch.keys[second] > key_of(1 - side, mark):
                return False
            if not watch.funding_low[instrument] <= state.instruments[instrument].funding_index:
                return False
            if not state.instruments[instrument].funding_index <= watch.funding_high[instrument]:
                return False
        row = position.next
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        mark = state.instruments[state.assets[holding.asset].price_instrument].mark_ticks
        place = watch.holding_place[row]
        if place != NONE and watch.keys[place] > key_of(FALLS, mark):
            return False
        row = holding.next
    return True


@entry
def broken_corners(state_tables, watch_tables, found):
    """Write the accounts whose corner is no certificate (I1), or passed unseen (I2), into `found`; give their number.

    Loose and pending accounts are judged at every price and passed by; so is everybody while all corners are made anew.
    """
    state = bind(state_tables)
    watch = bind(watch_tables)
    count = 0
    if watch.meter[CURSOR] != NONE:
        return count
    for account in range(state.venue[0].account_count):
        terms = state.accounts[account]
        if terms.status != Status.SOUND or terms.kind == AccountKind.SYSTEM or terms.kind == AccountKind.NONE:
            continue
        if terms.first_position == NONE and terms.first_holding == NONE:
            continue
        if has_member(watch.loose, account) or has_member(watch.pending, account):
            continue
        equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
        if requirement == 0 and equity >= 0:
            continue
        if corner_surplus(state, watch, account) < 0 or not _is_within_triggers(state, watch, account):
            found[count] = account
            count += 1
    return count


@entry
def fill_mirror(state_tables, watch_tables):
    """Copy every sound trader with a position or collateral into the mirror, which is empty and has the room."""
    state = bind(state_tables)
    watch = bind(watch_tables)
    clear_members(watch.stale)
    for instrument in range(state.instruments.shape[0]):
        watch.mirror_funding[instrument] = state.instruments[instrument].funding_index
    for account in range(state.venue[0].account_count):
        terms = state.accounts[account]
        if terms.status != Status.SOUND or terms.kind == AccountKind.SYSTEM or terms.kind == AccountKind.NONE:
            continue
        cash = terms.wallet_quanta
        slots = 0
        row = terms.first_position
        while row != NONE:
            position = state.positions[row]
            if position.lots != 0:
                change = state.instruments[position.instrument].funding_index - position.funding_index
                cash -= position.cost_quanta + due_up(position.lots, change)
                slots += 1
            row = position.next
        row = terms.first_holding
        while row != NONE:
            slots += 1
            row = state.holdings[row].next
        if slots > SLOTS_MAX:
            add_member(watch.stale, account)
        elif slots > 0:
            reflect(state, watch, account, cash, slots)
    watch.meter[MIRRORED] = 1
    return watch.meter[CURSOR]
