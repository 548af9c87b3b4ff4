"""A new corner for a sound account: triggers that spend its surplus so that they are rarely passed.

With S the surplus less the quanta of rounding of each slot (see `certificate`), N_i the notional of slot i (a debt's,
and whatever is judged jointly or bends, counts 1 + largest rate: what it is asked for may grow while it loses), value i
may move adversely by the fraction

    f_i = w_i x S / sum(N_j x w_j),      w_i = N_i ** (-1/3)

which costs at most sum(N_i x f_i) = S. Any weights are valid; these minimise the expected number of passed triggers
when relative moves are alike in all markets (the least of sum 1 / f_i**2 under sum N_i f_i = S). The value of a linear
contract moves by f with its price, that of an inverse one while its price goes to p / (1 + f) or p / (1 - f).

What bends has a second trigger as far on the other side of the mark. Its rate is a guess, so the corner is judged
before it is relied on, and a smaller one asked for when it does not hold.

Funding. Corners hold while the funding index of each market stays inside its band: they are set as if every position
had to pay up to the band's end. Where that reserve would take more than a quarter of the surplus the account is
`thin` instead: its corner holds until the next funding of one of its markets, which judges it.
"""

import numpy as np

from solvent.codes import ContractKind, Schedule
from solvent.compiled import kernel
from solvent.risk.watch.certificate import (
    SMOOTH,
    is_bent,
    is_certified,
    is_debt,
    is_joint,
    roundings,
    slope_ppm,
)
from solvent.risk.watch.index import (
    FALLS,
    LEVEL,
    RISES,
    column_of,
    forget_account,
    forget_position,
    give_place,
    key_of,
    second_place,
    take_place,
    write_key,
)
from solvent.risk.watch.members import add_member, remove_member
from solvent.state.tables import NONE
from solvent.state.values import notional_up
from solvent.units import FUNDING_SCALE, PPM, VALUE_MAX, mul_div_up, value_quanta

SHARE = 0
BENT = 1

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
def prices_around(contract, mark_ticks, fraction, share):
    """(lower, upper) price at which a value has moved by the fraction x share / 256 of itself, inside the bounds."""
    if contract.kind == ContractKind.LINEAR:
        move = move_down(mark_ticks, fraction, share)
        return mark_ticks - move, min(mark_ticks + move, contract.price_max_ticks)
    part = min(fraction * share >> 8, FRACTION)
    lower = -(-mark_ticks * FRACTION // (FRACTION + part))
    upper = contract.price_max_ticks + 0
    if part < FRACTION:
        upper = min(upper, mark_ticks * FRACTION // (FRACTION - part))
    return min(max(lower, least_ticks(contract)), mark_ticks), upper


@kernel
def least_ticks(contract):
    """The lowest price a contract may have; a linear one is judged down to nothing."""
    return 0 if contract.kind == ContractKind.LINEAR else max(contract.price_min_ticks, 1)


@kernel
def edge_of_bracket(state, schedule, contract, lots, mark_ticks):
    """The price furthest from the mark, where the notional grows, at which a position stays in its bracket; 0 for none.

    Upwards of a linear contract, downwards of an inverse one.
    """
    notional = notional_up(contract, abs(lots), mark_ticks)
    row = schedule.first_bracket
    last = schedule.first_bracket + schedule.bracket_count - 1
    while row < last and state.brackets[row + 1].floor_quanta <= notional:
        row += 1
    if row == last:
        return 0
    most = state.brackets[row + 1].floor_quanta - 1
    if contract.kind == ContractKind.LINEAR:
        return most // value_quanta(abs(lots), 1, contract.quanta_per_lot_tick)
    return mul_div_up(abs(lots), contract.quanta_per_lot_tick, most)


@kernel
def write_second(watch, instrument, row, account, side, trigger):
    """Set, or take, the second trigger of a position, on this side; False when there is no place for it."""
    column = 2 * instrument + side
    place = second_place(watch, row)
    if place == NONE and row < watch.position_second.shape[0]:
        place = take_place(watch, column, account)
        watch.position_second[row] = place
    if place == NONE:
        return False
    write_key(watch, column, place, key_of(side, trigger))
    return True


@kernel
def weigh(state, watch, account):
    """What the slots of an account weigh, and what of its surplus is spoken for, in quanta.

    (weight, slack for roundings, reserve for funding, True where roundings are rough, True where a slope is a guess).
    `watch.slots` keeps each position's share of a move and whether it bends.
    """
    level = watch.meter[LEVEL]
    weight = 0
    slack = 2
    reserve = 0
    is_rough = False
    is_guessed = False
    place = 0
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        if position.lots != 0:
            instrument = position.instrument
            market = state.instruments[instrument]
            contract = state.contracts[instrument]
            notional = notional_up(contract, abs(position.lots), market.mark_ticks)
            share = WEIGHTS[_bits(notional)]
            slope = slope_ppm(state, level, instrument, position.leverage)
            bent = is_bent(state, level, instrument, slope)
            joint = is_joint(state, level, instrument)
            watch.slots[place, SHARE] = share
            watch.slots[place, BENT] = 1 if bent else 0
            is_guessed = is_guessed or bent
            if joint or not bent:
                rounded = roundings(state, level, instrument)
                slack += rounded
                is_rough = is_rough or rounded > SMOOTH
            if bent or joint or is_debt(contract, position.lots):
                notional = min(notional + mul_div_up(notional, slope, PPM), 4 * VALUE_MAX)
            if position.lots < 0:
                owed = market.funding_index - watch.funding_low[instrument]
            else:
                owed = watch.funding_high[instrument] - market.funding_index
            if owed > 0:
                reserve += mul_div_up(abs(position.lots), owed, FUNDING_SCALE)
            weight += weighted_up(notional, share)
        place += 1
        row = position.next
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        value = worth_up(state, holding)
        weight += weighted_up(value, WEIGHTS[_bits(value)])
        slack += SMOOTH
        row = holding.next
    return weight, slack, reserve, is_rough, is_guessed


@kernel
def worth_up(state, holding):
    """What a holding is worth at the mark before any weight, rounded up."""
    asset = state.assets[holding.asset]
    mark = state.instruments[asset.price_instrument].mark_ticks
    return mul_div_up(holding.amount_quanta, mark * asset.value_num, asset.value_den)


@kernel
def set_triggers(state, watch, account, row, fraction, share, bent):
    """Write the keys of one position for moves of fraction x share / 256; False when a column has no place for one."""
    level = watch.meter[LEVEL]
    position = state.positions[row]
    instrument = position.instrument
    mark = state.instruments[instrument].mark_ticks
    contract = state.contracts[instrument]
    schedule = state.schedules[level * state.instruments.shape[0] + instrument]
    debt = is_debt(contract, position.lots)
    lower, upper = prices_around(contract, mark, fraction, share)
    has_second = bent and (not debt or is_joint(state, level, instrument))
    side = FALLS
    trigger = lower
    second = upper
    if position.lots < 0:
        side = RISES
        trigger = upper
        second = lower
    if schedule.kind == Schedule.BRACKETS_WHOLE and not bent:
        edge = edge_of_bracket(state, schedule, contract, position.lots, mark)
        if edge > 0 and debt:
            trigger = max(trigger, edge) if side == FALLS else min(trigger, edge)
        elif edge > 0:
            second = edge
            has_second = True
    if side == FALLS:
        has_second = has_second and second < contract.price_max_ticks
    else:
        has_second = has_second and second > least_ticks(contract)
    column = 2 * instrument + side
    place = watch.position_place[row]
    if place != NONE and column_of(watch, place, instrument) != column:
        forget_position(state, watch, row)
        place = NONE
    if place == NONE:
        place = take_place(watch, column, account)
        watch.position_place[row] = place
    if place != NONE:
        write_key(watch, column, place, key_of(side, trigger))
    if has_second:
        return write_second(watch, instrument, row, account, 1 - side, second) and place != NONE
    if second_place(watch, row) != NONE:
        give_place(watch, 2 * instrument + 1 - side, second_place(watch, row))
        watch.position_second[row] = NONE
    return place != NONE


@kernel
def set_trigger_of_holding(state, watch, account, row, fraction):
    """Write the key of one holding; False when its column has no place for it."""
    holding = state.holdings[row]
    instrument = state.assets[holding.asset].price_instrument
    mark = state.instruments[instrument].mark_ticks
    place = watch.holding_place[row]
    if place == NONE:
        place = take_place(watch, 2 * instrument + FALLS, account)
        watch.holding_place[row] = place
    if place == NONE:
        return False
    move = move_down(mark, fraction, WEIGHTS[_bits(worth_up(state, holding))])
    write_key(watch, 2 * instrument + FALLS, place, key_of(FALLS, mark - move))
    return True


@kernel
def be_loose(state, watch, account):
    """No corner: the account is judged at every price."""
    forget_account(state, watch, account)
    add_member(watch.loose, account)


@kernel
def set_corner(state, watch, account, surplus_quanta):
    """Give a sound account new triggers that spend its surplus (equity above the threshold, not negative).

    True when the corner rests on a guess of a bent requirement: the caller judges it, and asks again for a smaller one.
    """
    if not is_certified(state, watch.meter[LEVEL], account):
        be_loose(state, watch, account)
        return False
    weight, slack, reserve, is_rough, is_guessed = weigh(state, watch, account)
    spend = surplus_quanta - slack
    if is_rough and spend < 0:
        # so near the edge several roundings at once could take what is left while a price moves favourably
        be_loose(state, watch, account)
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
    place = 0
    row = state.accounts[account].first_position
    while row != NONE:
        if state.positions[row].lots == 0:
            forget_position(state, watch, row)
        else:
            share = watch.slots[place, SHARE]
            bent = watch.slots[place, BENT] == 1
            complete = set_triggers(state, watch, account, row, fraction, share, bent) and complete
        place += 1
        row = state.positions[row].next
    row = state.accounts[account].first_holding
    while row != NONE:
        complete = set_trigger_of_holding(state, watch, account, row, fraction) and complete
        row = state.holdings[row].next
    remove_member(watch.pending, account)
    if complete:
        remove_member(watch.loose, account)
    else:
        add_member(watch.loose, account)
    return is_guessed and complete
