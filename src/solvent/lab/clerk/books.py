"""What the clerk writes down: one number for each account, and for each account in each market."""

from typing import Any, NamedTuple

import numpy as np

from solvent.codes import Status
from solvent.commands import CommandKind
from solvent.events import EVENT_DTYPE
from solvent.lab.books import Books, rows_of
from solvent.state.terms import ASSETS_MAX, POOLS_MAX

# Places in `note`.
SEQUENCE, TIME, PRICE_VERSION, TERMS_VERSION, CHARGE, DEFICIT, ROUNDINGS, GATED, COMMANDS = range(9)
PENALTY_OF, PENALTY_STAGE, PENALTY_MARKET, PENALTY_VALUE, PENALTY_EQUITY = range(9, 14)
CASE_OF, CASE_LEFT, CASE_DECLARED, CASE_BY_PRICE, CASE_LAYER, CASE_ENTERED, CASE_ROOM = range(14, 21)
WINNERS_OF, HASH, LOST, UNJUDGED, FOUND_LAW, FOUND_A, FOUND_B, INITIAL_BEFORE, FIRST_ACT = range(21, 30)
WORK_COUNT, WORK_LOW, WORK_HIGH, WORK_LAST, WORK_TOLD, VENUE_MODE, BOUNDED = range(30, 37)
REWARD_ACCOUNT, REWARD_BEFORE, DRAWN = range(37, 40)
NOTES = 40


class Clerk(NamedTuple):
    """The clerk's books: int64 arrays over accounts (A), markets (M) and collateral assets (S), and a page of notes."""

    wallet: np.ndarray
    owner: np.ndarray
    kind: np.ndarray
    flagged: np.ndarray
    shares: np.ndarray
    pool: np.ndarray
    """Row of the pool the account's shares are of."""
    notice: np.ndarray
    notice_until: np.ndarray
    endorsed: np.ndarray
    offer_until: np.ndarray
    market: np.ndarray
    flagged_sequence: np.ndarray
    order_reference: np.ndarray
    order_stage: np.ndarray
    lots: np.ndarray
    cost: np.ndarray
    settled: np.ndarray
    leverage: np.ndarray
    bid_lots: np.ndarray
    bid_quanta: np.ndarray
    ask_lots: np.ndarray
    ask_quanta: np.ndarray
    ordered: np.ndarray
    limit: np.ndarray
    held: np.ndarray
    mark: np.ndarray
    previous: np.ndarray
    funding: np.ndarray
    interest: np.ndarray
    mode: np.ndarray
    crossed: np.ndarray
    """Price at which the market's auction crossed and nothing has changed since, or 0."""
    operated: np.ndarray
    """Mode the operator chose for each market, and last for the venue."""
    charged: np.ndarray
    """Multiplier of what stands, by market and side (2 x market, plus 1 for shorts)."""
    unwind_lots: np.ndarray
    unwind_limit: np.ndarray
    unwind_reference: np.ndarray
    pool_shares: np.ndarray
    """All shares of each pool, and the account each has, or -1."""
    pool_account: np.ndarray
    note: np.ndarray
    flagged_now: np.ndarray
    visited: np.ndarray
    visit_equity: np.ndarray
    gain: np.ndarray
    entries: np.ndarray
    means: np.ndarray
    paid: np.ndarray
    paid_entries: np.ndarray
    won: np.ndarray
    rounded_parts: np.ndarray
    side: np.ndarray
    brought: np.ndarray
    allowed: np.ndarray
    primary: np.ndarray
    repeated: np.ndarray


def open_clerk(state: Any, roundings: int, tables: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Clerk:
    """Books opened from a state that somebody else has audited; `roundings` are its settlements of funding so far."""
    rooms, markets = len(state.accounts), len(state.instruments)

    def one() -> np.ndarray:
        return np.zeros(rooms, np.int64)

    def many() -> np.ndarray:
        return np.zeros((rooms, markets), np.int64)

    def each() -> np.ndarray:
        return np.zeros(markets, np.int64)

    arrays = [
        *(one() for _ in range(14)),
        *(many() for _ in range(10)),
        np.zeros((rooms, ASSETS_MAX), np.int64),
        *(each() for _ in range(6)),
        np.zeros(markets + 1, np.int64),
        np.zeros(2 * markets, np.int64),
        *(each() for _ in range(3)),
        np.zeros(POOLS_MAX, np.int64),
        np.zeros(POOLS_MAX, np.int64),
        np.zeros(NOTES, np.int64),
        *(one() for _ in range(10)),
        np.zeros((2, 6), np.int64),
        np.zeros(ASSETS_MAX, np.int64),
        *tables,
    ]
    clerk = Clerk._make(arrays)
    fill_clerk(clerk, state)
    clerk.note[ROUNDINGS] = roundings
    return clerk


def fill_clerk(clerk: Clerk, state: Any) -> None:
    """Copy a state into the books, whatever they held."""
    books = Books.read(state)
    for array in clerk[: Clerk._fields.index("note")]:
        array[...] = 0
    rows = rows_of(state.accounts[: len(books.accounts)])
    for number, book in books.accounts.items():
        clerk.wallet[number], clerk.owner[number], clerk.kind[number] = book.wallet, book.owner, book.kind
        clerk.shares[number], clerk.pool[number] = book.shares, book.pool
        clerk.notice[number], clerk.notice_until[number] = book.notice, book.notice_until
        clerk.endorsed[number], clerk.offer_until[number] = book.endorsed, rows[number]["order_until_ns"]
        clerk.flagged[number] = int(rows[number]["status"] == Status.DISTRESSED)
        clerk.market[number] = rows[number]["default_instrument"]
        clerk.flagged_sequence[number] = rows[number]["flagged_sequence"]
        clerk.order_reference[number] = rows[number]["order_reference"]
        clerk.order_stage[number] = rows[number]["order_stage"]
        for market, position in book.positions.items():
            clerk.settled[number, market] = position.index
            for name in ("lots", "cost", "leverage", "bid_lots", "bid_quanta", "ask_lots", "ask_quanta"):
                getattr(clerk, name)[number, market] = getattr(position, name)
            clerk.ordered[number, market], clerk.limit[number, market] = position.ordered, position.limit
        for asset, amount in book.holdings.items():
            clerk.held[number, asset] = amount
    clerk.mark[:], clerk.previous[:] = books.marks, books.previous_marks
    clerk.funding[:], clerk.interest[:] = books.indices, books.open_interest
    clerk.mode[:] = books.modes[: len(clerk.mode)]  # the venue's own mode stands behind the markets'
    clerk.crossed[:] = state.instruments.cross_ticks
    clerk.operated[:-1], clerk.operated[-1] = state.instruments.operator_mode, state.venue[0].operator_mode
    clerk.charged[0::2] = state.instruments.maintenance_long_ppm
    clerk.charged[1::2] = state.instruments.maintenance_short_ppm
    clerk.brought[:] = clerk.held.sum(axis=0)
    note = clerk.note
    note[SEQUENCE], note[TIME] = books.sequence, books.time_ns
    note[PRICE_VERSION], note[TERMS_VERSION] = books.price_version, books.terms_version
    note[DEFICIT] = books.open_deficit
    clerk.pool_shares[:] = [vault.shares for vault in books.vaults]
    clerk.pool_account[:] = [vault.account for vault in books.vaults]
    for market, order in enumerate(books.unwinds):
        clerk.unwind_lots[market], clerk.unwind_limit[market] = order.lots, order.limit
        clerk.unwind_reference[market] = order.reference
    venue = state.venue[0]
    note[VENUE_MODE] = venue.mode
    note[GATED] = int(venue.negative_count > 0 or venue.open_deficit_quanta > 0)
    note[PENALTY_OF] = note[CASE_OF] = note[WINNERS_OF] = -1
    note[HASH] = note[LOST] = 0


def reopen_clerk(clerk: Clerk, state: Any) -> None:
    """Copy a state into the books after an event they do not know.

    Funding that was settled on the way is counted as the books would have: once for each index that moved.
    """
    settled = clerk.settled.copy()
    fill_clerk(clerk, state)
    clerk.note[ROUNDINGS] += np.count_nonzero(settled != clerk.settled)


class Raw(NamedTuple):
    """The machine's tables as plain numbers, to be summed up; views, not copies."""

    venue: np.ndarray
    accounts: np.ndarray
    positions: np.ndarray
    orders: np.ndarray
    holdings: np.ndarray
    others: np.ndarray
    reports: np.ndarray
    anchors: np.ndarray


def raw_of(state: Any) -> Raw:
    """Views of the tables in 64-bit words."""

    def words(table: Any) -> np.ndarray:
        return np.asarray(table).view(np.int64)

    return Raw(
        words(state.venue),
        words(state.accounts),
        words(state.positions),
        words(state.orders),
        words(state.holdings),
        words(state.instruments),
        words(state.reports),
        words(state.anchors),
    )


REPEATED = (
    "account",
    "counterparty",
    "instrument",
    "lots",
    "price_ticks",
    "amount_quanta",
    "fee_quanta",
    "counter_fee_quanta",
    "shares",
    "reference",
    "asset",
    "cell",
)
"""Fields of a command that its own event repeats, in the order of the bits of `Clerk.repeated`."""

TOLD_OTHERWISE = {
    CommandKind.LIQUIDATION_FILL: {"lots"},
    CommandKind.CLAIM_LIQUIDATION: {"lots", "price_ticks"},
    CommandKind.UNWIND_FILL: {"lots"},
}
"""Fields its event tells otherwise: lots with their sign, the price that was paid and not the worst that might be."""


def tables_of_telling() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which events may follow which command, which one must, and which fields it repeats."""
    from dataclasses import fields

    from solvent.commands import COMMANDS
    from solvent.events import EventKind
    from solvent.lab.auditor.allowed import PRIMARY, allowed_after

    kinds, events = max(CommandKind) + 1, max(EventKind) + 1
    allowed = np.zeros((kinds, events), np.int64)
    primary = np.zeros(kinds, np.int64)
    repeated = np.zeros(kinds, np.int64)
    for kind in CommandKind:
        for event in allowed_after(kind):
            allowed[kind, event] = 1
        if kind in PRIMARY:
            primary[kind] = PRIMARY[kind]
            used = {field.name for field in fields(COMMANDS[kind])} & set(EVENT_DTYPE.names or ())
            used -= TOLD_OTHERWISE.get(kind, set())
            repeated[kind] = sum(1 << place for place, name in enumerate(REPEATED) if name in used)
    return allowed, primary, repeated
