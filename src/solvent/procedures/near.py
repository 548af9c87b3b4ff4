"""Who is near liquidation: equity below a multiple of what a level requires. Nothing is changed, nobody is flagged.

At maintenance the index answers, where its certificates allow. Let x be the multiple less one. A position whose
trigger is the fraction d of its mark away has at least (1 - s) x N x d more surplus than at its corner, with N its
notional and s the slope of its requirement (`solvent.risk.watch.certificate`), and at a corner the surplus is not
negative. It is asked for at most s x N + fixed + r, r for roundings. So whoever has every trigger at least

    D = (x (s n + fixed + r) + r) / ((1 - s) n)         n the notional of one lot, at most N

away holds the multiple; an inverse short loses only N x d / (1 + d) on the way to its trigger, so inverse markets take
D / (1 - D). Keys nearer than that name everybody else, with some who are then judged and left out. Where a
market's D is 1 or more, or where the keys are too many, the filter scan answers, and without a mirror the scan of the
tables, as at all other levels.
"""

from solvent.codes import AccountKind, ContractKind, Level, Status
from solvent.compiled import bind, entry, kernel
from solvent.risk.margin import judge
from solvent.risk.watch import (
    CURSOR,
    FALLS,
    RISES,
    add_member,
    clear_members,
    collect_within,
    doubt,
    drain_in_order,
    is_mirrored,
    multiplier_most_ppm,
    next_member,
    roundings,
    slope_ppm,
)
from solvent.state.tables import NONE
from solvent.state.values import notional_up
from solvent.units import PPM, mul_div_up

BY_INDEX = 0
BY_FILTER = 1
BY_SCAN = 2
SCALE_MAX_PPM = 1_000 * PPM


@kernel
def is_near(state, account, level, scale_ppm):
    """True for a sound trader whose equity is below the multiple of what the level requires."""
    terms = state.accounts[account]
    if terms.status != Status.SOUND or terms.kind == AccountKind.SYSTEM or terms.kind == AccountKind.NONE:
        return False
    equity, requirement, _gains, _notional = judge(state, account, level)
    return requirement > 0 and equity < mul_div_up(requirement, scale_ppm, PPM)


@kernel
def room_ppm(state, instrument, scale_ppm):
    """How far every trigger in a market must be for its owner to hold the multiple, or -1: no distance is enough."""
    level = Level.MAINTENANCE + 0
    schedule = state.schedules[level * state.contracts.shape[0] + instrument]
    slope = slope_ppm(state, level, instrument, 1)
    lot = notional_up(state.contracts[instrument], 1, state.instruments[instrument].mark_ticks)
    if slope >= PPM or lot == 0:
        return NONE
    rounded = roundings(state, level, instrument)
    multiplier = multiplier_most_ppm(state, level, instrument)
    fixed = mul_div_up(schedule.add_fixed_quanta + schedule.reward_min_quanta, multiplier, PPM)
    asked = mul_div_up(lot, slope, PPM) + fixed + rounded
    needed = mul_div_up(asked, scale_ppm - PPM, PPM) + rounded
    room = mul_div_up(mul_div_up(needed, PPM, lot), PPM, PPM - slope)
    if state.contracts[instrument].kind == ContractKind.INVERSE and room < PPM:
        room = mul_div_up(room, PPM, PPM - room)
    return room if room < PPM else NONE


@kernel
def name_near(state, watch, scale_ppm):
    """Put everybody into `watch.ordering` who may be near; False when the index cannot tell or would name too many."""
    room = watch.fired.shape[0]
    for instrument in range(state.instruments.shape[0]):
        mark = state.instruments[instrument].mark_ticks
        if mark == 0 or watch.columns[2 * instrument].count + watch.columns[2 * instrument + 1].count == 0:
            continue
        share = room_ppm(state, instrument, scale_ppm)
        if share == NONE:
            return False
        move = mul_div_up(mark, share, PPM)
        if not collect_within(watch, instrument, FALLS, mark - move, room):
            return False
        if not collect_within(watch, instrument, RISES, mark + move, room):
            return False
    account = next_member(watch.loose, 0)
    while account != NONE:
        add_member(watch.ordering, account)
        account = next_member(watch.loose, account + 1)
    account = next_member(watch.pending, 0)
    while account != NONE:
        add_member(watch.ordering, account)
        account = next_member(watch.pending, account + 1)
    return True


@entry
def find_near(state_tables, watch_tables, level, scale_ppm, found):
    """Write the accounts whose equity is below `scale_ppm` of the level's requirement into `found`, ascending.

    Give (how many they are, how many were judged, BY_INDEX or BY_FILTER or BY_SCAN). `scale_ppm` is from one to
    a thousand times; `found` has room for every account.
    """
    state = bind(state_tables)
    watch = bind(watch_tables)
    count = 0
    way = BY_SCAN + 0
    if level == Level.MAINTENANCE:
        clear_members(watch.ordering)
        if watch.meter[CURSOR] == NONE and name_near(state, watch, scale_ppm):
            way = BY_INDEX + 0
        else:
            clear_members(watch.ordering)
            if is_mirrored(watch):
                doubt(state, watch, scale_ppm)
                way = BY_FILTER + 0
    if way == BY_SCAN:
        for account in range(state.venue[0].account_count):
            if is_near(state, account, level, scale_ppm):
                found[count] = account
                count += 1
        return count, state.venue[0].account_count + 0, way
    judged = 0
    drained = drain_in_order(watch)
    while drained > 0:
        for i in range(drained):
            judged += 1
            if is_near(state, watch.fired[i], level, scale_ppm):
                found[count] = watch.fired[i]
                count += 1
        drained = drain_in_order(watch)
    return count, judged, way
