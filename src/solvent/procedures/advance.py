"""Time passes: markets whose halt is over are released, and a bounded number of distressed accounts is worked.

An `Advance` may need more room for events than is left on the tape. It then stops between two accounts, remembers
how many are left, and goes on when it is called again with the same command: the result does not depend on the room.
"""

from solvent.codes import Level, Refusal, Status
from solvent.compiled import kernel
from solvent.procedures.default import work
from solvent.procedures.default.triggers import watch_triggers
from solvent.procedures.pool import order_unwinds
from solvent.procedures.price import watch_breakers
from solvent.procedures.review import flag
from solvent.procedures.step import step_margin
from solvent.risk.margin import judge
from solvent.state.tables import NONE
from solvent.state.terms import POOLS_MAX


@kernel
def room_for_one_account(state):
    """Most events one visit can write: every position accrued and deleveraged, every account charged and flagged."""
    return 2048 + 2 * state.venue[0].position_count + 6 * state.venue[0].account_count


@kernel
def flag_pools(state, watch, tape):
    """A pool whose inventory has eaten its equity is a default like any other."""
    for row in range(POOLS_MAX):
        pool = state.vaults[row].account
        if pool == NONE or state.accounts[pool].first_position == NONE or state.accounts[pool].status != Status.SOUND:
            continue
        equity, requirement, _gains, _notional = judge(state, pool, Level.MAINTENANCE)
        if equity < 0:
            flag(state, tape, pool, equity, requirement)


@kernel
def start_advance(state, watch, tape, command):
    """Check the command and note how many accounts it will work."""
    if command.count < 1 or command.count > state.policy[0].advance_max:
        return Refusal.COUNT_OUT_OF_RANGE
    watch_breakers(state, tape)
    watch_triggers(state)
    step_margin(state, watch, tape)
    flag_pools(state, watch, tape)
    order_unwinds(state, tape)
    venue = state.venue[0]
    venue.advance_left = min(command.count, venue.queue_count)
    return Refusal.NONE


@kernel
def continue_advance(state, watch, tape):
    """Work the accounts that are left while there is room to tell what happens; True when none is left."""
    venue = state.venue[0]
    while venue.advance_left > 0:
        if tape.records.shape[0] - tape.meter[0] < room_for_one_account(state):
            return False
        account = state.queue[venue.queue_head]
        venue.queue_head = (venue.queue_head + 1) % state.queue.shape[0]
        venue.queue_count -= 1
        venue.advance_left -= 1
        if not work(state, watch, tape, account):
            state.queue[(venue.queue_head + venue.queue_count) % state.queue.shape[0]] = account
            venue.queue_count += 1
    return True
