"""What an account in default still has: orders in the market, positions, and which of them can be worked now."""

import numpy as np

from solvent.codes import Action, Answer, Level
from solvent.compiled import kernel
from solvent.risk.breaker import is_blocked
from solvent.risk.margin import exposure_requirement_up
from solvent.state.levels import is_allowed, is_in_grace, level_of
from solvent.state.tables import NONE
from solvent.state.validity import answer_of
from solvent.units import POSITIONS_MAX


@kernel
def has_orders(state, account):
    """True while a liquidation order of the account is in the market."""
    row = state.accounts[account].first_position
    while row != NONE:
        orders_row = state.positions[row].orders
        if orders_row != NONE and state.orders[orders_row].ordered_lots != 0:
            return True
        row = state.positions[row].next
    return False


@kernel
def is_flat(state, account):
    """True when the account holds no contract."""
    row = state.accounts[account].first_position
    while row != NONE:
        if state.positions[row].lots != 0:
            return False
        row = state.positions[row].next
    return True


@kernel
def is_workable(state, account, instrument):
    """True when positions in the market may be closed now: open, no grace, no doubt of its price that forbids it."""
    if not is_allowed(level_of(state, instrument), Action.LIQUIDATE) or is_in_grace(state, account, instrument):
        return False
    if is_blocked(state, instrument, Action.LIQUIDATE):
        return False
    return answer_of(state, instrument, Action.LIQUIDATE) != Answer.REFUSE


@kernel
def rows_by_requirement(state, account, rows):
    """Positions of the account that can be worked, largest maintenance requirement first; give their number."""
    count = 0
    sizes = np.empty(POSITIONS_MAX * 8, np.int64)
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        if position.lots != 0 and is_workable(state, account, position.instrument):
            size = exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots)
            place = count
            while place > 0 and (
                sizes[place - 1] < size
                or (sizes[place - 1] == size and state.positions[rows[place - 1]].instrument > position.instrument)
            ):
                sizes[place] = sizes[place - 1]
                rows[place] = rows[place - 1]
                place -= 1
            sizes[place] = size
            rows[place] = row
            count += 1
        row = position.next
    return count
