"""All tables as one value: made, grown, copied, fingerprinted."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from solvent.codes import AccountKind, SystemAccount
from solvent.state.families import families_of
from solvent.state.tables import (
    ACCOUNT,
    ANCHOR,
    HELD,
    HOLDING,
    INSTRUMENT,
    INTEREST,
    NONE,
    ORDERS,
    POSITION,
    REPORT,
    STRETCH,
    UNWIND,
    VAULT,
    VENUE,
    State,
)
from solvent.state.terms import (
    ASSETS_MAX,
    BREAKERS_MAX,
    INTEREST_MAX,
    POOLS_MAX,
    SOURCES_MAX,
    STRETCHES,
    WINDOWS,
    Terms,
    TermsShape,
    view_terms,
)

FIRST_TABLES = (
    "venue",
    "accounts",
    "positions",
    "orders",
    "holdings",
    "instruments",
    "reports",
    "anchors",
    "stretches",
    "interest",
    "held",
    "vaults",
    "unwinds",
    "queue",
)


def _records(rows: int, dtype: np.dtype) -> np.recarray:
    return np.zeros(rows, dtype=dtype).view(np.recarray)


def scenarios_of(shocks: int, instruments: int) -> int:
    """How many scenarios the rows of the shocks have room for."""
    return shocks // max(instruments, 1)


def shape_of(state: State) -> TermsShape:
    """Room of the terms inside a state."""
    return TermsShape(
        len(state.instruments), len(state.brackets), scenarios_of(len(state.shocks), len(state.instruments))
    )


def first_user_account(state: State) -> int:
    """The lowest number a trader's account may have: system accounts and market funds come before it."""
    return SystemAccount.MARKET_FUNDS + len(state.instruments)


def with_cells(state: State, cells: np.ndarray, staged: np.ndarray) -> State:
    """The same state over another terms array."""
    views = view_terms(cells, shape_of(state))
    tables: dict[str, Any] = dict(zip(views._fields, views, strict=True))
    return state._replace(staged=staged, **tables)


def new_state(terms: Terms, *, accounts: int = 64, positions: int = 64, orders: int = 16, holdings: int = 16) -> State:
    """A venue with its system accounts and nothing else, under the given terms."""
    instruments = len(terms.contracts)
    system = SystemAccount.MARKET_FUNDS + instruments
    room = system + accounts
    table = _records(room, ACCOUNT)
    for name in ("first_position", "first_holding", "default_instrument", "order_stage"):
        table[name][:system] = NONE
    table.kind[:system] = AccountKind.SYSTEM
    venue = _records(1, VENUE)
    venue[0].account_count = system
    venue[0].position_free = NONE
    venue[0].holding_free = NONE
    venue[0].orders_free = NONE
    venue[0].terms_version = 1
    vaults = _records(POOLS_MAX, VAULT)
    vaults.account[0] = SystemAccount.VAULT
    vaults.account[1:] = NONE
    cells = terms.cells.copy()
    shape = TermsShape(instruments, len(terms.brackets), scenarios_of(len(terms.shocks), instruments))
    views = view_terms(cells, shape)
    terms_tables: dict[str, Any] = dict(zip(views._fields, views, strict=True))
    return State(
        venue=venue,
        accounts=table,
        positions=_records(max(positions, 1), POSITION),
        orders=_records(max(orders, 1), ORDERS),
        holdings=_records(max(holdings, 1), HOLDING),
        instruments=_records(instruments, INSTRUMENT),
        reports=_records(instruments * SOURCES_MAX, REPORT),
        anchors=_records((instruments + 1) * BREAKERS_MAX, ANCHOR),
        stretches=_records((instruments + 1) * WINDOWS * STRETCHES, STRETCH),
        interest=_records(instruments * INTEREST_MAX, INTEREST),
        held=_records(ASSETS_MAX, HELD),
        vaults=vaults,
        unwinds=_records(instruments, UNWIND),
        queue=np.zeros(room, dtype=np.int32),
        staged=cells.copy(),
        **terms_tables,
        families=families_of(shape),
    )


def queued_accounts(state: State) -> np.ndarray:
    """The liquidation queue in its order, as account numbers."""
    head, count = int(state.venue[0].queue_head), int(state.venue[0].queue_count)
    return state.queue[(head + np.arange(count)) % len(state.queue)]


def _grown(table: np.recarray, rows: int) -> np.recarray:
    if rows <= len(table):
        return table
    bigger = np.zeros(rows, dtype=table.dtype).view(np.recarray)
    bigger[: len(table)] = table
    return bigger


def grow(state: State, *, accounts: int = 0, positions: int = 0, orders: int = 0, holdings: int = 0) -> State:
    """The same state with room for at least so many rows; the digest does not see the room.

    Rows beyond the counts in `venue` are never read, and never touched before they are taken: memory that only
    waits costs nothing.
    """
    bigger_accounts = _grown(state.accounts, accounts)
    bigger_positions = _grown(state.positions, positions)
    bigger_orders = _grown(state.orders, orders)
    bigger_holdings = _grown(state.holdings, holdings)
    queue = state.queue
    if len(bigger_accounts) > len(queue):
        queue = np.zeros(len(bigger_accounts), dtype=np.int32)
        waiting = queued_accounts(state)
        queue[: len(waiting)] = waiting
        state.venue[0].queue_head = 0
    return state._replace(
        accounts=bigger_accounts,
        positions=bigger_positions,
        orders=bigger_orders,
        holdings=bigger_holdings,
        queue=queue,
    )


def copy_state(state: State) -> State:
    """An independent copy."""
    copied = state._replace(**{name: getattr(state, name).copy() for name in (*FIRST_TABLES, "families")})
    return with_cells(copied, state.cells.copy(), state.staged.copy())


def used_tables(state: State) -> Iterator[tuple[str, np.ndarray]]:
    """Name and used rows of every table, in the order of the digest; views of terms are covered by `cells`."""
    venue = state.venue[0]
    head_free = state.venue.copy()
    head_free[0].queue_head = 0  # where the ring starts is a matter of room, not of state
    yield "venue", head_free
    yield "accounts", state.accounts[: int(venue.account_count)]
    yield "positions", state.positions[: int(venue.position_count)]
    yield "orders", state.orders[: int(venue.orders_count)]
    yield "holdings", state.holdings[: int(venue.holding_count)]
    yield "instruments", state.instruments
    yield "reports", state.reports
    yield "anchors", state.anchors
    yield "stretches", state.stretches
    yield "interest", state.interest
    yield "held", state.held
    yield "vaults", state.vaults
    yield "unwinds", state.unwinds
    yield "queue", queued_accounts(state)
    yield "cells", state.cells
    yield "staged", state.staged


def digest(state: State) -> str:
    """Fingerprint of everything that is true now, 32 bytes in hexadecimal."""
    fingerprint = hashlib.blake2b(digest_size=32)
    for name, rows in used_tables(state):
        fingerprint.update(name.encode())
        fingerprint.update(len(rows).to_bytes(8, "little"))
        fingerprint.update(np.ascontiguousarray(rows).view(np.uint8).data)
    return fingerprint.hexdigest()
