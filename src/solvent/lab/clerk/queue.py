"""Who is flagged, in which order, and who leaves the queue."""

from solvent.codes import (
    Level,
)
from solvent.lab.clerk.books import (
    PRICE_VERSION,
    SEQUENCE,
    UNJUDGED,
    WORK_COUNT,
    WORK_HIGH,
    WORK_LAST,
    WORK_LOW,
    WORK_TOLD,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    equity_of,
    requirement_of,
    sized,
    surplus_of,
)
from solvent.lab.clerk.laws import (
    JUDGED,
    LIQUIDATION,
    SCAN,
    TOLD,
)
from solvent.lab.clerk.ledger import is_trader

NOBODY = -1
WORKLIST_PRIME = 2**31 - 1


@step
def judged(state, clerk, event):
    """Equity and requirement as told."""
    if clerk.note[UNJUDGED] != 0:
        return 0
    if event.equity_quanta != equity_of(state, clerk, event.account, Level.MAINTENANCE):
        return JUDGED + 1
    if event.requirement_quanta != requirement_of(state, clerk, event.account, Level.MAINTENANCE):
        return JUDGED + 2
    return 0


@step
def leave_queue(clerk, event):
    """The account is its owner's again."""
    account = event.account
    if clerk.flagged[account] == 0:
        return SCAN + 10
    if event.amount_quanta != clerk.wallet[account]:
        return TOLD + 10
    if event.reference != clerk.flagged_sequence[account]:
        return TOLD + 11
    for market in range(clerk.mark.shape[0]):
        if clerk.ordered[account, market] != 0 or clerk.bid_lots[account, market] != 0:
            return LIQUIDATION + 10
        if clerk.ask_lots[account, market] != 0:
            return LIQUIDATION + 11
    clerk.flagged[account] = 0
    clerk.market[account] = NOBODY
    clerk.order_stage[account] = NOBODY
    return 0


@step
def note_work(clerk, account):
    """The worklist's two residues, as they stand with this account."""
    note = clerk.note
    if note[WORK_COUNT] == 0:
        note[WORK_LOW] = note[PRICE_VERSION] % WORKLIST_PRIME
        note[WORK_HIGH] = note[WORK_LOW]
        note[WORK_LAST] = NOBODY
    note[WORK_COUNT] += 1
    note[WORK_LOW] = (note[WORK_LOW] * 48_271 + account + 1) % WORKLIST_PRIME
    note[WORK_HIGH] = (note[WORK_HIGH] * 69_621 + account + 1) % WORKLIST_PRIME
    if account < note[WORK_LAST]:
        note[WORK_TOLD] = NOBODY  # out of order
    note[WORK_LAST] = account


@step
def tell_worklist(clerk, event):
    """Number and hash of what was flagged, in the order of the accounts."""
    note = clerk.note
    if event.lots != note[WORK_COUNT] or event.lots == 0 or note[WORK_TOLD] != 0:
        return SCAN + 5
    note[WORK_TOLD] = 1
    return 0 if event.value == note[WORK_HIGH] * 2**31 + note[WORK_LOW] else SCAN + 6


@step
def flag(state, clerk, event):
    """An account came into the queue: it is below its threshold, and the market named is its largest."""
    account = event.account
    broken = judged(state, clerk, event)
    if broken:
        return broken
    if clerk.flagged[account] != 0:
        return SCAN + 1
    if clerk.note[UNJUDGED] == 0:
        if is_trader(clerk, account):
            if surplus_of(state, clerk, account) >= 0:
                return SCAN + 2
        elif event.equity_quanta >= 0:
            return SCAN + 3
    largest = 0
    for market in range(clerk.mark.shape[0]):
        largest = max(largest, sized(state, market, clerk.lots[account, market], clerk.mark[market]))
    if clerk.note[UNJUDGED] == 0 and max(event.amount_quanta, 0) != largest:
        return JUDGED + 3
    if clerk.note[UNJUDGED] == 0 and largest > 0:
        named = event.instrument
        if named < 0 or named >= clerk.mark.shape[0]:
            return JUDGED + 4
        if sized(state, named, clerk.lots[account, named], clerk.mark[named]) != largest:
            return JUDGED + 5
    clerk.flagged[account] = 1
    clerk.flagged_now[account] = 1
    note_work(clerk, account)
    clerk.market[account] = event.instrument
    clerk.flagged_sequence[account] = clerk.note[SEQUENCE]
    clerk.order_stage[account] = NOBODY
    return 0
