"""Which rules have a certificate: only what is named here. Whoever holds anything else is judged at every price.

The proof of the safe corner (see the package) needs of each rule that the surplus of a position or holding never falls
while its price moves in its favour, that moving adversely by a fraction costs at most that fraction of its weight,
and that nothing but its own price moves it between two judgements. A rule of another kind may be right without this;
until somebody has written its certificate the account that is judged by it is `loose`: judged at every price, which
is slow and not wrong. `EventKind.JUDGED_BY_SCAN` tells it when such terms bind, the compiler of rulebooks notes it,
and the audit counts the accounts.

A new kind of rule changes nothing here. A new certificate is a line here, a way to set its triggers in `corner`, and
a brute-force test.
"""

from solvent.codes import AccountKind, ContractKind, Driver, Level, Schedule
from solvent.compiled import kernel
from solvent.state.multipliers import is_stretching
from solvent.state.tables import NONE
from solvent.units import PPM

SMOOTH = 2
ROUGH = 16


@kernel
def has_schedule_certificate(schedule):
    """True when a requirement of this schedule row moves only with the position's own mark, at a slope of at most 1.

    Rates by size are constant while a price moves, and so is a curve over nothing or over size; what is added to a
    rate is linear in the notional, or clipped. `rate_max_ppm` bounds the slope of it all. User leverage is the larger
    of two such requirements as long as its scale is at most one. A curve over notional bends, one over open interest
    moves with what others do, and scenarios judge positions together.
    """
    kind = schedule.kind
    if schedule.rate_max_ppm > PPM:
        return False
    if kind == Schedule.USER_LEVERAGE:
        return schedule.scale_ppm <= PPM and schedule.rate_max_ppm + schedule.add_ppm + schedule.reward_ppm <= PPM
    if kind == Schedule.CURVE:
        return schedule.driver == Driver.NONE or schedule.driver == Driver.SIZE
    return (
        kind == Schedule.ZERO
        or kind == Schedule.BRACKETS_MARGINAL
        or kind == Schedule.BRACKETS_WHOLE
        or kind == Schedule.BRACKETS_BY_SIZE
    )


@kernel
def roundings(schedule):
    """Quanta by which all roundings of a requirement may differ from its real value, at most.

    One ceiling moves by at most one quantum for a quantum of notional, and two is enough. Several together may move by
    several where a price moves favourably: a curve's scale is at most ten, and four things may be added.
    """
    added = schedule.add_ppm + schedule.reward_ppm + schedule.premium_num
    return ROUGH if schedule.kind == Schedule.CURVE or added > 0 else SMOOTH


@kernel
def has_asset_certificate(asset):
    """True when a holding of this asset row moves with its price alone, by at most the price's own move.

    Fixed weights, tiers and discounts of the amount are constant factors; tiers of the value have falling weights
    between nothing and one.
    """
    return asset.maintenance_ppm >= 0


@kernel
def has_contract_certificate(contract):
    """True when a position's value is linear in its price, as the triggers of a corner are set."""
    return contract.kind == ContractKind.LINEAR


@kernel
def has_level_certificate(level):
    """True when the level row judges positions alone: open orders move with another size than the position's."""
    return level.includes_orders == 0


@kernel
def is_account_certified(terms):
    """True when an account row is judged position by position."""
    return terms.kind == AccountKind.CROSS or terms.kind == AccountKind.ISOLATED


@kernel
def is_certified(state, level, account):
    """True when everything the account is judged by at the level has a certificate."""
    terms = state.accounts[account]
    if not is_account_certified(terms):
        return False
    counts_orders = not has_level_certificate(state.levels[level])
    instruments = state.instruments.shape[0]
    row = terms.first_position
    while row != NONE:
        position = state.positions[row]
        if counts_orders and position.orders != NONE:
            return False
        schedule = state.schedules[level * instruments + position.instrument]
        if position.lots != 0 and not has_schedule_certificate(schedule):
            return False
        if position.lots != 0 and not has_contract_certificate(state.contracts[position.instrument]):
            return False
        if level != Level.INITIAL and is_stretching(state, position.instrument):
            return False
        row = position.next
    row = terms.first_holding
    while row != NONE:
        if not has_asset_certificate(state.assets[state.holdings[row].asset]):
            return False
        row = state.holdings[row].next
    return True
