"""What the auditor keeps: the books, and what it has seen so far of the command it follows."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from solvent.codes import Authority
from solvent.lab.appraisal import Appraisal
from solvent.lab.books import Books, rows_of


@dataclass(slots=True)
class Case:
    """A shortfall on its way through the waterfall."""

    account: int
    declared: int
    by_price: int
    remaining: int
    layer: int = 0
    means: dict[int, int] | None = None
    room: int = 0
    paid: Counter[int] = field(default_factory=Counter)
    entries: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class FundingBook:
    """What a market's funding is computed from: premiums heard since it was settled, and the rate that drifts."""

    premiums: int
    count: int
    rate: int
    settled_ns: int


@dataclass(slots=True)
class Proposal:
    """A change of rules that waits: until when, whose it is, who voted, and whether that seat may make it alone."""

    version: int
    due_ns: int
    seat: int
    votes: set[int]
    lone: bool


@dataclass(slots=True)
class Side:
    """What one side of a trade was before it."""

    account: int
    held: int
    bought: int
    equity: int
    requirement: int

    @property
    def reduces(self) -> bool:
        """True when the position shrinks and keeps its sign."""
        return self.held * self.bought < 0 and abs(self.bought) <= abs(self.held)


def _proposal_of(state: Any) -> Proposal | None:
    """The proposal that waits in a state, as its row tells it."""
    venue = state.venue[0]
    if not venue.proposal_version:
        return None
    seat, families = int(venue.proposal_seat), int(venue.proposal_families)
    alone = int(state.seats[seat - 1].role) & (Authority.OPERATOR | Authority.CONTROLLER)
    touched = [row for family, row in enumerate(rows_of(state.corridors)) if families >> family & 1]
    votes = {number + 1 for number in range(len(state.seats)) if int(venue.proposal_votes) >> number & 1}
    lone = all(alone & row["authority"] for row in touched)
    return Proposal(int(venue.proposal_version), int(venue.proposal_due_ns), seat, votes, lone)


class Notes:
    """Books of one machine, opened from its tables, and the notes on the command at hand.

    A rule that needs to remember more adds an attribute here: above the line for what lasts, in `reset` for what
    ends with the command.
    """

    def __init__(self, state: Any) -> None:
        self.books = Books.read(state)
        self.cells: list[int] = state.cells.tolist()
        self.staged: list[int] = state.staged.tolist()
        venue = state.venue[0]
        self.gated = bool(venue.negative_count > 0 or venue.open_deficit_quanta > 0)
        accounts = rows_of(state.accounts)
        self.default_instrument = {i: row["default_instrument"] for i, row in enumerate(accounts)}
        self.flagged_sequence = {i: row["flagged_sequence"] for i, row in enumerate(accounts)}
        self.order_reference = {i: row["order_reference"] for i, row in enumerate(accounts)}
        self.rests_until = {i: row["cooldown_until_ns"] for i, row in enumerate(accounts)}
        self.order_stage = {i: row["order_stage"] for i, row in enumerate(accounts)}
        self.proposal = _proposal_of(state)
        self.funding = [
            FundingBook(row["premium_ppb"], row["premium_count"], row["rate_ppb"], row["funding_ns"])
            for row in rows_of(state.instruments)
        ]
        self.begun = {i: row["stages_begun"] for i, row in enumerate(accounts)}
        self.offered_ns = {i: row["offered_ns"] for i, row in enumerate(accounts)}
        self.offer_until = {i: row["order_until_ns"] for i, row in enumerate(accounts)}
        self.taken: list[tuple[int, int, int, int, int]] = []
        self.collateral_in = dict(self.books.holdings_by_asset())
        self.index_steps = [0] * len(self.books.marks)
        self.roundings = 0
        self.jump_ns = 0
        self.interest: dict[int, dict[int, tuple[int, int]]] = {}
        self.crossed: dict[int, int] = {}
        self.commands = 0
        self.command: Any = None
        self.reset()

    def reset(self) -> None:
        """Forget the last command."""
        self.told: Counter[int] = Counter()
        self.flagged_now: set[int] = set()
        self.flagged_in_order: list[int] = []
        self.visit_equity: dict[int, int] = {}
        self.visit_notional: dict[int, int] = {}
        self.offered_quanta: dict[int, int] = {}
        self.visit_shares: dict[int, dict[int, int]] = {}
        self.visit_lots: dict[tuple[int, int], int] = {}
        self.sent_quanta = 0
        self.drawn_quanta = 0
        self.interest_due: list[tuple[int, int]] = []
        self.computed_ppb: int | None = None
        self.rested: set[int] = set()
        self.winners: dict[int, Counter[int]] = {}
        self.winner_entries: dict[int, Counter[int]] = {}
        self.case: Case | None = None
        self.limited: set[tuple[int, int]] = set()
        self.rounded_parts: Counter[int] = Counter()
        self.charged = 0
        self.left_over = 0
        self.health: tuple[int, int] = (0, 0)
        self.health_notional = 0
        self.bonus = 0
        self.reward: tuple[int, int, int] = (0, 0, 0)
        self.penalty: tuple[int, int, int, int, int] | None = None  # account, stage, market, base, equity before
        self.sides: list[Side] = []
        self.initial_before = 0
        self.after: Any = None
        self.appraisal: Appraisal | None = None
