"""A new corner for a sound account: triggers that spend its surplus so that they are rarely passed.

With S the surplus less the quanta of rounding of each slot (see `certificate`), N_i the notional of slot i (a short's,
and whatever is judged jointly or bends, counts 1 + largest rate: what it is asked for may grow while it loses), price i
may move adversely by the fraction

    f_i = w_i x S / sum(N_j x w_j),      w_i = N_i ** (-1/3)

which costs at most sum(N_i x f_i) = S. Any weights are valid; these minimise the expected number of passed triggers
when relative moves are alike in all markets (the least of sum 1 / f_i**2 under sum N_i f_i = S).

A long whose requirement bends has a second trigger as far above the mark. Its rate is a guess, so the corner is judged
before it is relied on, and a smaller one asked for when it does not hold.

Funding. Corners hold while the funding index of each market stays inside its band: they are set as if every position
had to pay up to the band's end. Where that reserve would take more than a quarter of the surplus the account is
`thin` instead: its corner holds until the next funding of one of its markets, which judges it.
"""

import numpy as np

from solvent.codes import Schedule
from solvent.compiled import kernel
from solvent.risk.watch.certificate import (
    SMOOTH,
    is_bent,
    is_certified,
    is_joint,
    roundings,
    slope_ppm,
)
from solvent.risk.watch.index import (
    FALLS,
    LEVEL,
    RISES,
    ceiling_place,
    column_of,
    forget_account,
    forget_position,
    give_place,
    key_of,
    take_place,
    write_key,
)
from solvent.risk.watch.members import add_member, remove_member
from solvent.state.tables import NONE
from solvent.units import FUNDING_SCALE, PPM, VALUE_MAX, mul_div_up, value_quanta

FRACTION_BITS = 30
FRACTION = 2**FRACTION_BITS
WHOLE_BITS = 54


def _cube_root(number: int) -> int:
    """Largest integer whose cube is not above the number."""
    low, high = 0, 1 << (number.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


WEIGHTS = np.array([_cube_root(2 ** max(24 + WHOLE_BITS - bits, 24)) for bits in range(64)], dtype=np.int64)
"""256 x (2**54 / N) ** (1/3) by the bits of N: N x weight / 256 stays below 2**55 for every value below 2**54."""


@kernel
def _bits(number):
    """Length of a non-negative number in bits."""
    bits = 0
    if number >= 1 << 32:
        number >>= 32
        bits = 32
    if number >= 1 << 16:
        number >>= 16
        bits += 16
    if number >= 1 << 8:
        number >>= 8
        bits += 8
    if number >= 1 << 4:
        number >>= 4
        bits += 4
    if number >= 1 << 2:
        number >>= 2
        bits += 2
    if number >= 1 << 1:
        number >>= 1
        bits += 1
    return bits + number


@kernel
def weighted_up(value, share):
    """At least value x share / 256; below 2**57 for a value below 2**55, by the bound of WEIGHTS."""
    return (value >> 8) * share + share


@kernel
def move_down(mark_ticks, fraction, share):
    """By how many ticks a price may move: mark x fraction x share / 256, at most the mark. 2**31 x 2**30 fits."""
    return mark_ticks * min(fraction * share >> 8, FRACTION) >> FRACTION_BITS


@kernel
def last_price_of_bracket(state, schedule, lots, per_lot_tick, mark_ticks):
    """Largest price at which a position stays in the bracket it is in at the mark; 0 when it is the last bracket."""
    notional = value_quanta(abs(lots), mark_ticks, per_lot_tick)
    row = schedule.first_bracket
    last = schedule.first_bracket + schedule.bracket_count - 1
    while row < last and state.brackets[row + 1].floor_quanta <= notional:
        row += 1
    if row == last:
        return 0
    return (state.brackets[row + 1].floor_quanta - 1) // value_quanta(abs(lots), 1, per_lot_tick)


@kernel
def set_corner(state, watch, account, surplus_quanta):
    """Give a sound account new triggers that spend its surplus (equity above the threshold, not negative).

    True when the corner rests on a guess of a bent requirement: the caller judges it, and asks again for a smaller one.
    """
    level = watch.meter[LEVEL]
    if not is_certified(state, level, account):
        forget_account(state, watch, account)
        add_member(watch.loose, account)
        return False
    instruments = state.instruments.shape[0]
    slack = 2
    is_rough = False
    is_guessed = False
    weight = 0
    reserve = 0
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        if position.lots != 0:
            instrument = position.instrument
            market = state.instruments[instrument]
            per_lot_tick = state.contracts[instrument].quanta_per_lot_tick
            notional = value_quanta(abs(position.lots), market.mark_ticks, per_lot_tick)
            share = WEIGHTS[_bits(notional)]
            slope = slope_ppm(state, level, instrument, position.leverage)
            bent = is_bent(state, level, instrument, slope)
            is_guessed = is_guessed or bent
            if not bent:
                rounded = roundings(state, level, instrument)
                slack += rounded
                is_rough = is_rough or rounded > SMOOTH
            if position.lots < 0 or bent or is_joint(state, level, instrument):
                notional = min(notional + mul_div_up(notional, slope, PPM), 4 * VALUE_MAX)
            if position.lots < 0:
                owed = market.funding_index - watch.funding_low[instrument]
            else:
                owed = watch.funding_high[instrument] - market.funding_index
            if owed > 0:
                reserve += mul_div_up(abs(position.lots), owed, FUNDING_SCALE)
            weight += weighted_up(notional, share)
        row = position.next
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        asset = state.assets[holding.asset]
        mark = state.instruments[asset.price_instrument].mark_ticks
        value = mul_div_up(holding.amount_quanta, mark * asset.value_num, asset.value_den)
        weight += weighted_up(value, WEIGHTS[_bits(value)])
        slack += SMOOTH
        row = holding.next
    spend = surplus_quanta - slack
    if is_rough and spend < 0:
        # so near the edge several roundings at once could take what is left while a price moves favourably
        forget_account(state, watch, account)
        add_member(watch.loose, account)
        return False
    if reserve * 4 <= spend:
        spend -= reserve
        remove_member(watch.thin, account)
    else:
        add_member(watch.thin, account)
    fraction = 0
    if spend >= weight:
        fraction = FRACTION
    elif spend > 0:
        while weight >= 2**32:
            spend >>= 1
            weight = (weight >> 1) + 1
        fraction = min(spend * FRACTION // weight, FRACTION)

    complete = True
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        instrument = position.instrument
        if position.lots == 0:
            forget_position(state, watch, row)
        else:
            mark = state.instruments[instrument].mark_ticks
            contract = state.contracts[instrument]
            schedule = state.schedules[level * instruments + instrument]
            ceiling = 0
            slope = slope_ppm(state, level, instrument, position.leverage)
            bent = is_bent(state, level, instrument, slope)
            if schedule.kind == Schedule.BRACKETS_WHOLE and not bent:
                ceiling = last_price_of_bracket(state, schedule, position.lots, contract.quanta_per_lot_tick, mark)
            notional = value_quanta(abs(position.lots), mark, contract.quanta_per_lot_tick)
            move = move_down(mark, fraction, WEIGHTS[_bits(notional)])
            side = FALLS if position.lots > 0 else RISES
            trigger = mark - move
            if bent and side == FALLS:
                ceiling = min(mark + move, contract.price_max_ticks)
            if side == RISES:
                trigger = min(mark + move, contract.price_max_ticks)
                if ceiling > 0:
                    trigger = min(trigger, ceiling)
            column = 2 * instrument + side
            place = watch.position_place[row]
            if place != NONE and column_of(watch, place, instrument) != column:
                forget_position(state, watch, row)
                place = NONE
            if place == NONE:
                place = take_place(watch, column, account)
                watch.position_place[row] = place
            if place == NONE:
                complete = False
            else:
                write_key(watch, column, place, key_of(side, trigger))
            upper = ceiling_place(watch, row)
            if side == FALLS and ceiling > 0 and ceiling < contract.price_max_ticks:
                if upper == NONE and row < watch.position_ceiling.shape[0]:
                    upper = take_place(watch, 2 * instrument + RISES, account)
                    watch.position_ceiling[row] = upper
                if upper == NONE:
                    complete = False
                else:
                    write_key(watch, 2 * instrument + RISES, upper, key_of(RISES, ceiling))
            elif upper != NONE:
                give_place(watch, 2 * instrument + RISES, upper)
                watch.position_ceiling[row] = NONE
        row = position.next
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        asset = state.assets[holding.asset]
        instrument = asset.price_instrument
        mark = state.instruments[instrument].mark_ticks
        place = watch.holding_place[row]
        if place == NONE:
            place = take_place(watch, 2 * instrument + FALLS, account)
            watch.holding_place[row] = place
        if place == NONE:
            complete = False
        else:
            value = mul_div_up(holding.amount_quanta, mark * asset.value_num, asset.value_den)
            move = move_down(mark, fraction, WEIGHTS[_bits(value)])
            write_key(watch, 2 * instrument + FALLS, place, key_of(FALLS, mark - move))
        row = holding.next
    remove_member(watch.pending, account)
    if complete:
        remove_member(watch.loose, account)
    else:
        add_member(watch.loose, account)
    return is_guessed and complete
