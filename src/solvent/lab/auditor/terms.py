"""Rules staged and enacted (law TERMS), and acts that change nothing."""

from typing import Any

from solvent.codes import Authority
from solvent.events import EventKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes, Proposal
from solvent.lab.auditor.trading import same_fields
from solvent.lab.books import Rules, blocked_of
from solvent.units import PPB, PPM


def _on_term_staged(audit: Notes, event: Any) -> None:
    require("TERMS", audit.proposal is None, "staged while a proposal waits")
    same_fields(audit, event)
    require("TERMS", event.amount_quanta == audit.staged[event.cell], "the old value is told wrongly")
    audit.staged[event.cell] = event.value


def _on_terms_proposed(audit: Notes, event: Any) -> None:
    """A proposal: entitled, in step, harming no more than it may, and known long enough before it binds."""
    books, rules = audit.books, audit.books.rules
    require("TERMS", audit.proposal is None, "a proposal while another waits")
    require("TOLD", (event.value, event.account) == (audit.command.version, audit.command.owner), "another proposal")
    changed = [cell for cell, value in enumerate(audit.staged) if value != audit.cells[cell]]
    codes = audit.after.families.tolist()
    families = {codes[cell] % 16 for cell in changed}
    role = rules.seats[event.account - 1]
    for family in families:
        corridor = rules.corridors[family]
        require("TERMS", bool(role & corridor["authority"]), f"seat {event.account} may not change family {family}")
    for cell in changed:
        scale, before, step = codes[cell] // 16, audit.cells[cell], rules.corridors[codes[cell] % 16]["step_max_ppm"]
        base = abs(before) or (0, 0, PPM, PPB)[scale]
        free = not scale or not base or not step
        moved = abs(audit.staged[cell] - before)
        require("TERMS", free or moved * PPM < base * step + PPM, f"cell {cell} moved {moved} from {before}")
    notice = max(rules.corridors[family]["notice_ns"] for family in families)
    require("TERMS", event.reference == books.time_ns + notice, f"due at {event.reference}, not after {notice}")
    require("TERMS", event.lots == sum(1 << family for family in families), "other families are told")
    require("TERMS", 0 <= event.amount_quanta <= rules.governing["harm_max"], f"{event.amount_quanta} would be harmed")
    votes = {event.account} if role & Authority.COUNCIL else set()
    alone = role & (Authority.OPERATOR | Authority.CONTROLLER)
    lone = all(alone & rules.corridors[family]["authority"] for family in families)
    audit.proposal = Proposal(event.value, event.reference, event.account, votes, lone)


def _waiting(audit: Notes, event: Any) -> Proposal:
    """The proposal an event is about."""
    proposal = audit.proposal
    require("TERMS", proposal is not None and proposal.version == event.value, f"version {event.value} does not wait")
    assert proposal is not None
    return proposal


def _on_terms_voted(audit: Notes, event: Any) -> None:
    proposal = _waiting(audit, event)
    role = audit.books.rules.seats[event.account - 1]
    require("TERMS", bool(role & Authority.COUNCIL), f"seat {event.account} is not of the council")
    require("TERMS", event.account not in proposal.votes, f"seat {event.account} voted twice")
    proposal.votes.add(event.account)
    require("TOLD", event.reference == len(proposal.votes), "the votes are counted wrongly")


def _on_terms_vetoed(audit: Notes, event: Any) -> None:
    proposal = _waiting(audit, event)
    role = audit.books.rules.seats[event.account - 1]
    entitled = event.account == proposal.seat or role & Authority.GUARDIAN
    require("TERMS", bool(entitled), f"seat {event.account} may not end the proposal of {proposal.seat}")
    audit.proposal = None
    audit.staged = list(audit.cells)


def _on_terms_enacted(audit: Notes, event: Any) -> None:
    governing = audit.books.rules.governing
    if governing["enforced"]:
        proposal = _waiting(audit, event)
        require("TERMS", audit.books.time_ns >= proposal.due_ns, "enacted before its notice was over")
        enough = proposal.lone or len(proposal.votes) >= governing["votes_needed"]
        require("TERMS", enough, f"enacted with {len(proposal.votes)} votes")
    audit.proposal = None
    require("TERMS", event.value == audit.command.version == audit.books.terms_version + 1, f"version {event.value}")
    require("TERMS", audit.after.cells.tolist() == audit.staged, "the rules in force are not the staged ones")
    audit.cells = list(audit.staged)
    audit.books.terms_version += 1
    audit.books.rules = Rules(audit.after)
    audit.books.ask_multipliers()
    audit.books.blocked = blocked_of(audit.after, audit.books.rules)


def _on_act_recorded(audit: Notes, event: Any) -> None:
    same = (event.value, event.reference) == (audit.command.value, audit.command.reference)
    require("TOLD", same, "another act is told than the one recorded")


def _on_margin_stepped(audit: Notes, event: Any) -> None:
    """A step towards what the terms ask of new risk: never beyond it, never longer than a step may be."""
    books, side = audit.books, 0 if event.lots > 0 else 1
    before = max(books.charged[event.instrument][side], PPM)
    goal = books.asked[event.instrument][side]
    step = books.rules.dynamics[2 * event.instrument + side]["step_ppm"]
    wanted = goal if not step else min(goal, before + step)
    told = event.amount_quanta, event.requirement_quanta
    require("MARGIN", told == (before, wanted), f"a step from {before} to {wanted} was told as {told}")
    require("MARGIN", before <= event.value <= wanted, f"stepped to {event.value}, wanted {wanted}")
    books.charged[event.instrument][side] = event.value
    most = books.rules.policy["step_accounts_max"]
    below = [n for n, book in books.accounts.items() if book.is_trader and not book.flagged and books.surplus(n) < 0]
    require("MARGIN", not most or len(below) <= most, f"a step pushed {len(below)} accounts, {most} are allowed")


EVENTS = {
    EventKind.MARGIN_STEPPED: _on_margin_stepped,
    EventKind.ACT_RECORDED: _on_act_recorded,
    EventKind.TERM_STAGED: _on_term_staged,
    EventKind.TERMS_PROPOSED: _on_terms_proposed,
    EventKind.TERMS_VOTED: _on_terms_voted,
    EventKind.TERMS_VETOED: _on_terms_vetoed,
    EventKind.TERMS_ENACTED: _on_terms_enacted,
}
"""Which function books which event."""
