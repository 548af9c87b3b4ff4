"""The clerk's whole check of one command: book what was told, then hold the books against the tables and the laws."""

from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.clerk.booking import book
from solvent.lab.clerk.books import (
    BOUNDED,
    CASE_OF,
    CHARGE,
    COMMANDS,
    DRAWN,
    HASH,
    LOST,
    PENALTY_OF,
    PRICE_VERSION,
    SEQUENCE,
    TIME,
    UNJUDGED,
    WINNERS_OF,
    WORK_COUNT,
    WORK_TOLD,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    knows,
)
from solvent.lab.clerk.laws import (
    REFUSED,
    SCAN,
    SEQUENCED,
    TERMS,
    TOLD,
)
from solvent.lab.clerk.margin import check_after, look_before
from solvent.lab.clerk.penalty import end_penalty
from solvent.lab.clerk.refused import check_refused, check_repeated
from solvent.lab.clerk.sums import check_laws, fingerprint, fingerprint_of_rules
from solvent.lab.clerk.tables import check_queue, compare
from solvent.lab.clerk.waterfall import close_case

NOBODY = -1


@step
def start_command(clerk):
    """Forget the last command."""
    clerk.flagged_now[:] = 0
    clerk.visited[:] = 0
    clerk.entries[:] = 0
    clerk.won[:] = 0
    clerk.rounded_parts[:] = 0
    clerk.side[:, 5] = 0
    clerk.note[PENALTY_OF] = NOBODY
    clerk.note[CASE_OF] = NOBODY
    clerk.note[WINNERS_OF] = NOBODY
    clerk.note[LOST] = 0
    clerk.note[CHARGE] = 0
    clerk.note[DRAWN] = 0
    clerk.note[WORK_COUNT] = 0
    clerk.note[WORK_TOLD] = 0


@step
def check_accepted(state, clerk, tape, count, command):
    """Book every event of an accepted command."""
    note = clerk.note
    kind = command.kind
    note[TIME] = max(note[TIME], command.time_ns)
    broken = look_before(state, clerk, command)
    if broken:
        return broken
    primaries = 0
    for place in range(count):
        event = tape.records[place]
        if event.sequence != note[SEQUENCE]:
            return SEQUENCED + 1
        if event.time_ns != note[TIME]:
            return SEQUENCED + 2
        if event.kind < 1 or event.kind >= clerk.allowed.shape[1]:
            return TOLD + 60
        if clerk.allowed[kind, event.kind] == 0:
            return TOLD + 61
        if note[PENALTY_OF] != NOBODY and event.kind != EventKind.PENALTY_CHARGED:
            broken = end_penalty(state, clerk)
            if broken:
                return broken
        if note[CASE_OF] != NOBODY:
            inside = event.kind == EventKind.TRANCHE_DRAWN or event.kind == EventKind.ACCOUNT_FLAGGED
            inside = inside or event.kind == EventKind.DEFICIT_OPENED or event.kind == EventKind.WITHDRAWALS_GATED
            if not inside:
                broken = close_case(state, clerk)
                if broken:
                    return broken
        if event.kind == clerk.primary[kind]:
            primaries += 1
            broken = check_repeated(clerk, event, command)
            if broken:
                return broken
        broken = book(state, clerk, event, command)
        if broken:
            return broken
        if event.kind == EventKind.TERMS_ENACTED:
            for cell in range(state.cells.shape[0]):
                if state.cells[cell] != state.staged[cell]:
                    return TERMS + 2
            note[UNJUDGED] = 0 if knows(state) else 1
        if event.kind == EventKind.TERM_STAGED and state.staged[event.cell] != command.value:
            return TERMS + 3
        if event.price_version != note[PRICE_VERSION]:
            return SEQUENCED + 3
    if note[PENALTY_OF] != NOBODY:
        broken = end_penalty(state, clerk)
        if broken:
            return broken
    if note[CASE_OF] != NOBODY:
        broken = close_case(state, clerk)
        if broken:
            return broken
    if clerk.primary[kind] != 0 and primaries != 1:
        return TOLD + 62
    listed = kind == CommandKind.PRICE_REPORT or kind == CommandKind.FUNDING_TICK or kind == CommandKind.ENACT_TERMS
    listed = listed or kind == CommandKind.SETTLE_FUNDING
    if listed and (note[WORK_COUNT] > 0) != (note[WORK_TOLD] == 1):
        return SCAN + 7
    return check_after(state, clerk, command)


@step
def check(state, clerk, raw, tape, count, command, cells_before, seen):
    """One command: 0 when every law held, otherwise law x 1000 + place. LOST in the notes: open the books anew."""
    note = clerk.note
    start_command(clerk)
    clerk.note[BOUNDED] = state.policy[0].routes
    note[COMMANDS] += 1
    note[SEQUENCE] += 1
    if state.venue[0].sequence != note[SEQUENCE]:
        return SEQUENCED + 30
    before = note[HASH]
    cells = fingerprint_of_rules(state)
    now = fingerprint(state, raw, cells)
    note[HASH] = now
    refused = False
    enacted = False
    for place in range(count):
        refused = refused or tape.records[place].kind == EventKind.COMMAND_REFUSED
        enacted = enacted or tape.records[place].kind == EventKind.TERMS_ENACTED
    if refused:
        if count != 1 or tape.records[0].sequence != note[SEQUENCE]:
            return REFUSED + 10
        return check_refused(state, clerk, tape.records[0], command, before, now)
    if command.kind < 1 or command.kind >= clerk.primary.shape[0]:
        return TOLD + 70
    broken = check_accepted(state, clerk, tape, count, command)
    if broken:
        return broken
    if cells != cells_before[0] and not enacted:
        return TERMS + 20
    cells_before[0] = cells
    if note[LOST] != 0:
        return 0
    broken = compare(state, clerk, seen)
    if broken:
        return broken
    broken = check_queue(state, clerk)
    if broken:
        return broken
    return check_laws(state, clerk)
