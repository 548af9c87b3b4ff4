"""The watch made anew over a state: after a start, or when its columns have outgrown their room."""

from solvent.codes import AccountKind
from solvent.compiled import bind, entry, kernel
from solvent.procedures.answer import repair_pending, upkeep
from solvent.risk.watch import COUNT, CURSOR
from solvent.state.owners import note_owner
from solvent.state.tables import NONE


@entry
def keep_up(state_tables, watch_tables, accounts):
    """Make the corners of so many accounts anew, if a scan or a large price left some broken; how many are left."""
    state = bind(state_tables)
    watch = bind(watch_tables)
    done = repair_pending(state, watch, accounts)
    return watch.pending[COUNT] + upkeep(state, watch, accounts - done)


@kernel
def _note_owners(state, watch):
    """Every account under its owner; the venue's own have none."""
    watch.owner_slots[:] = NONE
    for account in range(state.venue[0].account_count):
        if state.accounts[account].kind != AccountKind.SYSTEM:
            note_owner(watch.owner_slots, watch.owner_before, state.accounts, account)


@entry
def index_owners(state_tables, watch_tables):
    """Make the index of owners anew, after the table of accounts has outgrown it."""
    state = bind(state_tables)
    watch = bind(watch_tables)
    _note_owners(state, watch)


@entry
def rebuild_watch(state_tables, watch_tables):
    """Give every sound trader a corner in an empty index; the state is not changed and nothing is told."""
    state = bind(state_tables)
    watch = bind(watch_tables)
    watch.meter[CURSOR] = 0
    for instrument in range(state.instruments.shape[0]):
        watch.funding_low[instrument] = state.instruments[instrument].funding_index
        watch.funding_high[instrument] = state.instruments[instrument].funding_index
    upkeep(state, watch, state.venue[0].account_count)
    _note_owners(state, watch)
