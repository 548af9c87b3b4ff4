"""A change of rules: proposed, judged, voted for, waited for, and enacted; or withdrawn.

What is staged becomes a proposal when the machine would take it, every value moves within its step, the seat that asks
may change every family it touches, and no more accounts than the rulebook allows would be liquidatable at unchanged
prices. Then its notice runs, the longest of its families'. While it waits nothing else can be staged.
"""

from solvent.codes import AccountKind, Authority, Level, Refusal, Schedule, Status
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.risk.governance import is_entitled, is_step_allowed
from solvent.risk.margin import judge
from solvent.state.families import FAMILY_BITS, NO_QUANTITY, UNIT
from solvent.state.terms import FAMILIES_MAX, SEATS_MAX
from solvent.units import LIMIT, PPB, mul_div_down


@kernel
def role_of(state, seat):
    """The bits of a seat; nothing for one that is nobody's."""
    if seat < 1 or seat > SEATS_MAX:
        return 0
    return state.seats[seat - 1].role


@kernel
def families_changed(state):
    """Bits of the families in which what is staged differs from what is in force."""
    changed = 0
    for cell in range(state.cells.shape[0]):
        if state.cells[cell] != state.staged[cell]:
            changed |= 1 << (state.families[cell] % FAMILY_BITS)
    return changed


@kernel
def rate_ppb(numerator, denominator):
    """A rate of a bracket in parts per billion."""
    return mul_div_down(numerator, PPB, max(denominator, 1))


@kernel
def are_rates_in_step(state, denominators, numerators, step_max_ppm):
    """True when no rate of brackets that stay in their places moves further than its step.

    `denominators` and `numerators` hold what was in force, row by row; the state holds what is proposed.
    """
    for row in range(state.schedules.shape[0]):
        schedule = state.schedules[row]
        if schedule.kind == Schedule.ZERO or schedule.kind == Schedule.SCENARIO:
            continue
        for place in range(schedule.first_bracket, schedule.first_bracket + schedule.bracket_count):
            before = rate_ppb(numerators[place], denominators[row])
            after = rate_ppb(state.brackets[place].numerator, schedule.denominator)
            if not is_step_allowed(before, after, PPB, step_max_ppm):
                return False
    return True


@kernel
def are_steps_allowed(state):
    """True when every staged number moves within the step of its family; rates of brackets are judged as rates."""
    for cell in range(state.cells.shape[0]):
        before = state.cells[cell]
        after = state.staged[cell]
        if before == after:
            continue
        scale = state.families[cell] // FAMILY_BITS
        if scale == NO_QUANTITY:
            continue
        step = state.corridors[state.families[cell] % FAMILY_BITS].step_max_ppm
        if not is_step_allowed(before, after, UNIT[scale], step):
            return False
    return True


@kernel
def entitlement(state, role, families):
    """True when the role may change every one of the families."""
    for family in range(FAMILIES_MAX):
        if families & (1 << family) != 0 and not is_entitled(role, state.corridors[family].authority):
            return False
    return True


@kernel
def notice_ns(state, families):
    """The longest notice of the families."""
    notice = 0
    for family in range(FAMILIES_MAX):
        if families & (1 << family) != 0:
            notice = max(notice, state.corridors[family].notice_ns)
    return notice


@kernel
def count_harmed(state):
    """Sound accounts of traders that the terms in the state would make liquidatable at the prices in force."""
    harmed = 0
    for account in range(state.venue[0].account_count):
        terms = state.accounts[account]
        if terms.status != Status.SOUND or (terms.kind != AccountKind.CROSS and terms.kind != AccountKind.ISOLATED):
            continue
        equity, requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
        if equity - requirement - state.stages[0].or_equal < 0 and (requirement != 0 or equity < 0):
            harmed += 1
    return harmed


@kernel
def needs_votes(state, seat, families):
    """True unless the seat may make the change alone: as the operator or as a controller inside its mandate."""
    role = role_of(state, seat)
    return not entitlement(state, role & (Authority.OPERATOR | Authority.CONTROLLER), families)


@kernel
def votes_of(bits):
    """Number of votes."""
    votes = 0
    for seat in range(SEATS_MAX):
        votes += bits >> seat & 1
    return votes


@kernel
def refusal_of_enactment(state, version):
    """Why terms may not be enacted now as far as governance goes."""
    if state.governing[0].enforced == 0:
        return Refusal.NONE
    venue = state.venue[0]
    if venue.proposal_version != version:
        return Refusal.NO_PROPOSAL
    if venue.time_ns < venue.proposal_due_ns:
        return Refusal.NOTICE_NOT_OVER
    if needs_votes(state, venue.proposal_seat, venue.proposal_families):
        if votes_of(venue.proposal_votes) < state.governing[0].votes_needed:
            return Refusal.VOTES_MISSING
    return Refusal.NONE


@kernel
def end_proposal(state):
    """No proposal waits any more."""
    venue = state.venue[0]
    venue.proposal_version = 0
    venue.proposal_due_ns = 0
    venue.proposal_seat = 0
    venue.proposal_votes = 0
    venue.proposal_families = 0


@kernel
def open_proposal(state, tape, version, seat, families, harmed):
    """The proposal waits, with the vote of whoever made it if it has one."""
    venue = state.venue[0]
    venue.proposal_version = version
    venue.proposal_due_ns = min(venue.time_ns + notice_ns(state, families), LIMIT)
    venue.proposal_seat = seat
    venue.proposal_families = families
    venue.proposal_votes = 0
    if role_of(state, seat) & Authority.COUNCIL != 0:
        venue.proposal_votes = 1 << (seat - 1)
    event = tell(state, tape, EventKind.TERMS_PROPOSED)
    event.value = version
    event.account = seat
    event.amount_quanta = harmed
    event.reference = venue.proposal_due_ns
    event.lots = families


@kernel
def vote_terms(state, tape, command):
    """A seat of the council votes for the proposal."""
    venue = state.venue[0]
    if command.version < 1 or venue.proposal_version != command.version:
        return Refusal.NO_PROPOSAL
    if role_of(state, command.owner) & Authority.COUNCIL == 0:
        return Refusal.NOT_ENTITLED
    if venue.proposal_votes >> (command.owner - 1) & 1 == 1:
        return Refusal.ALREADY_VOTED
    venue.proposal_votes |= 1 << (command.owner - 1)
    event = tell(state, tape, EventKind.TERMS_VOTED)
    event.value = command.version
    event.account = command.owner
    event.reference = votes_of(venue.proposal_votes)
    return Refusal.NONE


@kernel
def veto_terms(state, tape, command):
    """A guardian, or whoever made it, ends the proposal; what was staged is what is in force again."""
    venue = state.venue[0]
    if command.version < 1 or venue.proposal_version != command.version:
        return Refusal.NO_PROPOSAL
    if role_of(state, command.owner) & Authority.GUARDIAN == 0 and command.owner != venue.proposal_seat:
        return Refusal.NOT_ENTITLED
    for cell in range(state.cells.shape[0]):
        state.staged[cell] = state.cells[cell]
    end_proposal(state)
    event = tell(state, tape, EventKind.TERMS_VETOED)
    event.value = command.version
    event.account = command.owner
    return Refusal.NONE
