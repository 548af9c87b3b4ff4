"""All tables together: room is not state, a copy is its own, and every used bit shows in the digest."""

import random

import numpy as np
import pytest
from tests.ground import blank_state, give, give_collateral, open_account, set_asset
from tests.plain import plain

from solvent.codes import AccountKind, SystemAccount
from solvent.procedures.review import enqueue
from solvent.state.positions import free_holding, free_position, take_orders
from solvent.state.tables import NONE, VENUE
from solvent.state.terms import TermsShape, cell_address
from solvent.state.whole import (
    copy_state,
    digest,
    first_user_account,
    grow,
    new_state,
    queued_accounts,
    shape_of,
    used_tables,
    with_cells,
)


def furnished(**room):
    """A state with a row in every table, and a free row in some."""
    state = blank_state(instruments=2, **room)
    set_asset(state, 1, 0, 1, 1, 1, 1)
    people = [open_account(state, 100 * place) for place in range(4)]
    for place, account in enumerate(people):
        give(state, account, place % 2, place + 1, 10 * place)
        give_collateral(state, account, 1, place + 1)
    plain(take_orders)(state, 0)
    state.orders[0].bid_lots = 3
    plain(free_position)(state, people[3], 3)
    plain(free_holding)(state, people[3], 3)
    state.instruments[1].mark_ticks = 77
    state.reports[3].price_ticks, state.reports[3].source_time_ns = 5, 6
    state.anchors[2].price_ticks = 9
    state.staged[4] = 11
    for account in people[1:3]:
        plain(enqueue)(state, account)
    return state, people


def test_a_new_venue_has_its_own_accounts_and_nobody_elses() -> None:
    state = blank_state(instruments=3)
    system = SystemAccount.MARKET_FUNDS + 3
    assert first_user_account(state) == system == state.venue[0].account_count
    assert set(state.accounts.kind[:system]) == {AccountKind.SYSTEM}
    assert set(state.accounts.first_position[:system]) == set(state.accounts.first_holding[:system]) == {NONE}
    assert state.venue[0].terms_version == 1
    assert state.accounts.wallet_quanta.sum() == 0
    assert np.array_equal(state.cells, new_state(state_terms(state)).cells)


def state_terms(state):
    from solvent.state.terms import view_terms

    return view_terms(state.cells, shape_of(state))


@pytest.mark.parametrize(
    "room", [{}, {"accounts": 4}, {"accounts": 900, "positions": 900}, {"orders": 1}, {"holdings": 4}, {"positions": 4}]
)
def test_the_digest_does_not_see_the_room(room) -> None:
    assert digest(furnished(**room)[0]) == digest(furnished()[0])


@pytest.mark.parametrize("more", ["accounts", "positions", "orders", "holdings"])
def test_growing_changes_no_digest_and_gives_blank_rows(more) -> None:
    state, _people = furnished()
    before = digest(state)
    grown = grow(state, **{more: 500})
    assert len(getattr(grown, more)) == 500
    assert digest(grown) == before
    assert grow(grown, accounts=1, positions=1, orders=1, holdings=1).accounts is grown.accounts
    if more == "accounts":
        assert len(grown.queue) == 500
        assert open_account(grown) == int(state.venue[0].account_count) - 1
    else:
        assert set(getattr(grown, more)[-400:]["position" if more == "orders" else "account"]) <= {NONE, 0}


def test_what_is_grown_works_on() -> None:
    small, people = furnished(accounts=4, positions=4, holdings=4)
    large, _people = furnished(accounts=200, positions=200, holdings=200)
    small = grow(small, accounts=60, positions=60, holdings=60)
    for state in (small, large):
        newcomer = open_account(state, 5)
        for market in range(2):
            give(state, newcomer, market, 1)
            give(state, people[0], market, 2)
        give_collateral(state, newcomer, 1, 3)
        plain(enqueue)(state, newcomer)
    assert digest(small) == digest(large)


def test_a_copy_is_equal_and_its_own() -> None:
    state, people = furnished()
    before = digest(state)
    copied = copy_state(state)
    assert digest(copied) == before
    for name in copied._fields:
        assert not np.shares_memory(getattr(copied, name), getattr(state, name)), name
    copied.accounts[people[0]].wallet_quanta += 1
    copied.policy[0].advance_max = 3
    assert copied.cells.tolist() != state.cells.tolist(), "views follow their cells"
    assert digest(state) == before != digest(copied)


def test_every_field_of_every_used_row_shows_in_the_digest() -> None:
    state, _people = furnished()
    before = digest(state)
    seen = {before}
    names = []
    for name, rows in used_tables(state):
        names.append(name)
        assert len(rows) > 0, f"{name} has nothing to look at"
        table = getattr(state, name)
        place = (int(state.venue[0].queue_head)) if name == "queue" else 0
        fields = table.dtype.names or (None,)
        for field in fields:
            if (name, field) == ("venue", "queue_head"):
                continue
            if name == "venue" and field.endswith("_count") and field != "negative_count":
                continue  # it is how many rows there are
            cell = table if field is None else table[field]
            kept = cell[place]
            cell[place] = kept + 1
            seen.add(digest(state))
            cell[place] = kept
    assert digest(state) == before
    assert names == [
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
        "cells",
        "staged",
    ]
    tables = [getattr(state, name).dtype.names or ("one",) for name in names]
    skipped = 1 + sum(field.endswith("_count") and field != "negative_count" for field in VENUE.names or ())
    assert len(seen) == 1 + sum(map(len, tables)) - skipped


@pytest.mark.parametrize("seed", range(4))
def test_the_queue_is_a_ring_that_growing_unrolls(seed) -> None:
    chance = random.Random(seed)
    state = blank_state(accounts=6)
    people = [open_account(state) for _ in range(6)]
    model: list[int] = []
    for _step in range(400):
        venue = state.venue[0]
        idle = [account for account in people if account not in model]
        if idle and chance.random() < 0.52:
            plain(enqueue)(state, chosen := chance.choice(idle))
            model.append(chosen)
        elif model:
            venue.queue_head = (venue.queue_head + 1) % len(state.queue)
            venue.queue_count -= 1
            model.pop(0)
        if chance.random() < 0.05 and len(state.accounts) < 60:
            before = digest(state)
            state = grow(state, accounts=len(state.accounts) + chance.randrange(1, 5))
            assert digest(state) == before
        assert queued_accounts(state).tolist() == model


def test_where_the_ring_starts_is_not_state() -> None:
    states = [blank_state(accounts=6) for _ in range(2)]
    for state in states:
        people = [open_account(state) for _ in range(3)]
    states[1].venue[0].queue_head = 5
    for state in states:
        for account in people:
            plain(enqueue)(state, account)
    assert digest(states[0]) == digest(states[1])


def test_other_terms_over_the_same_state() -> None:
    state, _people = furnished()
    cells = state.cells.copy()
    cells[0] += 1
    other = with_cells(state, cells, state.staged.copy())
    assert other.contracts[0].quanta_per_lot_tick == state.contracts[0].quanta_per_lot_tick + 1
    assert digest(other) != digest(state)


def test_a_row_a_table_does_not_have_has_no_address() -> None:
    shape = TermsShape(2, 4)
    assert cell_address(shape, "contracts", 1, "lots_max") > cell_address(shape, "contracts", 0, "lots_max")
    for row in (-1, 2):
        with pytest.raises(ValueError, match="table contracts has rows 0 to 1"):
            cell_address(shape, "contracts", row, "lots_max")
