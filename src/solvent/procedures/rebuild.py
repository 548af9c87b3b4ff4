"""The watch made anew over a state: after a start, or when its columns have outgrown their room."""

from solvent.compiled import bind, entry
from solvent.procedures.answer import repair_pending, upkeep
from solvent.risk.watch import COUNT, CURSOR


@entry
def keep_up(state_tables, watch_tables, accounts):
    """Make the corners of so many accounts anew, if a scan or a large price left some broken; how many are left."""
    state = bind(state_tables)
    watch = bind(watch_tables)
    done = repair_pending(state, watch, accounts)
    return watch.pending[COUNT] + upkeep(state, watch, accounts - done)


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
