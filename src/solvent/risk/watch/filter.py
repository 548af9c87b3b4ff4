"""The scan of everybody at the speed of memory: single floats clear the accounts that are certainly sound.

Floats choose, integers decide. For every account the filter computes a number that is certainly not above its exact
surplus; who is not cleared by it is judged in integers. No answer depends on a rounding, a compiler or a processor,
only how many accounts are judged twice. This is the one file of the ground where floats may stand.

The mirror is a copy of what a surplus is made from, laid out for reading: accounts with the same number of slots
(positions and holdings) stand together in blocks, slot by slot. A slot is worth

    min over k of  lots x c_k + d_k       c_k = +-value of a lot x (1 -+ rate_k) -+ funding since the mirror was made
                                          d_k = deduction of the bracket

with one line per bracket up to three, else three chords that lie above the brackets' requirement. An account is its
cash (wallet less costs less funding due when the mirror was made) plus its slots.

Bound. With u = 2**-24 a term is computed from rounded lots, c and d with an error below 6 u (|lots c| + |d|), and
adding n slots errs by at most (n + 1) u times the sum of what is added. With n <= 80 slots all of it stays below
2 x 87 u < 2**-16 of |cash| + sum(|lots c| + |d|) (the factor 2 covers a smaller line than the exact one being chosen;
a line that is smaller by more than its bound errs on the safe side by itself). So cash, c and d are lowered by
2**-16 of their size, c by that of the terms it is made from, and cash by three quanta a slot: requirement and funding
are rounded up to whole quanta, collateral down, twice.

The lines are those of the terms in force, so a change of terms leaves the mirror as it is. Accounts whose wallet or
positions have changed since are `stale` and always judged. A slot under a rule without a certificate counts as a loss
beyond all bounds; who has open orders that count, or is with the liquidation engine, has infinite cash, minus or plus.
"""

import numpy as np

from solvent.codes import ContractKind, Schedule, Status, Weighting
from solvent.compiled import kernel
from solvent.risk.watch.certificate import (
    SMOOTH,
    has_contract_certificate,
    has_schedule_certificate,
    is_certified,
    is_joint,
    multiplier_most_ppm,
    roundings,
    slope_ppm,
)
from solvent.risk.watch.index import LEVEL, MIRRORED
from solvent.risk.watch.members import COUNT, add_member, next_member, remove_member
from solvent.risk.watch.mirror import (
    BLOCK,
    GROUP_FIRST_CELL,
    GROUP_FIRST_ROW,
    GROUP_ROWS,
    GROUP_USED,
    SLOTS_MAX,
)
from solvent.state.tables import NONE
from solvent.state.terms import ASSETS_MAX
from solvent.units import FUNDING_SCALE, PPM

SLACK = 2.0**-16
QUANTA_A_SLOT = 3.0
BOTTOMLESS = np.float32(-1e20)
"""A loss for every lot beyond all cash and collateral; 80 slots of 2**54 lots of it are still a single float."""


@kernel
def is_mirrored(watch):
    """True when the mirror may be used."""
    return watch.meter[MIRRORED] == 1


@kernel
def mark_stale(watch, account):
    """The mirror no longer knows this account: it is judged by every scan until the mirror is made anew."""
    if watch.meter[MIRRORED] == 1:
        add_member(watch.stale, account)


@kernel
def hide_from_scan(watch, account):
    """The account is with the liquidation engine: scans leave it alone until it is reviewed again."""
    if watch.meter[MIRRORED] == 1:
        remove_member(watch.stale, account)
        if account < watch.mirror_row.shape[0] and watch.mirror_row[account] != NONE:
            watch.mirror_cash[watch.mirror_row[account]] = np.inf


@kernel
def reflect(state, watch, account, cash_quanta, slots):
    """Give the account the next row of its group; `cash_quanta` is its equity less the value of its slots, exactly."""
    instruments = state.instruments.shape[0]
    group = watch.mirror_groups[slots]
    place = group[GROUP_USED]
    group[GROUP_USED] += 1
    row = group[GROUP_FIRST_ROW] + place
    watch.mirror_row[account] = row
    watch.mirror_account[row] = account
    cash = np.float64(cash_quanta)
    cash -= abs(cash) * SLACK + QUANTA_A_SLOT * slots + QUANTA_A_SLOT
    if not is_certified(state, watch.meter[LEVEL], account):
        cash = -np.inf
    watch.mirror_cash[row] = np.float32(cash)
    cell = group[GROUP_FIRST_CELL] + place // BLOCK * BLOCK * slots + place % BLOCK
    link = state.accounts[account].first_position
    while link != NONE:
        position = state.positions[link]
        if position.lots != 0:
            watch.mirror_lots[cell] = np.float32(abs(position.lots))
            watch.mirror_code[cell] = 2 * position.instrument + (1 if position.lots < 0 else 0)
            cell += BLOCK
        link = position.next
    link = state.accounts[account].first_holding
    while link != NONE:
        holding = state.holdings[link]
        watch.mirror_lots[cell] = np.float32(holding.amount_quanta)
        watch.mirror_code[cell] = 2 * instruments + holding.asset
        cell += BLOCK
        link = holding.next


@kernel
def _line(lines, code, place, value, rate, deduction, other):
    """One line of a code: a lot's value after a rate, and a deduction, both lowered by the bound's slack."""
    size = abs(value) * (1.0 + rate) + abs(other)
    lines[2 * place, code] = np.float32(value - abs(value) * rate - other - size * SLACK)
    lines[2 * place + 1, code] = np.float32(deduction - abs(deduction) * SLACK)


@kernel
def _write_lines(state, level, instrument, code, value, other, scale, lines):
    """The lines of one side of a market: its brackets, or lines above their requirement; `scale` multiplies them."""
    schedule = state.schedules[level * state.instruments.shape[0] + instrument]
    kind = schedule.kind
    first = schedule.first_bracket
    count = schedule.bracket_count
    denominator = np.float64(schedule.denominator)
    rounded = roundings(state, level, instrument)
    times = scale
    if not is_joint(state, level, instrument):
        times *= multiplier_most_ppm(state, level, instrument) / np.float64(PPM)
    fixed = (np.float64(schedule.add_fixed_quanta) + schedule.reward_min_quanta) * times
    added = schedule.add_ppm + schedule.reward_ppm + schedule.premium_num
    if (kind == Schedule.ZERO or count == 0) and rounded == SMOOTH and fixed == 0.0 and kind != Schedule.CURVE:
        for place in range(3):
            _line(lines, code, place, value, 0.0, 0.0, other)
    elif kind == Schedule.BRACKETS_MARGINAL and added == 0 and count > 0:
        last = first + count - 1
        for place in range(3):
            # one line per bracket up to three: first, second, last; more are spanned by a chord between the outer two
            row = min(first + place, last) if place < 2 else last
            bracket = state.brackets[row]
            rate = bracket.numerator / denominator
            deduction = bracket.deduction_whole + bracket.deduction_rest / denominator
            if place == 1 and count > 3:
                low = state.brackets[first + 1]
                high = state.brackets[last]
                start = np.float64(low.floor_quanta)
                end = np.float64(high.floor_quanta)
                start_needs = start * (low.numerator / denominator)
                start_needs -= low.deduction_whole + low.deduction_rest / denominator
                end_needs = end * (high.numerator / denominator)
                end_needs -= high.deduction_whole + high.deduction_rest / denominator
                rate = (end_needs - start_needs) / (end - start)
                deduction = rate * start - start_needs
            _line(
                lines, code, place, value, rate * times, deduction * times - fixed - (rounded * scale - SMOOTH), other
            )
    else:
        # one line above everything else: the largest rate, what is added in any case, and all roundings
        rate = schedule.rate_max_ppm / np.float64(PPM) * times
        if is_joint(state, level, instrument):
            rate = slope_ppm(state, level, instrument, 0) / np.float64(PPM) * scale
        elif kind == Schedule.USER_LEVERAGE:
            rate = max(rate, slope_ppm(state, level, instrument, 1) / np.float64(PPM) * scale)
        for place in range(3):
            _line(lines, code, place, value, rate, -fixed - rounded * scale, other)


@kernel
def _all_lines(state, watch, scale):
    """(c1, d1, c2, d2, c3, d3) of every code at the marks of now."""
    instruments = state.instruments.shape[0]
    level = watch.meter[LEVEL]
    lines = np.zeros((6, 2 * instruments + ASSETS_MAX), np.float32)
    for instrument in range(instruments):
        market = state.instruments[instrument]
        contract = state.contracts[instrument]
        value = np.float64(market.mark_ticks) * contract.quanta_per_lot_tick
        if contract.kind == ContractKind.INVERSE:
            value = -contract.quanta_per_lot_tick / np.float64(max(market.mark_ticks, 1))
        change = np.float64(market.funding_index - watch.mirror_funding[instrument]) / FUNDING_SCALE
        if has_schedule_certificate(state, level, instrument) and has_contract_certificate(contract):
            _write_lines(state, level, instrument, 2 * instrument, value, change, scale, lines)
            _write_lines(state, level, instrument, 2 * instrument + 1, -value, -change, scale, lines)
        else:
            lines[0::2, 2 * instrument : 2 * instrument + 2] = BOTTOMLESS
    weighted = state.levels[level].maintenance_weights == 1
    for asset in range(1, ASSETS_MAX):
        terms = state.assets[asset]
        if terms.used == 1 and terms.value_den > 0:
            weight = (terms.maintenance_ppm if weighted else terms.initial_ppm) / np.float64(PPM)
            rounded = 0.0
            if terms.weighting == Weighting.IMPACT:
                weight = 1.0 - terms.impact_cap_ppm / np.float64(PPM)
            elif terms.weighting != Weighting.FIXED:
                # weights fall: the last is the least anybody gets, and an amount is rounded before it is valued
                weight = 0.0
                if terms.bracket_count > 0:
                    weight = state.brackets[terms.first_bracket + terms.bracket_count - 1].numerator / np.float64(PPM)
            mark = np.float64(state.instruments[terms.price_instrument].mark_ticks)
            value = mark * terms.value_num / np.float64(terms.value_den)
            if terms.weighting == Weighting.TIERS_OF_AMOUNT:
                rounded = value
            for place in range(3):
                _line(lines, 2 * instruments + asset, place, value * weight, 0.0, -rounded, 0.0)
    return lines


@kernel
def _add_slots(surplus, lots, codes, first_c, first_d, second_c, second_d, third_c, third_d):
    """Add one slot of every account of a block."""
    for i in range(surplus.shape[0]):
        code = codes[i]
        amount = lots[i]
        worth = amount * first_c[code] + first_d[code]
        other = amount * second_c[code] + second_d[code]
        if other < worth:
            worth = other
        other = amount * third_c[code] + third_d[code]
        if other < worth:
            worth = other
        surplus[i] += worth


@kernel
def _doubted_of_group(cash, lots, codes, slots, lines, doubted):
    """Write the places of a group's accounts that are not certainly sound into `doubted`; give their number."""
    first_c = lines[0]
    first_d = lines[1]
    second_c = lines[2]
    second_d = lines[3]
    third_c = lines[4]
    third_d = lines[5]
    surplus = np.empty(BLOCK, np.float32)
    found = 0
    cell = 0
    for row in range(0, cash.shape[0], BLOCK):
        surplus[:] = cash[row : row + BLOCK]
        for _slot in range(slots):
            end = cell + BLOCK
            _add_slots(surplus, lots[cell:end], codes[cell:end], first_c, first_d, second_c, second_d, third_c, third_d)
            cell = end
        for i in range(BLOCK):
            if surplus[i] < 0:
                doubted[found] = row + i
                found += 1
    return found


@kernel
def doubt(state, watch, scale_ppm):
    """Put everybody into `watch.ordering` who is not certainly sound; give how many there are.

    With a scale above one: everybody whose equity is not certainly so many times what is required of it.
    """
    lines = _all_lines(state, watch, np.float64(scale_ppm) / PPM)
    largest = 0
    for slots in range(1, SLOTS_MAX + 1):
        largest = max(largest, watch.mirror_groups[slots, GROUP_ROWS])
    doubted = np.empty(largest, np.int32)
    for slots in range(1, SLOTS_MAX + 1):
        rows = watch.mirror_groups[slots, GROUP_ROWS]
        if rows == 0:
            continue
        row = watch.mirror_groups[slots, GROUP_FIRST_ROW]
        cell = watch.mirror_groups[slots, GROUP_FIRST_CELL]
        found = _doubted_of_group(
            watch.mirror_cash[row : row + rows],
            watch.mirror_lots[cell : cell + rows * slots],
            watch.mirror_code[cell : cell + rows * slots],
            slots,
            lines,
            doubted,
        )
        for i in range(found):
            add_member(watch.ordering, watch.mirror_account[row + doubted[i]])
    account = next_member(watch.stale, 0)
    while account != NONE:
        if state.accounts[account].status == Status.SOUND:
            add_member(watch.ordering, account)
        account = next_member(watch.stale, account + 1)
    return watch.ordering[COUNT]


assert SLOTS_MAX <= 80, "the bound above is for at most 80 slots"
